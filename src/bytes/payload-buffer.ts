// Bytes that arrive in pieces, gathered in one growing buffer. It grows with the bytes that came, never with the length
// that a header claims. Knows no frame.

import { copyBytes } from './copy.js';
import { getHost } from './host.js';
import { lend, takeBack } from './lent-buffers.js';

const EMPTY = new Uint8Array(0);
const SMALLEST = 256;
/** How many times what has come the buffer may be, where the sender says that so much is still to come. */
const MOST_CLAIMED = 20;

/** One growing buffer; a million empty pieces cost nothing, a million pieces of one byte cost a million bytes. */
export class PayloadBuffer {
  readonly #isLent: boolean;
  #bytes: Uint8Array<ArrayBuffer> = EMPTY;
  /** How many bytes have been gathered. */
  length = 0;

  /** @param isLent its memory is lent: code that takes it returns it with `takeBack` */
  constructor(isLent = false) {
    this.#isLent = isLent;
  }

  /** How many bytes are allocated: at least `length`. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /**
   * Adds the bytes `start` to `end` of `source`.
   *
   * @param expected how long the whole will at least be, as far as the sender says: the buffer grows straight to it once a
   *   twentieth of it is there
   * @throws what the engine throws when there is no memory: then nothing was added
   */
  append(source: Uint8Array, start: number, end: number, expected: number): void {
    const length = this.length + (end - start);
    if (length > this.#bytes.length) this.#grow(length, expected);
    copyBytes(source, start, end, this.#bytes, this.length);
    this.length = length;
  }

  /** Gives the bytes away, and is empty again. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.length);
    this.#bytes = EMPTY;
    this.length = 0;
    return bytes;
  }

  #grow(needed: number, expected: number): void {
    // A claim that goes beyond that is not followed halfway: what had come until then would be copied once more, and much of it. At least
    // twice as much as before in any case: each fragment of a message claims no more than its own length, and the cost would be quadratic.
    const isCredible = expected > needed && expected <= Math.max(SMALLEST, needed * MOST_CLAIMED);
    const capacity = Math.max(isCredible ? expected : Math.max(needed, SMALLEST), this.#bytes.length * 2);
    const grown = this.#isLent ? lend(capacity) : getHost().allocate(capacity);
    copyBytes(this.#bytes, 0, this.length, grown, 0);
    if (this.#isLent) takeBack(this.#bytes);
    this.#bytes = grown;
  }
}
