// The memory that JavaScript and a deflate kernel share, with the views on it and the pool of contexts in it. One serves
// all connections of a PerMessageDeflate. It knows no connection.

import {
  CONTEXT_GUARD,
  CONTEXT_RING,
  MAX_HASH_BITS,
  MAX_WINDOW_LENGTH,
  OUTPUT_PTR,
  PAGE_LENGTH,
  POOL_PTR,
  SHARED_DEFLATE_CONTEXT_PTR,
  SHARED_INFLATE_CONTEXT_PTR,
} from '../../assembly/shared/deflate-layout.js';
import { getHost, type Host } from '../bytes/host.js';
import { ContextPool } from './context-pool.js';
import type { DeflateKernel } from './kernel/deflate-kernel.js';

const MAX_KEPT_OUTPUT = 1024;

/** How many bytes a context takes. @param hashBits 0 for a context of inflate */
export function contextLength(windowBits: number, hashBits: number): number {
  // Integers throughout, as addresses come of them: see MessageInflater.
  return CONTEXT_RING + (1 << windowBits) + CONTEXT_GUARD + (hashBits === 0 ? 0 : 2 << hashBits);
}

/** A kernel with the views on its memory. The memory never grows, so the views are made once and stay valid. */
export class DeflateArena {
  readonly kernel: DeflateKernel;
  /** All of the memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same as 32-bit numbers: index = address / 4. */
  readonly words: Int32Array<ArrayBuffer>;
  readonly pool: ContextPool;
  readonly host: Host = getHost();
  /** Filled: engines make a dictionary of an array that is first written at 1024, and looking into that costs 50 to 150 ns. */
  readonly #outputs = new Array<Uint8Array<ArrayBuffer> | undefined>(MAX_KEPT_OUTPUT + 1).fill(undefined);

  /** @param kernel nobody else's: who uses its memory elsewhere destroys what is remembered for connections */
  constructor(kernel: DeflateKernel) {
    this.kernel = kernel;
    this.bytes = new Uint8Array(kernel.memory);
    this.words = new Int32Array(kernel.memory);
    this.pool = new ContextPool(POOL_PTR, kernel.memory.byteLength - POOL_PTR);
    kernel.initContext(SHARED_INFLATE_CONTEXT_PTR, MAX_WINDOW_LENGTH, 0);
    kernel.initContext(SHARED_DEFLATE_CONTEXT_PTR, MAX_WINDOW_LENGTH, MAX_HASH_BITS);
  }

  /** The first bytes at OUTPUT_PTR. Of short ones the view is made once for each length: it costs more than a copy. */
  output(length: number): Uint8Array<ArrayBuffer> {
    if (length > MAX_KEPT_OUTPUT) return this.bytes.subarray(OUTPUT_PTR, OUTPUT_PTR + length);
    this.#outputs[length] ??= this.bytes.subarray(OUTPUT_PTR, OUTPUT_PTR + length);
    return this.#outputs[length];
  }

  /** How many pages hold a pool of this length. */
  static poolPages(poolLength: number): number {
    return Math.ceil(poolLength / PAGE_LENGTH);
  }
}
