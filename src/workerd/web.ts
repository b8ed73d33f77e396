// `wsimd/web` under the export condition `workerd`.

import './kernel-module.js';

export * from '../web/index.js';
