// The deflate kernels under test.

import type { KernelName } from '../../../src/kernel/kernel.js';

export const DEFLATE_KERNELS: readonly KernelName[] = ['wasm', 'portable'];
