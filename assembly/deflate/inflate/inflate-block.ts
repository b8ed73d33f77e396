// The symbols of a block (RFC 1951 section 3.2.3) → output: the inner loop of inflate. It knows the tables of the block and
// the two places that a match is copied from, the output so far and the context's ring, and no message.

import {
  ENTRY_END,
  ENTRY_LITERAL,
  ENTRY_SPECIAL,
  ENTRY_SUBTABLE,
} from './huffman-decode';
import {
  DISTANCES,
  LITERALS,
  STATE_AT,
  STATE_DISTANCE_MASK,
  STATE_LITERAL_MASK,
  STATE_MATCH_DISTANCE,
  STATE_MATCH_LENGTH,
  STATE_OUT,
} from './inflate-state';
import {
  CONTEXT_HISTORY,
  CONTEXT_POSITION,
  CONTEXT_RING,
  CONTEXT_RING_LENGTH,
  OUTPUT_PTR,
} from '../../shared/deflate-layout';

/** What inflateSymbols() returns. */
export const SYMBOLS_END: i32 = 0;
export const SYMBOLS_CUT: i32 = 1;
export const SYMBOLS_FULL: i32 = 2;
const SYMBOLS_BAD: i32 = 3;
/** What decodeSymbols() returns beside these: a match, at STATE_MATCH_LENGTH and …_DISTANCE, is copyFar()'s to copy. */
const SYMBOLS_FAR: i32 = 4;

// For a distance below 16, a vector of what repeats at that distance: lane i takes byte i modulo the distance. The next
// vector begins where the pattern begins anew: after the largest multiple of the distance that the vector holds.
//
//   distance 3   lanes 0 1 2 0 1 2 0 1 2 0 1 2 0 1 2 0   stride 15
const PATTERNS = memory.data(16 * 16, 16);
const STRIDES = memory.data(16);

for (let distance: u32 = 1; distance < 16; distance++) {
  for (let lane: u32 = 0; lane < 16; lane++) {
    store<u8>(PATTERNS + <usize>(distance << 4) + <usize>lane, lane % distance);
  }
  store<u8>(STRIDES + <usize>distance, 16 - (16 % distance));
}

/** How far the reading may go before a turn of the loop, which uses at most 2 × 9 + 48 bits, below 10 bytes. */
// @ts-ignore: decorator
@inline
export function inputEndOf(end: usize, isLast: bool): usize {
  return isLast ? end + 8 : end - 10;
}

/**
 * Decodes symbols from STATE_AT on and puts bytes out from STATE_OUT on, until the block ends, or the input, or until there
 * is more output than asked for. What then lies past `outEnd` is at most a match and the literals before it; up to 31 more
 * bytes are written and mean nothing.
 *
 * @param inputEnd inputEndOf(end, isLast): given, because the optimizer works out anew in every turn what it can see made
 * @param end the address behind the input; up to 24 bytes from there on are read
 * @param isLast whether the message ends there
 */
export function inflateSymbols(
  contextPtr: usize,
  windowLength: u32,
  outEnd: usize,
  inputEnd: usize,
  end: usize,
  isLast: bool,
): i32 {
  let status: i32;
  do {
    status = decodeSymbols(contextPtr, windowLength, outEnd, inputEnd);
    if (status != SYMBOLS_FAR) break;
    const out = <usize>load<u32>(STATE_OUT);
    const length = load<u32>(STATE_MATCH_LENGTH);
    copyFar(contextPtr, out, load<u32>(STATE_MATCH_DISTANCE), length);
    store<u32>(STATE_OUT, <u32>out + length);
  } while (true);
  return !isLast && status == SYMBOLS_CUT
    ? takeSlowly(contextPtr, windowLength, outEnd, end, load<u32>(STATE_LITERAL_MASK), load<u32>(STATE_DISTANCE_MASK))
    : status;
}

