// The kernel as WebAssembly: the only file that says so. It checks and instantiates, for wasm-deflate.ts too; what
// the functions do is told in kernel.ts and done in assembly/.

import { MEMORY_PAGES, PAGE_LENGTH } from '../../../assembly/shared/layout.js';
import { ProtocolError } from '../../protocol/errors.js';
import type { Kernel } from '../kernel.js';
import { KERNEL } from './kernel-bytes.js';
import { compileModule } from './module-code.js';

/** A `WebAssembly.Module`, compiled from one of this package's `.wasm` files. Any object where the types know no WebAssembly. */
export type CompiledModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } }
  ? Module & object
  : object;

/** What the kernel exports beside its memory. */
const KERNEL_FUNCTIONS = ['decode', 'encode', 'mask', 'validate', 'transcode'];

/** @throws TypeError, ProtocolError: see `requireModule` */
export function requireKernelModule(module: CompiledModule): void {
  requireModule(module, 'kernel.wasm', KERNEL_FUNCTIONS);
}

/**
 * Compiles and instantiates the kernel, synchronously.
 *
 * @param module a module compiled elsewhere from build/kernel.wasm; by default the bytes that this package carries
 * @throws whatever the engine throws where WebAssembly, or its SIMD, is missing or forbidden
 */
export function createWasmKernel(module: CompiledModule = compileModule(KERNEL)): Kernel {
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

/**
 * Sees that something is a module of ours, by what it exports.
 *
 * @param file where in this package it is, for the error's text
 * @throws TypeError for what is no compiled module; ProtocolError `WSIMD_WRONG_MODULE` for another module than this one
 */
export function requireModule(module: CompiledModule, file: string, functions: readonly string[]): void {
  let names: string[];
  try {
    names = WebAssembly.Module.exports(module).map(({ name }) => name);
  } catch (cause) {
    // Not by `instanceof`: a module may come from another realm.
    throw new TypeError(`what is given must be a WebAssembly.Module, compiled from wsimd/${file}`, { cause });
  }
  if (['memory', ...functions].some((name) => !names.includes(name))) {
    throw new ProtocolError('WSIMD_WRONG_MODULE', { detail: `it is to be compiled from wsimd/${file}` });
  }
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
): { readonly memory: ArrayBuffer; readonly functions: Readonly<Record<string, unknown>> } {
  const { exports } = new WebAssembly.Instance(module);
  const { memory } = exports;
  if (!(memory instanceof WebAssembly.Memory) || memory.buffer.byteLength !== pages * PAGE_LENGTH) {
    throw new TypeError('not the module of this version of wsimd');
  }
  if (morePages > 0) memory.grow(morePages);
  return { memory: memory.buffer, functions: exports };
}
