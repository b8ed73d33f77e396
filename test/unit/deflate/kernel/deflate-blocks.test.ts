// The blocks that deflate() of every kernel writes: which kind when, codes at their limits, and how long they are beside
// those of zlib.

import { describe, expect, it } from 'vitest';
import { LEVEL_DEFAULT, LEVEL_SMALLEST, POOL_PTR } from '../../../../assembly/shared/deflate-layout.js';
import { CORPORA, messageOf } from '../../../support/inputs/corpora.js';
import { createRandom, randomBytes } from '../../../support/inputs/random.js';
import { DEFLATERS, Deflater, inflateAll, LEVELS, TRAILER, zlibLengths } from '../../../support/kernels/deflating.js';
import { type Block, readDeflate } from '../../../support/oracles/read-deflate.js';

/** Symbols as often as the Fibonacci numbers say, in any order: what makes the longest codes. */
function fibonacciBytes(length: number, seed: number): Uint8Array {
  const random = createRandom(seed);
  const bytes = new Uint8Array(length);
  let start = 0;
  for (let symbol = 0, many = 1, before = 1; start < length; symbol++) {
    bytes.fill(symbol * 7, start, start + many);
    start += many;
    [many, before] = [many + before, many];
  }
  for (let i = length - 1; i > 0; i--) {
    const j = random() % (i + 1);
    [bytes[i], bytes[j]] = [bytes[j]!, bytes[i]!];
  }
  return bytes;
}