/**
 * The inner loop of that. It has no call in it: around one, JavaScriptCore holds `count` and `input` in memory, and each turn
 * waits for that (3 % of a message of 1 KiB).
 *
 * The loop reads ahead: 8 bytes a time, some past the input's end. At the end of a message that is let happen, and noticed
 * at the end of the block or when the reading is further out than the bits can be that are still held. Where more input is
 * to come, the loop stops before a group of symbols could reach past the end, and takeSlowly() does the rest.
 */
function decodeSymbols(contextPtr: usize, windowLength: u32, outEnd: usize, inputEnd: usize): i32 {
  const literalMask = load<u32>(STATE_LITERAL_MASK);
  const distanceMask = load<u32>(STATE_DISTANCE_MASK);
  const start = load<u32>(STATE_AT) - 2;
  let out = <usize>load<u32>(STATE_OUT);

  // `bits` holds `count` bits that were not used yet, the next one lowest. Of `count` only the low six bits are right: what
  // is subtracted is a whole entry, and its low six are how many bits it takes.
  //
  // The two lowest bits are always the last two that were used (a block's header has three, so there are some). With them an
  // index into a table is its offset in bytes already: no shift is needed in the chain from one symbol to the next, which
  // the loop's speed hangs on: mask, load, drop.
  //
  // Refilling: 8 bytes are read and ORed in above the bits that are held; whole bytes of them count. The bits above, too,
  // are those of the input, and are ORed with themselves the next time.
  let input = <usize>(start >> 3) + 7;
  let bits = load<u64>(<usize>(start >> 3)) >> (start & 7);
  let count: u32 = 56 - (start & 7);
  let status = SYMBOLS_FULL;

  bits |= load<u64>(input) << count;
  input += 7 - ((count >> 3) & 7);
  count |= 56;
  let entry = load<u32>(<usize>(<u32>bits & literalMask), LITERALS);
  while (out <= outEnd) {
    if (input > inputEnd) {
      status = SYMBOLS_CUT;
      break;
    }
    // The entry is looked up already, with bits that were there: the next step need not wait for these.
    bits |= load<u64>(input) << count;
    input += 7 - ((count >> 3) & 7);
    count |= 56;

    // The branch between a literal and a length is mispredicted about once a match. Both drop the same bits, so that is done
    // before the branch, and the entry that follows a literal is looked up: after a misprediction it is already there, which
    // saves 7 cycles. `held` keeps the bits of the length itself. (Looking up a length's distance as early gains nothing
    // more, and costs messages of literals 2 %.)
    //
    // 54 bits are there: for two literals by the primary table (9 bits each), a length with its extra bits (20) and a look
    // for its distance (8); or for three literals and the next look. Three a turn measured best.
    let held = <u32>bits;
    bits >>= entry;
    count -= entry;
    let next = load<u32>(<usize>(<u32>bits & literalMask), LITERALS);
    if ((entry & ENTRY_LITERAL) != 0) {
      out = putLiteral(out, entry);
      entry = next;
      held = <u32>bits;
      bits >>= entry;
      count -= entry;
      next = load<u32>(<usize>(<u32>bits & literalMask), LITERALS);
      if ((entry & ENTRY_LITERAL) != 0) {
        out = putLiteral(out, entry);
        entry = next;
        held = <u32>bits;
        bits >>= entry;
        count -= entry;
        next = load<u32>(<usize>(<u32>bits & literalMask), LITERALS);
        if ((entry & ENTRY_LITERAL) != 0) {
          out = putLiteral(out, entry);
          entry = next;
          continue;
        }
      }
    }
    if ((entry & ENTRY_SPECIAL) != 0) {
      if ((entry & ENTRY_SUBTABLE) != 0) {
        entry = load<u32>(<usize>((entry >> 16) + (<u32>bits & ((4 << (entry >> 8)) - 4))), LITERALS);
        held = <u32>bits;
        bits >>= entry;
        count -= entry;
        if ((entry & ENTRY_LITERAL) != 0) {
          out = putLiteral(out, entry);
          entry = load<u32>(<usize>(<u32>bits & literalMask), LITERALS);
          continue;
        }
      }
      if ((entry & ENTRY_SPECIAL) != 0) {
        status = (entry & ENTRY_END) != 0 ? SYMBOLS_END : SYMBOLS_BAD;
        break;
      }
    }
    const length = (entry >> 16) + ((held & ((4 << entry) - 1)) >> (entry >> 8));

    let code = load<u32>(<usize>(<u32>bits & distanceMask), DISTANCES);
    bits |= load<u64>(input) << count;
    input += 7 - ((count >> 3) & 7);
    count |= 56;
    if ((code & ENTRY_SPECIAL) != 0) {
      bits >>= code;
      count -= code;
      if ((code & ENTRY_SUBTABLE) == 0) {
        status = SYMBOLS_BAD;
        break;
      }
      code = load<u32>(<usize>((code >> 16) + (<u32>bits & ((4 << (code >> 8)) - 4))), DISTANCES);
    }
    const distance = (code >> 16) + ((<u32>bits & ((4 << code) - 1)) >> (code >> 8));
    bits >>= code;
    count -= code;

    entry = load<u32>(<usize>(<u32>bits & literalMask), LITERALS);
    if (distance > windowLength) {
      status = SYMBOLS_BAD;
      break;
    }
    if (distance <= <u32>(out - OUTPUT_PTR)) {
      copyNear(out, distance, length);
    } else {
      // Most far matches lie in the ring as one piece: those are copied here. (One copying loop for these and the near ones
      // is as good in V8, but costs near ones 10 % in JavaScriptCore.)
      const back = distance - <u32>(out - OUTPUT_PTR);
      const ringLength = load<u32>(contextPtr, CONTEXT_RING_LENGTH);
      const offset = (load<u32>(contextPtr, CONTEXT_POSITION) - back) & (ringLength - 1);
      if (back > load<u32>(contextPtr, CONTEXT_HISTORY)) {
        status = SYMBOLS_BAD;
        break;
      }
      if (length > back || offset + length > ringLength) {
        store<u32>(STATE_MATCH_LENGTH, length);
        store<u32>(STATE_MATCH_DISTANCE, distance);
        status = SYMBOLS_FAR;
        break;
      }
      copyVectors(out, contextPtr + CONTEXT_RING + <usize>offset, length);
    }
    out += <usize>length;
  }

  store<u32>(STATE_OUT, <u32>out);
  store<u32>(STATE_AT, (<u32>input << 3) - (count & 63) + 2);
  return status;
}

