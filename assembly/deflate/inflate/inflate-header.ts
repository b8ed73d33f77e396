// The header of a block with dynamic Huffman codes (RFC 1951 section 3.2.7) → its two decoding tables. A header is read as a whole
// or not at all.

import {
  BAD_CODES,
  buildTable,
  DISTANCE_SYMBOLS,
  double,
  ENTRY_END,
  LITERAL_SYMBOLS,
  tableMask,
} from './huffman-decode';
import {
  DISTANCE_ENDS,
  DISTANCE_ROW_LENGTH,
  DISTANCE_ROWS,
  DISTANCE_TABLE_BITS,
  DISTANCES,
  LENGTH_CODES,
  LENGTH_CODES_BITS,
  LITERAL_ENDS,
  LITERAL_ROW_LENGTH,
  LITERAL_ROWS,
  LITERAL_TABLE_BITS,
  LITERALS,
  STATE_DISTANCE_MASK,
  STATE_HEADER_AT,
  STATE_IS_FIXED,
  STATE_LITERAL_MASK,
  STATE_PREVIOUS,
  STATE_RUN,
} from './inflate-state';

/** What readDynamicHeader() returns instead of a place: the data are at fault, or end inside the header. */
export const HEADER_BAD: u32 = 0;
export const HEADER_CUT: u32 = 1;

/** Where the rows end while they are empty: what LITERAL_ENDS and DISTANCE_ENDS begin from. */
const EMPTY_ROWS = memory.data(128, 16);
for (let length: u32 = 0; length < 16; length++) {
  store<u32>(EMPTY_ROWS + <usize>(length << 2), <u32>LITERAL_ROWS + length * LITERAL_ROW_LENGTH);
  store<u32>(EMPTY_ROWS + <usize>(length << 2), <u32>DISTANCE_ROWS + length * DISTANCE_ROW_LENGTH, 64);
}

/** For each code length from 0 on, how much of 2^15 a code of it takes; symbols without a code take nothing: i16[16]. */
const SHARES = memory.data<u16>([
  0, 0x4000, 0x2000, 0x1000, 0x800, 0x400, 0x200, 0x100, 0x80, 0x40, 0x20, 0x10, 8, 4, 2, 1,
], 16);
/** The same of 2^7, for the code of the code lengths. */
const LENGTH_SHARES = memory.data<u8>([0, 64, 32, 16, 8, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0], 16);

// ---- The table of the code lengths' code: an entry (u32) for each value of seven bits
//
//    31        26 25      21 20        14 13       8    7        6       5            0
//   ┌────────────┬──────────┬────────────┬──────────┬──────┬──────────┬───────────────┐
//   │ length * 4 │ symbols  │ mask over  │ bits of  │ 0    │ PREVIOUS │ bits to drop, │
//   │            │ at least │ the extra  │ the code │      │          │ code + extra  │
//   │            │          │ bits       │ + 2      │      │          │               │
//   └────────────┴──────────┴────────────┴──────────┴──────┴──────────┴───────────────┘
//
// So a single length is a run of 1, without extra bits, and a run of zeros a run of which only the first symbol is put
// anywhere, into row 0. Only the symbol 16, which repeats the length before, is another case: runs of zeros are met at every
// seventh step or so, and a branch that is mispredicted costs as much as three symbols.

/** The symbol 16: symbols with the length of the one before. */
const ENTRY_PREVIOUS: u32 = 1 << 6;
const LENGTH_SHIFT: u32 = 26;
const RUN_SHIFT: u32 = 21;
const EXTRA_SHIFT: u32 = 14;
/** What both fields of a code's length count in. */
const CODE_BIT: u32 = 0x101;
/** The entries, but for the length of their codes: u32[19]. */
const LENGTH_SYMBOLS = memory.data(19 * 4, 16);
for (let length: u32 = 0; length < 16; length++) {
  store<u32>(LENGTH_SYMBOLS + <usize>(length << 2), (length << (LENGTH_SHIFT + 2)) | (1 << RUN_SHIFT) | 0x200);
}
store<u32>(LENGTH_SYMBOLS, (3 << RUN_SHIFT) | (3 << EXTRA_SHIFT) | 0x202 | ENTRY_PREVIOUS, 16 * 4);
store<u32>(LENGTH_SYMBOLS, (3 << RUN_SHIFT) | (7 << EXTRA_SHIFT) | 0x203, 17 * 4);
store<u32>(LENGTH_SYMBOLS, (11 << RUN_SHIFT) | (127 << EXTRA_SHIFT) | 0x207, 18 * 4);

