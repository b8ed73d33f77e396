// `wsimd/testing` under the export condition `workerd`.

import './kernel-module.js';
import './deflate-module.js';

export * from '../testing/index.js';
