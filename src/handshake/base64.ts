// Base64 (RFC 4648 section 4): bytes → text.

/** The character of each value of six bits. */
export const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

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
