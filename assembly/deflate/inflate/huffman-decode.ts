// Huffman codes → decoding tables (RFC 1951 sections 3.2.1, 3.2.2, 3.2.5). Knows codes and symbols, no input and no output.
//
// A table is looked into with the next bits of the input, which hold the code with its first bit lowest. The primary table
// takes the first few of them; codes that are longer go on in a subtable. An entry (u32) says all that a symbol means, so
// that decoding it is one load:
//
//    31          24 23         16 15        12 11         8 7         6        5             0
//   ┌──────────────┬─────────────┬────────────┬────────────┬─────────┬────────┬───────────────┐
//   │ 0            │ literal     │ 0          │ any        │ LITERAL │ 0      │ bits to drop  │  literal
//   ├──────────────┴─────────────┼────────────┴────────────┼─────────┼────────┼───────────────┤
//   │ base                       │ bits of the code + 2    │ 0       │ 0      │ bits to drop, │  length or distance
//   │                            │                         │         │        │ code + extra  │
//   ├────────────────────────────┼────────────┬────────────┼─────────┼────────┼───────────────┤
//   │ where it begins, in bytes  │ SPECIAL    │ bits that  │ 0       │ 0      │ bits to drop  │  subtable
//   │                            │ SUBTABLE   │ it takes   │         │        │               │
//   ├────────────────────────────┼────────────┼────────────┼─────────┼────────┼───────────────┤
//   │ 0                          │ SPECIAL    │ any        │ 0       │ 0      │ bits to drop  │  end of block, or (without
//   │                            │ (END)      │            │         │        │               │  END) no symbol
//   └────────────────────────────┴────────────┴────────────┴─────────┴────────┴───────────────┘
//
// The fields lie where they are because WebAssembly takes a shift's count modulo 32 or 64: `bits >> entry` drops the bits,
// and `>> (entry >> 8)` shifts by the code's, without a mask. Why 2 is added there: see inflate-block.ts.

import { DISTANCES, LITERALS, STATE_DISTANCE_MASK, STATE_IS_FIXED, STATE_LITERAL_MASK } from './inflate-state';
import { fixedCode } from '../fixed-codes';
import { reverse } from '../reverse';

export const ENTRY_LITERAL: u32 = 1 << 7;
export const ENTRY_END: u32 = 1 << 13;
export const ENTRY_SUBTABLE: u32 = 1 << 14;
export const ENTRY_SPECIAL: u32 = 1 << 15;
/** What both fields of a code's length count in, and what one of them begins from. */
const CODE_BIT: u32 = 0x101;
const CODE_BIAS: u32 = 0x200;

// ---- Constants, written once when the module is instantiated

/** The entry of each symbol, but for the length of its code: u32[288] and u32[32]. */
export const LITERAL_SYMBOLS = memory.data(288 * 4, 16);
export const DISTANCE_SYMBOLS = memory.data(32 * 4, 16);
/** The tables of the fixed codes (3.2.6), of 9 and of 5 bits; their codes are no longer. */
const FIXED_LITERAL_BITS: u32 = 9;
const FIXED_LITERALS = memory.data(512 * 4, 16);
const FIXED_DISTANCE_BITS: u32 = 5;
const FIXED_DISTANCES = memory.data(32 * 4, 16);

// 3.2.5: literals, end of block, lengths 3-258 in 29 steps; 286 and 287 mean nothing.
for (let symbol: u32 = 0; symbol < 288; symbol++) {
  store<u32>(LITERAL_SYMBOLS + <usize>(symbol << 2), literalSymbol(symbol));
}
for (let symbol: u32 = 0; symbol < 32; symbol++) {
  store<u32>(DISTANCE_SYMBOLS + <usize>(symbol << 2), distanceSymbol(symbol));
}

// 3.2.6: the fixed codes.
for (let symbol: u32 = 0; symbol < 288; symbol++) {
  const code = fixedCode(symbol);
  fillFixed(FIXED_LITERALS, FIXED_LITERAL_BITS, LITERAL_SYMBOLS, symbol, code & 15, code >> 4);
}
for (let symbol: u32 = 0; symbol < 32; symbol++) {
  fillFixed(FIXED_DISTANCES, FIXED_DISTANCE_BITS, DISTANCE_SYMBOLS, symbol, 5, symbol);
}

