// The codes of a compressed block, for inflate: the fixed ones, and those in the header of a dynamic block (RFC 1951
// sections 3.2.6 and 3.2.7).

import {
  CODE_LENGTH_ORDER,
  CODE_LENGTH_SYMBOLS,
  DISTANCE_SYMBOLS,
  distanceBase,
  distanceExtra,
  END_OF_BLOCK,
  FIRST_LENGTH_SYMBOL,
  fixedDistanceLengths,
  fixedLiteralLengths,
  LITERAL_SYMBOLS,
  lengthBase,
  lengthExtra,
  REPEAT_LAST,
  REPEAT_ZERO,
  REPEAT_ZERO_LONG,
} from './alphabet.js';
import {
  CODE_LENGTH_BITS,
  DecodingTable,
  EXTRA_BITS,
  EXTRA_SHIFT,
  entryOf,
  KIND_BASE,
  KIND_BITS,
  KIND_END,
  KIND_INVALID,
  KIND_LITERAL,
  VALUE_SHIFT,
} from './decoding-table.js';
import type { InflateInput } from './inflate-input.js';

/** A larger table makes fewer long codes and takes longer to fill. */
export const LITERAL_TABLE_BITS = 10;
export const DISTANCE_TABLE_BITS = 8;
const CODE_LENGTH_TABLE_BITS = 7;

/** The input ends inside the header: none of it was consumed. */
export const HEADER_CUT = -1;
/** The header breaks RFC 1951. */
export const HEADER_BAD = -2;

/** The codes of the current block. */
export class InflateCodes {
  /** The tables of the current block: the fixed or the dynamic ones below. */
  literals: DecodingTable;
  distances: DecodingTable;
  readonly #fixedLiterals: DecodingTable;
  readonly #fixedDistances: DecodingTable;
  readonly #dynamicLiterals: DecodingTable;
  readonly #dynamicDistances: DecodingTable;
  readonly #codeLengthTable = new DecodingTable(CODE_LENGTH_TABLE_BITS, codeLengthMeanings());
  readonly #codeLengths = new Uint8Array(CODE_LENGTH_SYMBOLS);
  /** Code lengths of literals and lengths, directly followed by those of distances: in the header they are one sequence. */
  readonly #lengths = new Uint8Array(LITERAL_SYMBOLS + DISTANCE_SYMBOLS);

  constructor() {
    const literalLengths = fixedLiteralLengths();
    const distanceLengths = fixedDistanceLengths();
    const literals = literalMeanings(literalLengths.length);
    const distances = distanceMeanings(distanceLengths.length);
    this.#fixedLiterals = new DecodingTable(LITERAL_TABLE_BITS, literals);
    this.#fixedLiterals.build(literalLengths, 0, literalLengths.length, false);
    this.#fixedDistances = new DecodingTable(DISTANCE_TABLE_BITS, distances);
    this.#fixedDistances.build(distanceLengths, 0, distanceLengths.length, false);
    this.#dynamicLiterals = new DecodingTable(LITERAL_TABLE_BITS, literals);
    this.#dynamicDistances = new DecodingTable(DISTANCE_TABLE_BITS, distances);
    this.literals = this.#fixedLiterals;
    this.distances = this.#fixedDistances;
  }

  useFixed(): void {
    this.literals = this.#fixedLiterals;
    this.distances = this.#fixedDistances;
  }

  /**
   * Reads the header of a dynamic block, starting behind BTYPE, with the rules of zlib's inflate.
   *
   * @param position in bits, as the input counts them
   * @returns the position behind the header, HEADER_CUT or HEADER_BAD
   */
  readDynamic(input: InflateInput, position: number): number {
    const { end } = input;
    if (end - position < 14) return HEADER_CUT;
    const sizes = input.peek(position);
    const literalCount = 257 + (sizes & 0x1f);
    const distanceCount = 1 + ((sizes >> 5) & 0x1f);
    const codeLengthCount = 4 + ((sizes >> 10) & 0x0f);
    if (literalCount > LITERAL_SYMBOLS || distanceCount > DISTANCE_SYMBOLS) return HEADER_BAD;
    position += 14;

    if (end - position < 3 * codeLengthCount) return HEADER_CUT;
    this.#codeLengths.fill(0);
    for (let i = 0; i < codeLengthCount; i++) {
      this.#codeLengths[CODE_LENGTH_ORDER[i]!] = input.peek(position) & 0x07;
      position += 3;
    }
    if (!this.#codeLengthTable.build(this.#codeLengths, 0, CODE_LENGTH_SYMBOLS, false)) return HEADER_BAD;

    const count = literalCount + distanceCount;
    position = this.#readLengths(input, position, count);
    if (position < 0) return position;

    if (this.#lengths[END_OF_BLOCK] === 0) return HEADER_BAD;
    if (!this.#dynamicLiterals.build(this.#lengths, 0, literalCount, true)) return HEADER_BAD;
    if (!this.#dynamicDistances.build(this.#lengths, literalCount, count, true)) return HEADER_BAD;
    this.literals = this.#dynamicLiterals;
    this.distances = this.#dynamicDistances;
    return position;
  }

  /** Reads `count` code lengths. @returns as `readDynamic` */
  #readLengths(input: InflateInput, position: number, count: number): number {
    const { entries } = this.#codeLengthTable;
    const lengths = this.#lengths;
    for (let i = 0; i < count; ) {
      const ahead = input.peek(position);
      const entry = entries[ahead & ((1 << CODE_LENGTH_TABLE_BITS) - 1)]!;
      const codeLength = entry & CODE_LENGTH_BITS;
      const extra = (entry >> EXTRA_SHIFT) & EXTRA_BITS;
      position += codeLength + extra;
      if (position > input.end) return HEADER_CUT;
      const value = entry >> VALUE_SHIFT;
      if ((entry & KIND_BITS) === KIND_LITERAL) {
        lengths[i++] = value;
        continue;
      }
      // Section 3.2.7: a run may reach from the first alphabet into the second, but not beyond both.
      const repeated = extra === 2 ? lengths[i - 1] : 0;
      const repeats = value + ((ahead >> codeLength) & ((1 << extra) - 1));
      if (repeated === undefined || i + repeats > count) return HEADER_BAD;
      lengths.fill(repeated, i, i + repeats);
      i += repeats;
    }
    return position;
  }
}

function literalMeanings(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, symbol) => {
    if (symbol < END_OF_BLOCK) return entryOf(KIND_LITERAL, symbol);
    if (symbol === END_OF_BLOCK) return entryOf(KIND_END, 0);
    if (symbol >= LITERAL_SYMBOLS) return entryOf(KIND_INVALID, 0);
    const i = symbol - FIRST_LENGTH_SYMBOL;
    return entryOf(KIND_BASE, lengthBase(i), lengthExtra(i));
  });
}

function distanceMeanings(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, symbol) =>
    symbol < DISTANCE_SYMBOLS
      ? entryOf(KIND_BASE, distanceBase(symbol), distanceExtra(symbol))
      : entryOf(KIND_INVALID, 0),
  );
}

/** A code length means itself. A run means its shortest length, with extra bits. */
function codeLengthMeanings(): Int32Array {
  const meanings = Int32Array.from({ length: CODE_LENGTH_SYMBOLS }, (_, symbol) => entryOf(KIND_LITERAL, symbol));
  meanings[REPEAT_LAST] = entryOf(KIND_BASE, 3, 2);
  meanings[REPEAT_ZERO] = entryOf(KIND_BASE, 3, 3);
  meanings[REPEAT_ZERO_LONG] = entryOf(KIND_BASE, 11, 7);
  return meanings;
}
