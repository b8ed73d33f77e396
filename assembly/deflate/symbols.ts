// The alphabets of RFC 1951 sections 3.2.5 to 3.2.7 as tables: extra bits, and the codes of a fixed block. Static data.

import { ALL_BITS_SHIFT, CODE_LENGTH_SHIFT, DISTANCE_SYMBOLS, LITERAL_SYMBOLS } from './deflate-work';

/** Extra bits behind each symbol: of literals and lengths, of distances, of code lengths. */
export const LITERAL_EXTRA = memory.data(288, 16);
// prettier-ignore
export const DISTANCE_EXTRA = memory.data<u8>([
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 0, 0,
]);
// prettier-ignore
export const LENGTH_EXTRA = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 7, 0, 0, 0, 0, 0,
]);
/** The order in which a dynamic block sends the lengths of the code lengths' codes. */
export const LENGTH_ORDER = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

/** The fixed codes (section 3.2.6) in the form of deflate-work.ts. The two symbols that never occur have no bits. */
export const FIXED_LITERAL_CODES = memory.data(4 * 288, 16);
export const FIXED_DISTANCE_CODES = memory.data(4 * 32, 16);

/** Writes what has a rule. Runs once, when the module is instantiated. */
function fillTables(): void {
  for (let symbol: u32 = 265; symbol < 285; symbol++) store<u8>(LITERAL_EXTRA + symbol, (symbol - 261) >> 2);
  for (let symbol: u32 = 0; symbol < LITERAL_SYMBOLS - 2; symbol++) {
    const extra = <u32>load<u8>(LITERAL_EXTRA + symbol);
    if (symbol < 144) setCode(FIXED_LITERAL_CODES, symbol, 0x30 + symbol, 8, extra);
    else if (symbol < 256) setCode(FIXED_LITERAL_CODES, symbol, 0x190 + symbol - 144, 9, extra);
    else if (symbol < 280) setCode(FIXED_LITERAL_CODES, symbol, symbol - 256, 7, extra);
    else setCode(FIXED_LITERAL_CODES, symbol, 0xc0 + symbol - 280, 8, extra);
  }
  for (let symbol: u32 = 0; symbol < DISTANCE_SYMBOLS; symbol++) {
    setCode(FIXED_DISTANCE_CODES, symbol, symbol, 5, load<u8>(DISTANCE_EXTRA + symbol));
  }
}

function setCode(codes: usize, symbol: u32, code: u32, length: u32, extra: u32): void {
  let reversed: u32 = 0;
  for (let bit: u32 = 0; bit < length; bit++) reversed |= ((code >> bit) & 1) << (length - 1 - bit);
  const all = length + extra;
  store<u32>(codes + (<usize>symbol << 2), reversed | (length << CODE_LENGTH_SHIFT) | (all << ALL_BITS_SHIFT));
}

fillTables();
