// Encodes a frame: writes its header and masks its payload in one call.

import { writeHeader } from './header';
import { maskPayload } from './mask';

/** The contract stands in src/kernel/kernel.ts. The length is an f64 because an i64 would cross the border as a BigInt. */
export function encode(
  payloadPtr: usize,
  length: u32,
  firstByte: u32,
  payloadLength: f64,
  masked: bool,
  maskingKey: u32,
): u32 {
  if (masked) maskPayload(payloadPtr, length, maskingKey);
  return writeHeader(payloadPtr, firstByte, <u64>payloadLength, masked, maskingKey);
}
