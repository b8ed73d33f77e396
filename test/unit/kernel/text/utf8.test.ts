// Kernel.validate against a reference: verdict, offset of the first bad byte, ASCII flag and the state between two calls,
// with the sequence under test at every place of a 16- and a 64-byte block, over both kernels.

import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHUNK_PTR,
  SCRATCH_CAPACITY,
  SCRATCH_PTR,
  UTF8_ASCII,
  UTF8_OFFSET_BITS,
  UTF8_STATE_BITS,
} from '../../../../assembly/shared/layout.js';
import type { Kernel } from '../../../../src/kernel/kernel.js';
import { describeKernels } from '../../../support/kernels/kernels.js';
import { isWellFormed, judgeUtf8, type Utf8Verdict } from '../../../support/oracles/utf8-reference.js';

/** What validate() must return for a verdict of the reference on a text from its start. */
function resultFor({ badOffset, pending, ascii }: Utf8Verdict): number {
  if (badOffset !== undefined) return ~UTF8_OFFSET_BITS | badOffset;
  const next = pending[0];
  if (next !== undefined) return pending.length | (next[0] << 8) | (next[1] << 16);
  return ascii ? UTF8_ASCII : 0;
}

function describeResult(result: number): string {
  if (result < 0) return `bad at ${result & UTF8_OFFSET_BITS}`;
  return `0x${result.toString(16).padStart(8, '0')}`;
}

const hex = (bytes: Iterable<number>) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** A byte or two of each class that table 3-7 tells apart: the first and last of every range. */
const BOUNDARY_BYTES = [
  0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
  0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff,
];
const BOUNDARY_NEXT = [0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xe1];
const ALL_BYTES = Array.from({ length: 256 }, (_, byte) => byte);
const range = (from: number, to: number) => ALL_BYTES.slice(from, to + 1);

/** Every sequence that takes its first byte from the first list, and so on. */
function product(...lists: readonly (readonly number[])[]): number[][] {
  return lists.reduce<number[][]>(
    (sequences, list) => sequences.flatMap((sequence) => list.map((byte) => [...sequence, byte])),
    [[]],
  );
}

/** Where a sequence is put: around the borders of blocks of 16 and of 64 bytes. */
const EVERY_PLACE = [...range(0, 20), ...range(48, 80)];
const SOME_PLACES = [0, 13, 15, 61, 62, 63, 64];

/** Text before the sequence, of any length: ASCII, or three-byte characters behind what ASCII it takes. */
const FILLINGS = {
  ascii: (length: number) => new Uint8Array(length).fill(0x61),
  multibyte: (length: number) =>
    new Uint8Array(Buffer.from('a'.repeat(length % 3) + '語'.repeat(Math.floor(length / 3)))),
};
/** Text behind it. None: the text ends with the sequence, and what lies behind is poison. */
const ENDINGS = {
  none: new Uint8Array(0),
  ascii: new Uint8Array(70).fill(0x7a),
  multibyte: new Uint8Array(Buffer.from('é語😀'.repeat(9))),
};
/** What lies behind a text's end and before its start: whatever would change the verdict if it were read as text. */
const POISONS = [0x80, 0xbf, 0xff, 0xe2, 0x41, 0xf0];

/** Puts each sequence at each place in each filling, and compares what validate() returns with the reference. */
function sweep(kernel: Kernel, sequences: readonly (readonly number[])[], places: readonly number[]): void {
  const memory = new Uint8Array(kernel.memory);
  // Off a word's border on purpose: text behind a frame's header lies anywhere.
  const base = SCRATCH_PTR + 129;
  let turn = 0;
  for (const [endingName, ending] of Object.entries(ENDINGS)) {
    // The fillings are whole characters, so the verdict does not depend on them but for the ASCII flag.
    const verdicts = sequences.map((sequence) => judgeUtf8([...sequence, ...ending]));
    for (const [fillingName, fill] of Object.entries(FILLINGS)) {
      for (const place of places) {
        const poison = POISONS[turn++ % POISONS.length]!;
        memory.fill(poison, base - 64, base + 384);
        memory.set(fill(place), base);
        const fillingIsAscii = fillingName === 'ascii' || place < 3;
        for (const [i, sequence] of sequences.entries()) {
          const verdict = verdicts[i]!;
          const ptr = base + place;
          for (let j = 0; j < sequence.length; j++) memory[ptr + j] = sequence[j]!;
          memory.set(ending, ptr + sequence.length);
          const wanted =
            verdict.badOffset !== undefined
              ? ~UTF8_OFFSET_BITS | (place + verdict.badOffset)
              : resultFor({ ...verdict, ascii: verdict.ascii && fillingIsAscii });
          const result = kernel.validate(base, place + sequence.length + ending.length, 0);
          if (result !== wanted) {
            expect.fail(
              `${hex(sequence)} at ${place}, filling ${fillingName}, ending ${endingName}, poison ${poison.toString(16)}: ` +
                `${describeResult(result)}, not ${describeResult(wanted)}`,
            );
          }
        }
      }
    }
  }
}

