// The shape of the generated module (assembly/build.mjs writes it to build/src/deflate/kernel/).

import type { ModuleCode } from '../../kernel/wasm/module-code.js';

/** What build/deflate.wasm holds. */
export declare const DEFLATE: ModuleCode;
