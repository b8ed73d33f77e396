// Writing a frame header in the memory of the portable kernel (RFC 6455 section 5.2).

import { headerLengthFor, writeHeader } from '../write-header.js';
import { mask, type PortableMemory } from './mask.js';

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
