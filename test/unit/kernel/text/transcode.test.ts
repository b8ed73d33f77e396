// Kernel.transcode, and readText on top of it: against TextDecoder, on both kernels, with poison around.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SCRATCH_CAPACITY, SCRATCH_PTR, TEXT_PTR } from '../../../../assembly/shared/layout.js';
import { makeHost } from '../../../../src/bytes/host.js';
import { Arena } from '../../../../src/kernel/arena.js';
import { readText } from '../../../../src/kernel/text.js';
import { KERNELS } from '../../../support/kernels/kernels.js';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const decoder16 = new TextDecoder('utf-16le', { ignoreBOM: true });

/** Runs of one width, and all transitions between them, around the 12 and 16 bytes that the vector paths take. */
const SAMPLES = ['a', 'é', '漢', '🎉', '\u07ff', '\u0800', '\uffff', '\u{10000}', '\u{10ffff}', '\ufeff', '\0', '\x7f'];

describe.each(KERNELS)('transcode on the $name kernel', ({ name, kernel }) => {
  const arena = new Arena(kernel);
  const { bytes } = arena;

  function check(text: string, ptr: number): void {
    const utf8 = Buffer.from(text);
    bytes.fill(0xee, ptr - 64, ptr + utf8.length + 64);
    bytes.set(utf8, ptr);
    const room = 2 * utf8.length + 32;
    bytes.fill(0xdd, TEXT_PTR - 64, TEXT_PTR + room + 64);
    const units = kernel.transcode(ptr, utf8.length, TEXT_PTR);
    const got = decoder16.decode(bytes.subarray(TEXT_PTR, TEXT_PTR + units * 2));
    if (got !== decoder.decode(utf8)) expect(got).toBe(text);
    const around = [
      ...bytes.subarray(TEXT_PTR - 64, TEXT_PTR),
      ...bytes.subarray(TEXT_PTR + room, TEXT_PTR + room + 64),
    ];
    expect(around.every((byte) => byte === 0xdd)).toBe(true);
  }

  test('is the kernel it says', () => expect(kernel.name).toBe(name));

  test('runs of each width, and each width after each', () => {
    for (const first of SAMPLES) {
      for (const second of SAMPLES) {
        for (let count = 0; count < 20; count++) {
          check(first.repeat(count) + second.repeat(20 - count) + first, SCRATCH_PTR + (count % 16));
        }
      }
    }
  });

  test('any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...SAMPLES), maxLength: 200 }), fc.nat(15), (text, shift) =>
        check(text, SCRATCH_PTR + shift),
      ),
      { numRuns: 500 },
    );
  });

  test('every character that UTF-8 can hold', () => {
    for (let start = 0; start < 0x110000; start += 0x1000) {
      if (start >= 0xd800 && start < 0xe000) continue;
      let text = '';
      for (let codePoint = start; codePoint < start + 0x1000; codePoint++) {
        if (codePoint < 0xd800 || codePoint > 0xdfff) text += String.fromCodePoint(codePoint);
      }
      check(text, SCRATCH_PTR);
    }
  });

  test('a full scratch', () => {
    check('x'.repeat(SCRATCH_CAPACITY), SCRATCH_PTR);
    check('漢'.repeat(Math.floor(SCRATCH_CAPACITY / 3)), SCRATCH_PTR);
  });

  test('readText of a buffer longer than the scratch, cut between characters, on every host', () => {
    for (const sample of SAMPLES) {
      for (let shift = 0; shift < 4; shift++) {
        const text = 'x'.repeat(shift) + sample.repeat(60_000);
        const utf8 = new Uint8Array(Buffer.from(text));
        expect(readText(arena, false, true, utf8, 0, utf8.length) === text).toBe(true);
        const web = Object.assign(new Arena(kernel), { host: makeHost({}) });
        expect(readText(web, false, true, utf8, 0, utf8.length) === text).toBe(true);
      }
    }
  });
});