/**
 * Reads the header, which begins at bit `at`, behind the block's first three bits.
 *
 * @param end the address behind the input. Up to 600 bytes from there on are read, all of them in the guard; what
 *   they are does not matter
 * @returns the bit behind the header, or HEADER_BAD, HEADER_CUT
 */
export function readDynamicHeader(at: u32, end: usize): u32 {
  const endBit = <u32>end << 3;
  if (at + 14 > endBit) return HEADER_CUT;
  const counts = <u32>bitsAt(at);
  const literals = (counts & 31) + 257;
  const distances = ((counts >> 5) & 31) + 1;
  const lengthCodes = ((counts >> 10) & 15) + 4;
  if (literals > 286 || distances > 30) return HEADER_BAD;
  at += 14;
  if (at + lengthCodes * 3 > endBit) return HEADER_CUT;
  // 19 times three bits are what one load holds at least.
  if (!readLengthCodes(bitsAt(at), lengthCodes)) return HEADER_BAD;
  at += lengthCodes * 3;

  for (let p: usize = 0; p < 128; p += 16) v128.store(LITERAL_ENDS + p, v128.load(EMPTY_ROWS + p));

  // Nothing is there to repeat.
  const first = load<u32>(<usize>((<u32>bitsAt(at) & 0x7f) << 2), LENGTH_CODES);
  if ((first & ENTRY_PREVIOUS) != 0) return at + (first & 63) - 2 > endBit ? HEADER_CUT : HEADER_BAD;
  // The code lengths of both codes are one sequence: a run may begin in the first code and end in the second. What it has
  // past the end of the second is an error.
  store<u32>(STATE_HEADER_AT, at);
  const rest = readCode(LITERAL_ENDS, 0, literals);
  const length = load<u32>(STATE_PREVIOUS);
  repeat(DISTANCE_ENDS, length, 0, min<u32>(rest, distances));
  const excess = readCode(DISTANCE_ENDS, rest, distances);
  at = load<u32>(STATE_HEADER_AT);
  if (at > endBit) return HEADER_CUT;
  if (excess != 0) return HEADER_BAD;

  store<u32>(STATE_IS_FIXED, 0);
  const literalBits = buildTable(
    LITERALS,
    LITERAL_SYMBOLS,
    LITERAL_ROWS,
    LITERAL_ROW_LENGTH,
    LITERAL_ENDS,
    lengthsOf(0),
    sumOf(0),
    LITERAL_TABLE_BITS,
    // A block without it could not end.
    ENTRY_END,
  );
  const distanceBits = buildTable(
    DISTANCES,
    DISTANCE_SYMBOLS,
    DISTANCE_ROWS,
    DISTANCE_ROW_LENGTH,
    DISTANCE_ENDS,
    lengthsOf(64),
    sumOf(64),
    DISTANCE_TABLE_BITS,
    0,
  );
  if (literalBits == BAD_CODES || distanceBits == BAD_CODES) return HEADER_BAD;
  store<u32>(STATE_LITERAL_MASK, tableMask(literalBits));
  store<u32>(STATE_DISTANCE_MASK, tableMask(distanceBits));
  return at;
}

/**
 * Reads the code lengths of the symbols from `symbol` to before `stop`, from STATE_HEADER_AT on.
 *
 * @returns how far the last run goes past `stop`
 */
