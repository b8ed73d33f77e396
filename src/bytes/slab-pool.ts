// The memory that frames are gathered in until a transport takes them: slabs of a few lengths, kept for reuse up to a bound in
// bytes. So a connection with 20 bytes to send holds 512, and one that is idle holds none.

import { getHost, POOLED_LENGTH } from './host.js';
import { MAX_SLAB_LENGTH } from './thresholds.js';

/** A slab, and what was given away of it. Each has an `ArrayBuffer` of its own, by which it is found again. */
export interface Slab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The buffer of `bytes`: asking a typed array for it is a call out of JavaScript. */
  readonly memory: ArrayBuffer;
  /** The view that `FrameWriter.take` returned and nobody has given back. */
  given: Uint8Array | undefined;
}

interface SizeClass {
  readonly length: number;
  readonly spares: Slab[];
}

/**
 * Each four times as long as the one before: a slab is at most four times what it holds. Longer batches get a slab of their own, which is
 * not kept.
 */
const CLASSES: readonly SizeClass[] = [512, 2 * 1024, 8 * 1024, 32 * 1024, MAX_SLAB_LENGTH].map((length) => ({
  length,
  spares: [],
}));
export const MIN_SLAB_LENGTH = CLASSES[0]!.length;
/** Spare bytes that each class keeps: 4,096 of the shortest slabs, 16 of the longest. */
const MAX_SPARE_LENGTH = 2 * 1024 * 1024;

/** Its constructor returns its argument, so that a class that extends it adds its fields to that. */
class Given {
  constructor(memory: ArrayBufferLike) {
    // biome-ignore lint/correctness/noConstructorReturn: what a private field is added to
    return memory;
  }
}

/**
 * The slab of an ArrayBuffer, in a private field of the ArrayBuffer. A WeakMap of them would grow with every slab that is not given back
 * until the next garbage collection, to hundreds of bytes for each connection, and stays so large.
 */
class SlabMemory extends Given {
  readonly #slab: Slab;

  constructor(memory: ArrayBufferLike, slab: Slab) {
    super(memory);
    this.#slab = slab;
  }

  static slabOf(memory: ArrayBufferLike): Slab | undefined {
    return #slab in memory ? (memory as SlabMemory).#slab : undefined;
  }
}

/** The shortest slab with room for `length` bytes. */
export function takeSlab(length: number): Slab {
  for (const sizeClass of CLASSES) {
    if (sizeClass.length < length) continue;
    const spare = sizeClass.spares.pop();
    if (spare !== undefined) return spare;
    const slab = newSlab(sizeClass.length);
    new SlabMemory(slab.memory, slab);
    return slab;
  }
  return newSlab(length);
}

/** Takes a slab back; one that is not pooled, or that the pool has no room for, is left to the garbage collector. */
export function giveSlab(slab: Slab): void {
  slab.given = undefined;
  const { length } = slab.bytes;
  for (const sizeClass of CLASSES) {
    if (sizeClass.length !== length) continue;
    if ((sizeClass.spares.length + 1) * length <= MAX_SPARE_LENGTH) sizeClass.spares.push(slab);
    return;
  }
}

/** The slab that these bytes were given away from; undefined if there is none, or if it has been given back. */
export function slabOf(bytes: Uint8Array): Slab | undefined {
  const slab = SlabMemory.slabOf(bytes.buffer);
  return slab?.given === bytes ? slab : undefined;
}

function newSlab(length: number): Slab {
  const bytes = length < POOLED_LENGTH ? new Uint8Array(length) : getHost().allocate(length);
  return { bytes, memory: bytes.buffer, given: undefined };
}
