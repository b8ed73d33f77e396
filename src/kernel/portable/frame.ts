// One frame of any kind, cut anywhere, in the portable kernel: its header, then its payload piece by piece. Works on the state
// record itself, so that it can stop at any byte.

import {
  checkLength,
  checkOpening,
  faultyByte,
  headerLengthOf,
  isCloseCode,
} from '../../../assembly/shared/header-rules.js';
import {
  OPTION_SKIP_UTF8,
  RECORD_ASCII,
  RECORD_END,
  RECORD_MASKED,
  RECORD_START,
  STAGE_PAYLOAD,
  STATE_CLOSE_BYTE,
  STATE_FIRST_BYTE,
  STATE_FRAME_FLAGS,
  STATE_FRAME_LENGTH,
  STATE_HEADER_BYTES,
  STATE_HEADER_LENGTH,
  STATE_MASKING_KEY,
  STATE_MAX_FRAME_LENGTH,
  STATE_MAX_MESSAGE_LENGTH,
  STATE_MESSAGE_LENGTH,
  STATE_MESSAGE_OPCODE,
  STATE_OPTIONS,
  STATE_REMAINING,
  STATE_STAGE,
  STATE_UTF8,
  UTF8_ASCII,
  UTF8_OFFSET_BITS,
  UTF8_STATE_BITS,
} from '../../../assembly/shared/layout.js';
import {
  ERROR_CLOSE_CODE,
  ERROR_INVALID_UTF8,
  ERROR_NONE,
  FIN,
  MASKED,
  OPCODE_BINARY,
  OPCODE_BITS,
  OPCODE_CLOSE,
  OPCODE_CONTROL_BIT,
  OPCODE_TEXT,
  RSV1,
} from '../../../assembly/shared/protocol.js';
import { readMaskingKey, readPayloadLength } from '../read-header.js';
import { mask, type PortableMemory } from './mask.js';
import { endFrame, fail, readU64, writeRecord, writeU64 } from './state.js';
import { validate } from './utf8.js';

/**
 * Reads a header, or what the chunk holds of one, through the state, and begins its frame.
 *
 * @returns the address behind the bytes taken
 */
export function takeHeader(
  memory: PortableMemory,
  statePtr: number,
  chunkPtr: number,
  ptr: number,
  end: number,
): number {
  const { bytes, words } = memory;
  const headerPtr = statePtr + STATE_HEADER_BYTES;
  let held = bytes[statePtr + STATE_HEADER_LENGTH]!;
  // Below 0 where the header began in an earlier chunk.
  const offset = ptr - held - chunkPtr;

  while (held < 2 && ptr < end) bytes[headerPtr + held++] = bytes[ptr++]!;
  bytes[statePtr + STATE_HEADER_LENGTH] = held;
  if (held < 2) return ptr;
  const first = bytes[headerPtr]!;
  const second = bytes[headerPtr + 1]!;
  const messageOpcode = bytes[statePtr + STATE_MESSAGE_OPCODE]!;
  let error = checkOpening(first, second, bytes[statePtr + STATE_OPTIONS]!, messageOpcode);
  if (error !== ERROR_NONE) return fail(memory, statePtr, error, offset + faultyByte(error), end);

  const headerLength = headerLengthOf(second);
  while (held < headerLength && ptr < end) bytes[headerPtr + held++] = bytes[ptr++]!;
  bytes[statePtr + STATE_HEADER_LENGTH] = held;
  if (held < headerLength) return ptr;
  const length = readPayloadLength(bytes, headerPtr);
  error = checkLength(
    first,
    second,
    bytes[headerPtr + 2]! > 0x7f,
    length,
    readU64(words, statePtr + STATE_MESSAGE_LENGTH),
    readU64(words, statePtr + STATE_MAX_FRAME_LENGTH),
    readU64(words, statePtr + STATE_MAX_MESSAGE_LENGTH),
  );
  if (error !== ERROR_NONE) return fail(memory, statePtr, error, offset + faultyByte(error), end);

  // The key is read before the payload length is written over the header's bytes.
  const masked = (second & MASKED) !== 0;
  const maskingKey = masked ? readMaskingKey(bytes, headerPtr + headerLength - 4) : 0;
  const opcode = first & OPCODE_BITS;
  bytes[statePtr + STATE_STAGE] = STAGE_PAYLOAD;
  bytes[statePtr + STATE_HEADER_LENGTH] = 0;
  bytes[statePtr + STATE_FIRST_BYTE] = first;
  bytes[statePtr + STATE_FRAME_FLAGS] = masked ? RECORD_MASKED : 0;
  words[(statePtr + STATE_MASKING_KEY) >> 2] = maskingKey;
  writeU64(words, statePtr + STATE_FRAME_LENGTH, length);
  writeU64(words, statePtr + STATE_REMAINING, length);
  if (opcode === OPCODE_TEXT || opcode === OPCODE_BINARY) {
    bytes[statePtr + STATE_MESSAGE_OPCODE] = opcode | (first & RSV1);
  }
  if (opcode === OPCODE_TEXT || opcode === OPCODE_CLOSE) words[(statePtr + STATE_UTF8) >> 2] = 0;
  return ptr;
}

