// Frame headers in the memory of the portable kernel (RFC 6455 section 5.2): reading one, writing one. The rules are in
// assembly/shared/header-rules.ts.

import { LENGTH_16, LENGTH_BITS } from '../../../assembly/shared/protocol.js';
import { headerLengthFor, writeHeader } from '../write-header.js';
import { mask, type PortableMemory } from './mask.js';

const TWO_32 = 0x1_0000_0000;
/** The high half of 2^53, the first length that a number cannot count to. */
const HIGH_HALF_UNSAFE = 0x20_0000;

/** The payload length in a whole header; infinite from 2^53 on, where a number would round, and so over any limit. */
export function readPayloadLength(bytes: Uint8Array, ptr: number): number {
  const code = bytes[ptr + 1]! & LENGTH_BITS;
  if (code < LENGTH_16) return code;
  if (code === LENGTH_16) return (bytes[ptr + 2]! << 8) | bytes[ptr + 3]!;
  const high = readU32BE(bytes, ptr + 2);
  return high < HIGH_HALF_UNSAFE ? high * TWO_32 + readU32BE(bytes, ptr + 6) : Number.POSITIVE_INFINITY;
}

function readU32BE(bytes: Uint8Array, ptr: number): number {
  return ((bytes[ptr]! << 24) | (bytes[ptr + 1]! << 16) | (bytes[ptr + 2]! << 8) | bytes[ptr + 3]!) >>> 0;
}

/** The four bytes of a masking key at any address, the first byte lowest. */
export function readMaskingKey(bytes: Uint8Array, ptr: number): number {
  return bytes[ptr]! | (bytes[ptr + 1]! << 8) | (bytes[ptr + 2]! << 16) | (bytes[ptr + 3]! << 24);
}

/** `Kernel.encode` */
export function encode(
  memory: PortableMemory,
  payloadPtr: number,
  length: number,
  firstByte: number,
  payloadLength: number,
  masked: number,
  maskingKey: number,
): number {
  const isMasked = masked !== 0;
  const headerLength = headerLengthFor(payloadLength, isMasked);
  writeHeader(memory.bytes, payloadPtr - headerLength, firstByte, payloadLength, isMasked, maskingKey);
  if (isMasked) mask(memory, payloadPtr, length, maskingKey, 0);
  return headerLength;
}
