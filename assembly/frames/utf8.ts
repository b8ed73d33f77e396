// UTF-8 validation that can stop and go on at any byte. Knows bytes only.
//
// The vector part is the lookup algorithm of John Keiser and Daniel Lemire, "Validating UTF-8 In Less Than One Instruction
// Per Byte" (Software: Practice and Experience 51, 2021). Only whole characters go through it: a character that the
// previous call left unfinished is finished byte by byte first, and one that this call cannot finish is taken byte by byte
// at the end. So no vector state is kept between calls, and the state is the few bits that assembly/shared/layout.ts shows.

import { UTF8_ASCII } from '../shared/layout';

// ---- The tables. They are loaded from memory: V8 13 and later rebuild a v128.const each time round a loop, which costs
// half of the throughput.
//
// Every error in UTF-8 but one kind shows in two neighbouring bytes, in fact in three of their nibbles. Each table maps one
// nibble to the set of errors that it allows; an error is there if all three allow it. One bit an error:

/** A lead byte is followed by something that is no continuation. */
const TOO_SHORT: u8 = 1 << 0;
/** An ASCII byte is followed by a continuation. */
const TOO_LONG: u8 = 1 << 1;
/** E0 80..9F: three bytes where two do. */
const OVERLONG_3: u8 = 1 << 2;
/** F4 90..BF, or F5..FF: above U+10FFFF. */
const TOO_LARGE: u8 = 1 << 3;
/** ED A0..BF: U+D800 to U+DFFF. */
const SURROGATE: u8 = 1 << 4;
/** C0 or C1: two bytes where one does. */
const OVERLONG_2: u8 = 1 << 5;
/** F0 80..8F: four bytes where three do. F5..FF 80..8F shares its bit: no pair of bytes is both. */
const OVERLONG_4: u8 = 1 << 6;
const TOO_LARGE_1000: u8 = 1 << 6;
/** Two continuations in a row: an error unless a lead byte stands two or three bytes back, which is checked apart. */
const TWO_CONTINUATIONS: u8 = 1 << 7;
/** The errors that do not depend on the low nibble of the first byte. */
const ANY_LOW: u8 = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS;

// prettier-ignore
const TABLES = memory.data<u8>([
  // High nibble of the first byte
  TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, // 0_ to 7_: ASCII
  TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS, // 8_ to b_: continuation
  TOO_SHORT | OVERLONG_2, // c_
  TOO_SHORT, // d_
  TOO_SHORT | OVERLONG_3 | SURROGATE, // e_
  TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4, // f_

  // Low nibble of the first byte
  ANY_LOW | OVERLONG_2 | OVERLONG_3 | OVERLONG_4, // _0
  ANY_LOW | OVERLONG_2, // _1
  ANY_LOW, // _2
  ANY_LOW, // _3
  ANY_LOW | TOO_LARGE, // _4
  ANY_LOW | TOO_LARGE | TOO_LARGE_1000, // _5
  ANY_LOW | TOO_LARGE | TOO_LARGE_1000, // _6
  ANY_LOW | TOO_LARGE | TOO_LARGE_1000, // _7
  ANY_LOW | TOO_LARGE | TOO_LARGE_1000, // _8
  ANY_LOW | TOO_LARGE | TOO_LARGE_1000, // _9
  ANY_LOW | TOO_LARGE | TOO_LARGE_1000, // _a
  ANY_LOW | TOO_LARGE | TOO_LARGE_1000, // _b
  ANY_LOW | TOO_LARGE | TOO_LARGE_1000, // _c
  ANY_LOW | TOO_LARGE | TOO_LARGE_1000 | SURROGATE, // _d
  ANY_LOW | TOO_LARGE | TOO_LARGE_1000, // _e
  ANY_LOW | TOO_LARGE | TOO_LARGE_1000, // _f

  // High nibble of the second byte
  TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, // 0_ to 7_
  TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4, // 8_
  TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | OVERLONG_3 | TOO_LARGE, // 9_
  TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | SURROGATE | TOO_LARGE, // a_
  TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | SURROGATE | TOO_LARGE, // b_
  TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, // c_ to f_

  // 0x0f in every lane: the low nibble
  0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f,
  // 0x60 in every lane: what brings e0..ff, and nothing below, to 80 or above
  0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60,
  // 0x70 in every lane: the same for f0..ff
  0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70,
  // 0x80 in every lane
  0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,

  // The first n lanes of a vector: loaded from n bytes before the border between the two rows
  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
], 16);
const LANE_BORDER = TABLES + 128;

