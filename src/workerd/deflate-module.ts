// The same for the module of compression: see kernel-module.ts.

import module from '../../deflate.wasm';
import { initDeflate } from '../deflate/kernel/select-deflate.js';

initDeflate(module);
