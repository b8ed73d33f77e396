// The kernels under test: every suite of test/unit/kernel runs over each of them.

import { describe, expect, it } from 'vitest';
import type { Kernel, KernelName } from '../../../src/kernel/kernel.js';
import { createPortableKernel } from '../../../src/kernel/portable/portable.js';
import { createWasmKernel } from '../../../src/kernel/wasm/wasm.js';

export const KERNELS: readonly { readonly name: KernelName; readonly kernel: Kernel }[] = [
  { name: 'wasm', kernel: createWasmKernel() },
  { name: 'portable', kernel: createPortableKernel() },
];

/** Declares a suite for each kernel. @param suite is given the kernel, and a view of its memory */
export function describeKernels(title: string, suite: (kernel: Kernel, memory: Uint8Array) => void): void {
  describe.each(KERNELS)(`${title}, $name kernel`, ({ name, kernel }) => {
    it('is the kernel it says', () => {
      expect(kernel.name).toBe(name);
    });
    suite(kernel, new Uint8Array(kernel.memory));
  });
}
