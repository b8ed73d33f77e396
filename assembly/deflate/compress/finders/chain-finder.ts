// LZ77 for LEVEL_SMALLEST and LEVEL_THOROUGH: splits a block of the input into sequences of literals and matches, thoroughly. Knows no
// codes. The hash and the chains lie in the work area and belong to no context: deflate.ts first inserts the context's history.
//
// The hash is of three bytes. Each entry has the latest position whose bytes hash to it, and CHAINS has, for every
// position, the previous one with the same hash; both have only the low 16 bits. Entries left by other messages do no
// harm: a candidate counts only if its bytes are the same and its distance lies within the window and the history, and a
// chain ends as soon as distances stop growing.

import { CHAINS, SEQUENCES, SEQUENCE_LENGTH, SLICE_HASH } from '../deflate-work';
import { MAX_MATCH, matchLength, putLastSequence, putSequence } from './match';

const MIN_MATCH: u32 = 3;
/**
 * The longest distance at which a match of three bytes pays. Beyond it, the match takes about as many bits as three literals:
 * in the fixed codes 22 from 4 KiB away, and the literals 24. All but short blocks get dynamic codes, in which literals are
 * shorter, so there the limit is lower.
 */
const FAR: u32 = 512;
const FAR_IN_SHORT: u32 = 4096;
/** Blocks of fewer bytes are short. */
const SHORT: u32 = 256;
/**
 * The exception: three bytes of which the first is at least this are one UTF-8 character, a Chinese one for example. Its bytes
 * are rare, so their literals are long.
 */
const THREE_BYTES: u32 = 0xe0;
/**
 * How many candidates a search tries. To improve on a match of GOOD bytes or more it tries a quarter of them; a match of NICE
 * bytes or more is not improved on.
 */
const CANDIDATES: u32 = 32;
const GOOD: u32 = 16;
const NICE: u32 = 128;
/**
 * How many candidates a block may try for each of its bytes. Once they are spent, each search tries at most FEW. JSON and text
 * seldom spend them. Noise of two symbols does, because all its chains are long: without a budget, 32 KiB of it would hold the
 * event loop for 1.8 ms.
 */
const BUDGET: i32 = 3;
const FEW: u32 = 8;
/**
 * The same for LEVEL_THOROUGH, in which the chains of 32 KiB of history are long: messages of 200 B to 2 KiB get 8 to 5 % shorter than
 * at LEVEL_SMALLEST, for three times the time. The budget of a long block is bounded: MOST_BUDGET takes 0.15 ms.
 */
const CANDIDATES_OF_THOROUGH: u32 = 128;
const BUDGET_OF_THOROUGH: i32 = 16;
const MOST_BUDGET: i32 = 0x8000;

/** The candidates that a search of this block tries, and those that the block may still try. */
let mostCandidates: u32 = CANDIDATES;
let budget: i32 = 0;

// @ts-ignore: decorator
@inline
function headOf(p: usize): usize {
  return SLICE_HASH + (<usize>(((load<u32>(p) << 8) * 0x9e3779b1) >> 18) << 1);
}

/** Inserts a position. @returns the previous one with the same hash */
// @ts-ignore: decorator
@inline
function insert(p: usize, toPosition: u32): u32 {
  const position = <u32>p + toPosition;
  const head = headOf(p);
  const before = <u32>load<u16>(head);
  store<u16>(CHAINS + (<usize>(position & 0xffff) << 1), before);
  store<u16>(head, position);
  return before;
}

/** Inserts every `step`-th position from `start` to `end`. */
export function chainEvery(step: u32, start: usize, end: usize, toPosition: u32): void {
  for (let p = start; p < end; p += step) insert(p, toPosition);
}

/**
 * The longest match at `p` that is longer than `length`, along the chain that begins at `candidate`.
 *
 * @param far the longest distance for a match of three bytes, unless these are one character
 * @returns length << 16 | distance - 1, or 0
 */
function search(p: usize, candidate: u32, reach: u32, far: u32, position: u32, length: u32, limit: u32): u32 {
  const most = (budget > 0 ? mostCandidates : FEW) >> (length >= GOOD ? 2 : 0);
  let candidates = most;
  let found: u32 = 0;
  let before: u32 = 0;
  if (length < MIN_MATCH - 1) length = MIN_MATCH - 1;
  if (length >= limit) return 0;
  do {
    const distance = (position - candidate) & 0xffff;
    if (distance <= before || distance > reach) break;
    // A longer match must also match here, so these two bytes are compared first.
    if (load<u16>(p - distance + length - 1) == load<u16>(p + length - 1)) {
      const longer = matchLength(p, p - distance, limit);
      if (longer > length && (longer > MIN_MATCH || distance <= far || load<u8>(p) >= THREE_BYTES)) {
        length = longer;
        found = (longer << 16) | (distance - 1);
        if (longer >= NICE || longer == limit) break;
      }
    }
    before = distance;
    candidate = <u32>load<u16>(CHAINS + (<usize>(candidate & 0xffff) << 1));
  } while (--candidates > 0);
  budget -= most - candidates;
  return found;
}

/** Does what findSequences in match-finder.ts does. @param isThorough for LEVEL_THOROUGH */
export function findSequencesThoroughly(
  start: usize,
  end: usize,
  oldest: usize,
  windowLength: u32,
  toPosition: u32,
  isThorough: bool,
): u32 {
  let symbols = <u32>(end - start);
  const far = symbols < SHORT ? FAR_IN_SHORT : FAR;
  mostCandidates = isThorough ? CANDIDATES_OF_THOROUGH : CANDIDATES;
  budget = <i32>symbols * BUDGET;
  if (isThorough) budget = max<i32>(budget, min<i32>(<i32>symbols * BUDGET_OF_THOROUGH, MOST_BUDGET));
  let out = SEQUENCES;
  let literals = start;
  let p = start;
  const last = end - MIN_MATCH;

  while (p <= last) {
    let reach = min<u32>(windowLength, <u32>(p - oldest));
    const limit = min<u32>(MAX_MATCH, <u32>(end - p));
    let best = search(p, insert(p, toPosition), reach, far, <u32>p + toPosition, 0, limit);
    if (best == 0) {
      p += 1 + ((p - literals) >> 8);
      continue;
    }
    let inserted = p;
    while (best >> 16 < NICE && p < last) {
      inserted = p + 1;
      reach = min<u32>(windowLength, <u32>(inserted - oldest));
      const candidate = insert(inserted, toPosition);
      const limit = min<u32>(MAX_MATCH, <u32>(end - inserted));
      const longer = search(inserted, candidate, reach, far, <u32>inserted + toPosition, best >> 16, limit);
      if (longer == 0) break;
      best = longer;
      p = inserted;
    }
    let length = best >> 16;
    const distance = (best & 0xffff) + 1;
    const next = p + length;
    // Not every position of the far history is in a chain, so the match may begin earlier.
    while (p > literals && p - distance > oldest && length < MAX_MATCH) {
      if (load<u8>(p - 1) != load<u8>(p - 1 - distance)) break;
      p--;
      length++;
    }
    putSequence(out, <u32>(p - literals), length, distance);
    out += SEQUENCE_LENGTH;
    symbols -= length - 1;
    p = next;
    literals = p;
    chainEvery(1, inserted + 1, min<usize>(p, last + 1), toPosition);
  }
  putLastSequence(out, <u32>(end - literals));
  return symbols;
}
