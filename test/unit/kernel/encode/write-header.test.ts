// src/kernel/write-header.ts: headers of any length, against RFC 6455 section 5.2 in 64-bit arithmetic.

import { describe, expect, it } from 'vitest';
import { headerLengthFor, writeHeader } from '../../../../src/kernel/write-header.js';
import { MASKING_KEY, wire } from '../../../support/frames/wire.js';

const LENGTHS = [
  0,
  1,
  125,
  126,
  127,
  255,
  256,
  65534,
  65535,
  65536,
  65537,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 32 + 1,
  2 ** 40 + 0x12345678,
  2 ** 52,
  2 ** 53 - 1,
];
const KEY = Buffer.from(MASKING_KEY).readInt32LE();

describe('writeHeader', () => {
  it.each(LENGTHS)('writes the shortest form of %d', (length) => {
    for (const masked of [false, true]) {
      const expected = wire({ opcode: 2, masked, claimed: BigInt(length) });
      const target = new Uint8Array(30).fill(0xcc);
      expect(headerLengthFor(length, masked)).toBe(expected.length);
      expect(writeHeader(target, 3, 0x82, length, masked, KEY)).toBe(3 + expected.length);
      expect([...target.subarray(3, 3 + expected.length)]).toEqual([...expected]);
      expect([...target.subarray(0, 3), ...target.subarray(3 + expected.length)]).toEqual(
        new Array(27 - expected.length + 3).fill(0xcc),
      );
    }
  });

  it('writes any first byte and any key', () => {
    const target = new Uint8Array(6);
    for (let first = 0; first < 256; first++) {
      writeHeader(target, 0, first, 5, true, -2);
      expect([...target]).toEqual([first, 0x85, 0xfe, 0xff, 0xff, 0xff]);
    }
  });
});
