// The portable deflate kernel: the ABI of deflate-kernel.ts over an ArrayBuffer in plain TypeScript. It serves where
// WebAssembly is forbidden, and is what the WebAssembly kernel is tested against. It must not know that kernel: both are
// readings of one contract.

import {
  DEFLATE_LAST,
  DEFLATE_PAGES,
  INFLATE_DONE,
  INFLATE_KEEP,
  INPUT_PTR,
  OUTCOME_PTR,
  OUTCOME_STATUS,
  OUTPUT_PTR,
  PAGE_LENGTH,
} from '../../../../assembly/shared/deflate-layout.js';
import type { PortableMemory } from '../../../kernel/portable/mask.js';
import { transcode } from '../../../kernel/portable/transcode.js';
import type { DeflateKernel } from '../deflate-kernel.js';
import { PortableBlocks } from './blocks.js';
import { initContext, remember } from './context.js';
import { PortableInflate } from './inflate.js';
import { PortableMatches } from './matches.js';

const STATUS_WORD = (OUTCOME_PTR + OUTCOME_STATUS) / 4;

class PortableDeflateKernel implements DeflateKernel {
  readonly name = 'portable';
  readonly memory: ArrayBuffer;
  readonly #memory: PortableMemory;
  /** The message that is being inflated. */
  #inflate: PortableInflate;
  /** Of a message that was suspended, and has been brought back in place of it. */
  #spare: PortableInflate | undefined;
  readonly #matches: PortableMatches;
  readonly #blocks: PortableBlocks;

  constructor(poolPages: number) {
    this.memory = new ArrayBuffer((DEFLATE_PAGES + poolPages) * PAGE_LENGTH);
    this.#memory = {
      bytes: new Uint8Array(this.memory),
      words: new Int32Array(this.memory),
      units: new Uint16Array(this.memory),
    };
    this.#inflate = new PortableInflate(this.#memory);
    this.#matches = new PortableMatches(this.#memory);
    this.#blocks = new PortableBlocks(this.#memory);
  }

  initContext(contextPtr: number, ringLength: number, hashBits: number): void {
    initContext(this.#memory, contextPtr, ringLength, hashBits);
  }

  inflate(contextPtr: number, windowLength: number, length: number, flags: number, capacity: number): number {
    const outputLength = this.#inflate.inflate(contextPtr, windowLength, length, flags, capacity);
    const isDone = this.#memory.words[STATUS_WORD] === INFLATE_DONE;
    if (isDone && (flags & INFLATE_KEEP) !== 0) remember(this.#memory, contextPtr, OUTPUT_PTR, outputLength);
    return outputLength;
  }

  suspendInflate(): () => void {
    const suspended = this.#inflate;
    this.#inflate = this.#spare ?? new PortableInflate(this.#memory);
    this.#spare = undefined;
    return () => {
      this.#spare = this.#inflate;
      this.#inflate = suspended;
    };
  }

  remember(contextPtr: number, ptr: number, length: number): void {
    remember(this.#memory, contextPtr, ptr, length);
  }

  deflate(contextPtr: number, windowLength: number, length: number, level: number, flags: number): number {
    const { tokens } = this.#matches;
    const count = this.#matches.find(contextPtr, windowLength, INPUT_PTR, length, level);
    const isLast = (flags & DEFLATE_LAST) !== 0;
    const written = this.#blocks.write(tokens, count, INPUT_PTR, length, OUTPUT_PTR, isLast);
    remember(this.#memory, contextPtr, INPUT_PTR, length);
    return written;
  }

  transcode(ptr: number, length: number, outputPtr: number): number {
    return transcode(this.#memory, ptr, length, outputPtr);
  }
}

/**
 * A deflate kernel with a memory of its own that needs no WebAssembly.
 *
 * @param poolPages pages of 64 KiB for the contexts of connections, from POOL_PTR to the end of the memory
 * @throws RangeError if there is no memory for the pool
 */
export function createPortableDeflateKernel(poolPages: number): DeflateKernel {
  return new PortableDeflateKernel(poolPages);
}
