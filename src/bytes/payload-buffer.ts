// Gathers bytes that arrive in pieces in one growing buffer. The buffer grows with the bytes that have arrived, never with the length
// that a header claims.

import { copyBytes } from './copy.js';
import { getHost } from './host.js';
import { lend, takeBack } from './lent-buffers.js';

const EMPTY = new Uint8Array(0);
const SMALLEST = 256;
/** How many times larger than the bytes received the buffer may be, if the sender has announced that many. */
const MOST_CLAIMED = 20;

/** One growing buffer. A million empty pieces cost nothing; a million pieces of one byte cost a million bytes. */
export class PayloadBuffer {
  readonly #lentFrom: number;
  #bytes: Uint8Array<ArrayBuffer> = EMPTY;
  /** How many bytes have been gathered. */
  length = 0;

  /** @param lentFrom the capacity from which on its memory is lent: the code that takes the bytes must return them with `takeBack` */
  constructor(lentFrom = Number.POSITIVE_INFINITY) {
    this.#lentFrom = lentFrom;
  }

  /** How many bytes are allocated: at least `length`. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /**
   * Adds the bytes `start` to `end` of `source`.
   *
   * @param expected the least final length, as the sender announces it: the buffer grows to it in one step once a twentieth of it has
   *   arrived
   * @throws what the engine throws when memory runs out; nothing has been added then
   */
  append(source: Uint8Array, start: number, end: number, expected: number): void {
    const offset = this.#extend(end - start, expected);
    copyBytes(source, start, end, this.#bytes, offset);
  }

  /** Adds `length` bytes, which the caller has to write to the memory that this returns. See `append`. */
  extend(length: number, expected: number): Uint8Array<ArrayBuffer> {
    const offset = this.#extend(length, expected);
    return this.#bytes.subarray(offset, offset + length);
  }

  /** Returns the bytes, which belong to the caller, and empties the buffer. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.length);
    this.#bytes = EMPTY;
    this.length = 0;
    return bytes;
  }

  /** @returns where the added bytes begin */
  #extend(added: number, expected: number): number {
    const offset = this.length;
    const length = offset + added;
    if (length > this.#bytes.length) this.#grow(length, expected);
    this.length = length;
    return offset;
  }

  #grow(needed: number, expected: number): void {
    // Growing only part of the way to a larger announced length would copy all these bytes once more. The length doubles at least: a
    // fragment claims no more than its own, so that many of them would take quadratic time.
    const isCredible = expected > needed && expected <= Math.max(SMALLEST, needed * MOST_CLAIMED);
    const capacity = Math.max(isCredible ? expected : Math.max(needed, SMALLEST), this.#bytes.length * 2);
    const grown = capacity >= this.#lentFrom ? lend(capacity) : getHost().allocate(capacity);
    copyBytes(this.#bytes, 0, this.length, grown, 0);
    takeBack(this.#bytes);
    this.#bytes = grown;
  }
}
