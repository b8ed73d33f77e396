// A block's sequences, or its tokens, → the block: counts the symbols of the former and chooses the shortest of the three kinds
// (RFC 1951 section 3.2.3). BFINAL is never set.

import { putBits, putLengthTokens, putSequences, putStored } from './bit-writer';
import {
  ALL_BITS_SHIFT,
  CODE_LENGTH_SHIFT,
  DISTANCE_CODES,
  DISTANCE_FREQUENCIES,
  DISTANCE_SYMBOLS,
  DISTANCES_USED,
  END_OF_BLOCK,
  LENGTH_CODES,
  LENGTH_FREQUENCIES,
  LENGTH_SYMBOLS,
  LENGTH_TOKENS,
  LENGTHS_USED,
  LITERAL_CODES,
  LITERAL_FREQUENCIES,
  LITERAL_SYMBOLS,
  LITERALS_MASK,
  LITERALS_USED,
  MATCH_LENGTH_SHIFT,
  SEQUENCES,
  SEQUENCE_LENGTH,
} from './deflate-work';
import { listUsed, makeCode } from './huffman-encode';
import {
  DISTANCE_EXTRA,
  FIXED_DISTANCE_CODES,
  FIXED_LITERAL_CODES,
  LENGTH_EXTRA,
  LENGTH_ORDER,
  LITERAL_EXTRA,
  makeTokenCodes,
} from './symbols';
import { putTokens } from './token-writer';

/** A block's first three bits: BFINAL 0, then BTYPE. */
const FIXED: u32 = 1 << 1;
const DYNAMIC: u32 = 2 << 1;

/** The longest codes: two that bit-writer.ts has room for, and one that the RFC sets. */
const LONGEST_LITERAL: u32 = 14;
const LONGEST_DISTANCE: u32 = 15;
const LONGEST_LENGTH: u32 = 7;

/**
 * What the description of a block's codes costs at least, in bits, for itself and for each symbol that occurs. Measured
 * on text and records; an alphabet whose symbols stand side by side, like that of Base64, may come by with a little
 * less.
 */
const LEAST_DESCRIPTION: u32 = 3 + 14 + 30;
const LEAST_OF_SYMBOL: u32 = 4;
/**
 * Whether codes can pay at all is asked first, by their entropy, as to make them takes as long as to find matches. But they do
 * mostly where so many symbols are of so few kinds, as in text, and asking is a twentieth of the time of 175 bytes.
 */
const MANY: u32 = 64;
const FEW_KINDS: u32 = 96;

// ---- Counting

// @ts-ignore: decorator
@inline
function add(frequencies: usize, symbol: u32, count: u32): void {
  const counter = frequencies + (<usize>symbol << 1);
  store<u16>(counter, load<u16>(counter) + <u16>count);
}

/**
 * Counts the symbols of the sequences, whose literals begin at `p`, with the end of the block. Four bytes before each
 * match are counted whether they are literals or not, and those that are not count 0: bit-writer.ts says why.
 */
function countSymbols(p: usize): void {
  for (let q = LITERAL_FREQUENCIES; q < LENGTH_FREQUENCIES; q += 16) v128.store(q, i16x8.splat(0));
  let sequence = SEQUENCES;
  for (;;) {
    const lengths = load<u32>(sequence);
    const match = load<u32>(sequence, 4);
    let left = <i32>(lengths & LITERALS_MASK);
    const next = p + left + (lengths >> MATCH_LENGTH_SHIFT);
    do {
      const four = load<u32>(p);
      add(LITERAL_FREQUENCIES, four & 0xff, u32(left > 0));
      add(LITERAL_FREQUENCIES, (four >> 8) & 0xff, u32(left > 1));
      add(LITERAL_FREQUENCIES, (four >> 16) & 0xff, u32(left > 2));
      add(LITERAL_FREQUENCIES, four >> 24, u32(left > 3));
      p += 4;
      left -= 4;
    } while (left > 0);
    p = next;
    const symbol = match & 0x1ff;
    add(LITERAL_FREQUENCIES, symbol, 1);
    if (symbol == END_OF_BLOCK) return;
    add(DISTANCE_FREQUENCIES, (match >> 14) & 0x1f, 1);
    sequence += SEQUENCE_LENGTH;
  }
}

// ---- What the kinds cost, in bits

/** Stored: to the byte's border, the lengths, the bytes. (A block is never longer than one stored block can be.) */
function storedBits(position: u32, length: u32): u32 {
  return ((position + 3 + 7) & ~7) - position + 32 + (length << 3);
}

