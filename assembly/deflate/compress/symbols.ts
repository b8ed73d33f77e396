// The alphabets of RFC 1951 sections 3.2.5 to 3.2.7 as tables: extra bits, and the codes of a fixed block. Static data.

import {
  ALL_BITS_SHIFT,
  CODE_LENGTH_SHIFT,
  DISTANCE_SYMBOLS,
  END_OF_BLOCK,
  LITERAL_SYMBOLS,
  TOKEN_CODES,
  TOKEN_END,
  TOKEN_MATCH,
  TOKEN_NOTHING,
} from './deflate-work';
import { fixedCode } from '../fixed-codes';
import { reverse } from '../reverse';

/** The symbols of lengths (section 3.2.5). */
const FIRST_LENGTH: u32 = 257;
const LAST_LENGTH: u32 = 285;

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
/** u8 each: of a length less 3, its symbol less 256. */
export const LENGTH_SYMBOL_OFFSETS = memory.data(256);

/** Writes what has a rule. Runs once, when the module is instantiated. */
function fillTables(): void {
  for (let symbol: u32 = 265; symbol < 285; symbol++) store<u8>(LITERAL_EXTRA + symbol, (symbol - 261) >> 2);
  for (let symbol: u32 = 0; symbol < LITERAL_SYMBOLS - 2; symbol++) {
    const extra = <u32>load<u8>(LITERAL_EXTRA + symbol);
    const code = fixedCode(symbol);
    setCode(FIXED_LITERAL_CODES, symbol, code >> 4, code & 15, extra);
  }
  for (let symbol: u32 = 0; symbol < DISTANCE_SYMBOLS - 2; symbol++) {
    setCode(FIXED_DISTANCE_CODES, symbol, symbol, 5, load<u8>(DISTANCE_EXTRA + symbol));
  }
  let offset = LENGTH_SYMBOL_OFFSETS;
  for (let symbol: u32 = FIRST_LENGTH; symbol < LAST_LENGTH; symbol++) {
    for (const end = offset + (1 << load<u8>(LITERAL_EXTRA + symbol)); offset < end; offset++) {
      store<u8>(offset, symbol - END_OF_BLOCK);
    }
  }
  store<u8>(offset - 1, LAST_LENGTH - END_OF_BLOCK);
}

/** Makes TOKEN_CODES of a code of literals and lengths. */
export function makeTokenCodes(literalCodes: usize): void {
  // All but the length of the code alone.
  for (let p: usize = 0; p < 4 * END_OF_BLOCK; p += 16) {
    v128.store(TOKEN_CODES + p, v128.and(v128.load(literalCodes + p), i32x4.splat(0xff00ffff)));
  }
  let token = TOKEN_CODES + 4 * TOKEN_MATCH;
  for (let symbol: u32 = FIRST_LENGTH; symbol < LAST_LENGTH; symbol++) {
    const code = load<u32>(literalCodes + (<usize>symbol << 2));
    let bits = code & 0xff00ffff;
    // One more in the extra bits, which stand behind the code.
    const step = <u32>1 << (code >> CODE_LENGTH_SHIFT);
    for (const end = token + (4 << load<u8>(LITERAL_EXTRA + symbol)); token < end; token += 4) {
      store<u32>(token, bits);
      bits += step;
    }
  }
  // The longest match has a symbol of its own.
  store<u32>(token - 4, load<u32>(literalCodes + 4 * LAST_LENGTH) & 0xff00ffff);
  store<u32>(TOKEN_CODES + 4 * TOKEN_END, load<u32>(literalCodes + 4 * END_OF_BLOCK) & 0xff00ffff);
  store<u32>(TOKEN_CODES + 4 * TOKEN_NOTHING, 0);
}

function setCode(codes: usize, symbol: u32, code: u32, length: u32, extra: u32): void {
  const reversed = reverse(code) >> (16 - length);
  const all = length + extra;
  store<u32>(codes + (<usize>symbol << 2), reversed | (length << CODE_LENGTH_SHIFT) | (all << ALL_BITS_SHIFT));
}

fillTables();
