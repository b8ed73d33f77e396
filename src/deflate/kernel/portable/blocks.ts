// Writing literals and matches as blocks of RFC 1951, in the portable kernel: for each block the kind that is shortest, by
// exact count. Knows tokens and where their bytes lie; not how the matches were found.

import type { PortableMemory } from '../../../kernel/portable/mask.js';
import {
  BLOCK_DYNAMIC,
  BLOCK_FIXED,
  BLOCK_STORED,
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
  MAX_MATCH,
} from './alphabet.js';
import { BitWriter } from './bits.js';
import { BlockCodes, writeCode } from './block-codes.js';
import { CodeLengths } from './code-lengths.js';
import { TOKEN_DISTANCE_BITS, TOKEN_LENGTH_SHIFT } from './matches.js';

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

/** Writes one slice at a time. */
export class PortableBlocks {
  readonly #writer: BitWriter;
  readonly #codes = new BlockCodes();

  readonly #fixedLiteralLengths = fixedLiteralLengths();
  readonly #fixedDistanceLengths = fixedDistanceLengths();
  readonly #fixedLiterals: Int32Array;
  readonly #fixedDistances: Int32Array;

  /** How often each symbol occurs in the block under way. */
  readonly #literalFrequencies = new Int32Array(LITERAL_SYMBOLS);
  readonly #distanceFrequencies = new Int32Array(DISTANCE_SYMBOLS);

  /** The symbol of each length. */
  readonly #lengthSymbols = new Uint16Array(MAX_MATCH + 1);
  readonly #literalExtra = new Uint8Array(LITERAL_SYMBOLS);
  readonly #distanceExtra = new Uint8Array(DISTANCE_SYMBOLS);
  readonly #lengthBases = new Uint16Array(LITERAL_SYMBOLS);
  readonly #distanceBases = new Uint16Array(DISTANCE_SYMBOLS);

  constructor(memory: PortableMemory) {
    this.#writer = new BitWriter(memory);
    const codeLengths = new CodeLengths(LITERAL_SYMBOLS);
    this.#fixedLiterals = new Int32Array(this.#fixedLiteralLengths.length);
    codeLengths.number(this.#fixedLiteralLengths, this.#fixedLiteralLengths.length, this.#fixedLiterals);
    this.#fixedDistances = new Int32Array(this.#fixedDistanceLengths.length);
    codeLengths.number(this.#fixedDistanceLengths, this.#fixedDistanceLengths.length, this.#fixedDistances);
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
          this.#codes.choose(this.#literalFrequencies, this.#distanceFrequencies) +
          bitsOf(this.#literalFrequencies, this.#codes.literalLengths) +
          bitsOf(this.#distanceFrequencies, this.#codes.distanceLengths) +
          extraBits;

    if (this.#storedBits(length) < Math.min(fixedBits, dynamicBits)) {
      this.#writeStored(ptr, length);
    } else if (fixedBits <= dynamicBits) {
      this.#writer.write(BLOCK_FIXED << 1, HEADER_BITS);
      this.#writeTokens(tokens, from, to, this.#fixedLiterals, this.#fixedDistances);
    } else {
      this.#writer.write(BLOCK_DYNAMIC << 1, HEADER_BITS);
      this.#codes.write(this.#writer);
      this.#writeTokens(tokens, from, to, this.#codes.literals, this.#codes.distances);
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