/** What `step` returns for a byte that no continuation can mend. */
const BAD: u32 = 0xffffffff;

/** One byte through the state machine of Unicode table 3-7; the state is the one that validate() returns. */
function step(state: u32, byte: u32): u32 {
  if (state != 0) {
    if (byte < ((state >> 8) & 0xff) || byte > ((state >> 16) & 0xff)) return BAD;
    const needed = (state & 0xff) - 1;
    return needed == 0 ? 0 : needed | 0xbf8000;
  }
  if (byte < 0x80) return 0;
  if (byte < 0xc2) return BAD;
  if (byte < 0xe0) return 0xbf8001;
  if (byte == 0xe0) return 0xbfa002;
  if (byte == 0xed) return 0x9f8002;
  if (byte < 0xf0) return 0xbf8002;
  if (byte == 0xf0) return 0xbf9003;
  if (byte < 0xf4) return 0xbf8003;
  if (byte == 0xf4) return 0x8f8003;
  return BAD;
}

/** Bytes one at a time from `from` on; offsets count from `ptr`. */
function validateBytes(ptr: usize, from: usize, end: usize, state: u32): u32 {
  for (let p = from; p < end; p++) {
    state = step(state, load<u8>(p));
    if (state == BAD) return 0x80000000 | <u32>(p - ptr);
  }
  return state;
}

/** How many bytes at the end begin a character that is longer than what is there: 0 to 3. */
function unfinished(ptr: usize, end: usize): u32 {
  const length = end - ptr;
  if (length >= 1 && load<u8>(end - 1) >= 0xc0) return 1;
  if (length >= 2 && load<u8>(end - 2) >= 0xe0) return 2;
  if (length >= 3 && load<u8>(end - 3) >= 0xf0) return 3;
  return 0;
}

/**
 * The errors in 16 bytes, given the same bytes 1, 2 and 3 places earlier, and the tables in registers.
 *
 *   bytes    61 e2 82 ac 62        is there a lead byte of 3 or 4 two back, or of 4 three back?
 *   earlier  .. 61 e2 82 ac        then, and only then, two continuations in a row are right:
 *                                  the bit TWO_CONTINUATIONS (0x80) is turned by XOR
 *
 * Nibbles are shifted as 16-bit lanes and masked: engines make the same of an 8-bit shift, with a constant of their own.
 *
 * Relaxed swizzles, whose results are the same everywhere while each index is below 16: x86's `pshufb` alone, without the
 * saturating add that makes larger indices give zero. The build turns them into ordinary ones, and the package turns them
 * back in engines that know them: src/kernel/wasm/module-code.ts.
 */
// @ts-ignore: decorator
@inline
function errorsIn(
  bytes: v128,
  earlier1: v128,
  earlier2: v128,
  earlier3: v128,
  firstHigh: v128,
  firstLow: v128,
  secondHigh: v128,
  lowNibble: v128,
  leadOf3: v128,
  leadOf4: v128,
  topBit: v128,
): v128 {
  const pairs = v128.and(
    v128.and(
      i8x16.relaxed_swizzle(firstHigh, v128.and(i16x8.shr_u(earlier1, 4), lowNibble)),
      i8x16.relaxed_swizzle(firstLow, v128.and(earlier1, lowNibble)),
    ),
    i8x16.relaxed_swizzle(secondHigh, v128.and(i16x8.shr_u(bytes, 4), lowNibble)),
  );
  const mustContinue = v128.or(i8x16.sub_sat_u(earlier2, leadOf3), i8x16.sub_sat_u(earlier3, leadOf4));
  return v128.xor(v128.and(mustContinue, topBit), pairs);
}

/** The errors in the 16 bytes at `before` + 3, which do not begin the text: the 3 before them are of it. */
// @ts-ignore: decorator
@inline
function errorsAfter(
  before: usize,
  firstHigh: v128,
  firstLow: v128,
  secondHigh: v128,
  lowNibble: v128,
  leadOf3: v128,
  leadOf4: v128,
  topBit: v128,
): v128 {
  // Three unaligned loads are no slower than shuffling two vectors, and keep no register between turns. Counted from the
  // first of them, their offsets are part of the instruction; p - 1 would be computed, since an address may wrap round.
  return errorsIn(
    v128.load(before, 3),
    v128.load(before, 2),
    v128.load(before, 1),
    v128.load(before),
    firstHigh,
    firstLow,
    secondHigh,
    lowNibble,
    leadOf3,
    leadOf4,
    topBit,
  );
}

