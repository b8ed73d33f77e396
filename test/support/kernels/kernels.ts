// The kernels under test: every suite of test/unit/kernel runs over each of them.

import type { Kernel, KernelName } from '../../../src/kernel/kernel.js';
import { createPortableKernel } from '../../../src/kernel/portable/portable.js';
import { createWasmKernel } from '../../../src/kernel/wasm/wasm.js';

export const KERNELS: readonly { readonly name: KernelName; readonly kernel: Kernel }[] = [
  { name: 'wasm', kernel: createWasmKernel() },
  { name: 'portable', kernel: createPortableKernel() },
];
