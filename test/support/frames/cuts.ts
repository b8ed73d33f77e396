// The ways in which a transport may cut a stream into chunks. Knows nothing of what the bytes mean.

import { createRandom } from '../inputs/random.js';

/** Streams up to this length are cut at every byte; longer ones near their ends, near 64 KiB and at some other places. */
const CUT_EVERYWHERE = 600;
const NEAR = 4;
const SLAB = 65536;

/** Where a stream is cut in two: everywhere, or for a long one where it matters. */
export function splitPoints(length: number, seed = 1): number[] {
  if (length <= CUT_EVERYWHERE) return Array.from({ length: length + 1 }, (_, i) => i);
  const random = createRandom(seed);
  const points = new Set<number>();
  for (let i = -NEAR; i <= NEAR; i++) {
    for (let border = 0; border <= length + SLAB; border += SLAB) points.add(border + i);
    points.add(length + i);
  }
  for (let i = 0; i < NEAR; i++) points.add(random() % length);
  return [...points].filter((point) => point >= 0 && point <= length).sort((a, b) => a - b);
}

/** Cuts in pieces of 1 to `most` bytes. */
export function cutAtRandom(bytes: Uint8Array, most: number, random: () => number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + 1 + (random() % most));
    chunks.push(bytes.subarray(from, to));
    from = to;
  }
  return chunks;
}

/** Cuts in pieces of one length. */
export function cutInto(bytes: Uint8Array, length: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; from += length) chunks.push(bytes.subarray(from, from + length));
  return chunks;
}

/** A cut, and what it is called in a failed assertion. */
export interface Cut {
  readonly name: string;
  readonly chunks: readonly Uint8Array[];
}

/** Whole, byte by byte, in two at every place, and at random places. */
export function* everyCut(bytes: Uint8Array, seed = 1): Generator<Cut> {
  yield* someCuts(bytes, splitPoints(bytes.length, seed), seed);
}

/** Whole, byte by byte, in two at these places, and at random places. */
export function* someCuts(bytes: Uint8Array, points: readonly number[], seed = 1): Generator<Cut> {
  yield { name: 'whole', chunks: [bytes] };
  if (bytes.length <= CUT_EVERYWHERE) yield { name: 'byte by byte', chunks: cutInto(bytes, 1) };
  for (const point of points) {
    yield { name: `cut at ${point}`, chunks: [bytes.subarray(0, point), bytes.subarray(point)] };
  }
  const random = createRandom(seed);
  for (const parts of [3, 6]) {
    const most = Math.max(2, Math.floor((2 * bytes.length) / parts));
    yield { name: `cut at random in about ${parts}`, chunks: cutAtRandom(bytes, most, random) };
  }
}
