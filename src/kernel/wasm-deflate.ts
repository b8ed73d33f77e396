// The deflate kernel as WebAssembly, by way of wasm.ts. Only who negotiates compression imports this file, and with it the
// bytes of that module. What the functions do is told in deflate-kernel.ts and done in assembly/deflate.

import { DEFLATE_PAGES } from '../../assembly/deflate/layout.js';
import { DEFLATE_BASE64 } from './deflate-bytes.js';
import type { DeflateKernel } from './deflate-kernel.js';
import { type CompiledModule, compile, instantiate } from './wasm.js';

/**
 * Compiles and instantiates the deflate kernel, synchronously.
 *
 * @param poolPages pages of 64 KiB for the contexts of connections, from POOL_PTR to the end of the memory
 * @param module a module compiled elsewhere from build/deflate.wasm; by default the bytes that this package carries
 * @throws RangeError if there is no memory for the pool; whatever the engine throws where WebAssembly, or its SIMD, is
 *   missing or forbidden
 */
export function createWasmDeflateKernel(
  poolPages: number,
  module: CompiledModule = compile(DEFLATE_BASE64),
): DeflateKernel {
  const { memory, functions } = instantiate(module, DEFLATE_PAGES, poolPages);
  const { initContext, inflate, remember, deflate, transcode } = functions;
  return {
    name: 'wasm',
    memory,
    initContext: initContext as DeflateKernel['initContext'],
    inflate: inflate as DeflateKernel['inflate'],
    remember: remember as DeflateKernel['remember'],
    deflate: deflate as DeflateKernel['deflate'],
    transcode: transcode as DeflateKernel['transcode'],
  };
}
