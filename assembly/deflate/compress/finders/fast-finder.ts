// LZ77 for LEVEL_FASTEST: one candidate a place, no second look. Each match is written at once: into the output, in the
// fixed codes, or into the list of tokens, for codes of the block's own. Knows no context.
//
// The hash is of four bytes, and a place of it has the low 16 bits of the latest position whose bytes fell there. As in
// match-finder.ts positions count on without end, a place may hold anything, and so no hash is ever cleared.

import { bitsBefore, byteAt } from '../bit-writer';
import { ALL_BITS_SHIFT, CODE_LENGTH_SHIFT, END_OF_BLOCK, OUTPUT, TOKENS } from '../deflate-work';
import { HASHED_LENGTH, isInReach, MAX_MATCH, MIN_LENGTH, matchLength } from './match';
import { FIXED_DISTANCE_CODES, FIXED_LITERAL_CODES, LENGTH_SYMBOL_OFFSETS } from '../symbols';
import { clearCounts, listEnd, listLiterals, listMatch } from '../token-list';

/**
 * After how many bytes without a match one place in two is looked at, after twice as many one in three, and so on. A short
 * message alone may well begin with more than 64 that do not compress: with 128 those of 128 to 400 bytes are 0.4 to 0.7 %
 * shorter, in the same time.
 */
const PATIENCE_SHIFT: usize = 6;
const PATIENCE_SHIFT_OF_SHORT: usize = 7;

/** The offset of a place: bits of a product that depend on all four bytes. `mask` is the hash's length less 2. */
// @ts-ignore: decorator
@inline
function placeOf(bytes: u32, mask: u32): usize {
  return <usize>(<u32>((<u64>bytes * 0x9e3779b1) >> 23) & mask);
}

// @ts-ignore: decorator
@inline
function enter(p: usize, hash: usize, mask: u32, toPosition: u32): void {
  store<u16>(hash + placeOf(load<u32>(p), mask), <u32>p + toPosition);
}

/** Enters every position that is `step` behind the last, from `start` to `end`. */
export function enterEvery(step: u32, start: usize, end: usize, hash: usize, mask: u32, toPosition: u32): void {
  for (let p = start; p < end; p += step) enter(p, hash, mask, toPosition);
}

/**
 * Puts the block from `start` to `end` in the fixed codes, behind its header and with its end.
 *
 * @param oldest where the history begins, in front of the slice
 * @param toPosition what to add to an address for its position
 * @param hash,mask where the hash is, and its length less 2
 * @returns the position behind it
 */
export function putInFixedCodes(
  position: u32,
  start: usize,
  end: usize,
  oldest: usize,
  windowLength: u32,
  toPosition: u32,
  hash: usize,
  mask: u32,
): u32 {
  return walk(position, start, end, oldest, windowLength, toPosition, hash, mask, true);
}

/**
 * Lists the tokens of the block, with its end.
 *
 * @returns how many literals and matches there are
 */
export function findTokensFast(
  start: usize,
  end: usize,
  oldest: usize,
  windowLength: u32,
  toPosition: u32,
  hash: usize,
  mask: u32,
): u32 {
  clearCounts();
  return walk(0, start, end, oldest, windowLength, toPosition, hash, mask, false);
}

