// Writes bits in the order of RFC 1951 section 3.1.1: the first one becomes the lowest bit of a byte.

import type { PortableMemory } from '../../../kernel/portable/mask.js';

/** A place in the memory that is written to, bit by bit. */
export class BitWriter {
  readonly #bytes: Uint8Array;
  #ptr = 0;
  /** Bits that are not written yet, fewer than 16. */
  #bits = 0;
  #held = 0;

  constructor({ bytes }: PortableMemory) {
    this.#bytes = bytes;
  }

  begin(ptr: number): void {
    this.#ptr = ptr;
    this.#bits = 0;
    this.#held = 0;
  }

  /** The address behind what is written; to be asked at a byte's border. */
  get ptr(): number {
    return this.#ptr;
  }

  /** How many bits the last byte has; 0 at a byte's border. */
  get phase(): number {
    return this.#held & 7;
  }

  /** Writes the lowest `length` bits, 0 to 16; the others are 0. */
  write(bits: number, length: number): void {
    this.#bits |= bits << this.#held;
    this.#held += length;
    if (this.#held < 16) return;
    this.#bytes[this.#ptr++] = this.#bits;
    this.#bytes[this.#ptr++] = this.#bits >> 8;
    this.#bits >>>= 16;
    this.#held -= 16;
  }

  /** Fills the last byte with zeros. */
  align(): void {
    for (; this.#held > 0; this.#held -= 8) {
      this.#bytes[this.#ptr++] = this.#bits;
      this.#bits >>>= 8;
    }
    this.#bits = 0;
    this.#held = 0;
  }

  /** Copies bytes, behind a byte's border. */
  copy(ptr: number, length: number): void {
    this.align();
    this.#bytes.copyWithin(this.#ptr, ptr, ptr + length);
    this.#ptr += length;
  }
}