function literalSymbol(symbol: u32): u32 {
  if (symbol < 256) return (symbol << 16) | ENTRY_LITERAL;
  if (symbol == 256) return ENTRY_SPECIAL | ENTRY_END;
  if (symbol > 285) return ENTRY_SPECIAL;
  const step = symbol - 257;
  // 3, 4, ... 10 without extra bits; then four steps with each number of them; the last step is 258 alone.
  if (step < 8) return ((3 + step) << 16) | CODE_BIAS;
  if (step == 28) return (258 << 16) | CODE_BIAS;
  const extra = (step >> 2) - 1;
  return ((3 + ((4 + (step & 3)) << extra)) << 16) | CODE_BIAS | extra;
}

function distanceSymbol(symbol: u32): u32 {
  if (symbol > 29) return ENTRY_SPECIAL;
  if (symbol < 4) return ((1 + symbol) << 16) | CODE_BIAS;
  const extra = (symbol >> 1) - 1;
  return ((1 + ((2 + (symbol & 1)) << extra)) << 16) | CODE_BIAS | extra;
}

function fillFixed(table: usize, tableBits: u32, symbols: usize, symbol: u32, codeBits: u32, code: u32): void {
  const entry = load<u32>(symbols + <usize>(symbol << 2)) + codeBits * CODE_BIT;
  for (let at = reverse(code << (16 - codeBits)); at < 1 << tableBits; at += 1 << codeBits) {
    store<u32>(table + <usize>(at << 2), entry);
  }
}

/** The place in a table, in bytes, of each number that a code of 9 bits or fewer has, begun at the top of 9: u16[512]. */
const PLACES = memory.data(512 * 2, 16);
for (let code: u32 = 0; code < 512; code++) store<u16>(PLACES + <usize>(code << 1), <u16>(reverse(code << 7) << 2));

// ---- The tables of a block

/** Puts the tables of the fixed codes where those of a block belong, unless they are there. */
export function useFixedTables(): void {
  if (load<u32>(STATE_IS_FIXED) != 0) return;
  for (let p: usize = 0; p < <usize>4 << FIXED_LITERAL_BITS; p += 16) v128.store(LITERALS + p, v128.load(FIXED_LITERALS + p));
  for (let p: usize = 0; p < <usize>4 << FIXED_DISTANCE_BITS; p += 16) v128.store(DISTANCES + p, v128.load(FIXED_DISTANCES + p));
  store<u32>(STATE_LITERAL_MASK, tableMask(FIXED_LITERAL_BITS));
  store<u32>(STATE_DISTANCE_MASK, tableMask(FIXED_DISTANCE_BITS));
  store<u32>(STATE_IS_FIXED, 1);
}

/** What picks an entry's offset out of the next bits, moved up by 2. */
// @ts-ignore: decorator
@inline
export function tableMask(tableBits: u32): u32 {
  return (4 << tableBits) - 4;
}

/** What buildTable() says of codes that no block may have. */
export const BAD_CODES: i32 = -1;

/**
 * Builds a table. Symbols stand in rows, one row a code length, in the order of their codes; the walk takes only what
 * occurs. Codes of one length follow each other, so their number, begun at the top of 9 bits, grows by one step; reversed
 * it is the place in the table (PLACES). Before a longer length the table is doubled: all shorter codes go on with 0 and with 1.
 *
 * @param rows the rows, from code length 0 on, of `rowLength` bytes each
 * @param ends u32[16]: where each row ends
 * @param lengths the bit 1 << n is set if a code of n bits occurs
 * @param sum of 2^(15 - n) over all codes of n bits: 2^15 if they are complete
 * @param limit the most bits that the primary table takes, up to 9
 * @param needed a bit that some symbol's entry must have, or 0
 * @returns the bits that it does take, or BAD_CODES
 */
