// Writes a frame header in TypeScript (RFC 6455 section 5.2), into any buffer: for payloads that don't pass through the kernel.

import { LENGTH_16, LENGTH_64, MASKED, MAX_LENGTH_7, MAX_LENGTH_16 } from '../../assembly/shared/protocol.js';
import { TWO_POW_32 } from './read-header.js';

/** The length of the header for a payload of this many bytes: 2, 4 or 10, and 4 more with a masking key. */
export function headerLengthFor(payloadLength: number, isMasked: boolean): number {
  const fixed = isMasked ? 6 : 2;
  return payloadLength <= MAX_LENGTH_7 ? fixed : payloadLength <= MAX_LENGTH_16 ? fixed + 2 : fixed + 8;
}

/**
 * Writes a header from `offset` on.
 *
 * @param payloadLength up to 2^53 - 1
 * @param maskingKey its first byte lowest; not looked at unless `isMasked`
 * @returns the offset behind it
 */
export function writeHeader(
  target: Uint8Array,
  offset: number,
  firstByte: number,
  payloadLength: number,
  isMasked: boolean,
  maskingKey: number,
): number {
  const maskBit = isMasked ? MASKED : 0;
  target[offset] = firstByte;
  if (payloadLength <= MAX_LENGTH_7) {
    target[offset + 1] = maskBit | payloadLength;
    offset += 2;
  } else if (payloadLength <= MAX_LENGTH_16) {
    target[offset + 1] = maskBit | LENGTH_16;
    target[offset + 2] = payloadLength >>> 8;
    target[offset + 3] = payloadLength;
    offset += 4;
  } else {
    target[offset + 1] = maskBit | LENGTH_64;
    writeBigEndian(target, offset + 2, Math.floor(payloadLength / TWO_POW_32));
    writeBigEndian(target, offset + 6, payloadLength % TWO_POW_32);
    offset += 10;
  }
  if (!isMasked) return offset;
  target[offset] = maskingKey;
  target[offset + 1] = maskingKey >>> 8;
  target[offset + 2] = maskingKey >>> 16;
  target[offset + 3] = maskingKey >>> 24;
  return offset + 4;
}

function writeBigEndian(target: Uint8Array, offset: number, word: number): void {
  target[offset] = word >>> 24;
  target[offset + 1] = word >>> 16;
  target[offset + 2] = word >>> 8;
  target[offset + 3] = word;
}