describe.each(DEFLATERS)('blocks of deflate, $name kernel', ({ name, kernel }) => {
  it('is the kernel that it says', () => expect(kernel.name).toBe(name));

  /** The blocks of a message, without the empty stored one at the end; what they say is checked. */
  function blocksOf(message: Uint8Array, level: number = LEVEL_DEFAULT): readonly Block[] {
    const payload = new Deflater(kernel, { level }).deflate(message);
    const { bytes, blocks } = readDeflate(Buffer.concat([payload, TRAILER]));
    expect(Buffer.compare(bytes, message)).toBe(0);
    expect(Buffer.compare(inflateAll([payload]), message)).toBe(0);
    expect(blocks.at(-1)).toMatchObject({ kind: 'stored', final: false, literals: 0 });
    return blocks.slice(0, -1);
  }

  it('a short message is fixed, a long text dynamic, noise stored', () => {
    for (const level of LEVELS) {
      expect(blocksOf(Buffer.from('{"ok":true}'), level).map(({ kind }) => kind)).toEqual(['fixed']);
      expect(blocksOf(messageOf('json', 4000, 1), level).map(({ kind }) => kind)).toEqual(['dynamic']);
      expect(blocksOf(randomBytes(4000, 1), level).map(({ kind }) => kind)).toEqual(['stored']);
    }
  });

  it('noise as long as a slice is stored at the least cost', () => {
    for (const length of [32_768, 32_769, 65_535, 65_536]) {
      const payload = new Deflater(kernel).deflate(randomBytes(length, length));
      expect(payload.length).toBe(length + 5 * Math.ceil(length / 65_535) + 1);
    }
  });

  it('never sets BFINAL, and never makes longer what a match could be cut short for', () => {
    for (const corpus of CORPORA) {
      for (const level of LEVELS) {
        for (const block of blocksOf(messageOf(corpus, 40_000, 7), level)) {
          expect(block.final).toBe(false);
          for (const { length } of block.matches) {
            if (length < 3 || length > 258) expect.fail(`a match of ${length}`);
          }
        }
      }
    }
  });

  it('one byte over and over', () => {
    for (const byte of [0, 0x61, 0xff]) {
      for (const length of [1, 2, 3, 4, 5, 258, 259, 260, 262, 263, 300, 517, 40_000, 65_536]) {
        for (const level of LEVELS) {
          const blocks = blocksOf(new Uint8Array(length).fill(byte), level);
          const matches = blocks.flatMap((block) => block.matches);
          const literals = blocks.reduce((sum, block) => sum + block.literals, 0);
          if (length > 8) expect(matches.length).toBeGreaterThan(0);
          expect(matches.length).toBeLessThanOrEqual(Math.ceil(length / 258) + 2);
          expect(literals).toBeLessThanOrEqual(8);
        }
      }
    }
  });

  it('a dynamic block without matches has one distance of length 0', () => {
    // Forty symbols at random: no four of them come again within so few.
    const random = createRandom(16);
    const message = Uint8Array.from({ length: 300 }, () => 0x30 + (random() % 40));
    const [block] = blocksOf(message);
    expect(block).toMatchObject({ kind: 'dynamic', matches: [], literals: 300, distanceLengths: [0] });
  });

  it('a dynamic block with one distance has one code of one bit', () => {
    const random = createRandom(3);
    const half = Uint8Array.from({ length: 200 }, () => 0x61 + (random() % 24));
    const [block] = blocksOf(Buffer.concat([half, half]));
    expect(block!.kind).toBe('dynamic');
    expect(new Set(block!.matches.map(({ distance }) => distance))).toEqual(new Set([200]));
    expect(block!.distanceLengths.filter((length) => length !== 0)).toEqual([1]);
  });

  it('all 256 literals', () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => (i * 167) & 0xff);
    const random = createRandom(1);
    // One of them more often, so that a code of its own pays.
    const skewed = Uint8Array.from({ length: 8000 }, (_, i) => (random() % 3 === 0 ? all[i & 0xff]! : random() & 31));
    expect(blocksOf(all).map(({ kind }) => kind)).toEqual(['stored']);
    const [block] = blocksOf(skewed);
    expect(block!.kind).toBe('dynamic');
    expect(block!.literalLengths.slice(0, 256).every((length) => length > 0)).toBe(true);
  });

  it('codes as long as they may be, and complete', () => {
    // The reader refuses a code that is not complete.
    let longestLiteral = 0;
    let longestLength = 0;
    const look = (message: Uint8Array, level: number) => {
      for (const block of blocksOf(message, level)) {
        longestLiteral = Math.max(longestLiteral, ...block.literalLengths);
        longestLength = Math.max(longestLength, ...block.lengthLengths);
      }
    };
    for (let seed = 1; seed <= 30; seed++) {
      const level = LEVELS[seed % 3]!;
      for (const length of [2000, 20_000, 32_768]) look(fibonacciBytes(length, seed), level);
      for (const corpus of CORPORA) look(messageOf(corpus, seed * 300, seed), level);
    }
    // 15 are allowed; a kernel may keep to fewer.
    expect(longestLiteral).toBeGreaterThanOrEqual(14);
    expect(longestLength).toBe(7);
  });

  describe('how long the messages become, beside zlib', () => {
    // The portable kernel has other ways to find matches, and may be a little worse.
    const allowed = name === 'wasm' ? 1 : 1.1;
    const sum = (lengths: readonly number[]) => lengths.reduce((total, length) => total + length, 0);
    const SIZES = [
      [175, 400],
      [1024, 200],
      [16_384, 20],
      [262_144, 2],
    ] as const;

    it.each(SIZES)('JSON of %i bytes, alone', async (size, count) => {
      const messages = Array.from({ length: count }, (_, i) => messageOf('json', size, i));
      const lengths = (level: number) => {
        const deflater = new Deflater(kernel, { level });
        return sum(messages.map((message) => deflater.deflate(message).length));
      };
      expect(lengths(LEVEL_DEFAULT)).toBeLessThanOrEqual(allowed * sum(await zlibLengths(messages, 1, false, 15)));
      expect(lengths(LEVEL_SMALLEST)).toBeLessThanOrEqual(1.2 * sum(await zlibLengths(messages, 6, false, 15)));
    });

    // Two connections in turns: the messages of one must not help the other.
    it.each(SIZES)('JSON of %i bytes, with takeover', async (size, count) => {
      const messages = Array.from({ length: count }, (_, i) => messageOf('json', size, i));
      const others = Array.from({ length: count }, (_, i) => messageOf('chat', size, i));
      for (const [windowBits, hashBits] of [
        [12, 10],
        [12, 11],
        [15, 12],
      ] as const) {
        const lengths = (level: number) => {
          const options = { ringLength: 2 ** windowBits, hashBits, takeover: true, level };
          const one = new Deflater(kernel, { ...options, contextPtr: POOL_PTR });
          const other = new Deflater(kernel, { ...options, contextPtr: POOL_PTR + 0x10000 });
          return sum(
            messages.map((message, i) => {
              other.deflate(others[i]!);
              return one.deflate(message).length;
            }),
          );
        };
        expect(lengths(LEVEL_DEFAULT)).toBeLessThanOrEqual(
          allowed * sum(await zlibLengths(messages, 1, true, windowBits)),
        );
        expect(lengths(LEVEL_SMALLEST)).toBeLessThanOrEqual(
          allowed * 1.2 * sum(await zlibLengths(messages, 6, true, windowBits)),
        );
      }
    });
  });
});