export function buildTable(
  table: usize,
  symbols: usize,
  rows: usize,
  rowLength: u32,
  ends: usize,
  lengths: u32,
  sum: u32,
  limit: u32,
  needed: u32,
): i32 {
  if (sum != 0x8000) {
    // What zlib takes too: no code at all, or a single one of one bit. The rest of the table means nothing.
    if (lengths == 0 && needed == 0) {
      store<u32>(table, ENTRY_SPECIAL + 1);
      return 0;
    }
    if (sum > 0x8000 || lengths != 2) return BAD_CODES;
    const entry = load<u32>(symbols + (<usize>load<u16>(rows + <usize>rowLength) << 2));
    if ((entry & needed) != needed) return BAD_CODES;
    store<u32>(table, entry + CODE_BIT);
    store<u32>(table, ENTRY_SPECIAL + 1, 4);
    return 1;
  }

  const tableBits = min<u32>(limit, 31 - clz<u32>(lengths));
  let codeBits = ctz<u32>(lengths);
  let filledBits = min<u32>(codeBits, tableBits);
  /** The next code, begun at the top of 9 bits, times 2. */
  let code: u32 = 0;
  /** What occurs in any entry. */
  let seen: u32 = 0;
  while (codeBits <= tableBits) {
    filledBits = double(table, filledBits, codeBits);
    const row = rows + <usize>(codeBits * rowLength);
    const end = load<u32>(ends + <usize>(codeBits << 2));
    const step: u32 = 0x400 >> codeBits;
    const length = codeBits * CODE_BIT;
    for (let p = row; p < <usize>end; p += 2) {
      const entry = load<u32>(symbols + (<usize>load<u16>(p) << 2)) + length;
      store<u32>(table + <usize>load<u16>(PLACES + <usize>code), entry);
      seen |= entry;
      code += step;
    }
    lengths &= lengths - 1;
    if (lengths == 0) return (seen & needed) == needed ? tableBits : BAD_CODES;
    codeBits = ctz<u32>(lengths);
  }
  double(table, filledBits, tableBits);
  seen |= buildSubtables(table, symbols, rows, rowLength, ends, lengths, code << 6, tableBits);
  return (seen & needed) == needed ? tableBits : BAD_CODES;
}

/**
 * Doubles a table of 2^fromBits entries until it has 2^toBits, four vectors a turn: the fewer turns, the more often their
 * end is predicted. Up to 60 bytes behind it are written, if it is shorter than 128.
 */
// @ts-ignore: decorator
@inline
export function double(table: usize, fromBits: u32, toBits: u32): u32 {
  let size = <usize>4 << fromBits;
  const end = <usize>4 << toBits;
  while (size < end) {
    let p = table;
    const stop = table + size;
    do {
      v128.store(p + size, v128.load(p));
      v128.store(p + size, v128.load(p, 16), 16);
      v128.store(p + size, v128.load(p, 32), 32);
      v128.store(p + size, v128.load(p, 48), 48);
      p += 64;
    } while (p < stop);
    size <<= 1;
  }
  return toBits;
}

/** The codes that are longer than the primary table's bits: all that begin alike share a subtable, behind the others. @returns as `seen` */
function buildSubtables(
  table: usize,
  symbols: usize,
  rows: usize,
  rowLength: u32,
  ends: usize,
  lengths: u32,
  code: u32,
  tableBits: u32,
): u32 {
  let seen: u32 = 0;
  let next: u32 = 1 << tableBits;
  let prefix: u32 = 0xffffffff;
  let subtable: usize = 0;
  let subtableBits: u32 = 0;
  while (lengths != 0) {
    const codeBits = ctz<u32>(lengths);
    lengths &= lengths - 1;
    const end = <usize>load<u32>(ends + <usize>(codeBits << 2));
    for (let p = rows + <usize>(codeBits * rowLength); p < end; p += 2) {
      const reversed = reverse(code);
      const first = reversed & ((1 << tableBits) - 1);
      if (first != prefix) {
        prefix = first;
        // As many bits as fill it up: with the codes of this length that are left, then with those of each longer one.
        subtableBits = codeBits - tableBits;
        let used = <u32>(end - p) >> 1;
        while (used < <u32>1 << subtableBits) {
          subtableBits++;
          used = (used << 1) + countOf(rows, rowLength, ends, tableBits + subtableBits);
        }
        subtable = table + <usize>(next << 2);
        store<u32>(
          table + <usize>(first << 2),
          (next << 18) | ENTRY_SPECIAL | ENTRY_SUBTABLE | (subtableBits << 8) | tableBits,
        );
        next += 1 << subtableBits;
      }
      const length = codeBits - tableBits;
      const entry = load<u32>(symbols + (<usize>load<u16>(p) << 2)) + length * CODE_BIT;
      seen |= entry;
      for (let at = reversed >> tableBits; at < <u32>1 << subtableBits; at += 1 << length) {
        store<u32>(subtable + <usize>(at << 2), entry);
      }
      code += 0x10000 >> codeBits;
    }
  }
  return seen;
}

function countOf(rows: usize, rowLength: u32, ends: usize, codeBits: u32): u32 {
  return (<u32>load<u32>(ends + <usize>(codeBits << 2)) - <u32>(rows + <usize>(codeBits * rowLength))) >> 1;
}
