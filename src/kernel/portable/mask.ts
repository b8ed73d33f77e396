// The memory of the portable kernel, and the XOR of bytes in it with a masking key (RFC 6455 section 5.3).

/** Views of the one linear memory. Made once: the memory never grows, so they stay valid. */
export interface PortableMemory {
  readonly bytes: Uint8Array;
  /** The same memory in words of the host, which is little-endian wherever JavaScript runs today. */
  readonly words: Int32Array;
  /** The same memory as UTF-16 units. */
  readonly units: Uint16Array;
}

/** In a word of four bytes: the bit of each that a byte of ASCII does not have. */
export const NON_ASCII_BITS = 0x80808080 | 0;

/**
 * XORs bytes with a masking key in place; the first byte meets the key's byte `phase`.
 *
 * @returns 0 where every byte of the result is below 0x80, else not 0
 */
export function mask(
  { bytes, words }: PortableMemory,
  ptr: number,
  length: number,
  maskingKey: number,
  phase: number,
): number {
  const end = ptr + length;
  const turn = (phase & 3) << 3;
  // A shift counts modulo 32, so with a turn of 0 both halves are the whole key.
  let key = (maskingKey >>> turn) | (maskingKey << -turn);
  let seen = 0;

  // Byte by byte up to a word's border; the key turns with them, so that its lowest byte is always the next.
  while ((ptr & 3) !== 0 && ptr < end) {
    const byte = bytes[ptr]! ^ (key & 0xff);
    bytes[ptr++] = byte;
    seen |= byte;
    key = (key >>> 8) | (key << 24);
  }

  let word = ptr >> 2;
  const wordsEnd = end >> 2;
  // Four words a step: one test of the loop for 16 bytes.
  for (; word < wordsEnd - 3; word += 4) {
    const a = words[word]! ^ key;
    const b = words[word + 1]! ^ key;
    const c = words[word + 2]! ^ key;
    const d = words[word + 3]! ^ key;
    words[word] = a;
    words[word + 1] = b;
    words[word + 2] = c;
    words[word + 3] = d;
    seen |= a | b | c | d;
  }
  for (; word < wordsEnd; word++) {
    const a = words[word]! ^ key;
    words[word] = a;
    seen |= a;
  }

  // A head that ended before its word's border has nothing left, and must not be walked again.
  if (ptr < end) ptr = word << 2;
  while (ptr < end) {
    const byte = bytes[ptr]! ^ (key & 0xff);
    bytes[ptr++] = byte;
    seen |= byte;
    key >>>= 8;
  }
  return seen & NON_ASCII_BITS;
}
