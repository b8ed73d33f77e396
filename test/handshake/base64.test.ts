import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALPHABET, decodeBase64, encodeBase64 } from '../../src/handshake/base64.js';

/** Node's decoder forgives much, so its answer counts only where encoding it again gives the same text. */
function decodedByNode(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : undefined;
}

describe('encodeBase64', () => {
  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('writes the vector %j of RFC 4648 section 10', (plain, text) => {
    expect(encodeBase64(new TextEncoder().encode(plain))).toBe(text);
    expect(decodeBase64(text)).toEqual(new TextEncoder().encode(plain));
  });

  it('writes what Node writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      }),
    );
  });
});

describe('decodeBase64', () => {
  it('undoes encodeBase64', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  it('undoes Node at the size of a module', () => {
    const bytes = crypto.getRandomValues(new Uint8Array(12 * 1024 + 1));
    expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(bytes);
  });

  it('takes nothing but what it would write itself', () => {
    const char = fc.constantFrom(...ALPHABET, '=', '=', '-', '_', ' ', '\n', '\0', '\x80', 'é', '\u0141', '€', '😀');
    fc.assert(
      fc.property(fc.string({ unit: char, maxLength: 12 }), (text) => {
        expect(decodeBase64(text)).toEqual(decodedByNode(text));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['A', 'length'],
    ['AA', 'length'],
    ['AAA', 'length'],
    ['AAAAA', 'length'],
    ['Zg', 'no padding'],
    ['Zg=', 'short padding'],
    ['Zg===', 'long padding'],
    ['====', 'nothing but padding'],
    ['A===', 'one character and padding'],
    ['=AAA', 'padding in front'],
    ['AA=A', 'padding inside'],
    ['Zg==Zg==', 'padding before the end'],
    ['Zh==', 'bits under two'],
    ['Zm9=', 'bits under one'],
    ['Zm9v\n', 'line break'],
    ['Zm 9', 'space'],
    ['Zm9-', 'the alphabet of URLs'],
    ['Zm9_', 'the alphabet of URLs'],
    ['Zm9\u0176', 'a character that is V modulo 256'],
    ['é=', 'length in bytes'],
    ['ééé=', 'letters beyond ASCII'],
    ['😀==', 'a pair of surrogates'],
    ['\ud800AAA', 'half a pair'],
  ])('refuses %j (%s)', (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });

  it('takes every value under the padding that is 0 and no other', () => {
    for (let bits = 0; bits < 64; bits++) {
      expect(decodeBase64(`A${ALPHABET[bits]}==`) !== undefined).toBe(bits % 16 === 0);
      expect(decodeBase64(`AA${ALPHABET[bits]}=`) !== undefined).toBe(bits % 4 === 0);
    }
  });
});
