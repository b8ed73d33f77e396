// Which deflate kernel serves: of the same kind as the kernel that decodes frames, by the same rule. Unlike that one it is
// made anew at each call, because each has a memory of its own; its module is compiled once. Where nobody named a kernel and
// WebAssembly has no memory left for a second one, the portable deflate kernel serves beside a frame kernel in WebAssembly.

import type { KernelName } from '../../kernel/kernel.js';
import { isKernelNamed, type KernelChoice, selectKernel } from '../../kernel/select.js';
import type { CompiledModule } from '../../kernel/wasm/wasm.js';
import { ProtocolError } from '../../protocol/errors.js';
import type { DeflateKernel } from './deflate-kernel.js';
import { createPortableDeflateKernel } from './portable/portable-deflate.js';
import { compileDeflateModule, createWasmDeflateKernel, requireDeflateModule } from './wasm-deflate.js';

let module: CompiledModule | undefined;
let isModuleInUse = false;

/**
 * Gives compression its module: as `init` does for the kernel, with `wsimd/deflate.wasm`.
 *
 * @param given a `WebAssembly.Module` compiled from `wsimd/deflate.wasm` of this version
 * @throws TypeError for what is no compiled module; ProtocolError `WSIMD_WRONG_MODULE` for another module than this one;
 *   `WSIMD_KERNEL_IN_USE` after a connection of this realm has used compression
 */
export function initDeflate(given: CompiledModule): void {
  requireDeflateModule(given);
  if (isModuleInUse) throw new ProtocolError('WSIMD_KERNEL_IN_USE');
  module = given;
}

/**
 * Makes a deflate kernel.
 *
 * With `'auto'`, where the WebAssembly one cannot be made, this is the portable one. V8 sets 10 GiB of addresses aside for each
 * WebAssembly memory, so under a limit on those (`ulimit -v`, some containers) the second memory of a process may fail.
 *
 * @param poolPages pages of 64 KiB for contexts
 * @throws ProtocolError `WSIMD_NO_KERNEL` if it cannot run here, or there is no memory for it
 */
export function createDeflateKernel(choice: KernelChoice | undefined, poolPages: number): DeflateKernel {
  const { name } = selectKernel(choice).kernel;
  try {
    return make(name, poolPages);
  } catch (error) {
    if (name === 'portable' || isKernelNamed(choice)) throw error;
    return make('portable', poolPages);
  }
}

function make(name: KernelName, poolPages: number): DeflateKernel {
  try {
    if (name === 'portable') return createPortableDeflateKernel(poolPages);
    module ??= compileDeflateModule();
    isModuleInUse = true;
    return createWasmDeflateKernel(poolPages, module);
  } catch (cause) {
    throw new ProtocolError('WSIMD_NO_KERNEL', { detail: `${name}, for compression: ${String(cause)}`, cause });
  }
}
