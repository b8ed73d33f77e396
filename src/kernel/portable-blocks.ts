// Writing literals and matches as blocks of RFC 1951, in the portable kernel: for each block the kind that is shortest, by
// exact count. Knows tokens and where their bytes lie; not how the matches were found.

import {
  BLOCK_DYNAMIC,
  BLOCK_FIXED,
  BLOCK_STORED,
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
  MAX_CODE_LENGTH,
  MAX_MATCH,
  REPEAT_LAST,
  REPEAT_ZERO,
  REPEAT_ZERO_LONG,
} from './portable-alphabet.js';
import { BitWriter } from './portable-bits.js';
import { CODE_BITS, CODE_LENGTH_SHIFT, CodeLengths } from './portable-code-lengths.js';
import type { PortableMemory } from './portable-mask.js';
import { TOKEN_DISTANCE_BITS, TOKEN_LENGTH_SHIFT } from './portable-matches.js';

/** The most tokens of a block: each further block costs its codes, and may choose others. */
const BLOCK_TOKENS = 0x4000;
/** LEN of a stored block is a u16. */
const MAX_STORED = 0xffff;
/** Header, LEN and NLEN of a stored block at a byte's border. */
const STORED_OVERHEAD = 5;
/** BFINAL, of which there is none, and BTYPE. */
const HEADER_BITS = 3;
/** A block that is no longer than this with the fixed codes seldom gets shorter by codes that it has to bring itself. */
const FIXED_ENOUGH_BITS = 64 << 3;
/** HLIT, HDIST, HCLEN. */
const SIZES_BITS = 5 + 5 + 4;
/** The longest code of a code length: three bits say how long it is. */
const MAX_CODE_LENGTH_CODE = 7;

/** Writes one slice at a time. */
export class PortableBlocks {
  readonly #writer: BitWriter;
  readonly #codeLengths = new CodeLengths(LITERAL_SYMBOLS);

  readonly #fixedLiteralLengths = fixedLiteralLengths();
  readonly #fixedDistanceLengths = fixedDistanceLengths();
  readonly #fixedLiterals: Int32Array;
  readonly #fixedDistances: Int32Array;

  /** Of the block under way: how often each symbol occurs, the lengths of the codes that suit it, and the codes. */
  readonly #literalFrequencies = new Int32Array(LITERAL_SYMBOLS);
  readonly #distanceFrequencies = new Int32Array(DISTANCE_SYMBOLS);
  readonly #literalLengths = new Uint8Array(LITERAL_SYMBOLS);
  readonly #distanceLengths = new Uint8Array(DISTANCE_SYMBOLS);
  readonly #literals = new Int32Array(LITERAL_SYMBOLS);
  readonly #distances = new Int32Array(DISTANCE_SYMBOLS);

  /** The code lengths as the block has them, both alphabets one behind the other. */
  readonly #sequence = new Uint8Array(LITERAL_SYMBOLS + DISTANCE_SYMBOLS);
  /** How they are written: symbols, in bits 0-7, and their extra bits above. */
  readonly #runs = new Uint16Array(LITERAL_SYMBOLS + DISTANCE_SYMBOLS);
  #runCount = 0;
  #literalCount = 0;
  #distanceCount = 0;
  #codeLengthCount = 0;
  readonly #runFrequencies = new Int32Array(CODE_LENGTH_SYMBOLS);
  readonly #runLengths = new Uint8Array(CODE_LENGTH_SYMBOLS);
  readonly #runCodes = new Int32Array(CODE_LENGTH_SYMBOLS);

  /** The symbol of each length. */
  readonly #lengthSymbols = new Uint16Array(MAX_MATCH + 1);
  readonly #literalExtra = new Uint8Array(LITERAL_SYMBOLS);
  readonly #distanceExtra = new Uint8Array(DISTANCE_SYMBOLS);
  readonly #lengthBases = new Uint16Array(LITERAL_SYMBOLS);
  readonly #distanceBases = new Uint16Array(DISTANCE_SYMBOLS);

  constructor(memory: PortableMemory) {
    this.#writer = new BitWriter(memory);
    this.#fixedLiterals = new Int32Array(this.#fixedLiteralLengths.length);
    this.#codeLengths.number(this.#fixedLiteralLengths, this.#fixedLiteralLengths.length, this.#fixedLiterals);
    this.#fixedDistances = new Int32Array(this.#fixedDistanceLengths.length);
    this.#codeLengths.number(this.#fixedDistanceLengths, this.#fixedDistanceLengths.length, this.#fixedDistances);
    for (let symbol = FIRST_LENGTH_SYMBOL; symbol < LITERAL_SYMBOLS; symbol++) {
      const i = symbol - FIRST_LENGTH_SYMBOL;
      this.#literalExtra[symbol] = lengthExtra(i);
      this.#lengthBases[symbol] = lengthBase(i);
      // What of these the next symbol has too, it takes over.
      this.#lengthSymbols.fill(symbol, lengthBase(i));
    }
    for (let symbol = 0; symbol < DISTANCE_SYMBOLS; symbol++) {
      this.#distanceExtra[symbol] = distanceExtra(symbol);
      this.#distanceBases[symbol] = distanceBase(symbol);
    }
  }