function readCode(ends: usize, symbol: u32, stop: u32): u32 {
  while (symbol < stop) {
    symbol = readLengths(ends, symbol, stop);
    if (symbol < stop) {
      const run = load<u32>(STATE_RUN);
      repeat(ends, load<u32>(STATE_PREVIOUS), symbol, min<u32>(symbol + run, stop));
      symbol += run;
    }
  }
  return symbol - stop;
}

/**
 * The same up to the next run of the length before, whose length is then at STATE_RUN. Nothing but this loop: with another
 * loop or a call in it an engine would hold some of its values in memory, and each symbol would wait for that.
 *
 * What lies past the input's end is read too, if the sequence does not end before: no more than 316 times 14 bits, which
 * are in the guard behind it. Where that has happened is told by STATE_HEADER_AT.
 *
 * @returns the symbol that the run begins with, or `stop`, or further if a run of zeros goes further
 */
function readLengths(ends: usize, symbol: u32, stop: u32): u32 {
  // The two lowest bits are always the last that were used, as in inflate-block.ts and for the same reason; there too it
  // stands what of `count` is right.
  const start = load<u32>(STATE_HEADER_AT) - 2;
  let input = <usize>(start >> 3) + 7;
  let bits = load<u64>(<usize>(start >> 3)) >> (start & 7);
  let count: u32 = 56 - (start & 7);
  let entry = load<u32>(<usize>(<u32>bits & 0x1fc), LENGTH_CODES);
  while (symbol < stop) {
    bits |= load<u64>(input) << count;
    input += 7 - ((count >> 3) & 7);
    count |= 56;
    const run = ((entry >> RUN_SHIFT) & 15) + ((<u32>bits >> (entry >> 8)) & ((entry >> EXTRA_SHIFT) & 127));
    bits >>= entry;
    count -= entry;
    if ((entry & ENTRY_PREVIOUS) != 0) {
      store<u32>(STATE_RUN, run);
      break;
    }
    const length = entry >> LENGTH_SHIFT;
    // Before what is stored at a place that is itself still to be loaded: 2 to 5 % of 175 bytes.
    entry = load<u32>(<usize>(<u32>bits & 0x1fc), LENGTH_CODES);
    store<u32>(STATE_PREVIOUS, length);
    append(ends, length, symbol);
    symbol += run;
  }
  store<u32>(STATE_HEADER_AT, (<u32>input << 3) - (count & 63) + 2);
  return symbol;
}

/** The next 57 bits, or more. */
// @ts-ignore: decorator
@inline
function bitsAt(at: u32): u64 {
  return load<u64>(<usize>(at >> 3)) >> (at & 7);
}

/** Puts a symbol at the end of its length's row; row 0, of symbols without a code, is never read. @param length times 4 */
// @ts-ignore: decorator
@inline
function append(ends: usize, length: u32, symbol: u32): void {
  const end = ends + <usize>length;
  const p = <usize>load<u32>(end);
  store<u16>(p, <u16>symbol);
  store<u32>(end, <u32>p + 2);
}

/** Appends the symbols from `symbol` on to before `stop`. */
function repeat(ends: usize, length: u32, symbol: u32, stop: u32): void {
  for (; symbol < stop; symbol++) append(ends, length, symbol);
}

// How many symbols have which length is not counted as they come: it is how far the rows' ends have moved.

/**
 * How many symbols there are of each of eight code lengths, as i16.
 *
 * @param at of which code: 0 or 64; from length 8 on, 32 more
 */
// @ts-ignore: decorator
@inline
function countsOf(at: usize): v128 {
  return i16x8.shr_u(
    i16x8.narrow_i32x4_u(
      i32x4.sub(v128.load(LITERAL_ENDS + at), v128.load(EMPTY_ROWS + at)),
      i32x4.sub(v128.load(LITERAL_ENDS + at + 16), v128.load(EMPTY_ROWS + at + 16)),
    ),
    1,
  );
}

/** The bit 1 << n is set if a code of n bits occurs. */
function lengthsOf(at: usize): u32 {
  const counts = i8x16.narrow_i16x8_u(countsOf(at), countsOf(at + 32));
  return <u32>i8x16.bitmask(i8x16.ne(counts, i8x16.splat(0))) & 0xfffe;
}

