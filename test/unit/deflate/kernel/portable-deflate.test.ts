// What is the portable deflate kernel's own: its Huffman codes, its decoding tables, and how well it deflates. What it shares
// with the other kernel is tested in deflate*.test.ts and inflate*.test.ts, over both.

import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  LEVEL_DEFAULT,
  LEVEL_FASTEST,
  LEVEL_SMALLEST,
  MAX_HASH_BITS,
  MAX_WINDOW_LENGTH,
  POOL_PTR,
} from '../../../../assembly/shared/deflate-layout.js';
import {
  distanceBase,
  distanceExtra,
  fixedDistanceLengths,
  fixedLiteralLengths,
  lengthBase,
  lengthExtra,
} from '../../../../src/deflate/kernel/portable/alphabet.js';
import { CODE_BITS, CODE_LENGTH_SHIFT, CodeLengths } from '../../../../src/deflate/kernel/portable/code-lengths.js';
import {
  CODE_LENGTH_BITS,
  DecodingTable,
  entryOf,
  KIND_BITS,
  KIND_INVALID,
  KIND_LITERAL,
  VALUE_SHIFT,
} from '../../../../src/deflate/kernel/portable/decoding-table.js';
import { createPortableDeflateKernel } from '../../../../src/deflate/kernel/portable/portable-deflate.js';
import { CORPORA, messageOf } from '../../../support/inputs/corpora.js';
import { createRandom } from '../../../support/inputs/random.js';
import { Deflater, TRAILER } from '../../../support/kernels/deflating.js';
import { readDeflate } from '../../../support/oracles/read-deflate.js';

const random = createRandom(1);

/** Frequencies of a kind: even, steep, or so steep that an optimal code would be far too long. */
function frequenciesOf(symbols: number, kind: number): Int32Array {
  const frequencies = new Int32Array(symbols);
  let [a, b] = [1, 1];
  for (let symbol = 0; symbol < symbols; symbol++) {
    if (random() % 3 === 0) continue;
    if (kind === 0) frequencies[symbol] = 1 + (random() % 50);
    else if (kind === 1) frequencies[symbol] = 1 + Math.floor(2 ** ((random() % 160) / 10));
    else if (b < 60_000) [frequencies[symbol], a, b] = [b, b, a + b];
  }
  return frequencies;
}

/** The bits of the best code whose lengths are at most `limit`: package-merge (Larmore and Hirschberg 1990). */
function leastBits(frequencies: Int32Array, limit: number): number {
  const coins = [...frequencies].filter((frequency) => frequency > 0).sort((a, b) => a - b);
  let packages: number[] = [];
  for (let length = 0; length < limit; length++) {
    const merged = [...coins, ...packages].sort((a, b) => a - b);
    packages = Array.from({ length: merged.length >> 1 }, (_, i) => merged[2 * i]! + merged[2 * i + 1]!);
  }
  return packages.slice(0, coins.length - 1).reduce((sum, weight) => sum + weight, 0);
}

describe('the alphabets (RFC 1951 section 3.2.5)', () => {
  it('lengths follow each other from 3 to 258', () => {
    const lengths = Array.from({ length: 29 }, (_, i) => lengthBase(i));
    expect(lengths.slice(0, 9)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11]);
    for (let i = 1; i < 28; i++) expect(lengthBase(i)).toBe(lengthBase(i - 1) + 2 ** lengthExtra(i - 1));
    expect([lengthBase(27), lengthExtra(27), lengthBase(28), lengthExtra(28)]).toEqual([227, 5, 258, 0]);
  });

  it('distances follow each other from 1 to 32,768', () => {
    for (let i = 1; i < 30; i++) expect(distanceBase(i)).toBe(distanceBase(i - 1) + 2 ** distanceExtra(i - 1));
    expect([distanceBase(0), distanceExtra(0), distanceBase(29) + 2 ** distanceExtra(29) - 1]).toEqual([1, 0, 32_768]);
  });
});