/**
 * Validates `length` bytes; see assembly/shared/layout.ts for state and result. Reads up to 15 bytes past the end (they do not
 * matter) and up to 3 before the start (only for blocks that do not begin there).
 */
export function validate(ptr: usize, length: u32, state: u32): u32 {
  const end = ptr + <usize>length;
  let start = ptr;
  let ascii = state == 0;
  while (state != 0) {
    if (start == end) return state;
    state = step(state, load<u8>(start));
    if (state == BAD) return 0x80000000 | <u32>(start - ptr);
    start++;
  }
  if (start == end) return ascii ? UTF8_ASCII : 0;

  // The tables, in registers: engines do not move loads out of loops.
  const firstHigh = v128.load(TABLES);
  const firstLow = v128.load(TABLES, 16);
  const secondHigh = v128.load(TABLES, 32);
  const lowNibble = v128.load(TABLES, 48);
  const leadOf3 = v128.load(TABLES, 64);
  const leadOf4 = v128.load(TABLES, 80);
  const topBit = v128.load(TABLES, 96);

  const tail = end - unfinished(start, end);
  let errors = i64x2.splat(0);
  let seen = i64x2.splat(0);
  let p = start;

  if (p < tail) {
    // The first block: what stands before it is not of this text, so zeros are shifted in.
    const bytes = v128.load(p);
    const zero = i64x2.splat(0);
    errors = errorsIn(
      bytes,
      i8x16.shuffle(zero, bytes, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30),
      i8x16.shuffle(zero, bytes, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29),
      i8x16.shuffle(zero, bytes, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28),
      firstHigh,
      firstLow,
      secondHigh,
      lowNibble,
      leadOf3,
      leadOf4,
      topBit,
    );
    seen = bytes;
    if (tail - p < 16) {
      const lanes = v128.load(LANE_BORDER - (tail - p));
      errors = v128.and(errors, lanes);
      seen = v128.and(seen, lanes);
    }
    p += 16;
  }

  // 64 bytes a turn. ASCII is skipped at a look, unless the turn before was not ASCII: it may end inside a character.
  // The rest is an inner loop and not four blocks in a row: those V8 interleaves, and then spills half of them.
  let plain = i8x16.bitmask(seen) == 0;
  while (p + 64 <= tail) {
    const block = v128.or(v128.or(v128.load(p), v128.load(p, 16)), v128.or(v128.load(p, 32), v128.load(p, 48)));
    const isAscii = i8x16.bitmask(block) == 0;
    if (!isAscii || !plain) {
      for (let q = p - 3, stop = p + 61; q < stop; q += 16) {
        errors = v128.or(errors, errorsAfter(q, firstHigh, firstLow, secondHigh, lowNibble, leadOf3, leadOf4, topBit));
      }
      seen = v128.or(seen, block);
    }
    plain = isAscii;
    p += 64;
    if (isAscii) {
      // A run of ASCII goes by 128 bytes a turn: half the branches, and all that the two load ports give (bench: `utf8`).
      while (p + 128 <= tail) {
        const low = v128.or(v128.or(v128.load(p), v128.load(p, 16)), v128.or(v128.load(p, 32), v128.load(p, 48)));
        const high = v128.or(v128.or(v128.load(p, 64), v128.load(p, 80)), v128.or(v128.load(p, 96), v128.load(p, 112)));
        if (i8x16.bitmask(v128.or(low, high)) != 0) break;
        p += 128;
      }
    }
  }
  while (p < tail) {
    let bytes = v128.load(p);
    let found = errorsAfter(p - 3, firstHigh, firstLow, secondHigh, lowNibble, leadOf3, leadOf4, topBit);
    if (tail - p < 16) {
      const lanes = v128.load(LANE_BORDER - (tail - p));
      found = v128.and(found, lanes);
      bytes = v128.and(bytes, lanes);
    }
    errors = v128.or(errors, found);
    seen = v128.or(seen, bytes);
    p += 16;
  }

  // An error is looked for byte by byte: it happens once in the life of a connection.
  if (v128.any_true(errors) || unfinished(start, tail) != 0) return validateBytes(ptr, start, end, 0);
  if (tail != end) return validateBytes(ptr, tail, end, 0);
  ascii = ascii && i8x16.bitmask(seen) == 0;
  return ascii ? UTF8_ASCII : 0;
}
