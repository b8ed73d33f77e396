// Valid UTF-8 → UTF-16 in the portable kernel. Knows bytes only, and trusts them: they have been validated.

import type { PortableMemory } from './mask.js';

/** `Kernel.transcode` */
export function transcode({ bytes, units }: PortableMemory, ptr: number, length: number, outputPtr: number): number {
  const end = ptr + length;
  const start = outputPtr >> 1;
  let out = start;
  while (ptr < end) {
    const first = bytes[ptr++]!;
    if (first < 0x80) {
      units[out++] = first;
    } else if (first < 0xe0) {
      units[out++] = ((first & 0x1f) << 6) | (bytes[ptr++]! & 0x3f);
    } else if (first < 0xf0) {
      units[out++] = ((first & 0x0f) << 12) | ((bytes[ptr]! & 0x3f) << 6) | (bytes[ptr + 1]! & 0x3f);
      ptr += 2;
    } else {
      const codePoint =
        ((first & 0x07) << 18) |
        ((bytes[ptr]! & 0x3f) << 12) |
        ((bytes[ptr + 1]! & 0x3f) << 6) |
        (bytes[ptr + 2]! & 0x3f);
      ptr += 3;
      const offset = codePoint - 0x10000;
      units[out++] = 0xd800 | (offset >> 10);
      units[out++] = 0xdc00 | (offset & 0x3ff);
    }
  }
  return out - start;
}
