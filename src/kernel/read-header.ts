// Reads the fields of a frame header in TypeScript (RFC 6455 section 5.2), from any buffer. The rules are in
// assembly/shared/header-rules.ts.

import { LENGTH_16, LENGTH_BITS } from '../../assembly/shared/protocol.js';

/** The weight of the high word of a 64-bit number. */
export const TWO_POW_32 = 2 ** 32;
/** The high half of 2^53, the first length that a number cannot count to. */
const HIGH_HALF_UNSAFE = 0x20_0000;

/** The payload length in a whole header; infinite from 2^53 on, where a number would round, and so over any limit. */
export function readPayloadLength(bytes: Uint8Array, offset: number): number {
  const code = bytes[offset + 1]! & LENGTH_BITS;
  if (code < LENGTH_16) return code;
  if (code === LENGTH_16) return (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
  const high = readU32BE(bytes, offset + 2);
  return high < HIGH_HALF_UNSAFE ? high * TWO_POW_32 + readU32BE(bytes, offset + 6) : Number.POSITIVE_INFINITY;
}

function readU32BE(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>> 0;
}

/** The four bytes of a masking key at any address, the first byte lowest. */
export function readMaskingKey(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24);
}