/** Both of these: `isFixed` is known when this is compiled, and of each step only one half is left. */
// @ts-ignore: decorator
@inline
function walk(
  position: u32,
  start: usize,
  end: usize,
  oldest: usize,
  windowLength: u32,
  toPosition: u32,
  hash: usize,
  mask: u32,
  isFixed: bool,
): u32 {
  // Where the next token goes; or where the next bits do, how many wait for their byte to be full, and those.
  let out = isFixed ? byteAt(position) : TOKENS;
  let held = <u64>(position & 7);
  let bits = isFixed ? bitsBefore(position) : 0;

  const last = end - HASHED_LENGTH;
  let literals = start;
  let p = start;
  for (;;) {
    let length: u32 = 0;
    let distance: u32 = 0;
    let next = end;
    while (p <= last) {
      const bytes = load<u32>(p);
      const here = <u32>p + toPosition;
      const place = hash + placeOf(bytes, mask);
      distance = (here - <u32>load<u16>(place)) & 0xffff;
      store<u16>(place, here);
      // Wherever a distance below 2^16 leads is memory. In a long slice and a small window many candidates have the same
      // bytes and are too far: there one branch tests both, since two branches would both be mispredicted.
      const isMatch = isFixed
        ? load<u32>(p - distance) == bytes && isInReach(distance, p, oldest, windowLength)
        : (<u32>(load<u32>(p - distance) == bytes) & <u32>isInReach(distance, p, oldest, windowLength)) != 0;
      if (isMatch) {
        length = matchLength(p, p - distance, min<u32>(MAX_MATCH, <u32>(end - p)));
        next = p + length;
        break;
      }
      p += 1 + ((p - literals) >> (isFixed ? PATIENCE_SHIFT_OF_SHORT : PATIENCE_SHIFT));
    }
    if (length == 0) {
      p = end;
    } else {
      // Of the places inside a match a few at its borders are as good as all. In a long slice there are enough without.
      if (isFixed) {
        enter(next - 2, hash, mask, toPosition);
        enter(next - 1, hash, mask, toPosition);
        enter(p + 1, hash, mask, toPosition);
      }
      // Its beginning may have been passed.
      while (p > literals && p - distance > oldest && length < MAX_MATCH) {
        if (load<u8>(p - 1) != load<u8>(p - 1 - distance)) break;
        p--;
        length++;
      }
    }

    if (isFixed) {
      // Four literals are at most 36 bits, with 7 that wait; eight bytes are stored and the whole ones count.
      for (; literals + 4 <= p; literals += 4) {
        const four = load<u32>(literals);
        const a = load<u32>(FIXED_LITERAL_CODES + (<usize>(four & 0xff) << 2));
        const b = load<u32>(FIXED_LITERAL_CODES + (<usize>((four >> 8) & 0xff) << 2));
        const c = load<u32>(FIXED_LITERAL_CODES + (<usize>((four >> 16) & 0xff) << 2));
        const d = load<u32>(FIXED_LITERAL_CODES + (<usize>(four >> 24) << 2));
        bits |= <u64>(a & 0xffff) << held;
        held += a >> ALL_BITS_SHIFT;
        bits |= <u64>(b & 0xffff) << held;
        held += b >> ALL_BITS_SHIFT;
        bits |= <u64>(c & 0xffff) << held;
        held += c >> ALL_BITS_SHIFT;
        bits |= <u64>(d & 0xffff) << held;
        held += d >> ALL_BITS_SHIFT;
        store<u64>(out, bits);
        out += <usize>(held >> 3);
        bits >>= held & 0x38;
        held &= 7;
      }
      // Three more are at most 27; with a match, of 13 and 18, and the 7 that is 65: so it does not go along.
      for (; literals < p; literals++) {
        const code = load<u32>(FIXED_LITERAL_CODES + (<usize>load<u8>(literals) << 2));
        bits |= <u64>(code & 0xffff) << held;
        held += code >> ALL_BITS_SHIFT;
      }
      store<u64>(out, bits);
      out += <usize>(held >> 3);
      bits >>= held & 0x38;
      held &= 7;
    } else {
      if (length == 0) break;
      out = listLiterals(out, literals, p);
    }
    if (length == 0) break;

    if (isFixed) {
      // The symbols as in match.ts, but that of the length from a table.
      const x = length - MIN_LENGTH;
      const symbol = <usize>load<u8>(LENGTH_SYMBOL_OFFSETS + <usize>x);
      const code = load<u32>(FIXED_LITERAL_CODES + 4 * END_OF_BLOCK + (symbol << 2));
      const codeLength = (code >> CODE_LENGTH_SHIFT) & 0xff;
      const lengthExtra = (code >> ALL_BITS_SHIFT) - codeLength;
      bits |= <u64>((code & 0xffff) | ((x & ((1 << lengthExtra) - 1)) << codeLength)) << held;
      held += code >> ALL_BITS_SHIFT;
      const y = distance - 1;
      const extra = 30 - clz<u32>(y | 2);
      const distanceSymbol = (extra << 1) + (y >> extra);
      const distanceCode = load<u32>(FIXED_DISTANCE_CODES + (<usize>distanceSymbol << 2));
      bits |= <u64>((distanceCode & 0xffff) | ((y & ((1 << extra) - 1)) << 5)) << held;
      held += 5 + extra;
      store<u64>(out, bits);
      out += <usize>(held >> 3);
      bits >>= held & 0x38;
      held &= 7;
    } else {
      out = listMatch(out, length, distance);
    }
    literals = next;
    p = next;
  }

  if (isFixed) {
    const code = load<u32>(FIXED_LITERAL_CODES + 4 * END_OF_BLOCK);
    store<u64>(out, bits | (<u64>(code & 0xffff) << held));
    return (<u32>(out - OUTPUT) << 3) + <u32>held + (code >> ALL_BITS_SHIFT);
  }
  return <u32>(listEnd(out, literals, end) - TOKENS) >> 2;
}
