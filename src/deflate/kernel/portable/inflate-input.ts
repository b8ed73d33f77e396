// What inflate reads, in the portable kernel: the bytes of a message that have been handed over and are not inflated yet.
// Knows where they are and where they end; not what they mean.

import { INPUT_CAPACITY, INPUT_PTR } from '../../../../assembly/shared/deflate-layout.js';
import { copyBytes } from '../../../bytes/copy.js';
import type { PortableMemory } from '../../../kernel/portable/mask.js';

/** RFC 7692 section 7.2.2: what the sender took off its message, in bits. */
export const TRAILER_BITS = 32;
/** Room for what a call leaves: less than the longest header, 17 + 19 * 3 + 316 * 14 bits. */
const CARRY_CAPACITY = 1024;
/** Reading ahead, without asking for the end, looks at up to this many bytes behind it. */
const READ_AHEAD = 16;

/** The input of the message under way. Positions are in bits, from the start of `bytes`. */
export class InflateInput {
  readonly bytes = new Uint8Array(CARRY_CAPACITY + INPUT_CAPACITY + (TRAILER_BITS >> 3) + READ_AHEAD);
  /** Reads two bytes at any address at once. */
  readonly view = new DataView(this.bytes.buffer);
  /** Of the next bit. */
  position = 0;
  end = 0;
  /** The message's end has been handed over, and the trailer is behind it. */
  isWhole = false;

  beginMessage(): void {
    this.position = 0;
    this.end = 0;
    this.isWhole = false;
  }

  /** Takes the `length` bytes at INPUT_PTR; they go behind what is left of those before. */
  take(memory: PortableMemory, length: number, isLast: boolean): void {
    const { bytes } = this;
    if (length > 0) {
      const start = this.position >> 3;
      const end = this.end >> 3;
      if (start < end) bytes.copyWithin(0, start, end);
      copyBytes(memory.bytes, INPUT_PTR, INPUT_PTR + length, bytes, end - start);
      this.position &= 7;
      this.end = (end - start + length) << 3;
    }
    if (isLast && !this.isWhole) {
      const end = this.end >> 3;
      this.view.setUint16(end, 0x0000, true);
      this.view.setUint16(end + 2, 0xffff, true);
      this.end += TRAILER_BITS;
      this.isWhole = true;
    }
  }

  /** The `length` bytes at INPUT_PTR, which `take` takes next, begin with the byte that the position is in. */
  takeAgain(length: number): void {
    // Where only some of the trailer is left, no byte is given: the trailer is put there anew, and the rest of it is left.
    const left = (this.end >> 3) - (this.position >> 3);
    const used = this.isWhole && length === 0 ? (TRAILER_BITS >> 3) - left : 0;
    this.position = (used << 3) + (this.position & 7);
    this.end = 0;
    this.isWhole = false;
  }

  /** At least 17 bits from a position on, the first lowest. Behind the end they mean nothing. */
  peek(position: number): number {
    const { bytes } = this;
    const at = position >> 3;
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) >> (position & 7);
  }

  /** The first position from this one on at a byte's border. */
  align(position: number): number {
    return (position + 7) & ~7;
  }
}
