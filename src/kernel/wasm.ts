// The kernel as WebAssembly: the only file that says so. It compiles and instantiates; what the functions do is told in
// kernel.ts and done in assembly/.

import { MEMORY_PAGES, PAGE_LENGTH } from '../../assembly/layout.js';
import { decodeBase64 } from '../handshake/base64.js';
import type { Kernel } from './kernel.js';
import { KERNEL_BASE64 } from './kernel-bytes.js';

/**
 * Compiles and instantiates the kernel, synchronously.
 *
 * @param module a module compiled elsewhere from build/kernel.wasm; by default the bytes that this package carries
 * @throws whatever the engine throws where WebAssembly, or its SIMD, is missing or forbidden
 */
export function createWasmKernel(module: WebAssembly.Module = compile()): Kernel {
  const { exports } = new WebAssembly.Instance(module);
  const { memory, decode, encode, mask, validate, transcode } = exports;
  if (!(memory instanceof WebAssembly.Memory) || memory.buffer.byteLength !== MEMORY_PAGES * PAGE_LENGTH) {
    throw new TypeError('not the module of this version of wsimd');
  }
  return {
    name: 'wasm',
    // The memory cannot grow (its maximum is its size), so this buffer is never detached.
    memory: memory.buffer,
    decode: decode as Kernel['decode'],
    encode: encode as Kernel['encode'],
    mask: mask as Kernel['mask'],
    validate: validate as Kernel['validate'],
    transcode: transcode as Kernel['transcode'],
  };
}

function compile(): WebAssembly.Module {
  const bytes = decodeBase64(KERNEL_BASE64);
  if (bytes === undefined) throw new TypeError('the bytes of the kernel are damaged');
  return new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
}
