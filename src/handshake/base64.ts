// Base64 (RFC 4648 section 4): bytes ↔ text. It knows nothing of what the bytes mean.

/** The character of each value of six bits. */
export const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The six bits of each byte of UTF-8, below 0 where it is no character of the alphabet. */
const BITS_OF_CODE = bitsOfCodes();

function bitsOfCodes(): Int8Array {
  const bitsOfCode = new Int8Array(256).fill(-1);
  for (let bits = 0; bits < ALPHABET.length; bits++) bitsOfCode[ALPHABET.charCodeAt(bits)] = bits;
  return bitsOfCode;
}

/** The Base64 text of `bytes`, padded. */
export function encodeBase64(bytes: Uint8Array): string {
  const { length } = bytes;
  let text = '';
  for (let i = 0; i < length; i += 3) {
    const bits = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text +=
      ALPHABET[bits >>> 18]! + ALPHABET[(bits >>> 12) & 63]! + ALPHABET[(bits >>> 6) & 63]! + ALPHABET[bits & 63]!;
  }
  const padding = (3 - (length % 3)) % 3;
  return padding === 0 ? text : text.slice(0, -padding) + '=='.slice(0, padding);
}

/**
 * The bytes of a Base64 text, or undefined where it is not exactly what `encodeBase64` writes: a character outside the
 * alphabet (white space too), padding missing or misplaced, bits set under the padding.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const { length } = text;
  if (length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  // Zero bits in place of the padding, so that all groups are alike.
  const codes = new TextEncoder().encode(padding === 0 ? text : text.slice(0, -padding) + 'AA'.slice(0, padding));
  const padded = new Uint8Array((length / 4) * 3);

  let seen = 0; // below 0 once a character was outside the alphabet
  let bits = 0;
  for (let i = 0, j = 0; i < length; i += 4, j += 3) {
    bits =
      (BITS_OF_CODE[codes[i]!]! << 18) |
      (BITS_OF_CODE[codes[i + 1]!]! << 12) |
      (BITS_OF_CODE[codes[i + 2]!]! << 6) |
      BITS_OF_CODE[codes[i + 3]!]!;
    seen |= bits;
    padded[j] = bits >>> 16;
    padded[j + 1] = bits >>> 8;
    padded[j + 2] = bits;
  }
  const underPadding = bits & ((1 << (8 * padding)) - 1);
  if (seen < 0 || underPadding !== 0) return undefined;
  return padded.subarray(0, padded.length - padding);
}