/** log2 in 256ths, off by 2 at most: the bits behind the first as they are, a parabola for the curve's height above. */
// @ts-ignore: decorator
@inline
function logarithm(value: u32): u32 {
  const zeros = clz<u32>(value);
  const fraction = ((value << zeros) >> 23) & 0xff;
  return ((31 - zeros) << 8) + fraction + ((fraction * (256 - fraction) * 11) >> 13);
}

/** What the symbols of an alphabet cost in the fixed code, with their extra bits. */
function fixedBits(used: usize, count: u32, fixedCodes: usize): u32 {
  let bits: u32 = 0;
  for (const end = used + (<usize>count << 2); used < end; used += 4) {
    const entry = load<u32>(used);
    bits += (entry >> 16) * (load<u32>(fixedCodes + (<usize>(entry & 0xffff) << 2)) >> ALL_BITS_SHIFT);
  }
  return bits;
}

/** What they cost in 256ths at least in any code of the block's own, with their extra bits: their entropy. */
function leastBits(used: usize, count: u32, extraBits: usize): u32 {
  let least: u32 = 0;
  let total: u32 = 0;
  for (const end = used + (<usize>count << 2); used < end; used += 4) {
    const entry = load<u32>(used);
    const frequency = entry >> 16;
    least += frequency * ((<u32>load<u8>(extraBits + <usize>(entry & 0xffff)) << 8) - logarithm(frequency));
    total += frequency;
  }
  return least + total * logarithm(total);
}

// ---- The description of a code of the block's own (section 3.2.7)

// @ts-ignore: decorator
@inline
function putToken(out: usize, symbol: u32, extra: u32): usize {
  store<u16>(out, symbol | (extra << 8));
  add(LENGTH_FREQUENCIES, symbol, 1);
  return out + 2;
}

/** `count` symbols without a code. */
function putZeros(out: usize, count: u32): usize {
  while (count >= 11) {
    const here = min<u32>(count, 138);
    out = putToken(out, 18, here - 11);
    count -= here;
  }
  if (count >= 3) return putToken(out, 17, count - 3);
  for (; count > 0; count--) out = putToken(out, 0, 0);
  return out;
}

/** `count` more symbols with a code of the length before. */
function putRepeats(out: usize, length: u32, count: u32): usize {
  while (count >= 3) {
    const here = min<u32>(count, 6);
    out = putToken(out, 16, here - 3);
    count -= here;
  }
  for (; count > 0; count--) out = putToken(out, length, 0);
  return out;
}

/** The lengths of one alphabet's codes, up to the last symbol that occurs. Runs of those that do not are not walked. */
function putLengths(out: usize, used: usize, count: u32, codes: usize): usize {
  let next: u32 = 0;
  let length: u32 = 0;
  let repeats: u32 = 0;
  for (const end = used + (<usize>count << 2); used < end; used += 4) {
    const symbol = <u32>load<u16>(used);
    const here = <u32>load<u8>(codes + (<usize>symbol << 2), 2);
    if (symbol == next && here == length) {
      repeats++;
    } else {
      out = putRepeats(out, length, repeats);
      out = putZeros(out, symbol - next);
      out = putToken(out, here, 0);
      length = here;
      repeats = 0;
    }
    next = symbol + 1;
  }
  return putRepeats(out, length, repeats);
}

/** The last symbol of a list that is not empty. */
// @ts-ignore: decorator
@inline
function lastOf(used: usize, count: u32): u32 {
  return load<u16>(used + (<usize>count << 2) - 4);
}

/**
 * Puts the block whose sequences lie at SEQUENCES, or whose tokens at TOKENS, and whose bytes at `ptr`, as whichever kind
 * is the shortest.
 *
 * @param length how many bytes it stands for, at most BLOCK_LENGTH
 * @param symbols how many literals and matches it has
 * @param fewest of fewer symbols it is not asked which kind is the shortest: they are put in fixed codes
 * @param isListed it is tokens, whose symbols are counted
 * @returns the position behind it
 */
