// The deflate kernel as WebAssembly, by way of wasm.ts. Only programs that negotiate compression load this file, and with it the
// bytes of that module. deflate-kernel.ts describes the functions; assembly/deflate implements them.

import {
  DEFLATE_PAGES,
  INFLATE_STATE_LENGTH,
  INFLATE_STATE_PTR,
  INFLATE_TABLES_LENGTH,
  INFLATE_TABLES_PTR,
} from '../../../assembly/shared/deflate-layout.js';
import { compileModule } from '../../kernel/wasm/module-code.js';
import { type CompiledModule, instantiate, requireModule } from '../../kernel/wasm/wasm.js';
import { DEFLATE } from './deflate-bytes.js';
import type { DeflateKernel } from './deflate-kernel.js';

/** What the deflate kernel exports beside its memory. */
const DEFLATE_FUNCTIONS = ['initContext', 'inflate', 'remember', 'deflate', 'transcode'];

/** @throws TypeError, ProtocolError: see `requireModule` */
export function requireDeflateModule(module: CompiledModule): void {
  requireModule(module, 'deflate.wasm', DEFLATE_FUNCTIONS);
}

/** Compiles the bytes that this package carries, synchronously. Throws as `createWasmDeflateKernel` does. */
export function compileDeflateModule(): CompiledModule {
  return compileModule(DEFLATE);
}

/**
 * Instantiates the deflate kernel, synchronously.
 *
 * @param poolPages pages of 64 KiB for the contexts of connections, from POOL_PTR to the end of the memory
 * @param module compiled from build/deflate.wasm; by default from the bytes that this package carries, anew
 * @throws RangeError if there is no memory for the pool; whatever the engine throws where WebAssembly, or its SIMD, is
 *   missing or forbidden
 */
export function createWasmDeflateKernel(
  poolPages: number,
  module: CompiledModule = compileDeflateModule(),
): DeflateKernel {
  const { memory, functions } = instantiate(module, DEFLATE_PAGES, poolPages);
  const { initContext, inflate, remember, deflate, transcode } = functions;
  const state = new Uint8Array(memory, INFLATE_STATE_PTR, INFLATE_STATE_LENGTH);
  const tables = new Uint8Array(memory, INFLATE_TABLES_PTR, INFLATE_TABLES_LENGTH);
  return {
    name: 'wasm',
    memory,
    initContext: initContext as DeflateKernel['initContext'],
    inflate: inflate as DeflateKernel['inflate'],
    suspendInflate: () => {
      const savedState = state.slice();
      const savedTables = tables.slice();
      return () => {
        state.set(savedState);
        tables.set(savedTables);
      };
    },
    remember: remember as DeflateKernel['remember'],
    deflate: deflate as DeflateKernel['deflate'],
    transcode: transcode as DeflateKernel['transcode'],
  };
}
