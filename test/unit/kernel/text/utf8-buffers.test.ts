// src/kernel/utf8.ts: validation of the caller's buffers, against `node:buffer` and an independent reference.

import { isUtf8 } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findInvalidUtf8, isValidUtf8 } from '../../../../src/kernel/utf8.js';
import { bytesOf, concat } from '../../../support/frames/wire.js';
import { createRandom, randomBytes } from '../../../support/inputs/random.js';
import { KERNEL_NAMES } from '../../../support/oracles/replay.js';
import { judgeUtf8 } from '../../../support/oracles/utf8-reference.js';

const SLAB = 65536;

/** What `findInvalidUtf8` promises. */
function findByReference(bytes: Uint8Array): number {
  const { badOffset, pending } = judgeUtf8(bytes);
  return badOffset ?? (pending.length > 0 ? bytes.length : -1);
}

describe.each(KERNEL_NAMES)('findInvalidUtf8 on the %s kernel', (kernel) => {
  it('finds what the reference finds, in any bytes', () => {
    // Bytes that make UTF-8 now and then, and texts with one byte damaged.
    const near = fc.constantFrom(0x41, 0x80, 0x9f, 0xa0, 0xbf, 0xc2, 0xe0, 0xe2, 0xed, 0xf0, 0xf4, 0xff);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(near, { maxLength: 60 }).map((values) => Uint8Array.from(values)),
      fc
        .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 100 }), fc.nat(), fc.nat(255))
        .map(([text, at, byte]) => {
          const damaged = bytesOf(text);
          damaged[at % damaged.length] = byte;
          return damaged;
        }),
    );
    fc.assert(
      fc.property(bytes, (value) => {
        expect(findInvalidUtf8(value, kernel)).toBe(findByReference(value));
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['é', '€', '🙂'])('takes a %s wherever it straddles the border of a slab', (character) => {
    const bytes = bytesOf(character);
    for (const border of [SLAB, 2 * SLAB]) {
      for (let before = 0; before <= bytes.length; before++) {
        const lead = new Uint8Array(border - before).fill(0x61);
        expect(findInvalidUtf8(concat(lead, bytes, bytesOf('tail')), kernel)).toBe(-1);
        // The same, damaged in each of its bytes, and cut off.
        for (let at = 0; at < bytes.length; at++) {
          const damaged = bytes.slice();
          damaged[at] = at === 0 ? 0xff : 0x41;
          expect(findInvalidUtf8(concat(lead, damaged, bytesOf('tail')), kernel)).toBe(lead.length + at);
          if (at > 0) expect(findInvalidUtf8(concat(lead, bytes.subarray(0, at)), kernel)).toBe(lead.length + at);
        }
      }
    }
  });
});

describe('isValidUtf8', () => {
  it('agrees with node:buffer on short buffers', () => {
    expect(isValidUtf8(new Uint8Array(0))).toBe(true);
    const random = createRandom(1);
    let good = 0;
    for (let i = 0; i < 20_000; i++) {
      const bytes = randomBytes(random() % 6, i);
      if (i % 2 === 0) for (let j = 0; j < bytes.length; j++) bytes[j] = (bytes[j]! & 0x7f) | (j % 2 ? 0x80 : 0xc0);
      const isGood = isUtf8(bytes);
      good += Number(isGood);
      if (isValidUtf8(bytes) !== isGood) expect(isValidUtf8(bytes), `[${bytes}]`).toBe(isGood);
    }
    expect(good).toBeGreaterThan(1000);
  });

  it.each([100_000, SLAB, SLAB + 1, 3 * SLAB, 300_001])('agrees with node:buffer on %i bytes', (length) => {
    const random = createRandom(length);
    for (const character of ['a', 'é', '€', '🙂']) {
      const bytes = bytesOf(character.repeat(Math.floor(length / bytesOf(character).length)));
      expect(isValidUtf8(bytes)).toBe(true);
      expect(isValidUtf8(bytes.subarray(0, -1))).toBe(isUtf8(bytes.subarray(0, -1)));
      for (let i = 0; i < 20; i++) {
        const at = random() % bytes.length;
        const old = bytes[at]!;
        bytes[at] = random() & 255;
        expect(isValidUtf8(bytes)).toBe(isUtf8(bytes));
        bytes[at] = old;
      }
    }
  });

  it('leaves the bytes as they are', () => {
    const bytes = bytesOf('é'.repeat(40_000));
    const copy = bytes.slice();
    isValidUtf8(bytes);
    expect(Buffer.compare(bytes, copy)).toBe(0);
  });

  it.each([
    ['undefined', undefined],
    ['a string', 'abc'],
    ['an ArrayBuffer of bad bytes', Uint8Array.of(0xff, 0xff).buffer],
    ['a DataView', new DataView(new ArrayBuffer(3))],
    ['a number', 7],
    ['16-bit words', Uint16Array.of(0xffff)],
  ])('does not call %s valid', (_name, value) => {
    expect(() => {
      if (isValidUtf8(value as never)) throw new Error('valid');
    }).toThrow(TypeError);
  });
});
