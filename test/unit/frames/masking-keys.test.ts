// src/frames/masking-keys.ts: where the keys of a client's frames come from.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { FrameDecoder } from '../../../src/frames/frame-decoder.js';
import { FrameEncoder } from '../../../src/frames/frame-encoder.js';
import { takeMaskingKey } from '../../../src/frames/masking-keys.js';
import { hex } from '../../support/frames/wire.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('masking keys', () => {
  it('come from crypto.getRandomValues, each used once, and from nowhere else', () => {
    const given: number[] = [];
    const real = crypto.getRandomValues.bind(crypto);
    vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
      const filled = real(array as Int32Array<ArrayBuffer>);
      given.push(...filled);
      return array;
    });
    const random = vi.spyOn(Math, 'random');
    // What the pool still holds was made before the spy.
    const start = Array.from({ length: 2048 }, takeMaskingKey);
    const keys = Array.from({ length: 10_000 }, takeMaskingKey);
    const all = [...start, ...keys];
    const drawn = all.slice(all.indexOf(given[0]!));
    expect(drawn.length).toBeGreaterThanOrEqual(10_000);
    expect(drawn).toEqual(given.slice(0, drawn.length));
    expect(random).not.toHaveBeenCalled();
    expect(crypto.getRandomValues).toHaveBeenCalledTimes(Math.ceil(drawn.length / 2048));
  });

  it('stand in the frames as they were drawn, for short payloads and long ones', () => {
    vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
      const words = array as Int32Array;
      for (let i = 0; i < words.length; i++) words[i] = 0x01020304 + i * 0x10101010;
      return array;
    });
    for (let i = 0; i < 2048; i++) takeMaskingKey();
    const encoder = new FrameEncoder({ role: 'client' });
    const first = takeMaskingKey();
    for (const payload of ['', 'a', 'a'.repeat(100), 'é'.repeat(40_000), new Uint8Array(30), new Uint8Array(70_000)]) {
      const { frames } = new FrameDecoder({ role: 'server' }).decodeFrames(encoder.encode(2, payload));
      const key = new DataView(frames[0]!.maskingKey!.buffer).getInt32(0, true);
      expect((((key - first) | 0) % 0x10101010) | 0).toBe(0);
      expect(key).not.toBe(first);
    }
    // The pool of this test is not for the next one.
    for (let i = 0; i < 2048; i++) takeMaskingKey();
  });

  it('do not repeat', () => {
    const encoder = new FrameEncoder({ role: 'client' });
    const keys = Array.from({ length: 20_000 }, () => hex(encoder.encodePing().subarray(2, 6)));
    // Of 20,000 random 32-bit numbers a pair is equal in one run of 21; two pairs, in one of 900.
    expect(new Set(keys).size).toBeGreaterThan(keys.length - 4);
  });

  it('are not to be had where the generator fails, and come again when it works', () => {
    for (let i = 0; i < 2048; i++) takeMaskingKey();
    const spy = vi.spyOn(crypto, 'getRandomValues').mockImplementation(() => {
      throw new Error('no entropy');
    });
    const take = () => {
      for (let i = 0; i < 2048; i++) takeMaskingKey();
    };
    expect(take).toThrow('no entropy');
    expect(take).toThrow('no entropy');
    spy.mockRestore();
    expect(new Set(Array.from({ length: 100 }, takeMaskingKey)).size).toBeGreaterThan(95);
  });
});
