// Which deflate kernel serves: of the same kind as the kernel that decodes frames, by the same rule. Unlike that one it is
// made anew at each call, because each has a memory of its own.

import { ProtocolError } from '../errors.js';
import type { DeflateKernel } from './deflate-kernel.js';
import { createPortableDeflateKernel } from './portable-deflate.js';
import { type KernelChoice, selectKernel } from './select.js';
import { createWasmDeflateKernel } from './wasm-deflate.js';

/**
 * Makes a deflate kernel.
 *
 * @param poolPages pages of 64 KiB for contexts
 * @throws ProtocolError `WSIMD_NO_KERNEL` if it cannot run here, or there is no memory for it
 */
export function createDeflateKernel(choice: KernelChoice | undefined, poolPages: number): DeflateKernel {
  const { name } = selectKernel(choice).kernel;
  try {
    return name === 'wasm' ? createWasmDeflateKernel(poolPages) : createPortableDeflateKernel(poolPages);
  } catch (cause) {
    throw new ProtocolError('WSIMD_NO_KERNEL', { detail: `${name}, for compression: ${String(cause)}`, cause });
  }
}
