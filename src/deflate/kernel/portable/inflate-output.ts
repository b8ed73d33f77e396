// Where inflate puts out, in the portable kernel: the output of one call, behind a context's history. Knows matches and how
// much room there is; not where they come from.

import { CONTEXT_RING, OUTPUT_PTR } from '../../../../assembly/shared/deflate-layout.js';
import type { PortableMemory } from '../../../kernel/portable/mask.js';
import { historyOf, positionOf, ringLengthOf } from './context.js';

/** From this length on the engine's copy is worth the call, where source and target do not overlap. */
const COPY_WITHIN_LENGTH = 64;

/** The output of the call under way. */
export class InflateOutput {
  readonly #memory: PortableMemory;
  /** Reads and writes four bytes at any address at once. */
  readonly #view: DataView;
  /** Where the next byte goes, and where there is no more room. */
  ptr = OUTPUT_PTR;
  end = OUTPUT_PTR;
  /** How much of a match did not fit, if any, and its distance. */
  #leftLength = 0;
  #leftDistance = 0;

  #ringPtr = 0;
  #ringMask = 0;
  /** Of the first byte of the output. */
  #position = 0;
  #history = 0;
  #windowLength = 0;

  constructor(memory: PortableMemory) {
    this.#memory = memory;
    this.#view = new DataView(memory.bytes.buffer);
  }

  /** A message begins: nothing is left of the one before. */
  beginMessage(): void {
    this.#leftLength = 0;
  }

  /** A call begins, with room for `capacity` bytes. */
  beginCall(contextPtr: number, windowLength: number, capacity: number): void {
    const { words } = this.#memory;
    this.ptr = OUTPUT_PTR;
    this.end = OUTPUT_PTR + capacity;
    this.#ringPtr = contextPtr + CONTEXT_RING;
    this.#ringMask = ringLengthOf(words, contextPtr) - 1;
    this.#position = positionOf(words, contextPtr);
    this.#history = historyOf(words, contextPtr);
    this.#windowLength = windowLength;
  }

  get length(): number {
    return this.ptr - OUTPUT_PTR;
  }

  /** A match did not fit. */
  get isFull(): boolean {
    return this.#leftLength > 0;
  }

  /** Goes on with the match that did not fit. @returns false if what it reaches into has not been remembered */
  goOn(): boolean {
    return this.#leftLength === 0 || this.copyMatch(this.#leftLength, this.#leftDistance);
  }

  /**
   * Copies a match as far as there is room, and notes what is left of it.
   *
   * @returns false if it reaches too far
   */
  copyMatch(length: number, distance: number): boolean {
    const { bytes } = this.#memory;
    let ptr = this.ptr;
    // How far it begins before this output: so many bytes are the context's.
    const before = distance - (ptr - OUTPUT_PTR);
    if (distance > this.#windowLength || before > this.#history) return false;
    const fits = Math.min(length, this.end - ptr);
    this.#leftLength = length - fits;
    this.#leftDistance = distance;
    const end = ptr + fits;
    this.ptr = end;

    if (before > 0) {
      const ringPtr = this.#ringPtr;
      const ringMask = this.#ringMask;
      let position = this.#position - before;
      for (const ringEnd = Math.min(end, ptr + before); ptr < ringEnd; position++) {
        bytes[ptr++] = bytes[ringPtr + (position & ringMask)]!;
      }
    }
    // What is being written may be read again further on: in one step only as many bytes as lie before it.
    if (distance >= end - ptr && end - ptr >= COPY_WITHIN_LENGTH) {
      bytes.copyWithin(ptr, ptr - distance, end - distance);
      return true;
    }
    if (distance >= 4) {
      const view = this.#view;
      for (; ptr + 4 <= end; ptr += 4) view.setInt32(ptr, view.getInt32(ptr - distance, true), true);
    }
    for (; ptr < end; ptr++) bytes[ptr] = bytes[ptr - distance]!;
    return true;
  }
}
