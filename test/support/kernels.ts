// The kernels under test: every suite of test/kernel runs over each of them.

import type { Kernel, KernelName } from '../../src/kernel/kernel.js';
import { createPortableKernel } from '../../src/kernel/portable.js';
import { createWasmKernel } from '../../src/kernel/wasm.js';

export const KERNELS: readonly { readonly name: KernelName; readonly kernel: Kernel }[] = [
  { name: 'wasm', kernel: createWasmKernel() },
  { name: 'portable', kernel: createPortableKernel() },
];
