import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptKey, createKey, isValidKey } from '../../../src/handshake/accept-key.js';

function acceptOfNode(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

describe('acceptKey', () => {
  it.each([
    ['dGhlIHNhbXBsZSBub25jZQ==', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
    ['x3JJHMbDL1EzLkh9GBhXDw==', 'HSmrc0sMlYUkAGmm5OPpG2HaGWk='],
    ['uRovscZjNol/umbTt5uKmw==', 'rLHCkw/SKsO9GAH/ZSFhBATDKrU='],
    ['mnwFxiolctXFN/DeMt1Amg==', '3pcihJR3aDw7YeC+ISRtvQ6DnH0='],
  ])('answers %s with %s', (key, accept) => {
    expect(acceptKey(key)).toBe(accept);
  });

  it('agrees with Node on 16 random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const key = Buffer.from(bytes).toString('base64');
        expect(acceptKey(key)).toBe(acceptOfNode(key));
      }),
      { numRuns: 2000 },
    );
  });

  it('agrees with Node on any string, of any length', () => {
    for (let length = 0; length <= 200; length++) {
      const key = 'k'.repeat(length);
      expect(acceptKey(key)).toBe(acceptOfNode(key));
    }
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    fc.assert(
      fc.property(text, (key) => {
        expect(acceptKey(key)).toBe(acceptOfNode(key));
      }),
    );
  });

  it('takes 24 characters beyond ASCII as UTF-8', () => {
    for (const last of ['\x7f', '\x80', 'ÿ', '€', '\ud800']) {
      const key = 'A'.repeat(23) + last;
      expect(acceptKey(key)).toBe(acceptOfNode(key));
      expect(acceptKey(last + 'A'.repeat(23))).toBe(acceptOfNode(last + 'A'.repeat(23)));
    }
    expect(acceptKey('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });
});

describe('createKey', () => {
  it('makes valid keys, each of them new', () => {
    const keys = Array.from({ length: 1000 }, createKey);
    expect(keys.every(isValidKey)).toBe(true);
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(Buffer.from(key, 'base64').toString('base64')).toBe(key);
  });
});

describe('isValidKey', () => {
  it('takes 16 bytes in Base64, whatever lies under the padding', () => {
    expect(isValidKey('dGhlIHNhbXBsZSBub25jZQ==')).toBe(true);
    expect(isValidKey('abcdefghijklmnopqrstuv==')).toBe(true);
    expect(isValidKey('++++++++++//////////++==')).toBe(true);
  });

  it.each([
    '',
    'dGhlIHNhbXBsZSBub25jZQ',
    'dGhlIHNhbXBsZSBub25jZQ=',
    'dGhlIHNhbXBsZSBub25jZQ== ',
    'dGhlIHNhbXBsZSBub25jZQ==\n',
    'dGhlIHNhbXBsZSBub25jZ===',
    'dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==',
    'dGhlIHNhbXBsZSBub25jZWE=',
    'dGhlIHNhbXBsZSBub25jZWFh',
    'dGhlIHNhbXBsZSBub25j',
    'dGhlIHNhbXBsZSBub25j-_==',
    'dGhlIHNhbXBsZSBub25j Q==',
    'dGhlIHNhbXBsZSBub25jé===',
  ])('refuses %j', (key) => {
    expect(isValidKey(key)).toBe(false);
  });
});
