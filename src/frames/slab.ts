// The part of a chunk that fits in the arena, whether it was copied there or has been read there.

import { CHUNK_CAPACITY } from '../../assembly/shared/layout.js';

/**
 * Whose a chunk's bytes are. `'codec'`: ours, to be unmasked in place and handed out in parts. `'caller'`: to be copied. `'arena'`: the
 * transport has read them into the arena, where they are valid until the next call of the kernel.
 */
export type Ownership = 'codec' | 'caller' | 'arena';

/** A message may always keep a chunk of this length alive, however short it is: a read is seldom longer. */
const SHORT_CHUNK_LENGTH = 2 * CHUNK_CAPACITY;

/** Where a decoder is in a chunk: one object for all slabs of the chunk. */
export class Slab {
  /** What was copied into the arena; undefined if the bytes were read there. */
  readonly chunk: Uint8Array | undefined;
  /** Where the slab begins in the chunk. */
  start = 0;
  /** Where the slab ends in the chunk at the latest: before a message that is read without the arena. */
  end: number;
  /** The length of the chunk. */
  readonly length: number;
  readonly ownership: Ownership;

  constructor(chunk: Uint8Array | undefined, length: number, ownership: Ownership) {
    this.chunk = chunk;
    this.length = this.end = length;
    this.ownership = ownership;
  }

  /**
   * Whether a payload of this length may be handed out as a part of the chunk, all of which it then keeps alive: not if the chunk is
   * long and more than twice the payload.
   */
  mayKeepChunk(payloadLength: number): boolean {
    return this.ownership === 'codec' && (this.length <= SHORT_CHUNK_LENGTH || this.length <= 2 * payloadLength);
  }
}
