// The kernel as WebAssembly: the only file that says so. It compiles and instantiates, for wasm-deflate.ts too; what the
// functions do is told in kernel.ts and done in assembly/.

import { MEMORY_PAGES, PAGE_LENGTH } from '../../assembly/layout.js';
import { decodeBase64 } from '../handshake/base64.js';
import type { Kernel } from './kernel.js';
import { KERNEL_BASE64 } from './kernel-bytes.js';

/** A module compiled elsewhere, from one of this package's `.wasm` files. */
export type CompiledModule = WebAssembly.Module;

/**
 * Compiles and instantiates the kernel, synchronously.
 *
 * @param module a module compiled elsewhere from build/kernel.wasm; by default the bytes that this package carries
 * @throws whatever the engine throws where WebAssembly, or its SIMD, is missing or forbidden
 */
export function createWasmKernel(module: CompiledModule = compile(KERNEL_BASE64)): Kernel {
  const { memory, functions } = instantiate(module, MEMORY_PAGES);
  const { decode, encode, mask, validate, transcode } = functions;
  return {
    name: 'wasm',
    memory,
    decode: decode as Kernel['decode'],
    encode: encode as Kernel['encode'],
    mask: mask as Kernel['mask'],
    validate: validate as Kernel['validate'],
    transcode: transcode as Kernel['transcode'],
  };
}

/** Compiles a module that this package carries. */
export function compile(base64: string): CompiledModule {
  const bytes = decodeBase64(base64);
  if (bytes === undefined) throw new TypeError('the bytes of the kernel are damaged');
  return new WebAssembly.Module(bytes);
}

/**
 * Instantiates a module of ours. Its memory has the size that is said here from the start, and nothing grows it later: the
 * buffer is never detached.
 *
 * @param pages what the memory map of the module takes
 * @param morePages what the memory is grown by, once, before anyone sees it
 * @throws TypeError if it is not the module that belongs to this version; RangeError if there is no memory for it
 */
export function instantiate(
  module: CompiledModule,
  pages: number,
  morePages = 0,
): { readonly memory: ArrayBuffer; readonly functions: WebAssembly.Exports } {
  const { exports } = new WebAssembly.Instance(module);
  const { memory } = exports;
  if (!(memory instanceof WebAssembly.Memory) || memory.buffer.byteLength !== pages * PAGE_LENGTH) {
    throw new TypeError('not the module of this version of wsimd');
  }
  if (morePages > 0) memory.grow(morePages);
  return { memory: memory.buffer, functions: exports };
}
