// The header of a block with dynamic Huffman codes (RFC 1951 section 3.2.7) → its two decoding tables. A header is read as a
// whole or not at all. It knows no output.

import { BAD_CODES, buildTable, DISTANCE_SYMBOLS, LITERAL_SYMBOLS, tableMask } from './huffman-decode';
import {
  DISTANCE_ENDS,
  DISTANCE_ROW_LENGTH,
  DISTANCE_ROWS,
  DISTANCE_TABLE_BITS,
  DISTANCES,
  LENGTH_CODES,
  LENGTH_CODES_LENGTH,
  LITERAL_ENDS,
  LITERAL_ROW_LENGTH,
  LITERAL_ROWS,
  LITERAL_TABLE_BITS,
  LITERALS,
  STATE_DISTANCE_MASK,
  STATE_IS_FIXED,
  STATE_LITERAL_MASK,
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

const END_OF_BLOCK: u32 = 256;
/** The symbols of the code lengths that are no lengths: repeat the last one, or 0, or 0 for longer. */
const REPEAT_PREVIOUS: u32 = 16;
const REPEAT_ZERO: u32 = 17;

/**
 * Reads the header, which begins at bit `at`, behind the block's first three bits.
 *
 * @param end the address behind the input. Up to 16 bytes from there on are read; what they are does not matter
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

  // The code lengths of both codes are one sequence: a run may begin in the first code and end in the second.
  // The lowest bit is always the last that was used, as in inflate-block.ts and for the same reason.
  at -= 1;
  let input = <usize>(at >> 3) + 7;
  let bits = load<u64>(<usize>(at >> 3)) >> (at & 7);
  let count: u32 = 56 - (at & 7);
  const first = lengthCode(bits);
  // Nothing is there to repeat.
  if (first >> 8 == REPEAT_PREVIOUS) return at + 1 + (first & 7) > endBit ? HEADER_CUT : HEADER_BAD;
  let length: u32 = 0;
  let repeats: u32 = 0;
  let ends: usize = LITERAL_ENDS;
  let symbols = literals;
  let lengths: u32 = 0;
  let sum: u32 = 0;
  let literalLengths: u32 = 0;
  let literalSum: u32 = 0;
  let endOfBlockLength: u32 = 0;
  while (true) {
    let symbol: u32 = 0;
    while (true) {
      // The rest of a run.
      if (repeats != 0) {
        const stop = min<u32>(symbols, symbol + repeats);
        repeats -= stop - symbol;
        if (length == 0) {
          symbol = stop;
        } else {
          lengths |= 1 << length;
          while (symbol < stop) {
            if (symbol == END_OF_BLOCK) endOfBlockLength = length;
            append(ends, length, symbol);
            sum += 0x8000 >> length;
            symbol++;
          }
        }
      }
      if (symbol == symbols) break;

      // What is read past the end is thrown away there, before it is too far.
      if (input > end + 8) return HEADER_CUT;
      bits |= load<u64>(input) << count;
      input += 7 - (count >> 3);
      count |= 56;
      let code = lengthCode(bits);
      bits >>= code;
      count -= code & 7;
      // Lengths, and no length alike, without a branch: that of a symbol without a code goes into a row that nobody reads.
      while (code < REPEAT_PREVIOUS << 8) {
        length = code >> 8;
        if (symbol == END_OF_BLOCK) endOfBlockLength = length;
        append(ends, length, symbol);
        lengths |= 1 << length;
        sum += (0x8000 >> length) & 0x7fff;
        symbol++;
        if (symbol == symbols) break;
        if (count < 15) {
          if (input > end + 8) return HEADER_CUT;
          bits |= load<u64>(input) << count;
          input += 7 - (count >> 3);
          count |= 56;
        }
        code = lengthCode(bits);
        bits >>= code;
        count -= code & 7;
      }
      if (symbol == symbols) break;

      if (code >> 8 == REPEAT_PREVIOUS) {
        repeats = 3 + ((<u32>bits >> 1) & 3);
        bits >>= 2;
        count -= 2;
      } else {
        const isShort = code >> 8 == REPEAT_ZERO;
        repeats = isShort ? 3 + ((<u32>bits >> 1) & 7) : 11 + ((<u32>bits >> 1) & 127);
        bits >>= isShort ? 3 : 7;
        count -= isShort ? 3 : 7;
        length = 0;
      }
    }
    if (ends == DISTANCE_ENDS) break;
    ends = DISTANCE_ENDS;
    symbols = distances;
    literalLengths = lengths & ~1;
    literalSum = sum;
    lengths = 0;
    sum = 0;
  }
  lengths &= ~1;
  at = (<u32>input << 3) - count + 1;
  if (at > endBit) return HEADER_CUT;
  // More repeats than symbols; a block that could not end.
  if (repeats != 0 || endOfBlockLength == 0) return HEADER_BAD;

  store<u32>(STATE_IS_FIXED, 0);
  const literalBits = buildTable(
    LITERALS,
    LITERAL_SYMBOLS,
    LITERAL_ROWS,
    LITERAL_ROW_LENGTH,
    LITERAL_ENDS,
    literalLengths,
    literalSum,
    LITERAL_TABLE_BITS,
  );
  const distanceBits = buildTable(
    DISTANCES,
    DISTANCE_SYMBOLS,
    DISTANCE_ROWS,
    DISTANCE_ROW_LENGTH,
    DISTANCE_ENDS,
    lengths,
    sum,
    DISTANCE_TABLE_BITS,
  );
  if (literalBits == BAD_CODES || distanceBits == BAD_CODES) return HEADER_BAD;
  store<u32>(STATE_LITERAL_MASK, tableMask(literalBits));
  store<u32>(STATE_DISTANCE_MASK, tableMask(distanceBits));
  return at;
}

/** The next 57 bits, or more. */
// @ts-ignore: decorator
@inline
function bitsAt(at: u32): u64 {
  return load<u64>(<usize>(at >> 3)) >> (at & 7);
}

/** The entry of the next code length's code. */
// @ts-ignore: decorator
@inline
function lengthCode(bits: u64): u32 {
  return <u32>load<u16>(LENGTH_CODES + (<usize>bits & 0xfe));
}

/** Puts a symbol at the end of its length's row. */
// @ts-ignore: decorator
@inline
function append(ends: usize, length: u32, symbol: u32): void {
  const end = ends + <usize>(length << 2);
  const p = <usize>load<u32>(end);
  store<u16>(p, <u16>symbol);
  store<u32>(end, <u32>p + 2);
}

/**
 * The code of the code lengths: a u16 for each value of seven bits, symbol << 8 | code length. Built as huffman-decode.ts
 * builds its tables, but small enough for each length's symbols to be a set of bits, walked from the lowest on.
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

  let lengths: u32 = 0;
  let sum: u32 = 0;
  for (let length: u32 = 1; length < 8; length++) {
    const set = symbolsOf(low, high, length);
    lengths |= u32(set != 0) << length;
    sum += popcnt<u32>(set) << (7 - length);
  }
  if (sum != 1 << 7) return false;

  let filled: usize = 2 << ctz<u32>(lengths);
  let code: u32 = 0;
  while (lengths != 0) {
    const length = ctz<u32>(lengths);
    lengths &= lengths - 1;
    filled = double16(filled, 2 << length);
    let set = symbolsOf(low, high, length);
    while (set != 0) {
      store<u16>(LENGTH_CODES + (<usize>code << 1), (ctz<u32>(set) << 8) | length);
      set &= set - 1;
      // The next code, first bit lowest: the highest 0 becomes 1, the ones above it 0.
      const bit = <u32>0x80000000 >>> clz<u32>(code ^ ((1 << length) - 1));
      code = (code & (bit - 1)) | bit;
    }
  }
  double16(filled, LENGTH_CODES_LENGTH);
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

/** Doubles LENGTH_CODES from `size` bytes until there are `end`. Up to 14 bytes behind them are written. */
// @ts-ignore: decorator
@inline
function double16(size: usize, end: usize): usize {
  while (size < end) {
    for (let p: usize = 0; p < size; p += 16) v128.store(LENGTH_CODES + size + p, v128.load(LENGTH_CODES + p));
    size <<= 1;
  }
  return end;
}
