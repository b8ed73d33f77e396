// LZ77: a block of the input as sequences of literals and matches, or as tokens, for LEVEL_DEFAULT. Knows no codes.
//
// Matches are found through a hash of four bytes. A bucket is a u32 with the low halves of the two latest positions
// whose bytes fell into it; a new position pushes the older one out:
//
//    0                16               32
//   ┌────────────────┬────────────────┐
//   │ latest         │ the one before │      bucket = bucket << 16 | position & 0xffff
//   └────────────────┴────────────────┘
//
// Positions count all bytes that the context ever remembered, and then those of the slice. A bucket may hold anything:
// a candidate counts if its bytes are the same and its distance lies within the window and the history. So a hash is
// never cleared. The bytes are compared first, since that mostly decides; wherever a distance below 2^16 leads is
// memory.

import { SEQUENCES, SEQUENCE_LENGTH, TOKENS } from '../deflate-work';
import { HASHED_LENGTH, isInReach, MAX_MATCH, matchLength, putLastSequence, putSequence } from './match';
import { clearCounts, listEnd, listLiterals, listMatch } from '../token-list';

/** A match as long as this is taken at once; of a shorter one it is asked whether a longer one begins a byte later. */
const LAZY_LENGTH: u32 = 32;
/**
 * In a block of fewer bytes every second place inside a match is inserted, which makes the next messages 0.5 to 1 % shorter,
 * for 3 to 10 % of the time. In a longer one there is enough without.
 */
const DENSE_LENGTH: u32 = 1024;

/**
 * A block of fewer bytes that has no history asks no place but the latest: 5 % less time for 0.1 % more bytes of 256, 0.4 % of
 * 400; 1.5 % of 1024 would be too many.
 */
const ALONE_LENGTH: u32 = 512;

/** The offset of a bucket: bits of a product that depend on all four bytes. `mask` is the hash's length less 4. */
// @ts-ignore: decorator
@inline
function bucketOf(bytes: u32, mask: u32): usize {
  return <usize>(<u32>((<u64>bytes * 0x9e3779b1) >> 22) & mask);
}

// @ts-ignore: decorator
@inline
function insert(p: usize, hash: usize, mask: u32, toPosition: u32): void {
  const bucket = hash + bucketOf(load<u32>(p), mask);
  store<u32>(bucket, (load<u32>(bucket) << 16) | ((<u32>p + toPosition) & 0xffff));
}

/** Inserts every position that is `step` behind the last, from `start` to `end`. */
export function insertEvery(step: u32, start: usize, end: usize, hash: usize, mask: u32, toPosition: u32): void {
  for (let p = start; p < end; p += step) insert(p, hash, mask, toPosition);
}

/**
 * Finds the sequences of the block from `start` to `end`.
 *
 * @param oldest where the history begins, in front of the slice
 * @param toPosition what to add to an address for its position
 * @param hash,mask where the hash is, and its length less 4
 * @returns how many literals and matches there are
 */
export function findSequences(
  start: usize,
  end: usize,
  oldest: usize,
  windowLength: u32,
  toPosition: u32,
  hash: usize,
  mask: u32,
): u32 {
  return find(start, end, oldest, windowLength, toPosition, hash, mask, false);
}

/** The same, as tokens: what a long slice becomes. */
export function findTokens(
  start: usize,
  end: usize,
  oldest: usize,
  windowLength: u32,
  toPosition: u32,
  hash: usize,
  mask: u32,
): u32 {
  clearCounts();
  return find(start, end, oldest, windowLength, toPosition, hash, mask, true);
}

// @ts-ignore: decorator
@inline
function find(
  start: usize,
  end: usize,
  oldest: usize,
  windowLength: u32,
  toPosition: u32,
  hash: usize,
  mask: u32,
  isListed: bool,
): u32 {
  const last = end - HASHED_LENGTH;
  let symbols = <u32>(end - start);
  let out = isListed ? TOKENS : SEQUENCES;
  let literals = start;
  let p = start;
  const isAlone = !isListed && symbols < ALONE_LENGTH && oldest == start;
  const isDense = !isListed && symbols < DENSE_LENGTH;

  while (p <= last) {
    const bytes = load<u32>(p);
    const position = <u32>p + toPosition;
    const bucket = hash + bucketOf(bytes, mask);
    const entries = load<u32>(bucket);
    store<u32>(bucket, (entries << 16) | (position & 0xffff));
    let length: u32 = 0;
    let distance = (position - entries) & 0xffff;
    if (load<u32>(p - distance) == bytes && isInReach(distance, p, oldest, windowLength)) {
      length = matchLength(p, p - distance, min<u32>(MAX_MATCH, <u32>(end - p)));
    }
    const second = (position - (entries >> 16)) & 0xffff;
    if (!isAlone && load<u32>(p - second) == bytes && isInReach(second, p, oldest, windowLength)) {
      const longer = matchLength(p, p - second, min<u32>(MAX_MATCH, <u32>(end - p)));
      if (longer > length) {
        length = longer;
        distance = second;
      }
    }
    if (length == 0) {
      // The longer nothing is found, the fewer places are looked at: what does not compress takes little time.
      p += 1 + ((p - literals) >> 6);
      continue;
    }

    while (length < LAZY_LENGTH && p < last) {
      const next = p + 1;
      const position = <u32>next + toPosition;
      const bucket = hash + bucketOf(load<u32>(next), mask);
      const entries = load<u32>(bucket);
      store<u32>(bucket, (entries << 16) | (position & 0xffff));
      const before = length;
      // A longer match has the same four bytes at its end.
      const first = (position - entries) & 0xffff;
      if (
        load<u32>(next - first + length - 3) == load<u32>(next + length - 3) &&
        isInReach(first, next, oldest, windowLength)
      ) {
        const longer = matchLength(next, next - first, min<u32>(MAX_MATCH, <u32>(end - next)));
        if (longer > length) {
          length = longer;
          distance = first;
        }
      }
      const second = (position - (entries >> 16)) & 0xffff;
      if (
        !isAlone &&
        load<u32>(next - second + length - 3) == load<u32>(next + length - 3) &&
        isInReach(second, next, oldest, windowLength)
      ) {
        const longer = matchLength(next, next - second, min<u32>(MAX_MATCH, <u32>(end - next)));
        if (longer > length) {
          length = longer;
          distance = second;
        }
      }
      if (length == before) break;
      p = next;
    }

    // Its beginning may have been passed: by a step of more than one byte, or because another bucket has no room for
    // it.
    while (p > literals && p - distance > oldest && length < MAX_MATCH) {
      if (load<u8>(p - 1) != load<u8>(p - 1 - distance)) break;
      p--;
      length++;
    }
    if (isListed) {
      out = listMatch(listLiterals(out, literals, p), length, distance);
    } else {
      putSequence(out, <u32>(p - literals), length, distance);
      out += SEQUENCE_LENGTH;
    }
    symbols -= length - 1;
    // Of the places inside a match those at its borders are as good as all, mostly.
    let inside = p + 2;
    p += length;
    literals = p;
    if (p <= last) {
      if (isDense) {
        for (; inside < p - 2; inside += 2) insert(inside, hash, mask, toPosition);
      } else if (length > 4) {
        insert(inside, hash, mask, toPosition);
      }
      insert(p - 2, hash, mask, toPosition);
      insert(p - 1, hash, mask, toPosition);
    }
  }
  if (isListed) listEnd(out, literals, end);
  else putLastSequence(out, <u32>(end - literals));
  return symbols;
}