  /**
   * Writes a slice to `outputPtr`, and behind it the empty stored block that ends at a byte's border.
   *
   * @param ptr of the slice's bytes
   * @param isLast leave off the last four bytes of that block
   * @returns how many bytes were written; never more than if the slice were stored
   */
  write(tokens: Int32Array, count: number, ptr: number, length: number, outputPtr: number, isLast: boolean): number {
    const writer = this.#writer;
    writer.begin(outputPtr);
    let at = ptr;
    for (let from = 0; from < count; from += BLOCK_TOKENS) {
      at += this.#writeBlock(tokens, from, Math.min(from + BLOCK_TOKENS, count), at);
    }
    let written = this.#flush(isLast) - outputPtr;
    const storedLength = length + STORED_OVERHEAD * Math.ceil(length / MAX_STORED) + (isLast ? 1 : STORED_OVERHEAD);
    if (written > storedLength) {
      // Each block was the shortest of its kind, but one stored block can do for many.
      writer.begin(outputPtr);
      this.#writeStored(ptr, length);
      written = this.#flush(isLast) - outputPtr;
    }
    return written;
  }

  /** RFC 7692 section 7.2.1. @returns the address behind all */
  #flush(isLast: boolean): number {
    const writer = this.#writer;
    writer.write(BLOCK_STORED << 1, HEADER_BITS);
    writer.align();
    if (!isLast) {
      writer.write(0, 16);
      writer.write(0xffff, 16);
    }
    return writer.ptr;
  }

  /** Writes a block of the tokens `from` to `to`, whose bytes begin at `ptr`. @returns how many bytes that are */
  #writeBlock(tokens: Int32Array, from: number, to: number, ptr: number): number {
    const length = this.#count(tokens, from, to);
    const extraBits =
      bitsOf(this.#literalFrequencies, this.#literalExtra) + bitsOf(this.#distanceFrequencies, this.#distanceExtra);
    const fixedBits =
      HEADER_BITS +
      bitsOf(this.#literalFrequencies, this.#fixedLiteralLengths) +
      bitsOf(this.#distanceFrequencies, this.#fixedDistanceLengths) +
      extraBits;
    const dynamicBits =
      fixedBits <= FIXED_ENOUGH_BITS
        ? Number.POSITIVE_INFINITY
        : HEADER_BITS +
          this.#planCodes() +
          bitsOf(this.#literalFrequencies, this.#literalLengths) +
          bitsOf(this.#distanceFrequencies, this.#distanceLengths) +
          extraBits;

    if (this.#storedBits(length) < Math.min(fixedBits, dynamicBits)) {
      this.#writeStored(ptr, length);
    } else if (fixedBits <= dynamicBits) {
      this.#writer.write(BLOCK_FIXED << 1, HEADER_BITS);
      this.#writeTokens(tokens, from, to, this.#fixedLiterals, this.#fixedDistances);
    } else {
      this.#writer.write(BLOCK_DYNAMIC << 1, HEADER_BITS);
      this.#writeCodes();
      this.#writeTokens(tokens, from, to, this.#literals, this.#distances);
    }
    return length;
  }

  /** Counts the symbols of a block. @returns how many bytes they stand for */
  #count(tokens: Int32Array, from: number, to: number): number {
    const literals = this.#literalFrequencies.fill(0);
    const distances = this.#distanceFrequencies.fill(0);
    const lengthSymbols = this.#lengthSymbols;
    let bytes = to - from;
    for (let i = from; i < to; i++) {
      const token = tokens[i]!;
      const length = token >> TOKEN_LENGTH_SHIFT;
      if (length === 0) {
        literals[token]!++;
      } else {
        literals[lengthSymbols[length]!]!++;
        distances[distanceSymbol(token & TOKEN_DISTANCE_BITS)]!++;
        bytes += length - 1;
      }
    }
    literals[END_OF_BLOCK] = 1;
    return bytes;
  }

  /** What the bytes of a block take stored, from the present bit on. */
  #storedBits(length: number): number {
    const padding = -(this.#writer.phase + HEADER_BITS) & 7;
    const first = HEADER_BITS + padding + 32;
    return first + (length << 3) + (Math.ceil(length / MAX_STORED) - 1) * (STORED_OVERHEAD << 3);
  }

  #writeStored(ptr: number, length: number): void {
    const writer = this.#writer;
    for (let at = 0; at < length; at += MAX_STORED) {
      const stored = Math.min(MAX_STORED, length - at);
      writer.write(BLOCK_STORED << 1, HEADER_BITS);
      writer.align();
      writer.write(stored, 16);
      writer.write(stored ^ 0xffff, 16);
      writer.copy(ptr + at, stored);
    }
  }

  #writeTokens(tokens: Int32Array, from: number, to: number, literals: Int32Array, distances: Int32Array): void {
    const writer = this.#writer;
    for (let i = from; i < to; i++) {
      const token = tokens[i]!;
      const length = token >> TOKEN_LENGTH_SHIFT;
      if (length === 0) {
        writeCode(writer, literals[token]!);
        continue;
      }
      const lengthSymbol = this.#lengthSymbols[length]!;
      writeCode(writer, literals[lengthSymbol]!);
      writer.write(length - this.#lengthBases[lengthSymbol]!, this.#literalExtra[lengthSymbol]!);
      const distance = token & TOKEN_DISTANCE_BITS;
      const symbol = distanceSymbol(distance);
      writeCode(writer, distances[symbol]!);
      writer.write(distance - this.#distanceBases[symbol]!, this.#distanceExtra[symbol]!);
    }
    writeCode(writer, literals[END_OF_BLOCK]!);
  }

  /** Chooses the codes of a dynamic block, and how to write them (section 3.2.7). @returns the bits that this takes */
  #planCodes(): number {
    const chooser = this.#codeLengths;
    chooser.choose(this.#literalFrequencies, LITERAL_SYMBOLS, MAX_CODE_LENGTH, this.#literalLengths);
    chooser.choose(this.#distanceFrequencies, DISTANCE_SYMBOLS, MAX_CODE_LENGTH, this.#distanceLengths);
    this.#literalCount = countWithout(this.#literalLengths, LITERAL_SYMBOLS, FIRST_LENGTH_SYMBOL);
    this.#distanceCount = countWithout(this.#distanceLengths, DISTANCE_SYMBOLS, 1);
    this.#makeRuns();
    chooser.choose(this.#runFrequencies, CODE_LENGTH_SYMBOLS, MAX_CODE_LENGTH_CODE, this.#runLengths);
    let codeLengthCount = CODE_LENGTH_SYMBOLS;
    while (codeLengthCount > 4 && this.#runLengths[CODE_LENGTH_ORDER[codeLengthCount - 1]!] === 0) codeLengthCount--;
    this.#codeLengthCount = codeLengthCount;
    const frequencies = this.#runFrequencies;
    const runExtra = frequencies[REPEAT_LAST]! * 2 + frequencies[REPEAT_ZERO]! * 3 + frequencies[REPEAT_ZERO_LONG]! * 7;
    return SIZES_BITS + 3 * codeLengthCount + bitsOf(frequencies, this.#runLengths) + runExtra;
  }

  /** Puts the code lengths of both alphabets, as one sequence, into runs. */
  #makeRuns(): void {
    this.#runFrequencies.fill(0);
    this.#runCount = 0;
    const sequence = this.#sequence;
    const count = this.#literalCount + this.#distanceCount;
    sequence.set(this.#literalLengths);
    sequence.set(this.#distanceLengths, this.#literalCount);
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

  /** Writes the header of a dynamic block, behind BTYPE, as it was planned, and numbers its codes. */
  #writeCodes(): void {
    const writer = this.#writer;
    const chooser = this.#codeLengths;
    chooser.number(this.#literalLengths, LITERAL_SYMBOLS, this.#literals);
    chooser.number(this.#distanceLengths, DISTANCE_SYMBOLS, this.#distances);
    chooser.number(this.#runLengths, CODE_LENGTH_SYMBOLS, this.#runCodes);
    writer.write(this.#literalCount - FIRST_LENGTH_SYMBOL, 5);
    writer.write(this.#distanceCount - 1, 5);
    writer.write(this.#codeLengthCount - 4, 4);
    for (let i = 0; i < this.#codeLengthCount; i++) writer.write(this.#runLengths[CODE_LENGTH_ORDER[i]!]!, 3);
    for (let i = 0; i < this.#runCount; i++) {
      const run = this.#runs[i]!;
      const symbol = run & 0xff;
      writeCode(writer, this.#runCodes[symbol]!);
      if (symbol === REPEAT_LAST) writer.write(run >> 8, 2);
      else if (symbol === REPEAT_ZERO) writer.write(run >> 8, 3);
      else if (symbol === REPEAT_ZERO_LONG) writer.write(run >> 8, 7);
    }
  }
}

function writeCode(writer: BitWriter, code: number): void {
  writer.write(code & CODE_BITS, code >> CODE_LENGTH_SHIFT);
}

/** The symbol of a distance: they double every two symbols, so the highest bit and the one below it say which. */
function distanceSymbol(distance: number): number {
  const n = distance - 1;
  if (n < 2) return n;
  const highest = 31 - Math.clz32(n);
  return 2 * highest + ((n >> (highest - 1)) & 1);
}

/** How many bits the symbols take that occur so often and have so many bits each. */
function bitsOf(frequencies: Int32Array, bits: Uint8Array): number {
  let sum = 0;
  for (let symbol = 0; symbol < frequencies.length; symbol++) sum += frequencies[symbol]! * bits[symbol]!;
  return sum;
}

/** How many symbols have to be written: without the zeros at the end, but no fewer than `least`. */
function countWithout(lengths: Uint8Array, symbols: number, least: number): number {
  while (symbols > least && lengths[symbols - 1] === 0) symbols--;
  return symbols;
}
