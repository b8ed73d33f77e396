// The shape of the generated module (assembly/build.mjs writes it to build/src/kernel/wasm/).

import type { ModuleCode } from './module-code.js';

/** What build/kernel.wasm holds. */
export declare const KERNEL: ModuleCode;
