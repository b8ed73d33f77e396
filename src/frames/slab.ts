// The part of a chunk that fits in the arena, whether it was copied there or has been read there.

/**
 * Whose a chunk's bytes are. `'codec'`: ours, to be unmasked in place and handed out in parts. `'caller'`: to be copied. `'arena'`: the
 * transport has read them into the arena, where they are valid until the next call of the kernel.
 */
export type Ownership = 'codec' | 'caller' | 'arena';

/** Where a decoder is in a chunk: one object for all slabs of the chunk. */
export class Slab {
  /** What was copied into the arena; undefined if the bytes were read there. */
  readonly chunk: Uint8Array | undefined;
  /** Where the slab begins in the chunk. */
  start = 0;
  /** The length of the chunk. */
  readonly length: number;
  readonly ownership: Ownership;

  constructor(chunk: Uint8Array | undefined, length: number, ownership: Ownership) {
    this.chunk = chunk;
    this.length = length;
    this.ownership = ownership;
  }
}
