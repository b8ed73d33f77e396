// src/kernel/host.ts: what the host does for us, in Node's way and in the web's, against node:buffer.

import { describe, expect, it } from 'vitest';
import { makeHost } from '../../src/kernel/host.js';

const TEXTS = [
  '',
  'a',
  'grün',
  '漢字かな',
  '😀 and 🎉',
  '\ufeffmark',
  'lone \ud800 and \udc00 ones',
  '\u07ff\u0800\uffff',
];

describe.each([
  ['Node', makeHost()],
  ['the web', makeHost({})],
])('the host functions of %s', (_, host) => {
  it('make strings of ASCII of every length, from anywhere in a buffer', () => {
    const bytes = Uint8Array.from({ length: 400 }, (_, i) => (i * 37) % 128);
    for (let length = 0; length < 200; length++) {
      const start = length % 11;
      expect(host.readAscii(bytes, start, start + length)).toBe(
        Buffer.from(bytes).toString('latin1', start, start + length),
      );
    }
  });

  it('make strings of UTF-8, a byte order mark included', () => {
    for (const text of TEXTS) {
      const bytes = new Uint8Array(Buffer.from(`.${text}.`));
      expect(host.readUtf8(bytes, 1, bytes.length - 1)).toBe(Buffer.from(text).toString());
    }
  });

  it('write UTF-8, a lone surrogate as U+FFFD, and know its length before', () => {
    for (const text of [...TEXTS, 'x'.repeat(5000), '漢'.repeat(5000)]) {
      const target = new Uint8Array(text.length * 3 + 2);
      const written = host.writeUtf8(text, target, 1);
      expect(Buffer.from(target.subarray(1, 1 + written)).equals(Buffer.from(text))).toBe(true);
      expect(host.utf8Length(text)).toBe(written);
      expect([target[0], target[1 + written]]).toEqual([0, 0]);
    }
  });

  it('allocate as much as was asked for', () => {
    for (const length of [0, 1, 64, 65, 2047, 2048, 100_000]) expect(host.allocate(length).length).toBe(length);
  });

  it('make parts of a buffer of its own kind', () => {
    const { buffer } = new Uint8Array(8);
    const Part = host.partClass(new Uint8Array(buffer));
    expect(new Part(buffer, 2, 3)).toEqual(new Uint8Array(3));
  });
});

it("Node's parts of a Buffer are Buffers", () => {
  const chunk = Buffer.alloc(8);
  const Part = makeHost().partClass(chunk);
  expect(Buffer.isBuffer(new Part(chunk.buffer, 2, 3))).toBe(true);
});