/**
 * Takes what the chunk holds of the payload of the frame under way: unmasks and validates it, writes its record, and
 * ends the frame with it where it is the last piece.
 *
 * @param headerLength where the frame's header ended in this chunk, its length, else 0
 * @returns the address behind the bytes taken
 */
export function takePayload(
  memory: PortableMemory,
  statePtr: number,
  chunkPtr: number,
  ptr: number,
  end: number,
  recordPtr: number,
  headerLength: number,
): number {
  const { bytes, words } = memory;
  const first = bytes[statePtr + STATE_FIRST_BYTE]!;
  const opcode = first & OPCODE_BITS;
  const isControl = (opcode & OPCODE_CONTROL_BIT) !== 0;
  const messageOpcode = isControl ? 0 : bytes[statePtr + STATE_MESSAGE_OPCODE]!;
  const frameLength = readU64(words, statePtr + STATE_FRAME_LENGTH);
  const remaining = readU64(words, statePtr + STATE_REMAINING);
  const length = Math.min(remaining, end - ptr);
  const taken = frameLength - remaining;
  const isLast = length === remaining;
  const maskingKey = words[(statePtr + STATE_MASKING_KEY) >> 2]!;
  let flags =
    (headerLength !== 0 ? RECORD_START : 0) | (isLast ? RECORD_END : 0) | bytes[statePtr + STATE_FRAME_FLAGS]!;

  let nonAscii = -1;
  if ((flags & RECORD_MASKED) !== 0) nonAscii = mask(memory, ptr, length, maskingKey, taken & 3);

  // The text of a Close frame, its reason, begins behind the two bytes of the code.
  let codeLength = 0;
  if (opcode === OPCODE_CLOSE) {
    codeLength = Math.min(length, Math.max(0, 2 - taken));
    if (!takeCloseCode(bytes, statePtr, ptr, taken, codeLength)) {
      return fail(memory, statePtr, ERROR_CLOSE_CODE, ptr - taken - chunkPtr, end);
    }
  }

  if (
    (messageOpcode === OPCODE_TEXT || opcode === OPCODE_CLOSE) &&
    (bytes[statePtr + STATE_OPTIONS]! & OPTION_SKIP_UTF8) === 0
  ) {
    const before = words[(statePtr + STATE_UTF8) >> 2]!;
    const textPtr = ptr + codeLength;
    const utf8 = nonAscii === 0 && before === 0 ? UTF8_ASCII : validate(memory, textPtr, length - codeLength, before);
    if (utf8 < 0) {
      return fail(memory, statePtr, ERROR_INVALID_UTF8, textPtr - chunkPtr + (utf8 & UTF8_OFFSET_BITS), end);
    }
    const after = utf8 & UTF8_STATE_BITS;
    // FIN is set on every control frame.
    if (after !== 0 && isLast && (first & FIN) !== 0) {
      return fail(memory, statePtr, ERROR_INVALID_UTF8, ptr + length - chunkPtr, end);
    }
    words[(statePtr + STATE_UTF8) >> 2] = after;
    if ((utf8 & UTF8_ASCII) !== 0) flags |= RECORD_ASCII;
  }

  writeRecord(words, recordPtr, first, flags, messageOpcode, headerLength, ptr, length, maskingKey);
  if (isLast) {
    endFrame(memory, statePtr, first, frameLength);
  } else {
    writeU64(words, statePtr + STATE_REMAINING, remaining - length);
  }
  return ptr + length;
}

/**
 * Takes `count` (0-2) bytes of a Close frame's code, of which `taken` came in earlier chunks.
 *
 * @returns false where the code is now whole and none that may be sent (RFC 6455 section 7.4, and its registry)
 */
function takeCloseCode(bytes: Uint8Array, statePtr: number, ptr: number, taken: number, count: number): boolean {
  if (count === 0) return true;
  if (taken + count < 2) {
    bytes[statePtr + STATE_CLOSE_BYTE] = bytes[ptr]!;
    return true;
  }
  const high = taken === 0 ? bytes[ptr]! : bytes[statePtr + STATE_CLOSE_BYTE]!;
  const code = (high << 8) | bytes[ptr + count - 1]!;
  bytes[statePtr + STATE_CLOSE_BYTE] = 0;
  return isCloseCode(code);
}
