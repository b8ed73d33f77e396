// Frame headers in the portable kernel (RFC 6455 section 5.2): how long one is, the rules that it must keep, writing
// one. Knows nothing of chunks, records and where a header was cut.

import { OPTION_ALLOW_RSV1, OPTION_REQUIRE_MASKED, OPTION_REQUIRE_UNMASKED } from '../../../assembly/shared/layout.js';
import {
  ERROR_CLOSE_PAYLOAD,
  ERROR_CONTROL_TOO_LONG,
  ERROR_FRAGMENTED_CONTROL,
  ERROR_LENGTH_NOT_MINIMAL,
  ERROR_LENGTH_TOP_BIT,
  ERROR_MASKED,
  ERROR_NONE,
  ERROR_NOT_MASKED,
  ERROR_RESERVED_BITS,
  ERROR_RESERVED_OPCODE,
  ERROR_STRAY_CONTINUATION,
  ERROR_UNFINISHED_MESSAGE,
  FIN,
  LENGTH_16,
  LENGTH_64,
  LENGTH_BITS,
  MASKED,
  MAX_CONTROL_PAYLOAD,
  MAX_LENGTH_7,
  MAX_LENGTH_16,
  OPCODE_BINARY,
  OPCODE_BITS,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_CONTROL_BIT,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
  RSV_BITS,
} from '../../../assembly/shared/protocol.js';
import { headerLengthFor, writeHeader } from '../write-header.js';
import { mask, type PortableMemory } from './mask.js';

const TWO_32 = 0x1_0000_0000;
/** The high half of 2^53, the first length that a number cannot count to. */
const HIGH_HALF_UNSAFE = 0x20_0000;

/** The length of the header that begins with a byte and then `second`. */
export function headerLengthOnWire(second: number): number {
  const code = second & LENGTH_BITS;
  const extended = code === LENGTH_64 ? 8 : code === LENGTH_16 ? 2 : 0;
  return 2 + extended + ((second & MASKED) !== 0 ? 4 : 0);
}

/** The rules that the first two bytes of a header decide, in the order that `Kernel.decode` promises. */
export function checkFirstBytes(first: number, second: number, options: number, messageOpcode: number): number {
  const opcode = first & OPCODE_BITS;
  // An extension may own RSV1, and only where a data message begins (RFC 7692 section 6).
  const owned = opcode === OPCODE_TEXT || opcode === OPCODE_BINARY ? options & OPTION_ALLOW_RSV1 : 0;
  if ((first & RSV_BITS & ~owned) !== 0) return ERROR_RESERVED_BITS;

  switch (opcode) {
    case OPCODE_CONTINUATION:
      if (messageOpcode === 0) return ERROR_STRAY_CONTINUATION;
      break;
    case OPCODE_TEXT:
    case OPCODE_BINARY:
      if (messageOpcode !== 0) return ERROR_UNFINISHED_MESSAGE;
      break;
    case OPCODE_CLOSE:
    case OPCODE_PING:
    case OPCODE_PONG:
      if ((first & FIN) === 0) return ERROR_FRAGMENTED_CONTROL;
      break;
    default:
      return ERROR_RESERVED_OPCODE;
  }

  if ((second & MASKED) === 0) {
    if ((options & OPTION_REQUIRE_MASKED) !== 0) return ERROR_NOT_MASKED;
  } else if ((options & OPTION_REQUIRE_UNMASKED) !== 0) {
    return ERROR_MASKED;
  }

  if ((opcode & OPCODE_CONTROL_BIT) !== 0) {
    const length = second & LENGTH_BITS;
    if (length > MAX_CONTROL_PAYLOAD) return ERROR_CONTROL_TOO_LONG;
    if (opcode === OPCODE_CLOSE && length === 1) return ERROR_CLOSE_PAYLOAD;
  }
  return ERROR_NONE;
}

/** The rules on the form of the length in a whole header. */
export function checkLengthForm({ bytes }: PortableMemory, ptr: number): number {
  const code = bytes[ptr + 1]! & LENGTH_BITS;
  if (code === LENGTH_64 && bytes[ptr + 2]! > 0x7f) return ERROR_LENGTH_TOP_BIT;
  const length = readPayloadLength(bytes, ptr);
  if (code === LENGTH_16 && length <= MAX_LENGTH_7) return ERROR_LENGTH_NOT_MINIMAL;
  if (code === LENGTH_64 && length <= MAX_LENGTH_16) return ERROR_LENGTH_NOT_MINIMAL;
  return ERROR_NONE;
}

/** Which byte of a header is at fault, counted from its start. */
export function headerFaultOffset(error: number): number {
  switch (error) {
    case ERROR_RESERVED_BITS:
    case ERROR_RESERVED_OPCODE:
    case ERROR_STRAY_CONTINUATION:
    case ERROR_UNFINISHED_MESSAGE:
    case ERROR_FRAGMENTED_CONTROL:
      return 0;
    case ERROR_LENGTH_TOP_BIT:
    case ERROR_LENGTH_NOT_MINIMAL:
      return 2;
    default:
      return 1;
  }
}

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
