// A chunk → frame records, in the portable kernel: the loop over a chunk, and the short loop for what a chunk mostly
// holds, unfragmented data frames that lie whole in it. Knows no rule that a frame may break: such a frame, like one that
// is cut, fragmented or control, is left to frame.ts.

import { headerLengthOf } from '../../../assembly/shared/header-rules.js';
import {
  OPTION_REQUIRE_MASKED,
  OPTION_REQUIRE_UNMASKED,
  OPTION_SKIP_UTF8,
  RECORD_ASCII,
  RECORD_END,
  RECORD_LENGTH,
  RECORD_MASKED,
  RECORD_PAYLOAD_LENGTH,
  RECORD_PTR,
  RECORD_START,
  STAGE_FAILED,
  STAGE_HEADER,
  STAGE_PAYLOAD,
  STATE_CONSUMED,
  STATE_FRAME_FLAGS,
  STATE_FRAME_LENGTH,
  STATE_HEADER_LENGTH,
  STATE_MAX_FRAME_LENGTH,
  STATE_MAX_MESSAGE_LENGTH,
  STATE_MESSAGE_OPCODE,
  STATE_OPTIONS,
  STATE_STAGE,
  UTF8_ASCII,
} from '../../../assembly/shared/layout.js';
import {
  FIN,
  LENGTH_16,
  LENGTH_64,
  LENGTH_BITS,
  MASKED,
  OPCODE_BINARY,
  OPCODE_BITS,
  OPCODE_TEXT,
} from '../../../assembly/shared/protocol.js';
import { readMaskingKey } from '../read-header.js';
import { headerLengthFor } from '../write-header.js';
import { takeHeader, takePayload } from './frame.js';
import { mask, type PortableMemory } from './mask.js';
import { readU64, writeRecord } from './state.js';
import { validate } from './utf8.js';

const WHOLE_TEXT = FIN | OPCODE_TEXT;
const WHOLE_BINARY = FIN | OPCODE_BINARY;

/** `Kernel.decode`; `statePtr` and `recordsPtr` are multiples of 4. */
export function decode(
  memory: PortableMemory,
  statePtr: number,
  chunkPtr: number,
  length: number,
  recordsPtr: number,
  recordCapacity: number,
): number {
  const { bytes, words } = memory;
  const end = chunkPtr + length;
  const recordsEnd = recordsPtr + recordCapacity * RECORD_LENGTH;
  let ptr = chunkPtr;
  let recordPtr = recordsPtr;

  while (ptr < end && recordPtr < recordsEnd && bytes[statePtr + STATE_STAGE]! <= STAGE_PAYLOAD) {
    let headerLength = 0;
    if (bytes[statePtr + STATE_STAGE] === STAGE_HEADER) {
      if (bytes[statePtr + STATE_HEADER_LENGTH] === 0 && bytes[statePtr + STATE_MESSAGE_OPCODE] === 0) {
        const next = takeWholeFrames(memory, statePtr, ptr, end, recordPtr, recordsEnd);
        if (next !== recordPtr) {
          recordPtr = next;
          ptr =
            words[(next - RECORD_LENGTH + RECORD_PTR) >> 2]! +
            words[(next - RECORD_LENGTH + RECORD_PAYLOAD_LENGTH) >> 2]!;
          continue;
        }
      }
      ptr = takeHeader(memory, statePtr, chunkPtr, ptr, end);
      // Cut by the chunk's end, or at fault.
      if (bytes[statePtr + STATE_STAGE] !== STAGE_PAYLOAD) break;
      headerLength = headerLengthFor(
        readU64(words, statePtr + STATE_FRAME_LENGTH),
        bytes[statePtr + STATE_FRAME_FLAGS] !== 0,
      );
    }
    ptr = takePayload(memory, statePtr, chunkPtr, ptr, end, recordPtr, headerLength);
    if (bytes[statePtr + STATE_STAGE] === STAGE_FAILED) break;
    recordPtr += RECORD_LENGTH;
  }

  const dropsTheRest = bytes[statePtr + STATE_STAGE]! > STAGE_PAYLOAD;
  words[(statePtr + STATE_CONSUMED) >> 2] = dropsTheRest ? length : ptr - chunkPtr;
  return (recordPtr - recordsPtr) / RECORD_LENGTH;
}

/**
 * The short loop: data frames that are a whole message each and lie whole in the chunk, with no message open. Neither
 * reads nor leaves anything of a frame in the state. Stops in front of the first frame that is anything else, or that
 * breaks a rule.
 *
 * @returns the address behind the last record written
 */
function takeWholeFrames(
  memory: PortableMemory,
  statePtr: number,
  ptr: number,
  end: number,
  recordPtr: number,
  recordsEnd: number,
): number {
  const { bytes, words } = memory;
  const options = bytes[statePtr + STATE_OPTIONS]!;
  const maxLength = Math.min(
    readU64(words, statePtr + STATE_MAX_FRAME_LENGTH),
    readU64(words, statePtr + STATE_MAX_MESSAGE_LENGTH),
  );

  while (recordPtr < recordsEnd && end - ptr >= 2) {
    const first = bytes[ptr]!;
    if (first !== WHOLE_TEXT && first !== WHOLE_BINARY) break;
    const second = bytes[ptr + 1]!;
    const masked = second & MASKED;
    if ((options & (masked !== 0 ? OPTION_REQUIRE_UNMASKED : OPTION_REQUIRE_MASKED)) !== 0) break;
    const headerLength = headerLengthOf(second);
    const payloadPtr = ptr + headerLength;
    if (payloadPtr > end) break;
    let length = second & LENGTH_BITS;
    if (length >= LENGTH_16) {
      // A payload with a 64-bit length is longer than any chunk.
      if (length === LENGTH_64) break;
      length = (bytes[ptr + 2]! << 8) | bytes[ptr + 3]!;
      if (length < LENGTH_16) break;
    }
    if (length > end - payloadPtr || length > maxLength) break;

    let flags = RECORD_START | RECORD_END;
    let maskingKey = 0;
    let nonAscii = -1;
    if (masked !== 0) {
      flags |= RECORD_MASKED;
      maskingKey = readMaskingKey(bytes, payloadPtr - 4);
      nonAscii = mask(memory, payloadPtr, length, maskingKey, 0);
    }
    if (first === WHOLE_TEXT && (options & OPTION_SKIP_UTF8) === 0) {
      const utf8 = nonAscii === 0 ? UTF8_ASCII : validate(memory, payloadPtr, length, 0);
      if ((utf8 & ~UTF8_ASCII) !== 0) {
        // Not a text, or not to its end: put it back for the careful path, which says where.
        mask(memory, payloadPtr, length, maskingKey, 0);
        break;
      }
      if (utf8 !== 0) flags |= RECORD_ASCII;
    }
    writeRecord(words, recordPtr, first, flags, first & OPCODE_BITS, headerLength, payloadPtr, length, maskingKey);
    recordPtr += RECORD_LENGTH;
    ptr = payloadPtr + length;
  }
  return recordPtr;
}
