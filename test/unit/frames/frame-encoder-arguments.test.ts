// src/frames/frame-encoder.ts: payloads and targets that are of a wrong type or too short.

import { describe, expect, it } from 'vitest';
import { FrameEncoder } from '../../../src/frames/frame-encoder.js';
import { BINARY } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';

const ROLES = ['server', 'client'] as const;

describe('payloads of a wrong type', () => {
  const WRONG: readonly (readonly [string, unknown])[] = [
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['an ArrayBuffer', new ArrayBuffer(3)],
    ['a DataView', new DataView(new ArrayBuffer(3))],
    ['an object with a length', { length: 3 }],
    ['a String object', new String('abc')],
    ['16-bit words', Uint16Array.of(0x102, 0x304)],
    ['an array', [1, 2, 3]],
  ];

  it.each(WRONG)('%s is none', (_name, payload) => {
    for (const role of ROLES) {
      const encoder = new FrameEncoder({ role });
      const target = new Uint8Array(100).fill(0xcc);
      expect(() => encoder.encodeBinary(payload as never), role).toThrow(TypeError);
      expect(() => encoder.encodeInto(target, 0, BINARY, payload as never), role).toThrow(TypeError);
      expect(target.every((byte) => byte === 0xcc)).toBe(true);
    }
  });
});

describe('targets of a wrong type', () => {
  // Clamped bytes are no bytes: what overflows is not cut off in them.
  it.each([
    ['undefined', undefined],
    ['an ArrayBuffer', new ArrayBuffer(2000)],
    ['16-bit words', new Uint16Array(2000)],
    ['clamped bytes', new Uint8ClampedArray(2000)],
  ])('%s is none', (_name, target) => {
    for (const role of ROLES) {
      const encoder = new FrameEncoder({ role });
      for (const payload of ['hi', 'x'.repeat(600), new Uint8Array(2), randomBytes(600, 1)]) {
        expect(() => encoder.encodeInto(target as never, 0, BINARY, payload), role).toThrow();
      }
    }
  });
});
