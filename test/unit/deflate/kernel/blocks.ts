// Blocks of RFC 1951 written by hand: stored, with the fixed codes, with codes of their own.

import { BitWriter } from '../../../support/kernels/inflating.js';

export const STORED = 0;
export const FIXED = 1;
export const DYNAMIC = 2;

/** The order of section 3.2.7 for the lengths of the codes of the code lengths. */
export const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
export const END_OF_BLOCK = 256;

export function block(type: number, isFinal = 0): BitWriter {
  return new BitWriter().number(isFinal, 1).number(type, 2);
}

/** The codes of symbols by their lengths (section 3.2.2). */
export function codesOf(lengths: readonly number[]): string[] {
  const codes = new Array<string>(lengths.length).fill('');
  let code = 0;
  for (let length = 1; length < 16; length++) {
    code *= 2;
    lengths.forEach((of, symbol) => {
      if (of === length) codes[symbol] = (code++).toString(2).padStart(length, '0');
    });
  }
  return codes;
}

export const FIXED_LENGTHS = Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
export const FIXED_CODES = codesOf(FIXED_LENGTHS);

export function fixed(...symbols: readonly number[]): BitWriter {
  return symbols.reduce((writer, symbol) => writer.codes(FIXED_CODES[symbol]!), block(FIXED));
}

/** A code length, or a symbol of 16 to 18 with its extra bits. */
export type LengthSymbol = number | readonly [symbol: number, extra: number];

export interface DynamicHeader {
  /** HLIT + 257 and HDIST + 1. */
  readonly literals?: number;
  readonly distances?: number;
  /** Lengths of the 19 codes. */
  readonly lengthCodeLengths?: readonly number[];
  readonly sequence: readonly LengthSymbol[];
}

/** A complete code of all 19 symbols: 13 of 4 bits, 6 of 5. */
export const LENGTH_CODE_LENGTHS = Array.from({ length: 19 }, (_, i) => (i < 13 ? 4 : 5));
export const EXTRA_BITS: Readonly<Record<number, number>> = { 16: 2, 17: 3, 18: 7 };

export function dynamic({
  literals = 257,
  distances = 1,
  lengthCodeLengths = LENGTH_CODE_LENGTHS,
  sequence,
}: DynamicHeader) {
  const writer = block(DYNAMIC)
    .number(literals - 257, 5)
    .number(distances - 1, 5)
    .number(15, 4);
  for (const symbol of ORDER) writer.number(lengthCodeLengths[symbol]!, 3);
  const codes = codesOf(lengthCodeLengths);
  for (const item of sequence) {
    const [symbol, extra] = typeof item === 'number' ? [item, 0] : item;
    writer.codes(codes[symbol]!).number(extra, EXTRA_BITS[symbol] ?? 0);
  }
  return writer;
}

/** Zeros, as runs of code 18 and single ones. */
export function zeros(count: number): LengthSymbol[] {
  const sequence: LengthSymbol[] = [];
  for (; count >= 11; count -= Math.min(count, 138)) sequence.push([18, Math.min(count, 138) - 11]);
  return [...sequence, ...new Array<number>(count).fill(0)];
}

/** Code lengths for some symbols, in a sequence of `count`. */
export function lengthsAt(count: number, lengths: Readonly<Record<number, number>>): LengthSymbol[] {
  const sequence: LengthSymbol[] = [];
  let from = 0;
  for (const [symbol, length] of Object.entries(lengths)) {
    sequence.push(...zeros(Number(symbol) - from), length);
    from = Number(symbol) + 1;
  }
  return [...sequence, ...zeros(count - from)];
}
