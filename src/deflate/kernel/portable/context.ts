// The contexts of assembly/shared/deflate-layout.ts in the portable kernel: beginning, appending, moving, reading back. Knows
// rings of bytes; not what for.

import {
  CONTEXT_GUARD,
  CONTEXT_HASH_BITS,
  CONTEXT_HISTORY,
  CONTEXT_POSITION,
  CONTEXT_RING,
  CONTEXT_RING_LENGTH,
} from '../../../../assembly/shared/deflate-layout.js';
import type { PortableMemory } from '../../../kernel/portable/mask.js';

/** `DeflateKernel.initContext` */
export function initContext({ words }: PortableMemory, contextPtr: number, ringLength: number, hashBits: number): void {
  words[(contextPtr + CONTEXT_RING_LENGTH) >> 2] = ringLength;
  words[(contextPtr + CONTEXT_POSITION) >> 2] = 0;
  words[(contextPtr + CONTEXT_HISTORY) >> 2] = 0;
  words[(contextPtr + CONTEXT_HASH_BITS) >> 2] = hashBits;
}

/** `DeflateKernel.remember` */
export function remember({ bytes, words }: PortableMemory, contextPtr: number, ptr: number, length: number): void {
  const ringLength = ringLengthOf(words, contextPtr);
  const ringPtr = contextPtr + CONTEXT_RING;
  const position = positionOf(words, contextPtr) + length;
  words[(contextPtr + CONTEXT_POSITION) >> 2] = position;
  words[(contextPtr + CONTEXT_HISTORY) >> 2] = Math.min(historyOf(words, contextPtr) + length, ringLength);

  const kept = Math.min(length, ringLength);
  const start = (position - kept) & (ringLength - 1);
  const ptrKept = ptr + length - kept;
  // The first part goes up to the ring's end at most, the rest to its start.
  const first = Math.min(kept, ringLength - start);
  bytes.copyWithin(ringPtr + start, ptrKept, ptrKept + first);
  if (kept > first) bytes.copyWithin(ringPtr, ptrKept + first, ptrKept + kept);
}

/** Copies the last `length` bytes of a context's history to `ptr`. */
export function recall({ bytes, words }: PortableMemory, contextPtr: number, length: number, ptr: number): void {
  const ringLength = ringLengthOf(words, contextPtr);
  const ringPtr = contextPtr + CONTEXT_RING;
  const start = (positionOf(words, contextPtr) - length) & (ringLength - 1);
  const first = Math.min(length, ringLength - start);
  bytes.copyWithin(ptr, ringPtr + start, ringPtr + start + first);
  if (length > first) bytes.copyWithin(ptr + first, ringPtr, ringPtr + length - first);
}

/** A power of two. */
export function ringLengthOf(words: Int32Array, contextPtr: number): number {
  return words[(contextPtr + CONTEXT_RING_LENGTH) >> 2]!;
}

/** Where the next byte goes, modulo 2^32: only its low bits mean something. */
export function positionOf(words: Int32Array, contextPtr: number): number {
  return words[(contextPtr + CONTEXT_POSITION) >> 2]!;
}

/** How many bytes before the position are valid. */
export function historyOf(words: Int32Array, contextPtr: number): number {
  return words[(contextPtr + CONTEXT_HISTORY) >> 2]!;
}

export function hashBitsOf(words: Int32Array, contextPtr: number): number {
  return words[(contextPtr + CONTEXT_HASH_BITS) >> 2]!;
}

/** The hash of a context of deflate, as an index of UTF-16 units of the memory. */
export function hashIndexOf(words: Int32Array, contextPtr: number): number {
  return (contextPtr + CONTEXT_RING + ringLengthOf(words, contextPtr) + CONTEXT_GUARD) >> 1;
}
