// Huffman codes for deflate in the portable kernel: frequencies → code lengths with a limit → codes (RFC 1951 section 3.2.2).

import { MAX_CODE_LENGTH } from './alphabet.js';

/** A word of the sorted list: frequency above, symbol below. A slice has fewer than 2^17 of any symbol. */
const SYMBOL_BITS = 9;
const SYMBOL_MASK = (1 << SYMBOL_BITS) - 1;

/** What is computed with, so that nothing is allocated for a block. */
export class CodeLengths {
  /** The symbols that occur, the rarest first. */
  readonly #sorted: Int32Array;
  /** Of the nodes that join two others, in the order in which they are made: the weight, then the parent, then the depth. */
  readonly #nodes: Int32Array;
  readonly #counts = new Int32Array(MAX_CODE_LENGTH + 1);
  readonly #next = new Int32Array(MAX_CODE_LENGTH + 1);

  /** @param symbols the most that an alphabet has */
  constructor(symbols: number) {
    this.#sorted = new Int32Array(symbols);
    this.#nodes = new Int32Array(symbols);
  }

  /**
   * Chooses the lengths of an optimal code, or of one near it where the optimal one is too long. A single symbol gets a
   * code of one bit.
   *
   * @param frequencies of `symbols` symbols; those of 0 get no code
   * @param limit the longest code that is allowed, in bits
   */
  choose(frequencies: Int32Array, symbols: number, limit: number, lengths: Uint8Array): void {
    const sorted = this.#sorted;
    let used = 0;
    for (let symbol = 0; symbol < symbols; symbol++) {
      lengths[symbol] = 0;
      const frequency = frequencies[symbol]!;
      if (frequency > 0) sorted[used++] = (frequency << SYMBOL_BITS) | symbol;
    }
    if (used < 2) {
      if (used === 1) lengths[sorted[0]! & SYMBOL_MASK] = 1;
      return;
    }
    sorted.subarray(0, used).sort();
    this.#countLengths(used, limit);
    let i = 0;
    for (let length = limit; length > 0; length--) {
      for (let left = this.#counts[length]!; left > 0; left--) lengths[sorted[i++]! & SYMBOL_MASK] = length;
    }
  }

  /** How many codes get which length. Two queues, both sorted: symbols, and nodes as they are made (van Leeuwen 1976). */
  #countLengths(used: number, limit: number): void {
    const sorted = this.#sorted;
    const nodes = this.#nodes;
    const made = used - 1;
    let symbol = 0;
    let node = 0;
    for (let i = 0; i < made; i++) {
      let weight = 0;
      for (let child = 0; child < 2; child++) {
        if (node < i && (symbol === used || nodes[node]! < sorted[symbol]! >> SYMBOL_BITS)) {
          weight += nodes[node]!;
          nodes[node++] = i;
        } else {
          weight += sorted[symbol++]! >> SYMBOL_BITS;
        }
      }
      nodes[i] = weight;
    }

    // From the root down: a node's children lie one deeper. What of a depth's places the nodes do not take, symbols do.
    const counts = this.#counts.fill(0);
    nodes[made - 1] = 0;
    for (let i = made - 2; i >= 0; i--) nodes[i] = nodes[nodes[i]!]! + 1;
    let places = 1;
    let i = made - 1;
    for (let depth = 0; places > 0; depth++) {
      let taken = 0;
      for (; i >= 0 && nodes[i] === depth; i--) taken++;
      counts[Math.min(depth, limit)]! += places - taken;
      places = 2 * taken;
    }
    this.#shorten(limit);
  }

  /** Mends a code of which some were cut to the limit: counted in the longest codes it takes more than there are. */
  #shorten(limit: number): void {
    const counts = this.#counts;
    let taken = 0;
    for (let length = 1; length <= limit; length++) taken += counts[length]! << (limit - length);
    for (; taken > 1 << limit; taken--) {
      // One of the longest takes the place beside one that is shorter, which moves down by a bit: one less is taken.
      let length = limit - 1;
      while (counts[length] === 0) length--;
      counts[limit]!--;
      counts[length]!--;
      counts[length + 1]! += 2;
    }
  }

  /**
   * Numbers the codes (section 3.2.2).
   *
   * @param codes for each symbol that has a length: the code, its first bit lowest, and from bit 16 on its length
   */
  number(lengths: Uint8Array, symbols: number, codes: Int32Array): void {
    const counts = this.#counts.fill(0);
    const next = this.#next;
    for (let symbol = 0; symbol < symbols; symbol++) counts[lengths[symbol]!]!++;
    counts[0] = 0;
    let code = 0;
    for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
      code = (code + counts[length - 1]!) << 1;
      next[length] = code;
    }
    for (let symbol = 0; symbol < symbols; symbol++) {
      const length = lengths[symbol]!;
      if (length > 0) codes[symbol] = reverse(next[length]!++, length) | (length << CODE_LENGTH_SHIFT);
    }
  }
}

export const CODE_BITS = 0xffff;
export const CODE_LENGTH_SHIFT = 16;

/** The lowest `length` bits, up to 16, in reverse order. */
function reverse(bits: number, length: number): number {
  // Neighbours change places: bits, pairs, fours, bytes.
  bits = ((bits & 0x5555) << 1) | ((bits >> 1) & 0x5555);
  bits = ((bits & 0x3333) << 2) | ((bits >> 2) & 0x3333);
  bits = ((bits & 0x0f0f) << 4) | ((bits >> 4) & 0x0f0f);
  bits = ((bits & 0x00ff) << 8) | (bits >> 8);
  return bits >> (16 - length);
}
