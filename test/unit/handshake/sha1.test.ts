import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha1 } from '../../../src/handshake/sha1.js';

function sha1OfNode(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('sha1', () => {
  it.each([
    ['', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    ['abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '84983e441c3bd26ebaae4aa1f95129e5e54670f1'],
  ])('gives the known digest of %j', (text, digest) => {
    expect(hex(sha1(new TextEncoder().encode(text)))).toBe(digest);
  });

  it('gives the known digest of a million letters', () => {
    expect(hex(sha1(new Uint8Array(1_000_000).fill(0x61)))).toBe('34aa973cd4c4daa4f61eeb2bdbad27316534016f');
  });

  it('agrees with Node at every length from 0 to 200', () => {
    for (let length = 0; length <= 200; length++) {
      const bytes = crypto.getRandomValues(new Uint8Array(length));
      expect(hex(sha1(bytes))).toBe(sha1OfNode(bytes));
    }
  });

  it('agrees with Node on any bytes, and leaves them alone', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1000 }), (bytes) => {
        const before = bytes.slice();
        expect(hex(sha1(bytes))).toBe(sha1OfNode(bytes));
        expect(bytes).toEqual(before);
      }),
    );
  });

  it('reads a view where it lies', () => {
    const bytes = crypto.getRandomValues(new Uint8Array(300));
    for (let offset = 0; offset < 8; offset++) {
      const view = bytes.subarray(offset, offset + 130);
      expect(hex(sha1(view))).toBe(sha1OfNode(view));
    }
  });

  it('hands out a digest that the next call does not touch', () => {
    const first = sha1(new Uint8Array(1));
    const copy = first.slice();
    sha1(new Uint8Array(2));
    expect(first).toEqual(copy);
    expect(first.buffer.byteLength).toBe(20);
  });
});
