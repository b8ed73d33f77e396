// inflate() of every kernel on blocks written by hand, each under its section of RFC 1951: what a block may hold, and each
// thing that it may not. zlib judges every one of them too.

import { constants, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  INFLATE_ERROR_DATA,
  INFLATE_FIRST,
  INPUT_PTR,
  MAX_WINDOW_LENGTH,
  OUTCOME_PTR,
  OUTCOME_STATUS,
  OUTPUT_CAPACITY,
  POOL_PTR,
} from '../../../../assembly/shared/deflate-layout.js';
import { BitWriter, INFLATE_KERNELS, Inflater, zlibVerdict } from '../../../support/kernels/inflating.js';
import {
  block,
  codesOf,
  dynamic,
  END_OF_BLOCK,
  FIXED,
  FIXED_CODES,
  fixed,
  lengthsAt,
  STORED,
  zeros,
} from './blocks.js';

describe.each(INFLATE_KERNELS)('$name', ({ kernel }) => {
  /** What a fresh connection makes of a message: its bytes as text, or undefined; the same whole and byte by byte. */
  function inflate(writer: BitWriter): string | undefined {
    const message = writer.message();
    const outcomes = [{}, { pieces: new Array(message.length).fill(1) }, { capacities: [1] }].map((options) => {
      const outcome = new Inflater(kernel).inflate(message, options);
      return outcome.status === 'done' ? outcome.bytes.toString('latin1') : undefined;
    });
    expect(outcomes[1]).toBe(outcomes[0]);
    expect(outcomes[2]).toBe(outcomes[0]);
    expect(zlibVerdict(message)?.toString('latin1')).toBe(outcomes[0]);
    return outcomes[0];
  }

  /** Whether what a message begins with is refused without its end: the same as zlib does. */
  function isRefusedBeforeItsEnd(writer: BitWriter): boolean {
    const bytes = writer.bytes();
    const memory = new Uint8Array(kernel.memory);
    kernel.initContext(POOL_PTR, MAX_WINDOW_LENGTH, 0);
    memory.set(bytes, INPUT_PTR);
    kernel.inflate(POOL_PTR, MAX_WINDOW_LENGTH, bytes.length, INFLATE_FIRST, OUTPUT_CAPACITY);
    const isRefused = new DataView(kernel.memory).getInt32(OUTCOME_PTR + OUTCOME_STATUS, true) === INFLATE_ERROR_DATA;
    let code: unknown;
    try {
      inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
    } catch (error) {
      code = (error as NodeJS.ErrnoException).code;
    }
    expect(code).toBe(isRefused ? 'Z_DATA_ERROR' : undefined);
    return isRefused;
  }

  describe('3.2.3: the header of a block', () => {
    it('blocks of every type follow each other', () => {
      const writer = fixed(0x41, END_OF_BLOCK).number(0, 1).number(STORED, 2).align();
      writer.number(1, 16).number(0xfffe, 16).number(0x42, 8);
      expect(inflate(writer.number(0, 1).number(FIXED, 2).codes(FIXED_CODES[0x43]!).codes('0000000'))).toBe('ABC');
    });

    it('type 3 is none', () => expect(inflate(block(3))).toBeUndefined());

    it('behind BFINAL the next block begins at the next byte', () => {
      const writer = new BitWriter().number(1, 1).number(FIXED, 2).codes(FIXED_CODES[0x41]!).codes('0000000').align(1);
      expect(inflate(writer.number(0, 1).number(FIXED, 2).codes(FIXED_CODES[0x42]!).codes('0000000'))).toBe('AB');
    });
  });

  describe('3.2.4: stored blocks', () => {
    const stored = (length: number, complement: number, bit = 0) =>
      block(STORED).align(bit).number(length, 16).number(complement, 16);

    it('may be empty', () => expect(inflate(stored(0, 0xffff))).toBe(''));
    it('whatever the padding is', () => expect(inflate(stored(1, 0xfffe, 1).number(0x41, 8))).toBe('A'));
    it('NLEN must be the complement of LEN', () => {
      expect(inflate(stored(1, 0xffff).number(0x41, 8))).toBeUndefined();
      expect(inflate(stored(1, 0x0001).number(0x41, 8))).toBeUndefined();
      expect(inflate(stored(0, 0x0000))).toBeUndefined();
    });
    it('may not be longer than what there is', () => {
      expect(inflate(stored(9, 0xfff6).number(0x41, 8))).toBeUndefined();
    });
  });

  describe('3.2.5: lengths and distances', () => {
    const BASES = [
      3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
    ];
    const LENGTHS: [symbol: number, extraBits: number, base: number][] = [...BASES, 227].map((base, i) => [
      257 + i,
      i < 8 ? 0 : (i >> 2) - 1,
      base,
    ]);
    const distanceBase = (symbol: number) =>
      symbol < 4 ? symbol + 1 : 1 + (2 + (symbol & 1)) * 2 ** ((symbol >> 1) - 1);

    it.each([...LENGTHS, [285, 0, 258] as const])(
      'length symbol %i with %i extra bits begins at %i',
      (symbol, extraBits, base) => {
        for (const extra of [0, 2 ** extraBits - 1]) {
          const writer = fixed(0x61, symbol).number(extra, extraBits).codes('00000').codes('0000000');
          expect(inflate(writer)).toBe('a'.repeat(1 + base + extra));
        }
      },
    );

    it('284 with all extra bits is 258 too', () => {
      expect(inflate(fixed(0x61, 284).number(31, 5).codes('00000 0000000'))).toBe('a'.repeat(259));
    });

    it.each(Array.from({ length: 30 }, (_, symbol) => [symbol, distanceBase(symbol)] as const))(
      'distance symbol %i begins at %i',
      (symbol, base) => {
        const extraBits = symbol < 4 ? 0 : (symbol >> 1) - 1;
        for (const extra of [0, 2 ** extraBits - 1]) {
          const distance = base + extra;
          const history = Array.from({ length: distance }, (_, i) =>
            String.fromCharCode(97 + ((i * i + (i >> 5)) % 26)),
          );
          for (const available of [distance, distance - 1]) {
            const writer = block(STORED)
              .align()
              .number(available, 16)
              .number(~available & 0xffff, 16);
            for (const letter of history.slice(0, available)) writer.number(letter.charCodeAt(0), 8);
            writer.number(0, 1).number(FIXED, 2).codes(FIXED_CODES[285]!);
            writer.codes(symbol.toString(2).padStart(5, '0')).number(extra, extraBits).codes('0000000');
            const expected = history.join('');
            expect(inflate(writer)).toBe(
              available === distance ? expected + expected.repeat(259).slice(0, 258) : undefined,
            );
          }
        }
      },
    );

    it('no distance reaches beyond the window', () => {
      for (const windowLength of [256, 512, 32_768]) {
        for (const more of [0, 1]) {
          const distance = Math.min(windowLength + more, 32_768);
          const symbol = Array.from({ length: 30 }, (_, i) => i).findLast((i) => distanceBase(i) <= distance)!;
          const writer = block(STORED)
            .align()
            .number(40_000, 16)
            .number(~40_000 & 0xffff, 16);
          for (let i = 0; i < 40_000; i++) writer.number(i % 251, 8);
          writer.number(0, 1).number(FIXED, 2).codes(FIXED_CODES[257]!).codes(symbol.toString(2).padStart(5, '0'));
          writer.number(distance - distanceBase(symbol), symbol < 4 ? 0 : (symbol >> 1) - 1).codes('0000000');
          const message = writer.message();
          for (const pieces of [[], [20_000]]) {
            const inflater = new Inflater(kernel, { ringLength: Math.max(windowLength, 32_768), windowLength });
            const outcome = inflater.inflate(message, { pieces, capacities: [39_999, 4000] });
            expect([windowLength, more, pieces, outcome.status]).toEqual([
              windowLength,
              more,
              pieces,
              distance > windowLength ? 'data' : 'done',
            ]);
          }
        }
      }
    });

    it('nothing lies before the first byte', () => {
      expect(inflate(fixed(257).codes('00000 0000000'))).toBeUndefined();
      expect(inflate(fixed(0x61, 257).codes('00001 0000000'))).toBeUndefined();
    });
  });

  describe('3.2.6: the fixed codes', () => {
    it('every literal', () => {
      const all = Array.from({ length: 256 }, (_, i) => i);
      expect(inflate(fixed(...all, END_OF_BLOCK))).toBe(String.fromCharCode(...all));
    });
    it.each([286, 287])('length symbol %i means nothing', (symbol) => {
      expect(inflate(fixed(0x61, symbol).codes('00000 0000000'))).toBeUndefined();
    });
    it.each(['11110', '11111'])('distance code %s means nothing', (code) => {
      expect(inflate(fixed(0x61, 257).codes(code).codes('0000000'))).toBeUndefined();
    });
  });

  describe('3.2.7: the header of a dynamic block', () => {
    /** 'a' and the end of the block, a bit each; no distances. */
    const LITERALS = lengthsAt(257, { 97: 1, 256: 1 });

    it('literals only', () => expect(inflate(dynamic({ sequence: [...LITERALS, 0] }).codes('0 0 1'))).toBe('aa'));

    it('HLIT is at most 286, HDIST at most 30', () => {
      const good = { literals: 286, distances: 30, sequence: [...lengthsAt(286, { 97: 1, 256: 1 }), ...zeros(30)] };
      expect(inflate(dynamic(good).codes('0 1'))).toBe('a');
      for (const literals of [287, 288]) {
        const sequence = [...lengthsAt(literals, { 97: 1, 256: 1 }), 0];
        expect(inflate(dynamic({ literals, sequence }).codes('0 1'))).toBeUndefined();
      }
      for (const distances of [31, 32]) {
        expect(
          inflate(dynamic({ distances, sequence: [...LITERALS, ...zeros(distances)] }).codes('0 1')),
        ).toBeUndefined();
      }
    });

    it('the code of the code lengths must be complete', () => {
      const only = (lengths: Readonly<Record<number, number>>) => Array.from({ length: 19 }, (_, i) => lengths[i] ?? 0);
      const sequence = [...LITERALS, 0];
      expect(inflate(dynamic({ lengthCodeLengths: only({ 0: 2, 1: 2, 18: 1 }), sequence }).codes('0 1'))).toBe('a');
      expect(
        inflate(dynamic({ lengthCodeLengths: only({ 0: 2, 1: 3, 18: 1 }), sequence }).codes('0 1')),
      ).toBeUndefined();
      expect(
        inflate(dynamic({ lengthCodeLengths: only({ 0: 1, 1: 1, 18: 1 }), sequence }).codes('0 1')),
      ).toBeUndefined();
      expect(
        inflate(dynamic({ lengthCodeLengths: only({ 1: 1 }), sequence: [] }).codes('0'.repeat(258))),
      ).toBeUndefined();
      expect(inflate(dynamic({ lengthCodeLengths: only({}), sequence: [] }).codes('0'.repeat(300)))).toBeUndefined();
    });

    it('the code of the code lengths may not have more codes than there are', () => {
      // 0, 1 and 2 all have a code of one bit. A decoder that fills its table without counting lets the last one win: 0 is the
      // length 0 and 1 the length 2, which make a good block of four literals.
      const sequence = `${'0'.repeat(97)}111${'0'.repeat(156)}10`;
      const lengthCodeLengths = Array.from({ length: 19 }, (_, symbol) => (symbol < 3 ? 1 : 0));
      expect(
        inflate(dynamic({ lengthCodeLengths, sequence: [] }).codes(sequence).codes('00 01 10 11')),
      ).toBeUndefined();
      // The same with the longest codes: 127 of 128 are taken, then two more.
      const many: Readonly<Record<number, number>> = { 0: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 7, 9: 7 };
      const tooMany = Array.from({ length: 19 }, (_, symbol) => many[symbol] ?? 0);
      const block = dynamic({ lengthCodeLengths: tooMany, sequence: [] });
      for (let symbol = 0; symbol < 258; symbol++) block.codes([97, 98, 99, 256].includes(symbol) ? '10' : '0');
      expect(inflate(block.codes('00 01 10 11'))).toBeUndefined();
    });

    it('a run repeats the length before it, over the border between the two codes too', () => {
      // 256 literals of 9 bits but one; the last length is that of the end of the block, and goes on in the distances.
      const literals = { literals: 257, distances: 4 };
      const sequence = [...lengthsAt(256, { 97: 1 }), 2, 2, 2, 2, 2];
      const overSubscribed = dynamic({ ...literals, sequence });
      expect(inflate(overSubscribed.codes('0 10'))).toBeUndefined();
      const run = [...lengthsAt(255, { 97: 1 }), 2, 2, [16, 1] as const];
      expect(inflate(dynamic({ ...literals, sequence: run }).codes('0 0 11'))).toBe('aa');
      // The same with a match: distance code 3, which is distance 4.
      const matches = {
        literals: 259,
        distances: 4,
        sequence: [...lengthsAt(254, { 97: 1 }), 0, 0, 3, 3, 3, 3, 2, 2, 2, 2],
      };
      expect(inflate(dynamic(matches).codes('0'))).toBeUndefined();
      const whole = { literals: 258, distances: 4, sequence: [...lengthsAt(256, { 97: 1 }), 2, 2, [16, 1] as const] };
      expect(inflate(dynamic(whole).codes('0 0 0 0  11 11  10'))).toBe('aaaaaaa');
    });

    it('a run of the first length but there is none', () => {
      expect(inflate(dynamic({ sequence: [[16, 0], ...LITERALS.slice(3), 0] }))).toBeUndefined();
    });

    it('a run that is longer than what is left', () => {
      for (const [symbol, extra] of [
        [16, 0],
        [17, 0],
        [18, 0],
        [18, 127],
      ] as const) {
        expect(inflate(dynamic({ sequence: [...LITERALS, [symbol, extra]] }).codes('0 1'))).toBeUndefined();
      }
    });

    it('a run that fits exactly', () => {
      const sequence = [...LITERALS, [17, 0] as const];
      expect(inflate(dynamic({ distances: 3, sequence }).codes('0 1'))).toBe('a');
      expect(inflate(dynamic({ distances: 2, sequence }).codes('0 1'))).toBeUndefined();
    });

    it('there must be an end of the block', () => {
      expect(inflate(dynamic({ sequence: [...lengthsAt(257, { 97: 1, 98: 1 }), 0] }).codes('0 1'))).toBeUndefined();
    });

    it('a block without an end is refused with its header, not when its message ends', () => {
      const literals = (...lengths: readonly [symbol: number, length: number][]) =>
        dynamic({ sequence: [...lengthsAt(257, Object.fromEntries(lengths)), 0] }).codes('0 1 '.repeat(40));
      expect(isRefusedBeforeItsEnd(literals([97, 1], [98, 1]))).toBe(true);
      expect(isRefusedBeforeItsEnd(literals([97, 1]))).toBe(true);
      expect(isRefusedBeforeItsEnd(literals())).toBe(true);
      // With an end that does not come it goes on.
      expect(isRefusedBeforeItsEnd(literals([97, 2], [98, 1], [256, 2]))).toBe(false);
    });

    it('literals and lengths: complete, or one code of one bit', () => {
      const sequence = (lengths: Readonly<Record<number, number>>) => [...lengthsAt(257, lengths), 0];
      expect(inflate(dynamic({ sequence: sequence({ 256: 1 }) }).codes('0'))).toBe('');
      expect(inflate(dynamic({ sequence: sequence({ 256: 1 }) }).codes('1 0'))).toBeUndefined();
      expect(inflate(dynamic({ sequence: sequence({ 256: 2 }) }).codes('00'))).toBeUndefined();
      expect(inflate(dynamic({ sequence: sequence({ 97: 2, 256: 1 }) }).codes('0'))).toBeUndefined();
      expect(inflate(dynamic({ sequence: sequence({ 97: 1, 98: 1, 256: 1 }) }).codes('0'))).toBeUndefined();
      expect(inflate(dynamic({ sequence: sequence({ 97: 1, 98: 2, 99: 2, 256: 15 }) }).codes('0'))).toBeUndefined();
    });

    it('distances: complete, one code of one bit, or none', () => {
      const literals = lengthsAt(258, { 97: 1, 256: 2, 257: 2 });
      const message = (distances: readonly number[], codes: string) =>
        inflate(
          dynamic({ literals: 258, distances: distances.length, sequence: [...literals, ...distances] }).codes(codes),
        );
      expect(message([1], '0 11 0 10')).toBe('aaaa');
      expect(message([1], '0 11 1 10')).toBeUndefined();
      expect(message([0], '0 10')).toBe('a');
      expect(message([0], '0 11 0 10')).toBeUndefined();
      expect(message([1, 1], '0 0 11 1 10')).toBe('aaaaa');
      expect(message([2], '0 11 00 10')).toBeUndefined();
      expect(message([2, 2, 2], '0 10')).toBeUndefined();
      expect(message([1, 1, 1], '0 10')).toBeUndefined();
    });

    it('codes of 15 bits', () => {
      // 1, 2, ... 14, 15, 15: the end of the block has one of the longest.
      const lengths: Record<number, number> = {};
      for (let i = 0; i < 15; i++) lengths[97 + i] = i + 1;
      lengths[256] = 15;
      const codes = codesOf(Array.from({ length: 257 }, (_, i) => lengths[i] ?? 0));
      const writer = dynamic({ sequence: [...lengthsAt(257, lengths), 0] });
      const text = 'abcdefghijklmno'.repeat(3);
      for (const letter of text) writer.codes(codes[letter.charCodeAt(0)]!);
      expect(inflate(writer.codes(codes[256]!))).toBe(text);
    });
  });
});
