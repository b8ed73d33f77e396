// How a frame, and a connection, ends in the state of layout.ts.

import {
  STAGE_FAILED,
  STATE_ERROR,
  STATE_ERROR_OFFSET,
  STATE_FRAME_FLAGS,
  STATE_FRAME_LENGTH,
  STATE_HEADER_LENGTH,
  STATE_MASKING_KEY,
  STATE_MESSAGE_LENGTH,
  STATE_MESSAGE_OPCODE,
  STATE_REMAINING,
  STATE_STAGE,
  STATE_UTF8,
} from '../shared/layout';

export function endDataFrame(statePtr: usize, payloadLength: u64, isFinal: bool): void {
  if (isFinal) {
    store<u8>(statePtr, 0, STATE_MESSAGE_OPCODE);
    store<u64>(statePtr, 0, STATE_MESSAGE_LENGTH);
  } else {
    // Both are at most the message limit, and so is their sum: checkLength saw to it.
    store<u64>(statePtr, load<u64>(statePtr, STATE_MESSAGE_LENGTH) + payloadLength, STATE_MESSAGE_LENGTH);
  }
}

export function forgetFrame(statePtr: usize): void {
  store<u16>(statePtr, 0, STATE_HEADER_LENGTH); // and first byte
  store<u16>(statePtr, 0, STATE_FRAME_FLAGS); // and close byte
  store<u32>(statePtr, 0, STATE_MASKING_KEY);
  store<u64>(statePtr, 0, STATE_FRAME_LENGTH);
  store<u64>(statePtr, 0, STATE_REMAINING);
}

export function stop(statePtr: usize, stage: u32): void {
  forgetFrame(statePtr);
  endDataFrame(statePtr, 0, true);
  store<u32>(statePtr, 0, STATE_UTF8);
  store<u8>(statePtr, stage, STATE_STAGE);
}

export function fail(statePtr: usize, error: u32, offset: i32): void {
  stop(statePtr, STAGE_FAILED);
  store<u8>(statePtr, error, STATE_ERROR);
  store<i32>(statePtr, offset, STATE_ERROR_OFFSET);
}
