// Which frames are rejected, by both kernels: the RFC's rules on a header (RFC 6455 section 5.2) such as RSV bits, opcodes, masking
// and lengths, one rule a case, in the order that src/kernel/kernel.ts promises; and how long a header is. Pure: it reads no memory.
// Both compilers read it, so the two kernels share it: an integer is a number for tsc (integers.d.ts), where a `u64` is exact up to
// 2^53 - 1.

import { OPTION_ALLOW_RSV1, OPTION_REQUIRE_MASKED, OPTION_REQUIRE_UNMASKED } from './layout.ts';
import {
  CLOSE_INVALID_PAYLOAD,
  CLOSE_NORMAL,
  CLOSE_UNSUPPORTED_DATA,
  ERROR_CLOSE_PAYLOAD,
  ERROR_CONTROL_TOO_LONG,
  ERROR_FRAGMENTED_CONTROL,
  ERROR_FRAME_TOO_LONG,
  ERROR_LENGTH_NOT_MINIMAL,
  ERROR_LENGTH_TOP_BIT,
  ERROR_MASKED,
  ERROR_MESSAGE_TOO_LONG,
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
  MAX_LENGTH_16,
  OPCODE_BINARY,
  OPCODE_BITS,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_CONTROL_BIT,
  OPCODE_PONG,
  OPCODE_TEXT,
  RSV_BITS,
  RSV1,
} from './protocol.ts';

/** The length of a whole header in bytes (2 to 14), from its second byte. */
export function headerLengthOf(second: u32): u32 {
  const length = second & LENGTH_BITS;
  // MASK is 0x80 and the key takes 4 bytes: 0x80 >> 5 = 4.
  const fixed: u32 = 2 + ((second & MASKED) >> 5);
  return length < <u32>LENGTH_16 ? fixed : length === LENGTH_16 ? fixed + 2 : fixed + 8;
}

/** The rules that the first two bytes can break. `messageOpcode`: that of the open message, 0 if none is open. */
export function checkOpening(first: u32, second: u32, options: u32, messageOpcode: u32): u32 {
  const opcode = first & OPCODE_BITS;
  const startsMessage = opcode === OPCODE_TEXT || opcode === OPCODE_BINARY;
  const isControl = (opcode & OPCODE_CONTROL_BIT) !== 0;
  const length = second & LENGTH_BITS;

  // 5.2: RSV "MUST be 0 unless an extension is negotiated"; RFC 7692 section 6: RSV1 on a message's first frame only.
  const allowed: u32 = startsMessage ? options & OPTION_ALLOW_RSV1 & RSV1 : 0;
  if ((first & RSV_BITS & ~allowed) !== 0) return ERROR_RESERVED_BITS;

  // 5.2: opcodes 3-7 and 0xb-0xf are reserved.
  if (isControl ? opcode > <u32>OPCODE_PONG : opcode > <u32>OPCODE_BINARY) return ERROR_RESERVED_OPCODE;

  // 5.4: a continuation continues a message; fragments of two messages are not interleaved.
  if (opcode === OPCODE_CONTINUATION && messageOpcode === 0) return ERROR_STRAY_CONTINUATION;
  if (startsMessage && messageOpcode !== 0) return ERROR_UNFINISHED_MESSAGE;

  // 5.5: "All control frames ... MUST NOT be fragmented."
  if (isControl && (first & FIN) === 0) return ERROR_FRAGMENTED_CONTROL;

  // 5.1: a server closes on a frame that is not masked, a client on one that is.
  if ((options & OPTION_REQUIRE_MASKED) !== 0 && (second & MASKED) === 0) return ERROR_NOT_MASKED;
  if ((options & OPTION_REQUIRE_UNMASKED) !== 0 && (second & MASKED) !== 0) return ERROR_MASKED;

  // 5.5: control frames have "a payload length of 125 bytes or less".
  if (isControl && length > <u32>MAX_CONTROL_PAYLOAD) return ERROR_CONTROL_TOO_LONG;

  // 5.5.1: if there is a body, it begins with a 2-byte code.
  if (opcode === OPCODE_CLOSE && length === 1) return ERROR_CLOSE_PAYLOAD;

  return ERROR_NONE;
}

/**
 * The rules that the payload length can break, once the whole header is there.
 *
 * @param hasTopBit the 64-bit length has its most significant bit set
 */
export function checkLength(
  first: u32,
  second: u32,
  hasTopBit: bool,
  payloadLength: u64,
  messageLength: u64,
  maxFrameLength: u64,
  maxMessageLength: u64,
): u32 {
  const form = second & LENGTH_BITS;

  // 5.2: "the most significant bit MUST be 0".
  if (form === LENGTH_64 && hasTopBit) return ERROR_LENGTH_TOP_BIT;

  // 5.2: "the minimal number of bytes MUST be used to encode the length".
  if (form === LENGTH_16 && payloadLength < <u64>LENGTH_16) return ERROR_LENGTH_NOT_MINIMAL;
  if (form === LENGTH_64 && payloadLength <= <u64>MAX_LENGTH_16) return ERROR_LENGTH_NOT_MINIMAL;

  // 10.4: limits on frames and messages. Subtracted, not added: a sum could wrap.
  if ((first & OPCODE_CONTROL_BIT) !== 0) return ERROR_NONE;
  if (payloadLength > maxFrameLength) return ERROR_FRAME_TOO_LONG;
  if (payloadLength > maxMessageLength - messageLength) return ERROR_MESSAGE_TOO_LONG;

  return ERROR_NONE;
}

/** Which byte of the header an error of the two functions above lies in. */
export function faultyByte(error: u32): u32 {
  switch (error) {
    case ERROR_LENGTH_TOP_BIT:
    case ERROR_LENGTH_NOT_MINIMAL:
      return 2;
    case ERROR_NOT_MASKED:
    case ERROR_MASKED:
    case ERROR_CONTROL_TOO_LONG:
    case ERROR_CLOSE_PAYLOAD:
    case ERROR_FRAME_TOO_LONG:
    case ERROR_MESSAGE_TOO_LONG:
      return 1;
    default:
      return 0;
  }
}

/** 7.4: may this code stand in a Close frame? 1004, 1005, 1006 and 1015 are reserved; 1014 is registered, 3000-4999 are free. */
export function isCloseCode(code: i32): bool {
  if (code >= CLOSE_NORMAL && code <= CLOSE_UNSUPPORTED_DATA) return true;
  if (code >= CLOSE_INVALID_PAYLOAD && code <= 1014) return true;
  return code >= 3000 && code <= 4999;
}