/** Feeds pieces one after the other and compares each result with the reference on all the bytes so far. */
function checkInPieces(kernel: Kernel, pieces: readonly Uint8Array[], ptr = SCRATCH_PTR + 77): void {
  const memory = new Uint8Array(kernel.memory);
  let state = 0;
  const sofar: number[] = [];
  for (const piece of pieces) {
    const before = sofar.length;
    sofar.push(...piece);
    const verdict = judgeUtf8(sofar);
    memory.fill(POISONS[before % POISONS.length]!, ptr - 32, ptr + piece.length + 64);
    memory.set(piece, ptr);
    const result = kernel.validate(ptr, piece.length, state);
    const wanted =
      verdict.badOffset !== undefined
        ? ~UTF8_OFFSET_BITS | (verdict.badOffset - before)
        : resultFor({ ...verdict, ascii: state === 0 && piece.every((byte) => byte < 0x80) });
    if (result !== wanted) {
      const shown = pieces.map(hex).join(' | ');
      expect.fail(`${shown}, piece from ${before}: ${describeResult(result)}, not ${describeResult(wanted)}`);
    }
    if (result < 0) return;
    state = result & UTF8_STATE_BITS;
  }
}

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const borders = [0, ...cuts, bytes.length].sort((a, b) => a - b);
  return borders.slice(0, -1).map((start, i) => bytes.subarray(start, borders[i + 1]));
}

/** Markus Kuhn's "UTF-8 decoder capability and stress test", section by section: bytes, and the first bad one. */
const STRESS: readonly (readonly [section: string, bytes: readonly number[], badOffset: number | undefined])[] = [
  ['1 kosme', [...Buffer.from('κόσμε')], undefined],
  ['2.1 first of each length', [0x00, 0xc2, 0x80, 0xe0, 0xa0, 0x80, 0xf0, 0x90, 0x80, 0x80], undefined],
  ['2.1.5 five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80], 0],
  ['2.1.6 six bytes', [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80], 0],
  ['2.2 last of each length', [0x7f, 0xdf, 0xbf, 0xef, 0xbf, 0xbf], undefined],
  ['2.2.4 U+1FFFFF', [0xf7, 0xbf, 0xbf, 0xbf], 0],
  ['2.2.5 U+3FFFFFF', [0xfb, 0xbf, 0xbf, 0xbf, 0xbf], 0],
  ['2.3 around the surrogates', [0xed, 0x9f, 0xbf, 0xee, 0x80, 0x80, 0xef, 0xbf, 0xbd], undefined],
  ['2.3.4 U+10FFFF', [0xf4, 0x8f, 0xbf, 0xbf], undefined],
  ['2.3.5 U+110000', [0xf4, 0x90, 0x80, 0x80], 1],
  ['3.1.1 continuation', [0x80], 0],
  ['3.1.2 continuation', [0xbf], 0],
  ['3.1.9 all continuations', range(0x80, 0xbf), 0],
  ['3.2.1 two-byte leads, each with a space', range(0xc0, 0xdf).flatMap((lead) => [lead, 0x20]), 0],
  ['3.2.1 of them those that stand', range(0xc2, 0xdf).flatMap((lead) => [lead, 0x20]), 1],
  ['3.2.2 three-byte leads', range(0xe0, 0xef).flatMap((lead) => [lead, 0x20]), 1],
  ['3.2.3 four-byte leads', range(0xf0, 0xf7).flatMap((lead) => [lead, 0x20]), 1],
  ['3.3.1 last byte missing', [0xc0], 0],
  ['3.3.2 last byte missing', [0xe0, 0x80], 1],
  ['3.3.3 last byte missing', [0xf0, 0x80, 0x80], 1],
  ['3.3.6 last byte missing', [0xdf, 0x22], 1],
  ['3.3.7 last byte missing', [0xef, 0xbf, 0x22], 2],
  ['3.3.8 last byte missing', [0xf7, 0xbf, 0xbf], 0],
  ['3.4 incomplete in a row', [0xdf, 0xef, 0xbf], 1],
  ['3.5.1 FE', [0xfe], 0],
  ['3.5.2 FF', [0xff], 0],
  ['3.5.3 FE FE FF FF', [0xfe, 0xfe, 0xff, 0xff], 0],
  ['4.1 overlong /, two bytes', [0xc0, 0xaf], 0],
  ['4.1 overlong /, three bytes', [0xe0, 0x80, 0xaf], 1],
  ['4.1 overlong /, four bytes', [0xf0, 0x80, 0x80, 0xaf], 1],
  ['4.1 overlong /, five bytes', [0xf8, 0x80, 0x80, 0x80, 0xaf], 0],
  ['4.2 longest overlong, two bytes', [0xc1, 0xbf], 0],
  ['4.2 longest overlong, three bytes', [0xe0, 0x9f, 0xbf], 1],
  ['4.2 longest overlong, four bytes', [0xf0, 0x8f, 0xbf, 0xbf], 1],
  ['4.3 overlong NUL, two bytes', [0xc0, 0x80], 0],
  ['4.3 overlong NUL, three bytes', [0xe0, 0x80, 0x80], 1],
  ['5.1 surrogate D800', [0xed, 0xa0, 0x80], 1],
  ['5.1 surrogate DB7F', [0xed, 0xad, 0xbf], 1],
  ['5.1 surrogate DFFF', [0xed, 0xbf, 0xbf], 1],
  ['5.2 pair D800 DC00', [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80], 1],
  ['5.3 U+FFFE U+FFFF', [0xef, 0xbf, 0xbe, 0xef, 0xbf, 0xbf], undefined],
];

describe('the reference', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const accepts = (bytes: Uint8Array) => {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };

  it('agrees with TextDecoder and isUtf8 on validity', () => {
    const sequences = [
      [],
      ...product(ALL_BYTES),
      ...product(BOUNDARY_BYTES, BOUNDARY_BYTES),
      ...product(BOUNDARY_BYTES, BOUNDARY_BYTES, BOUNDARY_BYTES),
      ...product(range(0xf0, 0xf5), BOUNDARY_NEXT, BOUNDARY_NEXT, BOUNDARY_NEXT),
    ].map((sequence) => Uint8Array.from(sequence));
    for (const sequence of sequences) {
      const verdict = isWellFormed(sequence);
      if (verdict !== isUtf8(sequence) || verdict !== accepts(sequence)) expect.fail(hex(sequence));
    }
  });

  it('names a byte before which all can be mended, and with which nothing can', () => {
    for (const sequence of product(BOUNDARY_BYTES, BOUNDARY_BYTES, BOUNDARY_BYTES)) {
      const { badOffset = sequence.length } = judgeUtf8(sequence);
      const { pending } = judgeUtf8(sequence.slice(0, badOffset));
      if (!isWellFormed([...sequence.slice(0, badOffset), ...pending.map(([lowest]) => lowest)])) {
        expect.fail(`${hex(sequence)}: what comes before ${badOffset} cannot be mended`);
      }
    }
  });

  it.each(STRESS)('finds what is wrong in %s', (_section, bytes, badOffset) => {
    expect(judgeUtf8(bytes).badOffset).toBe(badOffset);
  });
});