export function putBlock(position: u32, ptr: usize, length: u32, symbols: u32, fewest: u32, isListed: bool): u32 {
  // With the end of the block.
  const tokens = isListed ? symbols + 1 : 0;
  if (symbols < fewest) return putFixed(position, ptr, tokens);
  if (!isListed) countSymbols(ptr);

  const stored = storedBits(position, length);
  const literals = listUsed(LITERAL_FREQUENCIES, LITERAL_SYMBOLS, LITERALS_USED);
  const distances = listUsed(DISTANCE_FREQUENCIES, DISTANCE_SYMBOLS, DISTANCES_USED);
  const fixed: u32 =
    3 +
    fixedBits(LITERALS_USED, literals, FIXED_LITERAL_CODES) +
    fixedBits(DISTANCES_USED, distances, FIXED_DISTANCE_CODES);
  const others = min<u32>(fixed, stored);

  let least: u32 = 0;
  if (symbols < MANY || literals > FEW_KINDS) {
    const entropy =
      leastBits(LITERALS_USED, literals, LITERAL_EXTRA) + leastBits(DISTANCES_USED, distances, DISTANCE_EXTRA);
    least = (entropy >> 8) + LEAST_DESCRIPTION + LEAST_OF_SYMBOL * (literals + distances);
  }
  if (least < others) {
    let dynamic =
      makeCode(LITERALS_USED, literals, LITERAL_EXTRA, LONGEST_LITERAL, LITERAL_CODES) +
      makeCode(DISTANCES_USED, distances, DISTANCE_EXTRA, LONGEST_DISTANCE, DISTANCE_CODES);
    // The symbols of no bits that bit-writer.ts puts for nothing, and token-writer.ts for no distance.
    store<u32>(LITERAL_CODES + 4 * 287, 0);
    store<u32>(DISTANCE_CODES + 4 * 30, 0);
    for (let p: usize = 0; p < 2 * LENGTH_SYMBOLS; p += 16) v128.store(LENGTH_FREQUENCIES + p, i16x8.splat(0));
    for (let p: usize = 0; p < 4 * LENGTH_SYMBOLS; p += 16) v128.store(LENGTH_CODES + p, i32x4.splat(0));
    let tokensEnd = putLengths(LENGTH_TOKENS, LITERALS_USED, literals, LITERAL_CODES);
    tokensEnd = putLengths(tokensEnd, DISTANCES_USED, distances, DISTANCE_CODES);
    // Without matches there still is one distance, of length 0.
    if (distances == 0) tokensEnd = putToken(tokensEnd, 0, 0);
    const lengths = listUsed(LENGTH_FREQUENCIES, LENGTH_SYMBOLS, LENGTHS_USED);
    dynamic += makeCode(LENGTHS_USED, lengths, LENGTH_EXTRA, LONGEST_LENGTH, LENGTH_CODES);
    let sent: u32 = 19;
    while (load<u32>(LENGTH_CODES + (<usize>load<u8>(LENGTH_ORDER + sent - 1) << 2)) == 0) sent--;
    dynamic += 3 + 14 + 3 * sent;

    if (dynamic < others) {
      const hlit = lastOf(LITERALS_USED, literals) - 256;
      const hdist = distances == 0 ? 0 : lastOf(DISTANCES_USED, distances);
      position = putBits(position, DYNAMIC | (hlit << 3) | (hdist << 8) | ((sent - 4) << 13), 3 + 14);
      let triples: u64 = 0;
      for (let i: u32 = 0; i < sent; i++) {
        const code = load<u32>(LENGTH_CODES + (<usize>load<u8>(LENGTH_ORDER + i) << 2));
        triples |= <u64>((code >> CODE_LENGTH_SHIFT) & 0xff) << (3 * i);
      }
      position = putBits(position, triples, 3 * sent);
      position = putLengthTokens(position, tokensEnd);
      if (tokens == 0) return putSequences(position, ptr, LITERAL_CODES, DISTANCE_CODES);
      makeTokenCodes(LITERAL_CODES);
      return putTokens(position, tokens, DISTANCE_CODES);
    }
  }
  return stored < fixed ? putStored(position, ptr, length) : putFixed(position, ptr, tokens);
}

/** @param tokens how many; 0: it is sequences */
function putFixed(position: u32, ptr: usize, tokens: u32): u32 {
  position = putFixedHeader(position);
  if (tokens == 0) return putSequences(position, ptr, FIXED_LITERAL_CODES, FIXED_DISTANCE_CODES);
  makeTokenCodes(FIXED_LITERAL_CODES);
  return putTokens(position, tokens, FIXED_DISTANCE_CODES);
}

/** Puts the first bits of a block in fixed codes. */
export function putFixedHeader(position: u32): u32 {
  return putBits(position, FIXED, 3);
}
