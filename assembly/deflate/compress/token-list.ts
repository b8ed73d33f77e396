// The list of tokens (deflate-work.ts) that match finders make of a long slice, and the counts of their symbols. To count
// while matches are looked for costs little: there is time, each place waits for the one before.

import {
  DISTANCE_FREQUENCIES,
  END_OF_BLOCK,
  LENGTH_FREQUENCIES,
  LITERAL_FREQUENCIES,
  NO_DISTANCE,
  TOKEN_DISTANCE_SHIFT,
  TOKEN_END,
  TOKEN_EXTRA_SHIFT,
  TOKEN_MATCH,
} from './deflate-work';
import { MIN_LENGTH } from './finders/match';
import { LENGTH_SYMBOL_OFFSETS } from './symbols';

// @ts-ignore: decorator
@inline
function count(frequencies: usize, symbol: u32): void {
  const counter = frequencies + (<usize>symbol << 1);
  store<u16>(counter, load<u16>(counter) + 1);
}

/** Before the first token of a block. */
export function clearCounts(): void {
  for (let p = LITERAL_FREQUENCIES; p < LENGTH_FREQUENCIES; p += 16) v128.store(p, i16x8.splat(0));
}

/** Lists the bytes from `p` to `end` as literals; the returned one is where the next token goes. */
// @ts-ignore: decorator
@inline
export function listLiterals(out: usize, p: usize, end: usize): usize {
  if (p + 16 <= end) {
    out = listFours(out, p, end);
    p = end - (<usize>(end - p) & 3);
  }
  for (; p < end; p++) {
    const byte = <u32>load<u8>(p);
    store<u32>(out, byte | NO_DISTANCE);
    out += 4;
    count(LITERAL_FREQUENCIES, byte);
  }
  return out;
}

/** The same for all but the last one to three: of what does not compress four bytes become four words at once. */
function listFours(out: usize, p: usize, end: usize): usize {
  for (; p + 4 <= end; p += 4) {
    const four = load<u32>(p);
    const words = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(i32x4.splat(four)));
    v128.store(out, v128.or(words, i32x4.splat(NO_DISTANCE)));
    out += 16;
    count(LITERAL_FREQUENCIES, four & 0xff);
    count(LITERAL_FREQUENCIES, (four >> 8) & 0xff);
    count(LITERAL_FREQUENCIES, (four >> 16) & 0xff);
    count(LITERAL_FREQUENCIES, four >> 24);
  }
  return out;
}

/** Lists a match. How its distance becomes symbol and extra bits: match.ts. */
// @ts-ignore: decorator
@inline
export function listMatch(out: usize, length: u32, distance: u32): usize {
  const x = length - MIN_LENGTH;
  const y = distance - 1;
  const extra = 30 - clz<u32>(y | 2);
  const symbol = (extra << 1) + (y >> extra);
  const extraBits = y & ((1 << extra) - 1);
  store<u32>(out, (x + TOKEN_MATCH) | (symbol << TOKEN_DISTANCE_SHIFT) | (extraBits << TOKEN_EXTRA_SHIFT));
  count(LITERAL_FREQUENCIES + 2 * END_OF_BLOCK, load<u8>(LENGTH_SYMBOL_OFFSETS + <usize>x));
  count(DISTANCE_FREQUENCIES, symbol);
  return out + 4;
}

/** Lists the bytes from `p` to `end` as literals, and the end of the block. */
export function listEnd(out: usize, p: usize, end: usize): usize {
  out = listLiterals(out, p, end);
  store<u32>(out, TOKEN_END | NO_DISTANCE);
  count(LITERAL_FREQUENCIES, END_OF_BLOCK);
  return out;
}
