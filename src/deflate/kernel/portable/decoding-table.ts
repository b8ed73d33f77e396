// Decoding a Huffman code of RFC 1951 (section 3.2.2): from code lengths to a table that is looked up with the bits ahead.
// Knows no block and no stream: what a symbol means is handed in as an entry.

import { MAX_CODE_LENGTH } from './alphabet.js';

// ---- An entry: what a symbol means, in one word
//
//    31        12   10-11    9-8      7-4      3-0
//   ┌──────────────┬───────┬────────┬────────┬────────┐
//   │ value        │ 0     │ kind   │ extra  │ code   │
//   │              │       │        │ bits   │ length │
//   └──────────────┴───────┴────────┴────────┴────────┘
//
// The code length is 0 in what is handed in, and put in by the table.

/** A literal byte, or a code length. */
export const KIND_LITERAL = 0 << 8;
/** A length or a distance: the value is its base, to which the extra bits are added. */
export const KIND_BASE = 1 << 8;
export const KIND_END = 2 << 8;
/** No symbol, or one that must not occur. */
export const KIND_INVALID = 3 << 8;
export const KIND_BITS = 3 << 8;

export const CODE_LENGTH_BITS = 0x0f;
export const EXTRA_SHIFT = 4;
export const EXTRA_BITS = 0x0f;
export const VALUE_SHIFT = 12;

export function entryOf(kind: number, value: number, extra = 0): number {
  return (value << VALUE_SHIFT) | kind | (extra << EXTRA_SHIFT);
}

const ENTRY_INVALID = entryOf(KIND_INVALID, 0);

/** A code of which nothing is known before the lengths have been read. */
export class DecodingTable {
  /** Looked up with the next `bits` bits, first bit lowest. 0: the code is longer than that, see `decodeLong`. */
  readonly entries: Int32Array;
  readonly #bits: number;
  readonly #meanings: Int32Array;
  /** How many codes have each length. */
  readonly #counts = new Uint16Array(MAX_CODE_LENGTH + 1);
  readonly #next = new Uint16Array(MAX_CODE_LENGTH + 1);
  /** The symbols that have a code, in the order of their codes: by length, then by symbol. */
  readonly #sorted: Uint16Array;

  /**
   * @param bits the longest code that one look finds
   * @param meanings the entry of each symbol
   */
  constructor(bits: number, meanings: Int32Array) {
    this.entries = new Int32Array(1 << bits);
    this.#bits = bits;
    this.#meanings = meanings;
    this.#sorted = new Uint16Array(meanings.length);
  }

  /**
   * Takes the code whose lengths stand at `lengths[from]` to `lengths[to - 1]`.
   *
   * @param mayLack whether the code may be of one symbol of one bit, or of none (section 3.2.7); any other must use every
   *   bit pattern
   * @returns false if it is no code
   */
  build(lengths: Uint8Array, from: number, to: number, mayLack: boolean): boolean {
    const counts = this.#counts.fill(0);
    for (let i = from; i < to; i++) counts[lengths[i]!]!++;
    const used = to - from - counts[0]!;
    counts[0] = 0;

    // Of the patterns of `length` bits, how many no shorter code has taken.
    let free = 1;
    for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
      free = 2 * free - counts[length]!;
      if (free < 0) return false;
    }
    if (free > 0 && !(mayLack && used === counts[1] && used <= 1)) return false;

    this.#sort(lengths, from, to);
    this.#fill(free > 0 ? ENTRY_INVALID | 1 : 0);
    return true;
  }

  #sort(lengths: Uint8Array, from: number, to: number): void {
    const counts = this.#counts;
    const next = this.#next;
    const sorted = this.#sorted;
    next[1] = 0;
    for (let length = 1; length < MAX_CODE_LENGTH; length++) next[length + 1] = next[length]! + counts[length]!;
    for (let i = from; i < to; i++) {
      const length = lengths[i]!;
      if (length !== 0) sorted[next[length]!++] = i - from;
    }
  }

  /** Writes each code's entry wherever its bits are the lowest of an index. @param rest what the others are */
  #fill(rest: number): void {
    const { entries } = this;
    const counts = this.#counts;
    const sorted = this.#sorted;
    const meanings = this.#meanings;
    entries[0] = rest;
    // Codes are counted up from their first bit, which is the lowest here: so the carry runs downwards. A code that is one
    // bit longer has a 0 behind it, so it is the same number.
    let code = 0;
    let i = 0;
    for (let length = 1; length <= this.#bits; length++) {
      // One bit more, which those before do not look at: all that they have stands twice.
      const half = 1 << (length - 1);
      entries.copyWithin(half, 0, half);
      for (let end = i + counts[length]!; i < end; i++) {
        entries[code] = meanings[sorted[i]!]! | length;
        let carry = half;
        while ((code & carry) !== 0) {
          code ^= carry;
          carry >>= 1;
        }
        code |= carry;
      }
    }
  }

  /** The entry for a code that is longer than the table's bits: found length by length. @param ahead at least 15 bits */
  decodeLong(ahead: number): number {
    const counts = this.#counts;
    // Codes of one length are consecutive numbers, `first` the lowest of them, and `index` its place among the symbols.
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
      code |= ahead & 1;
      ahead >>>= 1;
      const count = counts[length]!;
      if (code < first + count) return this.#meanings[this.#sorted[index + code - first]!]! | length;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    // Not reached: a code that does not use every pattern has no long ones.
    return ENTRY_INVALID | MAX_CODE_LENGTH;
  }
}
