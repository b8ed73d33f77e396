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
  LEVEL_THOROUGH,
  SHARED_DEFLATE_CONTEXT_PTR,
} from '../../shared/deflate-layout';
import { findSequences, findTokens, insertEvery } from './finders/match-finder';

/**
 * A slice of at least this many bytes uses the large hash of the work area (SLICE_HASH). A shorter one uses its context's hash,
 * which is small because each connection has one.
 */
const LONG: u32 = 1024;
/** The mask of that hash for match-finder.ts: its length less 4. */
const SLICE_MASK: u32 = 0x8000 - 4;
/**
 * A slice of at least this many bytes, several times the window of most contexts, trades a few matches for time: at LEVEL_DEFAULT
 * 0.1 to 0.7 % more bytes for 5 to 7 % less time. First, history that the hash has from the previous slice is not inserted again.
 * Second, if the window is at most SMALL_WINDOW, a smaller hash is used. It has room for that window, which is all that is in
 * reach, and stays in the first-level cache.
 */
const VERY_LONG: u32 = 0x8000;
const SMALL_WINDOW: u32 = 0x1000;
const SMALL_SLICE_MASK: u32 = 0x2000 - 4;
/** LEVEL_FASTEST always uses the smaller hash. The mask for fast-finder.ts: its length less 2. */
const FAST_SLICE_MASK: u32 = 0x2000 - 2;
/**
 * A block with fewer symbols than this gets the fixed codes, not dynamic ones. In a context, where symbols stand for long matches,
 * dynamic codes save 4 to 6 % with 54 symbols or more, 1 to 2 % with 48, and 0.3 % with fewer.
 */
const FEWEST: u32 = 48;
/**
 * The same for slices shorter than SHORT. A message that is sent alone and has 48 to 63 symbols is that short. Dynamic codes would
 * make it 3 % shorter, but counting symbols and making the codes would take two thirds of its time.
 */
const FEWEST_OF_SHORT: u32 = 64;
/** The same for LEVEL_SMALLEST. With fewer than 20 symbols, describing dynamic codes costs more than they could save. */
const FEWEST_WORTH: u32 = 20;
/** A slice shorter than this needs FEWEST_OF_SHORT symbols. */
const SHORT: u32 = 128;
/**
 * A slice of at least this many bytes is written as tokens. That takes half the time of sequences, but each block needs a table.
 * LEVEL_SMALLEST always writes sequences, since most of its time goes into finding matches. LEVEL_FASTEST gives shorter slices the
 * fixed codes, because making dynamic ones would take as long as everything else.
 */
const LISTED: u32 = 2048;
/** LEVEL_SMALLEST treats at least this many bytes of the history as near, however short the slice is. */
const LEAST_NEAR: u32 = 8192;
/** LEVEL_FASTEST treats at most this many bytes of the history as near, however long the slice is. */
const MOST_NEAR: u32 = 8192;

export function deflate(contextPtr: usize, windowLength: u32, length: u32, level: u32, flags: u32): u32 {
  const hashBits = load<u32>(contextPtr, CONTEXT_HASH_BITS);
  const contextHash = contextPtr + CONTEXT_RING + <usize>load<u32>(contextPtr, CONTEXT_RING_LENGTH) + CONTEXT_GUARD;
  const isFast = level == LEVEL_FASTEST;
  const isThorough = level == LEVEL_THOROUGH;
  const isSmallest = isThorough || level == LEVEL_SMALLEST;
  const contextMask = (2 << hashBits) - (isFast ? 2 : 4);
  const isLong = length >= LONG;
  const isListed = length >= LISTED && !isSmallest;
  const hash = isLong ? SLICE_HASH : contextHash;
  const mask = !isLong ? contextMask : isFast ? FAST_SLICE_MASK : sliceMaskOf(length, windowLength);
  const toPosition = load<u32>(contextPtr, CONTEXT_POSITION) - <u32>INPUT;
  const oldest = recall(contextPtr, windowLength);
  const end = INPUT + length;

  // The context's hash has the history; any other hash needs it inserted first. Near history is inserted densely, far history
  // sparsely: that still finds its long matches, since matches are extended in both directions. The longer the slice, the more
  // of the history counts as near.
  if (isThorough) {
    chainEvery(1, oldest, INPUT, toPosition);
  } else if (isSmallest) {
    const near = max<usize>(oldest, INPUT - max<u32>(length << 2, LEAST_NEAR));
    const step: u32 = isLong ? 1 : 2;
    chainEvery(step << 3, oldest, near, toPosition);
    chainEvery(step, near, INPUT, toPosition);
  } else if (length >= VERY_LONG && isKnown(contextPtr, mask)) {
    // The hash has the history already.
  } else if (isLong && isFast) {
    const near = max<usize>(oldest, INPUT - min<u32>(length << 2, MOST_NEAR));
    enterEvery(16, oldest, near, hash, mask, toPosition);
    enterEvery(2, near, INPUT, hash, mask, toPosition);
  } else if (isLong) {
    const near = max<usize>(oldest, INPUT - (length << 2));
    insertEvery(16, oldest, near, hash, mask, toPosition);
    insertEvery(2, near, INPUT, hash, mask, toPosition);
  }

  const fewest = isSmallest ? FEWEST_WORTH : length < SHORT ? FEWEST_OF_SHORT : FEWEST;
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
    } else if (isSmallest) {
      symbols = findSequencesThoroughly(start, blockEnd, oldest, windowLength, toPosition, isThorough);
    } else {
      symbols = isListed
        ? findTokens(start, blockEnd, oldest, windowLength, toPosition, hash, mask)
        : findSequences(start, blockEnd, oldest, windowLength, toPosition, hash, mask);
    }
    position = putBlock(position, start, <u32>(blockEnd - start), symbols, fewest, isListed);
  }
  // The slice does not compress, so all of it is stored at once. Storing each block by itself could take five bytes more than the
  // contract allows.
  if (position > (length + 5) << 3) position = putStored(0, INPUT, length);

  // Inserts the end of the slice into the context's hash as well, as much as fits, so that a short message after it finds matches.
  // The shared context needs none of that: it has no next message.
  if (isLong && contextPtr != SHARED_DEFLATE_CONTEXT_PTR) {
    const from = end - min<u32>(length, 2 << hashBits);
    if (isFast) enterEvery(2, from, end - 3, contextHash, contextMask, toPosition);
    else insertEvery(2, from, end - 3, contextHash, contextMask, toPosition);
  }
  remember(contextPtr, INPUT, length);
  if (isSmallest) store<u32>(KNOWN, 0);
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
 * Whether the slice's hash already has the history: this context used it last, with the same mask, and has remembered nothing
 * since. If the context's memory has been given to another connection that happens to be at the same position, the hash has less
 * than it should. Matches are missed then, but none is wrong.
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
 * Copies the history in front of the slice, so that matches reach into both alike. For 4 KiB that reads 64 cache lines in order.
 * Searching the ring itself would touch most of them too, but one by one and out of order.
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