/** The last symbols of an input that is not the message's last: one at a time, each only if it is there as a whole. */
function takeSlowly(
  contextPtr: usize,
  windowLength: u32,
  outEnd: usize,
  end: usize,
  literalMask: u32,
  distanceMask: u32,
): i32 {
  let out = <usize>load<u32>(STATE_OUT);
  let at = load<u32>(STATE_AT);
  const endBit = <u32>end << 3;
  let status = SYMBOLS_FULL;
  while (out <= outEnd) {
    // A symbol has at most 48 bits: a length of 15 and 5, a distance of 15 and 13.
    let bits = load<u64>(<usize>((at - 2) >> 3)) >> ((at - 2) & 7);
    let used: u32 = 0;
    let entry = load<u32>(<usize>(<u32>bits & literalMask), LITERALS);
    if ((entry & ENTRY_SUBTABLE) != 0) {
      bits >>= entry;
      used += entry & 63;
      entry = load<u32>(<usize>((entry >> 16) + (<u32>bits & ((4 << (entry >> 8)) - 4))), LITERALS);
    }
    const length = (entry >> 16) + ((<u32>bits & ((4 << entry) - 1)) >> (entry >> 8));
    bits >>= entry;
    used += entry & 63;
    if (at + used > endBit) {
      status = SYMBOLS_CUT;
      break;
    }
    if ((entry & ENTRY_LITERAL) != 0) {
      out = putLiteral(out, entry);
      at += used;
      continue;
    }
    if ((entry & ENTRY_SPECIAL) != 0) {
      at += used;
      status = (entry & ENTRY_END) != 0 ? SYMBOLS_END : SYMBOLS_BAD;
      break;
    }

    entry = load<u32>(<usize>(<u32>bits & distanceMask), DISTANCES);
    if ((entry & ENTRY_SUBTABLE) != 0) {
      bits >>= entry;
      used += entry & 63;
      entry = load<u32>(<usize>((entry >> 16) + (<u32>bits & ((4 << (entry >> 8)) - 4))), DISTANCES);
    }
    used += entry & 63;
    if (at + used > endBit) {
      status = SYMBOLS_CUT;
      break;
    }
    const distance = (entry >> 16) + ((<u32>bits & ((4 << entry) - 1)) >> (entry >> 8));
    if ((entry & ENTRY_SPECIAL) != 0 || distance > windowLength) {
      status = SYMBOLS_BAD;
      break;
    }
    if (distance <= <u32>(out - OUTPUT_PTR)) {
      copyNear(out, distance, length);
    } else if (!copyFar(contextPtr, out, distance, length)) {
      status = SYMBOLS_BAD;
      break;
    }
    out += <usize>length;
    at += used;
  }
  store<u32>(STATE_OUT, <u32>out);
  store<u32>(STATE_AT, at);
  return status;
}

