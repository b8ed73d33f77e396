// One match: how long it is, and which symbols stand for it (RFC 1951 section 3.2.5). What all match finders share.

import { END_OF_BLOCK, MATCH_LENGTH_SHIFT } from '../deflate-work';

export const MAX_MATCH: u32 = 258;
/** The shortest match that there is a symbol for. */
export const MIN_LENGTH: u32 = 3;
/** How many bytes are hashed, and so the shortest match that is found that way. */
export const HASHED_LENGTH: u32 = 4;

/** Is this a distance that a match may have? 0 stands for 2^16. */
// @ts-ignore: decorator
@inline
export function isInReach(distance: u32, p: usize, oldest: usize, windowLength: u32): bool {
  return distance - 1 < min<u32>(windowLength, <u32>(p - oldest));
}

/**
 * How many bytes at `p` and `q` are the same, up to `limit`. The first 16 are compared at once, which is all that most
 * matches take; reads up to 15 bytes further.
 */
// @ts-ignore: decorator
@inline
export function matchLength(p: usize, q: usize, limit: u32): u32 {
  const same = ctz<u32>(i8x16.bitmask(i8x16.ne(v128.load(p), v128.load(q))) | 0x10000);
  return same < 16 ? min<u32>(same, limit) : longMatchLength(p, q, limit);
}

function longMatchLength(p: usize, q: usize, limit: u32): u32 {
  for (let length: u32 = 16; length < limit; length += 8) {
    const difference = load<u64>(p + length) ^ load<u64>(q + length);
    if (difference != 0) return min<u32>(limit, length + (<u32>ctz<u64>(difference) >> 3));
  }
  return limit;
}

/**
 * The symbols of a match, in the form of a sequence's second half (deflate-work.ts). Behind the first few, every power of two has four
 * symbols for lengths and two for distances; the bits below those that tell which are the extra bits.
 * With x = length - 3, y = distance - 1:
 *
 *   x = 1abeee   symbol 257 + 4 * 3 + 1ab, 3 extra bits        y = 1aeee   symbol 2 * 3 + 1a, 3 extra bits
 *
 * Only the length 258 has a symbol of its own.
 */
// @ts-ignore: decorator
@inline
export function symbolsOf(length: u32, distance: u32): u32 {
  const x = length - MIN_LENGTH;
  const y = distance - 1;
  const lengthExtra = 29 - clz<u32>(x | 4);
  const distanceExtra = 30 - clz<u32>(y | 2);
  const lengthSymbol = 257 + (lengthExtra << 2) + (x >> lengthExtra);
  const lengthBits = length == MAX_MATCH ? 285 : lengthSymbol | ((x & ((1 << lengthExtra) - 1)) << 9);
  const distanceSymbol = (distanceExtra << 1) + (y >> distanceExtra);
  return lengthBits | (distanceSymbol << 14) | ((y & ((1 << distanceExtra) - 1)) << 19);
}

/** Writes a sequence. */
// @ts-ignore: decorator
@inline
export function putSequence(out: usize, literals: u32, length: u32, distance: u32): void {
  store<u32>(out, literals | (length << MATCH_LENGTH_SHIFT));
  store<u32>(out, symbolsOf(length, distance), 4);
}

/** Writes the last sequence of a block. The distance behind END_OF_BLOCK is of no account. */
// @ts-ignore: decorator
@inline
export function putLastSequence(out: usize, literals: u32): void {
  store<u32>(out, literals);
  store<u32>(out, END_OF_BLOCK, 4);
}
