// The records of assembly/shared/layout.ts in the memory of the portable kernel: writing a frame record, ending a frame in the
// state, failing.

import {
  RECORD_MASKING_KEY,
  RECORD_PAYLOAD_LENGTH,
  RECORD_PTR,
  STAGE_CLOSED,
  STAGE_FAILED,
  STAGE_HEADER,
  STATE_ERROR,
  STATE_ERROR_OFFSET,
  STATE_FIRST_BYTE,
  STATE_FRAME_FLAGS,
  STATE_FRAME_LENGTH,
  STATE_HEADER_LENGTH,
  STATE_MASKING_KEY,
  STATE_MAX_FRAME_LENGTH,
  STATE_MESSAGE_LENGTH,
  STATE_MESSAGE_OPCODE,
  STATE_REMAINING,
  STATE_STAGE,
  STATE_UTF8,
} from '../../../assembly/shared/layout.js';
import { FIN, OPCODE_BITS, OPCODE_CLOSE, OPCODE_CONTROL_BIT } from '../../../assembly/shared/protocol.js';
import { TWO_POW_32 } from '../read-header.js';
import type { PortableMemory } from './mask.js';

/** Leaves nothing of the finished frame in the state, and nothing of its message where that ended too. */
export function endFrame(memory: PortableMemory, statePtr: number, first: number, frameLength: number): void {
  const { bytes, words } = memory;
  if ((first & OPCODE_BITS) === OPCODE_CLOSE) {
    endStage(bytes, statePtr, STAGE_CLOSED);
    return;
  }
  bytes[statePtr + STATE_STAGE] = STAGE_HEADER;
  bytes[statePtr + STATE_FIRST_BYTE] = 0;
  bytes[statePtr + STATE_FRAME_FLAGS] = 0;
  words[(statePtr + STATE_MASKING_KEY) >> 2] = 0;
  writeU64(words, statePtr + STATE_FRAME_LENGTH, 0);
  writeU64(words, statePtr + STATE_REMAINING, 0);
  if ((first & OPCODE_CONTROL_BIT) !== 0) return;
  if ((first & FIN) !== 0) {
    bytes[statePtr + STATE_MESSAGE_OPCODE] = 0;
    writeU64(words, statePtr + STATE_MESSAGE_LENGTH, 0);
  } else {
    // No sum rounds: the limit, a safe integer, has been held against it.
    writeU64(words, statePtr + STATE_MESSAGE_LENGTH, readU64(words, statePtr + STATE_MESSAGE_LENGTH) + frameLength);
  }
}

/** Records an error, and drops the rest: `end`, for the caller to return. */
export function fail(
  { bytes, words }: PortableMemory,
  statePtr: number,
  error: number,
  offset: number,
  end: number,
): number {
  endStage(bytes, statePtr, STAGE_FAILED);
  bytes[statePtr + STATE_ERROR] = error;
  words[(statePtr + STATE_ERROR_OFFSET) >> 2] = offset;
  return end;
}

/** A stage that drops what follows keeps nothing of a frame or a message. */
function endStage(bytes: Uint8Array, statePtr: number, stage: number): void {
  bytes[statePtr + STATE_STAGE] = stage;
  bytes.fill(0, statePtr + STATE_HEADER_LENGTH, statePtr + STATE_ERROR);
  bytes.fill(0, statePtr + STATE_UTF8, statePtr + STATE_MAX_FRAME_LENGTH);
}

export function writeRecord(
  words: Int32Array,
  recordPtr: number,
  first: number,
  flags: number,
  messageOpcode: number,
  headerLength: number,
  ptr: number,
  length: number,
  maskingKey: number,
): void {
  // The first four fields are one byte each, and one word together.
  words[recordPtr >> 2] = first | (flags << 8) | (messageOpcode << 16) | (headerLength << 24);
  words[(recordPtr + RECORD_PTR) >> 2] = ptr;
  words[(recordPtr + RECORD_PAYLOAD_LENGTH) >> 2] = length;
  words[(recordPtr + RECORD_MASKING_KEY) >> 2] = maskingKey;
}

/** A u64 of the state. All of them are at most 2^53 - 1, so a number holds them exactly. */
export function readU64(words: Int32Array, ptr: number): number {
  return (words[(ptr >> 2) + 1]! >>> 0) * TWO_POW_32 + (words[ptr >> 2]! >>> 0);
}

export function writeU64(words: Int32Array, ptr: number, value: number): void {
  words[ptr >> 2] = value >>> 0;
  words[(ptr >> 2) + 1] = Math.floor(value / TWO_POW_32);
}
