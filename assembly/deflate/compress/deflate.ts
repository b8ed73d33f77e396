// The compressor (RFC 1951) for permessage-deflate (RFC 7692 section 7.2.1). It turns a slice of a message into blocks that end at a byte
// boundary, and manages contexts and slices. The match finders find matches, and block-writer.ts makes codes and writes blocks.
// src/deflate/kernel/deflate-kernel.ts has the contract.

import { putBits, putStored } from './bit-writer';
import { putBlock, putFixedHeader } from './block-writer';
import { chainEvery, findSequencesThoroughly } from './finders/chain-finder';
import { remember } from '../context';
import { BLOCK_LENGTH, INPUT, KNOWN, SLICE_HASH } from './deflate-work';
import { enterEvery, findTokensFast, putInFixedCodes } from './finders/fast-finder';
import {
  CONTEXT_GUARD,
  CONTEXT_HASH_BITS,
  CONTEXT_HISTORY,
  CONTEXT_POSITION,
  CONTEXT_RING,
  CONTEXT_RING_LENGTH,
  DEFLATE_LAST,
  LEVEL_FASTEST,
  LEVEL_SMALLEST,
  SHARED_DEFLATE_CONTEXT_PTR,
} from '../../shared/deflate-layout';
import { findSequences, findTokens, insertEvery } from './finders/match-finder';

/** From this length on a slice has a hash of its own. The context's hash is small, since there is one for each connection. */
const LONG: u32 = 1024;
/** The length of that hash less 4, as match-finder.ts takes it. */
const SLICE_MASK: u32 = 0x8000 - 4;
/**
 * From this length on, which is several windows of most contexts, some of a slice's matches are given for time: 0.1 to 0.7 %
 * more bytes, 5 to 7 % less time at LEVEL_DEFAULT. It learns no history that its hash has met in the slice before. And of a small
 * window its hash has room for that window alone, which stays in the first-level cache: the rest would be out of reach.
 */
const VERY_LONG: u32 = 0x8000;
const SMALL_WINDOW: u32 = 0x1000;
const SMALL_SLICE_MASK: u32 = 0x2000 - 4;
/** At LEVEL_FASTEST it is as long as that always; less 2, as fast-finder.ts takes it. */
const FAST_SLICE_MASK: u32 = 0x2000 - 2;
/**
 * A block of fewer symbols has no codes of its own. Below 20 describing them costs more than it could save. Codes of 48
 * symbols that stand for much, as in a context, save 1 to 2 % (of 54 and more 4 to 6), of fewer 0.3. A message of 48 to 63
 * symbols that is sent alone is short and would be 3 % shorter, but counting and making codes takes two thirds of its time.
 */
const FEWEST: u32 = 48;
const FEWEST_OF_SHORT: u32 = 64;
const FEWEST_WORTH: u32 = 20;
/** A slice shorter than this gets no codes of its own below FEWEST_OF_SHORT symbols. */
const SHORT: u32 = 128;
/**
 * From this length on a slice is put as tokens, which takes half the time of sequences, but a table for each block. (Not
 * by LEVEL_SMALLEST, whose time goes into finding.) What is shorter gets no codes of its own from LEVEL_FASTEST: they take
 * as long as all else.
 */
const LISTED: u32 = 2048;
/** The least of the history that LEVEL_SMALLEST treats as near, however short the slice is. */
const LEAST_NEAR: u32 = 8192;
/** The most of it that LEVEL_FASTEST treats as near, however long the slice is. */
const MOST_NEAR: u32 = 8192;