/** The sum of 2^(15 - n) over all codes of n bits. */
function sumOf(at: usize): u32 {
  let sums = i32x4.add(
    i32x4.dot_i16x8_s(countsOf(at), v128.load(SHARES)),
    i32x4.dot_i16x8_s(countsOf(at + 32), v128.load(SHARES + 16)),
  );
  sums = i32x4.add(sums, i8x16.shuffle(sums, sums, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return <u32>(i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1));
}

/**
 * The table of the code lengths' code. Built as huffman-decode.ts builds its tables, but small enough for each length's
 * symbols to be a set of bits, walked from the lowest on.
 *
 * @param bits from the lowest on three bits for each of `count` symbols, in the order that they are sent in:
 *   16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15
 * @returns whether the code is complete; no other will do
 */
function readLengthCodes(bits: u64, count: u32): bool {
  bits &= ((<u64>1) << (count * 3)) - 1;
  // Lanes 0 to 18 as they are sent, then in the order of the symbols.
  const sent = i64x2.replace_lane(i64x2.splat(spread(bits)), 1, spread(bits >> 24));
  const rest = i64x2.replace_lane(i64x2.splat(0), 0, spread(bits >> 48));
  const low = i8x16.shuffle(sent, rest, 3, 17, 15, 13, 11, 9, 7, 5, 4, 6, 8, 10, 12, 14, 16, 18);
  const high = i8x16.shuffle(sent, rest, 0, 1, 2, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31);

  // Each length's share, looked up lane by lane, then added up: 16 bits hold 19 times 64.
  const shares = v128.load(LENGTH_SHARES);
  const sums = i16x8.add(
    i16x8.extadd_pairwise_i8x16_u(i8x16.swizzle(shares, low)),
    i16x8.extadd_pairwise_i8x16_u(i8x16.swizzle(shares, high)),
  );
  const pairs = i32x4.extadd_pairwise_i16x8_u(sums);
  const halves = i64x2.extract_lane(pairs, 0) + i64x2.extract_lane(pairs, 1);
  if (<u32>halves + <u32>(halves >> 32) != 1 << 7) return false;

  let filledBits: u32 = 0;
  let code: u32 = 0;
  for (let length: u32 = 1; length < 8; length++) {
    let set = symbolsOf(low, high, length);
    if (set == 0) continue;
    filledBits = filledBits == 0 ? length : double(LENGTH_CODES, filledBits, length);
    do {
      const entry = load<u32>(LENGTH_SYMBOLS + (<usize>ctz<u32>(set) << 2)) + length * CODE_BIT;
      store<u32>(LENGTH_CODES + (<usize>code << 2), entry);
      set &= set - 1;
      // The next code, first bit lowest: the highest 0 becomes 1, the ones above it 0.
      const bit = <u32>0x80000000 >>> clz<u32>(code ^ ((1 << length) - 1));
      code = (code & (bit - 1)) | bit;
    } while (set != 0);
  }
  double(LENGTH_CODES, filledBits, LENGTH_CODES_BITS);
  return true;
}

/**
 * The lowest eight groups of three bits → eight bytes.
 *
 *   hgfedcba → 0000hgfe 0000dcba → 00hg 00fe 00dc 00ba → 0h 0g 0f 0e 0d 0c 0b 0a    (a letter is a group)
 */
// @ts-ignore: decorator
@inline
function spread(bits: u64): u64 {
  bits &= 0xffffff;
  bits = (bits | (bits << 20)) & 0x00000fff00000fff;
  bits = (bits | (bits << 10)) & 0x003f003f003f003f;
  return (bits | (bits << 5)) & 0x0707070707070707;
}

/** The symbols whose code has this length, as a set of bits. */
// @ts-ignore: decorator
@inline
function symbolsOf(low: v128, high: v128, length: u32): u32 {
  const wanted = i8x16.splat(<i8>length);
  return <u32>i8x16.bitmask(i8x16.eq(low, wanted)) | (<u32>i8x16.bitmask(i8x16.eq(high, wanted)) << 16);
}
