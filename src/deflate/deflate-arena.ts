// The memory that JavaScript and a deflate kernel share, with the views on it and the pool of contexts in it. One serves all
// connections of a PerMessageDeflate.

import {
  CONTEXT_GUARD,
  CONTEXT_RING,
  INPUT_PTR,
  MAX_HASH_BITS,
  MAX_WINDOW_LENGTH,
  OUTPUT_PTR,
  PAGE_LENGTH,
  POOL_PTR,
  SHARED_DEFLATE_CONTEXT_PTR,
  SHARED_INFLATE_CONTEXT_PTR,
} from '../../assembly/shared/deflate-layout.js';
import { getHost, type Host } from '../bytes/host.js';
import { ViewsByLength } from '../bytes/views-by-length.js';
import { ContextPool } from './context-pool.js';
import type { DeflateKernel } from './kernel/deflate-kernel.js';

/** How many bytes a context takes. @param hashBits 0 for a context of inflate */
export function contextLength(windowBits: number, hashBits: number): number {
  // Integers throughout, as addresses come of them: see MessageInflater.
  return CONTEXT_RING + (1 << windowBits) + CONTEXT_GUARD + (hashBits === 0 ? 0 : 2 << hashBits);
}

/** A message in the middle of its steps, of which the kernel holds the state. */
export interface Occupant {
  /** Keeps what it has in the kernel: another message begins there. */
  leave(): void;
}

/** A kernel with the views on its memory. The memory never grows, so the views are made once and stay valid. */
export class DeflateArena {
  readonly kernel: DeflateKernel;
  /** All of the memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same as 32-bit numbers: index = address / 4. */
  readonly words: Int32Array<ArrayBuffer>;
  readonly pool: ContextPool;
  readonly poolLength: number;
  /** How many bytes of the pool topics have taken. */
  topicLength = 0;
  /** A copy of the hash of one topic's window, and whose it is. */
  readonly hashCopy = new Uint8Array(2 << MAX_HASH_BITS);
  hashOwner: object | undefined;
  readonly host: Host = getHost();
  /** Views of the first bytes at OUTPUT_PTR. */
  readonly outputs: ViewsByLength;
  /** The message that is not done and has its state in the kernel. */
  occupant: Occupant | undefined;
  /** The message whose input lies at INPUT_PTR and is not used up. */
  inputOwner: Occupant | undefined;

  /** @param kernel used by this arena alone: other writes to its memory destroy the contexts of connections */
  constructor(kernel: DeflateKernel) {
    this.kernel = kernel;
    this.bytes = new Uint8Array(kernel.memory);
    this.outputs = new ViewsByLength(this.bytes, OUTPUT_PTR);
    this.words = new Int32Array(kernel.memory);
    this.poolLength = kernel.memory.byteLength - POOL_PTR;
    this.pool = new ContextPool(POOL_PTR, this.poolLength);
    kernel.initContext(SHARED_INFLATE_CONTEXT_PTR, MAX_WINDOW_LENGTH, 0);
    kernel.initContext(SHARED_DEFLATE_CONTEXT_PTR, MAX_WINDOW_LENGTH, MAX_HASH_BITS);
  }

  /** Makes room in the kernel, and in the shared context of inflate. */
  vacate(): void {
    this.occupant?.leave();
    this.occupant = undefined;
  }

  /** Puts bytes at INPUT_PTR. The only way there: a message whose input is overwritten has to learn of it. */
  putInput(source: Uint8Array, start: number, end: number): void {
    this.inputOwner = undefined;
    this.host.copyInto(source, start, end, this.bytes, INPUT_PTR);
  }

  /** The same with a string, as UTF-8. @returns how many bytes it has */
  putText(text: string): number {
    this.inputOwner = undefined;
    return this.host.writeUtf8(text, this.bytes, INPUT_PTR);
  }

  /** How many pages hold a pool of this length. */
  static poolPages(poolLength: number): number {
    return Math.ceil(poolLength / PAGE_LENGTH);
  }
}
