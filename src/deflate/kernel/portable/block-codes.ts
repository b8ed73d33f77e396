// The codes that a dynamic block brings along (RFC 1951 section 3.2.7), for deflate in the portable kernel: choosing them,
// counting what it takes to write them, writing them. Knows how often each symbol occurs; not where.

import {
  CODE_LENGTH_ORDER,
  CODE_LENGTH_SYMBOLS,
  DISTANCE_SYMBOLS,
  FIRST_LENGTH_SYMBOL,
  LITERAL_SYMBOLS,
  MAX_CODE_LENGTH,
  REPEAT_LAST,
  REPEAT_ZERO,
  REPEAT_ZERO_LONG,
} from './alphabet.js';
import type { BitWriter } from './bits.js';
import { CODE_BITS, CODE_LENGTH_SHIFT, CodeLengths } from './code-lengths.js';

/** HLIT, HDIST, HCLEN. */
const SIZES_BITS = 5 + 5 + 4;
/** The longest code of a code length: three bits say how long it is. */
const MAX_CODE_LENGTH_CODE = 7;

/** The codes of one block at a time. */
export class BlockCodes {
  /** As `CodeLengths.number` makes them; there once `write` has been called. */
  readonly literals = new Int32Array(LITERAL_SYMBOLS);
  readonly distances = new Int32Array(DISTANCE_SYMBOLS);
  /** There once `choose` has been called. */
  readonly literalLengths = new Uint8Array(LITERAL_SYMBOLS);
  readonly distanceLengths = new Uint8Array(DISTANCE_SYMBOLS);

  readonly #codeLengths = new CodeLengths(LITERAL_SYMBOLS);
  #literalCount = 0;
  #distanceCount = 0;
  /** The code lengths as the block has them, both alphabets one behind the other. */
  readonly #sequence = new Uint8Array(LITERAL_SYMBOLS + DISTANCE_SYMBOLS);
  /** How they are written: symbols, in bits 0-7, and their extra bits above. */
  readonly #runs = new Uint16Array(LITERAL_SYMBOLS + DISTANCE_SYMBOLS);
  #runCount = 0;
  readonly #runFrequencies = new Int32Array(CODE_LENGTH_SYMBOLS);
  readonly #runLengths = new Uint8Array(CODE_LENGTH_SYMBOLS);
  readonly #runCodes = new Int32Array(CODE_LENGTH_SYMBOLS);
  /** How many of the lengths of those codes are written. */
  #runLengthCount = 0;

  /** Chooses codes that suit the frequencies, and how to write them. @returns the bits that writing them takes */
  choose(literalFrequencies: Int32Array, distanceFrequencies: Int32Array): number {
    const chooser = this.#codeLengths;
    chooser.choose(literalFrequencies, LITERAL_SYMBOLS, MAX_CODE_LENGTH, this.literalLengths);
    chooser.choose(distanceFrequencies, DISTANCE_SYMBOLS, MAX_CODE_LENGTH, this.distanceLengths);
    this.#literalCount = countWithoutZeros(this.literalLengths, FIRST_LENGTH_SYMBOL);
    this.#distanceCount = countWithoutZeros(this.distanceLengths, 1);
    this.#makeRuns();

    const frequencies = this.#runFrequencies;
    chooser.choose(frequencies, CODE_LENGTH_SYMBOLS, MAX_CODE_LENGTH_CODE, this.#runLengths);
    let count = CODE_LENGTH_SYMBOLS;
    while (count > 4 && this.#runLengths[CODE_LENGTH_ORDER[count - 1]!] === 0) count--;
    this.#runLengthCount = count;
    let bits = SIZES_BITS + 3 * count;
    for (let symbol = 0; symbol < CODE_LENGTH_SYMBOLS; symbol++) {
      bits += frequencies[symbol]! * (this.#runLengths[symbol]! + runExtra(symbol));
    }
    return bits;
  }

  /** Puts the code lengths of both alphabets, as one sequence, into runs. */
  #makeRuns(): void {
    this.#runFrequencies.fill(0);
    this.#runCount = 0;
    const sequence = this.#sequence;
    const count = this.#literalCount + this.#distanceCount;
    sequence.set(this.literalLengths);
    sequence.set(this.distanceLengths, this.#literalCount);
    for (let i = 0; i < count; ) {
      const length = sequence[i]!;
      let end = i + 1;
      while (end < count && sequence[end] === length) end++;
      if (length === 0) this.#runZeros(end - i);
      else this.#runLength(length, end - i);
      i = end;
    }
  }

  #runZeros(count: number): void {
    for (; count > 10; count -= Math.min(count, 138)) this.#addRun(REPEAT_ZERO_LONG, Math.min(count, 138) - 11);
    if (count > 2) this.#addRun(REPEAT_ZERO, count - 3);
    else for (; count > 0; count--) this.#addRun(0, 0);
  }

  #runLength(length: number, count: number): void {
    this.#addRun(length, 0);
    count--;
    for (; count > 2; count -= Math.min(count, 6)) this.#addRun(REPEAT_LAST, Math.min(count, 6) - 3);
    for (; count > 0; count--) this.#addRun(length, 0);
  }

  #addRun(symbol: number, extra: number): void {
    this.#runs[this.#runCount++] = symbol | (extra << 8);
    this.#runFrequencies[symbol]!++;
  }

  /** Writes the header of the block, behind BTYPE, as it was chosen, and numbers its codes. */
  write(writer: BitWriter): void {
    const chooser = this.#codeLengths;
    chooser.number(this.literalLengths, LITERAL_SYMBOLS, this.literals);
    chooser.number(this.distanceLengths, DISTANCE_SYMBOLS, this.distances);
    chooser.number(this.#runLengths, CODE_LENGTH_SYMBOLS, this.#runCodes);
    writer.write(this.#literalCount - FIRST_LENGTH_SYMBOL, 5);
    writer.write(this.#distanceCount - 1, 5);
    writer.write(this.#runLengthCount - 4, 4);
    for (let i = 0; i < this.#runLengthCount; i++) writer.write(this.#runLengths[CODE_LENGTH_ORDER[i]!]!, 3);
    for (let i = 0; i < this.#runCount; i++) {
      const symbol = this.#runs[i]! & 0xff;
      writeCode(writer, this.#runCodes[symbol]!);
      writer.write(this.#runs[i]! >> 8, runExtra(symbol));
    }
  }
}

/** Writes a code as `CodeLengths.number` makes it. */
export function writeCode(writer: BitWriter, code: number): void {
  writer.write(code & CODE_BITS, code >> CODE_LENGTH_SHIFT);
}

/** How many extra bits follow a symbol for a code length. */
function runExtra(symbol: number): number {
  if (symbol < REPEAT_LAST) return 0;
  return symbol === REPEAT_LAST ? 2 : symbol === REPEAT_ZERO ? 3 : 7;
}

/** How many lengths have to be written: without the zeros at the end, but no fewer than `least`. */
function countWithoutZeros(lengths: Uint8Array, least: number): number {
  let count = lengths.length;
  while (count > least && lengths[count - 1] === 0) count--;
  return count;
}
