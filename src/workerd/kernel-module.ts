// Workers (workerd) forbid compiling from bytes, and compile what is imported as a file. Every entry of this folder imports
// this file first: its effect is that the kernel comes from there.

import module from '../../kernel.wasm';
import { init } from '../kernel/select.js';

init(module);