describe('code lengths', () => {
  it.each([
    ['literals', 286, 15],
    ['distances', 30, 15],
    ['code lengths', 19, 7],
  ] as const)('%s: complete, within the limit, and optimal but for what the limit costs', (_, symbols, limit) => {
    const chooser = new CodeLengths(symbols);
    const lengths = new Uint8Array(symbols);
    for (let round = 0; round < 300; round++) {
      const frequencies = frequenciesOf(symbols, round % 3);
      chooser.choose(frequencies, symbols, limit, lengths);
      const used = frequencies.filter((frequency) => frequency > 0).length;
      expect([...lengths].map(Boolean)).toEqual([...frequencies].map(Boolean));
      if (used < 2) continue;
      expect(Math.max(...lengths)).toBeLessThanOrEqual(limit);
      expect(lengths.reduce((sum, length) => sum + (length > 0 ? 2 ** -length : 0), 0)).toBe(1);
      const bits = lengths.reduce((sum, length, symbol) => sum + length * frequencies[symbol]!, 0);
      const unlimited = leastBits(frequencies, 30);
      if (leastBits(frequencies, limit) === unlimited) expect(bits).toBe(unlimited);
      else expect(bits).toBeLessThan(leastBits(frequencies, limit) * 1.1);
    }
  });

  it('one symbol takes one bit, none takes none', () => {
    const chooser = new CodeLengths(30);
    const lengths = new Uint8Array(30).fill(9);
    chooser.choose(new Int32Array(30), 30, 15, lengths);
    expect([...lengths]).toEqual(Array<number>(30).fill(0));
    chooser.choose(
      Int32Array.from({ length: 30 }, (_, i) => (i === 7 ? 5 : 0)),
      30,
      15,
      lengths,
    );
    expect([...lengths]).toEqual(Array.from({ length: 30 }, (_, i) => (i === 7 ? 1 : 0)));
  });
});

describe('decoding tables', () => {
  const meanings = Int32Array.from({ length: 288 }, (_, symbol) => entryOf(KIND_LITERAL, symbol));

  /** The entry that a table finds for the bits ahead. */
  function look(table: DecodingTable, bits: number, ahead: number): number {
    return table.entries[ahead & (2 ** bits - 1)]! || table.decodeLong(ahead);
  }

  function expectDecodes(lengths: Uint8Array, bits: number): void {
    const table = new DecodingTable(bits, meanings);
    expect(table.build(lengths, 0, lengths.length, false)).toBe(true);
    const codes = new Int32Array(lengths.length);
    new CodeLengths(lengths.length).number(lengths, lengths.length, codes);
    for (const [symbol, length] of lengths.entries()) {
      if (length === 0) continue;
      // Whatever bits follow the code.
      for (const rest of [0, -1, random()]) {
        const entry = look(table, bits, ((codes[symbol]! & CODE_BITS) | (rest << length)) & 0x3fffffff);
        expect([entry >> VALUE_SHIFT, entry & CODE_LENGTH_BITS]).toEqual([symbol, length]);
      }
      expect(codes[symbol]! >> CODE_LENGTH_SHIFT).toBe(length);
    }
  }

  it.each([1, 7, 8, 10, 15])('find every code, with %i bits of table', (bits) => {
    expectDecodes(fixedLiteralLengths(), bits);
    expectDecodes(fixedDistanceLengths(), bits);
    const lengths = new Uint8Array(286);
    for (let round = 0; round < 30; round++) {
      const frequencies = frequenciesOf(286, round % 3);
      frequencies.fill(1, 0, 2);
      new CodeLengths(286).choose(frequencies, 286, 15, lengths);
      expectDecodes(lengths, bits);
    }
  });

  it.each([
    ['none', [0, 0, 0], true],
    ['one of one bit', [0, 1, 0], true],
    ['one of two bits', [0, 2, 0], false],
    ['two of two bits', [2, 2, 0], false],
    ['a pattern left over', [1, 2, 0], false],
    ['one too many', [1, 1, 1], false],
    ['one too many at the end', [1, 2, 15, 2], false],
  ] as const)('incomplete or over-subscribed: %s', (_, lengths, isRight) => {
    const table = new DecodingTable(7, meanings);
    expect(table.build(Uint8Array.from(lengths), 0, lengths.length, true)).toBe(isRight);
    expect(table.build(Uint8Array.from(lengths), 0, lengths.length, false)).toBe(false);
  });

  it('a pattern that no code has is invalid, and one bit long', () => {
    const table = new DecodingTable(8, meanings);
    table.build(Uint8Array.of(0, 0, 1), 0, 3, true);
    expect([look(table, 8, 0) >> VALUE_SHIFT, look(table, 8, 0) & KIND_BITS]).toEqual([2, KIND_LITERAL]);
    expect([look(table, 8, 1) & KIND_BITS, look(table, 8, 1) & CODE_LENGTH_BITS]).toEqual([KIND_INVALID, 1]);
  });
});