export function deflate(contextPtr: usize, windowLength: u32, length: u32, level: u32, flags: u32): u32 {
  const hashBits = load<u32>(contextPtr, CONTEXT_HASH_BITS);
  const contextHash = contextPtr + CONTEXT_RING + <usize>load<u32>(contextPtr, CONTEXT_RING_LENGTH) + CONTEXT_GUARD;
  const isFast = level == LEVEL_FASTEST;
  const contextMask = (2 << hashBits) - (isFast ? 2 : 4);
  const isLong = length >= LONG;
  const isListed = length >= LISTED && level != LEVEL_SMALLEST;
  const hash = isLong ? SLICE_HASH : contextHash;
  const mask = !isLong ? contextMask : isFast ? FAST_SLICE_MASK : sliceMaskOf(length, windowLength);
  const toPosition = load<u32>(contextPtr, CONTEXT_POSITION) - <u32>INPUT;
  const oldest = recall(contextPtr, windowLength);
  const end = INPUT + length;

  // A hash that is not the context's must learn the history first: finely what is near, coarsely what is far, which
  // finds the long matches there (they are extended to both sides). How much is near is in proportion to the slice.
  if (level == LEVEL_SMALLEST) {
    const near = max<usize>(oldest, INPUT - max<u32>(length << 2, LEAST_NEAR));
    const step: u32 = isLong ? 1 : 2;
    chainEvery(step << 3, oldest, near, toPosition);
    chainEvery(step, near, INPUT, toPosition);
  } else if (length >= VERY_LONG && isKnown(contextPtr, mask)) {
    // The history is empty.
  } else if (isLong && isFast) {
    const near = max<usize>(oldest, INPUT - min<u32>(length << 2, MOST_NEAR));
    enterEvery(16, oldest, near, hash, mask, toPosition);
    enterEvery(2, near, INPUT, hash, mask, toPosition);
  } else if (isLong) {
    const near = max<usize>(oldest, INPUT - (length << 2));
    insertEvery(16, oldest, near, hash, mask, toPosition);
    insertEvery(2, near, INPUT, hash, mask, toPosition);
  }

  const fewest = level == LEVEL_SMALLEST ? FEWEST_WORTH : length < SHORT ? FEWEST_OF_SHORT : FEWEST;
  let position: u32 = 0;
  for (let start = INPUT; start < end; start += BLOCK_LENGTH) {
    const blockEnd = min<usize>(start + BLOCK_LENGTH, end);
    if (isFast && !isListed) {
      position = putFixedHeader(position);
      position = putInFixedCodes(position, start, blockEnd, oldest, windowLength, toPosition, hash, mask);
      continue;
    }
    let symbols: u32;
    if (isFast) {
      symbols = findTokensFast(start, blockEnd, oldest, windowLength, toPosition, hash, mask);
    } else if (level == LEVEL_SMALLEST) {
      symbols = findSequencesThoroughly(start, blockEnd, oldest, windowLength, toPosition);
    } else {
      symbols = isListed
        ? findTokens(start, blockEnd, oldest, windowLength, toPosition, hash, mask)
        : findSequences(start, blockEnd, oldest, windowLength, toPosition, hash, mask);
    }
    position = putBlock(position, start, <u32>(blockEnd - start), symbols, fewest, isListed);
  }
  // Two stored blocks where one would do would exceed the contract by five bytes.
  if (position > (length + 5) << 3) position = putStored(0, INPUT, length);

  // What a short message will ask the context's hash for, as much as that has room for. The shared one is not asked
  // again.
  if (isLong && contextPtr != SHARED_DEFLATE_CONTEXT_PTR) {
    const from = end - min<u32>(length, 2 << hashBits);
    if (isFast) enterEvery(2, from, end - 3, contextHash, contextMask, toPosition);
    else insertEvery(2, from, end - 3, contextHash, contextMask, toPosition);
  }
  remember(contextPtr, INPUT, length);
  if (level == LEVEL_SMALLEST) store<u32>(KNOWN, 0);
  else if (isLong) setKnown(contextPtr, mask);

  // The empty stored block: its header, zeros up to the byte boundary, then `00 00 ff ff`.
  position = (putBits(position, 0, 3) + 7) & ~7;
  if ((flags & DEFLATE_LAST) == 0) position = putBits(position, 0xffff0000, 32);
  return position >> 3;
}

// @ts-ignore: decorator
@inline
function sliceMaskOf(length: u32, windowLength: u32): u32 {
  return length >= VERY_LONG && windowLength <= SMALL_WINDOW ? SMALL_SLICE_MASK : SLICE_MASK;
}

/**
 * Whether the slice's hash was used last, as it is, by the same context, which has remembered nothing since: then it knows the
 * history. (Should a context that has come into other hands stand at the same position, it knows less: matches are missed.)
 */
function isKnown(contextPtr: usize, mask: u32): bool {
  return (
    load<u32>(KNOWN) == <u32>contextPtr &&
    load<u32>(KNOWN, 4) == load<u32>(contextPtr, CONTEXT_POSITION) &&
    load<u32>(KNOWN, 8) == mask
  );
}

function setKnown(contextPtr: usize, mask: u32): void {
  store<u32>(KNOWN, <u32>contextPtr);
  store<u32>(KNOWN, load<u32>(contextPtr, CONTEXT_POSITION), 4);
  store<u32>(KNOWN, mask, 8);
}

/**
 * Copies the history in front of the slice, so that matches reach back into it as they do into the slice. At 4 KiB that reads 64 cache
 * lines in order; searching the ring for matches would touch most of them too, one by one and out of order.
 *
 * @returns where it begins
 */
function recall(contextPtr: usize, windowLength: u32): usize {
  const history = min<u32>(load<u32>(contextPtr, CONTEXT_HISTORY), windowLength);
  const oldest = INPUT - history;
  if (history == 0) return oldest;
  const ringLength = load<u32>(contextPtr, CONTEXT_RING_LENGTH);
  const ring = contextPtr + CONTEXT_RING;
  const offset = (load<u32>(contextPtr, CONTEXT_POSITION) - history) & (ringLength - 1);
  const untilEnd = min<u32>(history, ringLength - offset);
  memory.copy(oldest, ring + offset, untilEnd);
  if (history > untilEnd) memory.copy(oldest + untilEnd, ring, history - untilEnd);
  return oldest;
}
