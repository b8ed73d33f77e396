// `wsimd` under the export condition `workerd`.

import './kernel-module.js';

export * from '../index.js';