// @ts-ignore: decorator
@inline
function putLiteral(out: usize, entry: u32): usize {
  store<u8>(out, <u8>(entry >> 16));
  return out + 1;
}

/**
 * A match that begins in the output. Writes up to 31 bytes past its end: whether there are more than 16 is often
 * mispredicted (for one match of eight in JSON, one of four with takeover), more than 32 are rare.
 */
// @ts-ignore: decorator
@inline
function copyNear(out: usize, distance: u32, length: u32): void {
  const end = out + <usize>length;
  let from = out - <usize>distance;
  if (distance >= 16) {
    // In this order: from a distance below 32, the second load takes what the first store has put there.
    v128.store(out, v128.load(from));
    v128.store(out, v128.load(from, 16), 16);
    if (length <= 32) return;
    out += 32;
    from += 32;
    do {
      v128.store(out, v128.load(from));
      out += 16;
      from += 16;
    } while (out < end);
  } else {
    const pattern = i8x16.swizzle(v128.load(from), v128.load(PATTERNS + <usize>(distance << 4)));
    const stride = <usize>load<u8>(STRIDES + <usize>distance);
    do {
      v128.store(out, pattern);
      out += stride;
    } while (out < end);
  }
}

/**
 * A match that begins in the ring. It may cross the ring's end, and the border between the ring's last byte and the first
 * of the output:
 *
 *   ring     …f g h│a b c d e     position at a, so h is the byte before the output's first
 *   match          [d e f g h | output …
 *
 * Each part is copied in vectors; what is too much, up to 31 bytes, the next part writes over. Reads up to 31 bytes behind
 * the ring, which is its guard.
 *
 * @returns whether the context remembers as much
 */
function copyFar(contextPtr: usize, out: usize, distance: u32, length: u32): bool {
  const back = distance - <u32>(out - OUTPUT_PTR);
  if (back > load<u32>(contextPtr, CONTEXT_HISTORY)) return false;
  const ringLength = load<u32>(contextPtr, CONTEXT_RING_LENGTH);
  const offset = (load<u32>(contextPtr, CONTEXT_POSITION) - back) & (ringLength - 1);
  const ring = contextPtr + CONTEXT_RING;

  let part = min<u32>(min<u32>(length, back), ringLength - offset);
  copyVectors(out, ring + <usize>offset, part);
  if (part == length) return true;
  out += <usize>part;
  length -= part;
  if (part < back) {
    part = min<u32>(length, back - part);
    copyVectors(out, ring, part);
    if (part == length) return true;
    out += <usize>part;
    length -= part;
  }
  copyNear(out, distance, length);
  return true;
}

/** Bytes that do not overlap, as in copyNear(). */
// @ts-ignore: decorator
@inline
function copyVectors(to: usize, from: usize, length: u32): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  if (length <= 32) return;
  const end = to + <usize>length;
  to += 32;
  from += 32;
  do {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  } while (to < end);
}