describe('how far matches reach', () => {
  const kernel = createPortableDeflateKernel(4);
  const PATTERN = Buffer.from('what was said once, long ago');

  it.each([8, 9, 12, 15])('to the end of a window of %i bits and no further', (windowBits) => {
    const windowLength = 2 ** windowBits;
    for (const ringLength of new Set([windowLength, MAX_WINDOW_LENGTH])) {
      for (const level of [LEVEL_FASTEST, LEVEL_DEFAULT, LEVEL_SMALLEST]) {
        for (const distance of [windowLength - 1, windowLength, windowLength + 1]) {
          const deflater = new Deflater(kernel, {
            ...{ contextPtr: POOL_PTR, ringLength, windowLength, hashBits: MAX_HASH_BITS },
            ...{ level, takeover: true },
          });
          // Nothing between the two hashes like the pattern.
          const first = Buffer.concat([PATTERN, Buffer.alloc(distance - PATTERN.length)]);
          const payloads = [first, PATTERN].flatMap((message) => [deflater.deflate(message), TRAILER]);
          const { bytes, blocks } = readDeflate(Buffer.concat(payloads), windowLength);
          expect(Buffer.compare(bytes, Buffer.concat([first, PATTERN]))).toBe(0);
          const distances = blocks.flatMap(({ matches }) => matches.map((match) => match.distance));
          expect([distance, distances.includes(distance)]).toEqual([distance, distance <= windowLength]);
        }
      }
    }
  });
});

describe.each(CORPORA)('%s', (corpus) => {
  const kernel = createPortableDeflateKernel(0);
  const zlibLength = (message: Uint8Array, level: number) =>
    deflateRawSync(message, { level, finishFlush: constants.Z_SYNC_FLUSH }).length - 4;

  it.each([175, 1024, 16_384, 262_144])('%i bytes get as small as the bars of issue 4', (length) => {
    const sums = { fastest: 0, default: 0, smallest: 0, zlib1: 0, zlib6: 0 };
    for (let seed = 1; seed <= 5; seed++) {
      const message = messageOf(corpus, length, seed);
      const deflated = (level: number) =>
        new Deflater(kernel, { level, ringLength: MAX_WINDOW_LENGTH, hashBits: MAX_HASH_BITS }).deflate(message).length;
      sums.fastest += deflated(LEVEL_FASTEST);
      sums.default += deflated(LEVEL_DEFAULT);
      sums.smallest += deflated(LEVEL_SMALLEST);
      sums.zlib1 += zlibLength(message, 1);
      sums.zlib6 += zlibLength(message, 6);
    }
    if (process.env.WSIMD_SIZES) console.log(corpus, length, JSON.stringify(sums));
    expect(sums.default).toBeLessThanOrEqual(sums.zlib1);
    expect(sums.smallest).toBeLessThanOrEqual(sums.zlib6 * 1.2);
    expect(sums.fastest).toBeLessThanOrEqual(sums.zlib1 * 1.2);
  });
});
