// src/kernel/mask.ts: masking of the caller's buffers, against `bufferutil`, whose signatures it has.

import { describe, expect, it } from 'vitest';
import { mask, unmask } from '../../../../src/kernel/mask.js';
import { randomBytes } from '../../../support/inputs/random.js';
import { bufferUtil } from '../../../support/peers/native.js';

const KEYS = [
  [0, 0, 0, 0],
  [255, 255, 255, 255],
  [0x37, 0xfa, 0x21, 0x3d],
  [1, 0, 0, 0x80],
].map((key) => Buffer.from(key));
const LENGTHS = [...Array.from({ length: 131 }, (_, i) => i), 1000, 65535, 65536, 65537, 131072, 200_001];

describe('mask', () => {
  it('does as bufferutil does, at any length and offset', () => {
    for (const length of LENGTHS) {
      for (const key of KEYS) {
        for (const offset of length < 131 ? [0, 1, 2, 3, 4, 7, 14] : [0, 5]) {
          const source = Buffer.from(randomBytes(length, length));
          const copy = Buffer.from(source);
          const output = Buffer.alloc(length + offset + 9, 0xcc);
          const expected = Buffer.from(output);
          bufferUtil.mask(source, key, expected, offset, length);
          mask(source, key, output, offset, length);
          if (!output.equals(expected)) expect(output.toString('hex')).toBe(expected.toString('hex'));
          if (!source.equals(copy)) expect.unreachable('the source was written to');
        }
      }
    }
  });

  it('masks a part: the first bytes of the source', () => {
    const source = randomBytes(100, 1);
    for (const length of [0, 1, 10, 48, 49, 60, 100]) {
      const output = new Uint8Array(120).fill(0xcc);
      mask(source, KEYS[2]!, output, 20, length);
      for (let i = 0; i < 120; i++) {
        const isInside = i >= 20 && i < 20 + length;
        expect(output[i]).toBe(isInside ? source[i - 20]! ^ KEYS[2]![(i - 20) % 4]! : 0xcc);
      }
    }
  });

  it('masks in place', () => {
    for (const length of [3, 48, 49, 100, 65537, 150_000]) {
      const bytes = randomBytes(length, 2);
      const expected = bytes.map((byte, i) => byte ^ KEYS[2]![i % 4]!);
      mask(bytes, KEYS[2]!, bytes, 0, length);
      expect(Buffer.compare(bytes, expected)).toBe(0);
    }
  });

  it('takes views at odd offsets, and a key longer than 4 bytes', () => {
    const buffer = randomBytes(200, 3);
    const key = Uint8Array.of(9, 8, 7, 6, 5, 4);
    for (let start = 0; start < 8; start++) {
      const output = new Uint8Array(80);
      mask(buffer.subarray(start, start + 80), key, output, 0, 80);
      expect(output).toEqual(Uint8Array.from({ length: 80 }, (_, i) => buffer[start + i]! ^ key[i % 4]!));
    }
  });

  it.each([
    ['more than the source has', 10, 20, 0, 11],
    ['more than the output has', 20, 10, 0, 11],
    ['more than is left behind the offset', 20, 20, 11, 10],
    ['an offset below 0', 20, 20, -1, 10],
    ['a length below 0', 20, 20, 0, -1],
    ['an offset that is no number', 20, 20, Number.NaN, 10],
    ['a length that is no number', 20, 20, 0, Number.NaN],
    ['an offset far outside', 20, 20, 2 ** 53, 1],
    ['an infinite length', 20, 20, 0, Number.POSITIVE_INFINITY],
    ['half an offset', 20, 20, 0.5, 10],
    ['half a length', 20, 20, 0, 9.5],
    ['no length', 20, 20, 0, undefined as never],
  ])('takes not %s', (_name, sourceLength, outputLength, offset, length) => {
    const output = new Uint8Array(outputLength).fill(0xcc);
    expect(() => mask(new Uint8Array(sourceLength), KEYS[2]!, output, offset, length)).toThrow(RangeError);
    expect(output.every((byte) => byte === 0xcc)).toBe(true);
  });
});

describe('buffers of a wrong type', () => {
  // Clamped bytes are no bytes: what overflows is not cut off in them.
  it.each([
    ['undefined', undefined],
    ['a string', 'x'.repeat(60)],
    ['an ArrayBuffer', new ArrayBuffer(60)],
    ['16-bit words', new Uint16Array(60)],
    ['clamped bytes', new Uint8ClampedArray(60)],
    ['an array', new Array(60).fill(0)],
  ])('%s is none', (_name, wrong) => {
    const right = new Uint8Array(60);
    for (const length of [3, 60]) {
      expect(() => mask(wrong as never, KEYS[2]!, right, 0, length)).toThrow(TypeError);
      expect(() => mask(right, KEYS[2]!, wrong as never, 0, length)).toThrow(TypeError);
      expect(() => unmask(wrong as never, KEYS[2]!)).toThrow(TypeError);
    }
    expect(right.every((byte) => byte === 0)).toBe(true);
  });
});

describe('unmask', () => {
  it('does as bufferutil does', () => {
    for (const length of LENGTHS) {
      for (const key of KEYS) {
        const bytes = Buffer.from(randomBytes(length, length));
        const expected = Buffer.from(bytes);
        bufferUtil.unmask(expected, key);
        unmask(bytes, key);
        if (!bytes.equals(expected)) expect(bytes.toString('hex')).toBe(expected.toString('hex'));
      }
    }
  });

  it('undoes itself, and touches nothing beside the buffer', () => {
    const buffer = randomBytes(70_000, 4);
    const copy = buffer.slice();
    const part = buffer.subarray(3, 69_000);
    unmask(part, KEYS[2]!);
    expect([...buffer.subarray(0, 3)]).toEqual([...copy.subarray(0, 3)]);
    expect(Buffer.compare(buffer.subarray(69_000), copy.subarray(69_000))).toBe(0);
    expect(Buffer.compare(part, copy.subarray(3, 69_000))).not.toBe(0);
    unmask(part, KEYS[2]!);
    expect(Buffer.compare(buffer, copy)).toBe(0);
  });
});

describe('a key that is too short', () => {
  it.each([0, 1, 2, 3])('of %i bytes is a RangeError', (length) => {
    const buffer = new Uint8Array(60).fill(0xcc);
    expect(() => unmask(buffer, new Uint8Array(length))).toThrow(RangeError);
    expect(() => mask(buffer, new Uint8Array(length), buffer, 0, 60)).toThrow(RangeError);
    expect(buffer.every((byte) => byte === 0xcc)).toBe(true);
  });
});