describeKernels('validate', (kernel, memory) => {
  it('returns the state and the ASCII flag of an empty input', () => {
    expect(kernel.validate(SCRATCH_PTR, 0, 0)).toBe(UTF8_ASCII);
    for (const state of [0xbf8001, 0xbfa002, 0x9f8002, 0xbf9003, 0x8f8003]) {
      expect(kernel.validate(SCRATCH_PTR, 0, state)).toBe(state);
    }
  });

  it('takes all sequences of one byte at every place', () => {
    sweep(kernel, product(ALL_BYTES), EVERY_PLACE);
  });

  it('takes all sequences of two bytes', () => {
    sweep(kernel, product(ALL_BYTES, ALL_BYTES), [0, 15, 62, 63]);
  });

  it('takes boundary sequences of two and three bytes at every place', () => {
    sweep(kernel, product(BOUNDARY_BYTES, BOUNDARY_BYTES), EVERY_PLACE);
    sweep(kernel, product(BOUNDARY_BYTES.slice(3), BOUNDARY_BYTES, BOUNDARY_NEXT), EVERY_PLACE);
  });

  it('takes three bytes with lead E0-EF and any second', () => {
    sweep(kernel, product(range(0xe0, 0xef), ALL_BYTES, BOUNDARY_NEXT), SOME_PLACES);
  });

  it('takes four bytes with lead F0-F5 at every place', () => {
    sweep(
      kernel,
      product(range(0xf0, 0xf5), BOUNDARY_NEXT, [0x7f, 0x80, 0xbf, 0xc0], [0x7f, 0x80, 0xbf, 0xc0]),
      EVERY_PLACE,
    );
    sweep(kernel, product(range(0xf0, 0xf5), BOUNDARY_NEXT, BOUNDARY_NEXT, BOUNDARY_NEXT), SOME_PLACES);
  });

  it.each(STRESS)('takes %s at every place and split', (_section, bytes) => {
    sweep(kernel, [bytes], EVERY_PLACE);
    for (const fill of Object.values(FILLINGS)) {
      const text = Uint8Array.from([...fill(17), ...bytes, ...ENDINGS.multibyte.subarray(0, 18)]);
      for (let cut = 0; cut <= text.length; cut++) checkInPieces(kernel, cutAt(text, [cut]));
    }
  });

  it('resumes at any byte: every cut of a sequence, at every place', () => {
    const sequences = [
      ...product(range(0xf0, 0xf4), [0x80, 0x8f, 0x90, 0xbf], [0x80, 0xbf], [0x80, 0xc0]),
      ...product([0xe0, 0xe1, 0xed, 0xef], [0x7f, 0x80, 0x9f, 0xa0, 0xbf], [0x41, 0x80, 0xbf]),
      ...product([0xc1, 0xc2, 0xdf, 0x41, 0x80], [0x7f, 0x80, 0xbf, 0xc2]),
    ];
    for (const sequence of sequences) {
      for (const place of [0, 1, 15, 16, 17, 62, 63, 64]) {
        const text = Uint8Array.from([...FILLINGS.multibyte(place), ...sequence, ...ENDINGS.ascii.subarray(0, 17)]);
        for (let cut = place; cut <= place + sequence.length; cut++) checkInPieces(kernel, cutAt(text, [cut]));
        checkInPieces(
          kernel,
          cutAt(
            text,
            [place, place + 1, place + 2, place + 3].filter((cut) => cut < text.length),
          ),
        );
      }
    }
  });

  it('does not take what lies before the start for text', () => {
    for (const before of [[0xe8, 0xaa], [0xf0, 0x9f, 0x98], [0xc3], [0xff, 0xff, 0xff]]) {
      for (const [text, wanted] of [
        ['plain', UTF8_ASCII],
        ['語', 0],
        ['é'.repeat(40), 0],
        ['a'.repeat(100), UTF8_ASCII],
      ] as const) {
        const bytes = Buffer.from(text);
        memory.set(before, CHUNK_PTR + 100 - before.length);
        memory.set(bytes, CHUNK_PTR + 100);
        expect(kernel.validate(CHUNK_PTR + 100, bytes.length, 0)).toBe(wanted);
      }
      // Nor does it let what lies before mend what lies behind.
      memory.set(before, CHUNK_PTR + 100 - before.length);
      memory.fill(0x9e, CHUNK_PTR + 100, CHUNK_PTR + 200);
      expect(kernel.validate(CHUNK_PTR + 100, 64, 0)).toBe(~UTF8_OFFSET_BITS);
    }
  });

  it('does not write', () => {
    const text = Buffer.from('aé語😀'.repeat(200));
    memory.set(text, SCRATCH_PTR + 3);
    const before = memory.slice();
    for (let length = 0; length < 200; length++) kernel.validate(SCRATCH_PTR + 3, length, 0);
    kernel.validate(SCRATCH_PTR + 3, text.length, 0);
    expect(Buffer.compare(memory, before)).toBe(0);
  });

  it('takes a whole scratch, and finds one bad byte anywhere in it', () => {
    for (const filling of [Buffer.from('a'), Buffer.from('語'), Buffer.from('é😀ab')]) {
      const text = Buffer.alloc(SCRATCH_CAPACITY, filling);
      memory.set(text, SCRATCH_PTR);
      expect(kernel.validate(SCRATCH_PTR, SCRATCH_CAPACITY, 0)).toBe(resultFor(judgeUtf8(text)));
      for (let offset = 0; offset < SCRATCH_CAPACITY; offset += 1021) {
        const kept = memory[SCRATCH_PTR + offset]!;
        memory[SCRATCH_PTR + offset] = 0xff;
        expect(kernel.validate(SCRATCH_PTR, SCRATCH_CAPACITY, 0)).toBe(~UTF8_OFFSET_BITS | offset);
        memory[SCRATCH_PTR + offset] = kept;
      }
    }
  });

  it('agrees with the reference on random texts, damaged and cut anywhere', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 120 }),
        fc.array(fc.tuple(fc.nat(300), fc.constantFrom(...BOUNDARY_BYTES)), { maxLength: 2 }),
        fc.array(fc.nat(300), { maxLength: 4 }),
        fc.nat(15),
        (text, damages, cuts, alignment) => {
          const bytes = new Uint8Array(Buffer.from(text));
          for (const [offset, byte] of damages) if (offset < bytes.length) bytes[offset] = byte;
          checkInPieces(
            kernel,
            cutAt(
              bytes,
              cuts.filter((cut) => cut <= bytes.length),
            ),
            SCRATCH_PTR + 64 + alignment,
          );
        },
      ),
      { numRuns: 1500 },
    );
  });
});
