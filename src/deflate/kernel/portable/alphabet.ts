// The alphabets of RFC 1951 as tables: the lengths and distances that symbols stand for, and the fixed codes.

/** Section 3.2.5: symbols 0-255 are literals, this one ends a block, those above are lengths. */
export const END_OF_BLOCK = 256;
/** The symbol of the shortest length. */
export const FIRST_LENGTH_SYMBOL = 257;
/** Symbols that a code for literals and lengths may have. 286 and 287 have a place in the fixed code, and no meaning. */
export const LITERAL_SYMBOLS = 286;
/** Symbols that a code for distances may have. 30 and 31 have a place in the fixed code, and no meaning. */
export const DISTANCE_SYMBOLS = 30;
export const MIN_MATCH = 3;
export const MAX_MATCH = 258;
/** The longest code of literals, lengths or distances, in bits. */
export const MAX_CODE_LENGTH = 15;

/** Section 3.2.7: the alphabet in which the code lengths of a dynamic block are written. */
export const CODE_LENGTH_SYMBOLS = 19;
/** The last length again, 3 to 6 times. */
export const REPEAT_LAST = 16;
/** 3 to 10 zeros. */
export const REPEAT_ZERO = 17;
/** 11 to 138 zeros. */
export const REPEAT_ZERO_LONG = 18;
/** The order in which the lengths of their own codes are written. */
export const CODE_LENGTH_ORDER: readonly number[] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** BTYPE, section 3.2.3. */
export const BLOCK_STORED = 0;
export const BLOCK_FIXED = 1;
export const BLOCK_DYNAMIC = 2;

/** Section 3.2.5: how many extra bits follow the length symbol 257 + i. They grow by one every four symbols. */
export function lengthExtra(i: number): number {
  return i < 8 || i === 28 ? 0 : (i >> 2) - 1;
}

/** The length that symbol 257 + i stands for, with extra bits of 0. */
export function lengthBase(i: number): number {
  // 258 has a symbol of its own, though the one before it could reach it.
  if (i === 28) return MAX_MATCH;
  return MIN_MATCH + (i < 8 ? i : (4 + (i & 3)) << lengthExtra(i));
}

/** How many extra bits follow distance symbol i. They grow by one every two symbols. */
export function distanceExtra(i: number): number {
  return i < 2 ? 0 : (i >> 1) - 1;
}

/** The distance that symbol i stands for, with extra bits of 0. */
export function distanceBase(i: number): number {
  return 1 + (i < 2 ? i : (2 + (i & 1)) << distanceExtra(i));
}

/** Section 3.2.6: the code lengths of literals and lengths in a fixed block, all 288. */
export function fixedLiteralLengths(): Uint8Array {
  return new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280);
}

/** The code lengths of distances in a fixed block, all 32. */
export function fixedDistanceLengths(): Uint8Array {
  return new Uint8Array(32).fill(5);
}
