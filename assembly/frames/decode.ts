// A chunk of bytes from a peer → frame records, in one pass: parse, check, unmask, validate. Knows the state and the
// records of layout.ts and nothing of whose connection it is. The rules on headers are in ../shared/header-rules.ts.
//
// Two ways lead through a chunk. The fast one takes whole data messages of up to 65,535 bytes, one frame each, with all
// that must hold for them tested in five compares; anything else falls out of it, untouched, into the general one, which
// takes any frame or piece of a frame through the state. What the fast way takes, the general way would take alike.

import { checkLength, checkOpening, faultyByte, headerLengthOf, isCloseCode } from '../shared/header-rules';
import { payloadLengthAt } from './header';
import {
  OPTION_REQUIRE_MASKED,
  OPTION_REQUIRE_UNMASKED,
  OPTION_SKIP_UTF8,
  RECORD_ASCII,
  RECORD_END,
  RECORD_FIRST_BYTE,
  RECORD_LENGTH,
  RECORD_MASKED,
  RECORD_MASKING_KEY,
  RECORD_PAYLOAD_LENGTH,
  RECORD_PTR,
  RECORD_START,
  STAGE_CLOSED,
  STAGE_FAILED,
  STAGE_HEADER,
  STAGE_PAYLOAD,
  STATE_CLOSE_BYTE,
  STATE_CONSUMED,
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
} from '../shared/layout';
import { maskPayload, maskText, rotateKey } from './mask';
import {
  ERROR_CLOSE_CODE,
  ERROR_INVALID_UTF8,
  ERROR_NONE,
  FIN,
  LENGTH_16,
  LENGTH_BITS,
  MASKED,
  OPCODE_BITS,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_CONTROL_BIT,
  OPCODE_TEXT,
  RSV1,
} from '../shared/protocol';
import { endDataFrame, fail, forgetFrame, stop } from './frame-state';
import { validate } from './utf8';

/** No second byte & MASKED equals this: the fast way is closed. */
const NO_MASK_BIT: u32 = 0xff;
/** Text is unmasked and validated in slabs of this size, so that the second look finds it in the first-level cache. */
const SLAB_LENGTH: u32 = 8192;
/** A result of validate() that is an error has the sign bit. */
const UTF8_ERROR: u32 = 0x80000000;

/** The contract stands in src/kernel/kernel.ts. */
export function decode(
  statePtr: usize,
  chunkPtr: usize,
  length: u32,
  recordsPtr: usize,
  recordCapacity: u32,
): u32 {
  const end = chunkPtr + <usize>length;
  const recordsEnd = recordsPtr + <usize>(recordCapacity * RECORD_LENGTH);
  let p = chunkPtr;
  let record = recordsPtr;

  while (p < end && record < recordsEnd) {
    const stage = <i32>load<u8>(statePtr, STATE_STAGE);
    if (stage >= STAGE_CLOSED) break;

    if (stage == STAGE_HEADER) {
      if (load<u8>(statePtr, STATE_HEADER_LENGTH) == 0 && load<u8>(statePtr, STATE_MESSAGE_OPCODE) == 0) {
        record = decodeWholeMessages(statePtr, p, end, record, recordsEnd);
        // The last record says how far it came; where nothing more is left, the next turn would do nothing.
        p = load<u32>(statePtr, STATE_CONSUMED);
        if (p >= end || record >= recordsEnd) break;
      }
      p = takeHeader(statePtr, chunkPtr, p, end);
      if (load<u8>(statePtr, STATE_STAGE) != STAGE_PAYLOAD) continue;
    }

    const taken = takePayload(statePtr, chunkPtr, p, end, record);
    if (taken < 0) break;
    p += <usize>taken;
    record += RECORD_LENGTH;
  }

  store<u32>(statePtr, <i32>load<u8>(statePtr, STATE_STAGE) >= STAGE_CLOSED ? length : <u32>(p - chunkPtr), STATE_CONSUMED);
  return <u32>(record - recordsPtr) / RECORD_LENGTH;
}

/**
 * The fast way. Stops at the first frame that is not a whole, unfragmented, uncompressed data message within the limits,
 * without having touched it. Leaves the address where it stopped in the state's consumed field.
 *
 * @returns the address behind the last record written
 */
// @ts-ignore: decorator
@inline
function decodeWholeMessages(statePtr: usize, p: usize, end: usize, record: usize, recordsEnd: usize): usize {
  const options = <u32>load<u8>(statePtr, STATE_OPTIONS);
  const maskBit: u32 =
    (options & OPTION_REQUIRE_MASKED) != 0
      ? MASKED
      : (options & OPTION_REQUIRE_UNMASKED) != 0
        ? 0
        : NO_MASK_BIT;
  const keyLength: u32 = maskBit == MASKED ? 4 : 0;
  const keyBits: u32 = maskBit == MASKED ? 0xffffffff : 0;
  const maskFlag: u32 = maskBit == MASKED ? RECORD_MASKED : 0;
  const checksText = (options & OPTION_SKIP_UTF8) == 0;
  const limit = min<u64>(load<u64>(statePtr, STATE_MAX_FRAME_LENGTH), load<u64>(statePtr, STATE_MAX_MESSAGE_LENGTH));

  while (p < end && record < recordsEnd) {
    // first │ second │ 16-bit length or key │ key: all of a short header in one load; past the end it reads guard bytes.
    const head = load<u64>(p);
    const first = <u32>head & 0xff;
    const second = (<u32>head >> 8) & 0xff;
    // 0x81 or 0x82: FIN, no RSV, text or binary.
    if (first - (FIN | OPCODE_TEXT) > 1) break;
    if ((second & MASKED) != maskBit) break;

    let length = second & LENGTH_BITS;
    let headerLength: u32 = 2 + keyLength;
    let key: u32 = 0;
    if (length < <u32>LENGTH_16) {
      key = <u32>(head >> 16) & keyBits;
    } else if (length == LENGTH_16) {
      headerLength = 4 + keyLength;
      length = <u32>bswap<u16>(<u16>(head >> 16));
      key = <u32>(head >> 32) & keyBits;
      if (length < <u32>LENGTH_16) break;
    } else {
      break;
    }
    const payload = p + <usize>headerLength;
    const next = payload + <usize>length;
    if (next > end || <u64>length > limit) break;

    let flags: u32 = RECORD_START | RECORD_END | maskFlag;
    if (first == (FIN | OPCODE_TEXT)) {
      if (checksText) {
        const state = takeText(payload, length, key, maskFlag != 0, 0);
        // Not finished, or invalid: where it is, the general way finds out. It unmasks anew, so what was unmasked is
        // masked again first.
        if ((state & ~UTF8_ASCII) != 0) {
          if (maskFlag != 0) maskPayload(payload, length, key);
          break;
        }
        if (state != 0) flags |= RECORD_ASCII;
      } else if (maskFlag != 0) {
        maskPayload(payload, length, key);
      }
    } else if (maskFlag != 0) {
      maskPayload(payload, length, key);
    }

    store<u32>(record, first | (flags << 8) | ((first & OPCODE_BITS) << 16) | (headerLength << 24), RECORD_FIRST_BYTE);
    store<u32>(record, <u32>payload, RECORD_PTR);
    store<u32>(record, length, RECORD_PAYLOAD_LENGTH);
    store<u32>(record, key, RECORD_MASKING_KEY);
    record += RECORD_LENGTH;
    p = next;
  }

  store<u32>(statePtr, <u32>p, STATE_CONSUMED);
  return record;
}

/**
 * Unmasks (if `masked`) and validates a piece of text. `key` is rotated to the piece's phase.
 *
 * @returns as validate() does, for the whole piece; all of it is unmasked, after an error too
 */
function takeText(ptr: usize, length: u32, key: u32, masked: bool, state: u32): u32 {
  if (!masked) return validate(ptr, length, state);
  if (length == 0) return validate(ptr, 0, state);
  let ascii: u32 = UTF8_ASCII;
  let error: u32 = 0;
  let done: u32 = 0;
  while (done < length) {
    const slab = min<u32>(length - done, SLAB_LENGTH);
    const high = maskText(ptr + <usize>done, slab, key);
    // The slab length is a multiple of 4, so the key needs no turning between slabs.
    if (error == 0 && (high | state) != 0) {
      const result = validate(ptr + <usize>done, slab, state);
      if ((result & UTF8_ERROR) != 0) error = result + done;
      ascii &= result;
      state = result & UTF8_STATE_BITS;
    }
    done += slab;
  }
  return error != 0 ? error : state | ascii;
}

/**
 * Takes header bytes: those at `p`, behind those that the state may hold already. On return the stage tells what came of
 * it: STAGE_PAYLOAD with the frame in the state, STAGE_FAILED, or STAGE_HEADER with the bytes held until more come.
 *
 * @returns the address behind the last byte taken
 */
function takeHeader(statePtr: usize, chunkPtr: usize, p: usize, end: usize): usize {
  const held = statePtr + STATE_HEADER_BYTES;
  let heldLength = <u32>load<u8>(statePtr, STATE_HEADER_LENGTH);
  // Where the header began, relative to the chunk: negative where it began in an earlier one.
  const origin = <i32>(p - chunkPtr) - <i32>heldLength;
  const options = <u32>load<u8>(statePtr, STATE_OPTIONS);
  const messageOpcode = <u32>load<u8>(statePtr, STATE_MESSAGE_OPCODE);

  // A header takes at most 14 turns, so it is always gathered, whether it lies whole in the chunk or not.
  let needed: u32 = heldLength < 2 ? 2 : headerLengthOf(load<u8>(held, 1));
  while (heldLength < needed) {
    if (p == end) {
      store<u8>(statePtr, heldLength, STATE_HEADER_LENGTH);
      return p;
    }
    store<u8>(held + <usize>heldLength, load<u8>(p));
    heldLength++;
    p++;
    if (heldLength == 2) {
      const error = checkOpening(load<u8>(held), load<u8>(held, 1), options, messageOpcode);
      if (error != ERROR_NONE) {
        fail(statePtr, error, origin + <i32>faultyByte(error));
        return p;
      }
    }
    if (heldLength >= 2) needed = headerLengthOf(load<u8>(held, 1));
  }

  const first = <u32>load<u8>(held);
  const second = <u32>load<u8>(held, 1);
  const payloadLength = payloadLengthAt(held, second);
  const error = checkLength(
    first,
    second,
    <i64>payloadLength < 0,
    payloadLength,
    load<u64>(statePtr, STATE_MESSAGE_LENGTH),
    load<u64>(statePtr, STATE_MAX_FRAME_LENGTH),
    load<u64>(statePtr, STATE_MAX_MESSAGE_LENGTH),
  );
  if (error != ERROR_NONE) {
    fail(statePtr, error, origin + <i32>faultyByte(error));
    return p;
  }

  const masked = (second & MASKED) != 0;
  const opcode = first & OPCODE_BITS;
  store<u32>(statePtr, masked ? load<u32>(held + <usize>(heldLength - 4)) : 0, STATE_MASKING_KEY);
  store<u64>(statePtr, payloadLength, STATE_FRAME_LENGTH);
  store<u64>(statePtr, payloadLength, STATE_REMAINING);
  store<u8>(statePtr, heldLength, STATE_HEADER_LENGTH);
  store<u8>(statePtr, first, STATE_FIRST_BYTE);
  store<u8>(statePtr, RECORD_START | (masked ? RECORD_MASKED : 0), STATE_FRAME_FLAGS);
  store<u8>(statePtr, STAGE_PAYLOAD, STATE_STAGE);
  if ((opcode & OPCODE_CONTROL_BIT) == 0) {
    if (opcode != OPCODE_CONTINUATION) store<u8>(statePtr, opcode | (first & RSV1), STATE_MESSAGE_OPCODE);
  } else if (opcode == OPCODE_CLOSE) {
    // Nothing follows a Close frame, so a text message that it interrupts needs its UTF-8 state no more.
    store<u32>(statePtr, 0, STATE_UTF8);
  }
  return p;
}

/**
 * Takes what the chunk has of the payload of the frame in the state, and writes one record.
 *
 * @returns how many bytes it took, or below 0 if it failed the connection (then there is no record)
 */
function takePayload(statePtr: usize, chunkPtr: usize, p: usize, end: usize, record: usize): i32 {
  const payloadLength = load<u64>(statePtr, STATE_FRAME_LENGTH);
  const remaining = load<u64>(statePtr, STATE_REMAINING);
  const length = <u32>min<u64>(remaining, <u64>(end - p));
  const ends = remaining == <u64>length;
  const position = payloadLength - remaining;
  const first = <u32>load<u8>(statePtr, STATE_FIRST_BYTE);
  const opcode = first & OPCODE_BITS;
  const isData = (opcode & OPCODE_CONTROL_BIT) == 0;
  const messageOpcode: u32 = isData ? load<u8>(statePtr, STATE_MESSAGE_OPCODE) : 0;
  const maskingKey = load<u32>(statePtr, STATE_MASKING_KEY);
  const key = rotateKey(maskingKey, <u32>position);
  const checksText = (load<u8>(statePtr, STATE_OPTIONS) & OPTION_SKIP_UTF8) == 0;
  let flags = <u32>load<u8>(statePtr, STATE_FRAME_FLAGS);
  const masked = (flags & RECORD_MASKED) != 0;

  let text = p;
  let textLength: u32 = 0;
  let isText = checksText && messageOpcode == OPCODE_TEXT;
  if (isText) {
    textLength = length;
  } else {
    if (masked) maskPayload(p, length, key);
    if (opcode == OPCODE_CLOSE) {
      const codeLength = takeCloseCode(statePtr, chunkPtr, p, length, <u32>position);
      if (codeLength < 0) return -1;
      isText = checksText;
      text = p + <usize>codeLength;
      textLength = length - <u32>codeLength;
    }
  }

  if (isText) {
    // A close reason was unmasked above, with its code.
    const result = takeText(text, textLength, key, masked && isData, load<u32>(statePtr, STATE_UTF8));
    if ((result & UTF8_ERROR) != 0) {
      fail(statePtr, ERROR_INVALID_UTF8, <i32>(text - chunkPtr) + <i32>(result & UTF8_OFFSET_BITS));
      return -1;
    }
    const state = result & UTF8_STATE_BITS;
    if (ends && state != 0 && (first & FIN) != 0) {
      fail(statePtr, ERROR_INVALID_UTF8, <i32>(p - chunkPtr) + <i32>length);
      return -1;
    }
    store<u32>(statePtr, state, STATE_UTF8);
    if ((result & UTF8_ASCII) != 0) flags |= RECORD_ASCII;
  }

  if (ends) flags |= RECORD_END;
  store<u32>(
    record,
    first | (flags << 8) | (messageOpcode << 16) | (<u32>load<u8>(statePtr, STATE_HEADER_LENGTH) << 24),
    RECORD_FIRST_BYTE,
  );
  store<u32>(record, <u32>p, RECORD_PTR);
  store<u32>(record, length, RECORD_PAYLOAD_LENGTH);
  store<u32>(record, maskingKey, RECORD_MASKING_KEY);
  store<u8>(statePtr, 0, STATE_HEADER_LENGTH);

  if (!ends) {
    store<u64>(statePtr, remaining - <u64>length, STATE_REMAINING);
    store<u8>(statePtr, masked ? RECORD_MASKED : 0, STATE_FRAME_FLAGS);
  } else if (opcode == OPCODE_CLOSE) {
    stop(statePtr, STAGE_CLOSED);
  } else {
    if (isData) endDataFrame(statePtr, payloadLength, (first & FIN) != 0);
    forgetFrame(statePtr);
    store<u8>(statePtr, STAGE_HEADER, STATE_STAGE);
  }
  return <i32>length;
}

/**
 * Takes what this piece of a Close frame has of the code, and checks it once both bytes are there.
 *
 * @returns how many bytes of the piece belong to the code (0 to 2), or below 0 if it failed the connection
 */
function takeCloseCode(statePtr: usize, chunkPtr: usize, p: usize, length: u32, position: u32): i32 {
  let taken: u32 = 0;
  while (taken < length && position + taken < 2) {
    const byte = <u32>load<u8>(p + <usize>taken);
    if (position + taken == 0) {
      store<u8>(statePtr, byte, STATE_CLOSE_BYTE);
    } else {
      if (!isCloseCode((<u32>load<u8>(statePtr, STATE_CLOSE_BYTE) << 8) | byte)) {
        fail(statePtr, ERROR_CLOSE_CODE, <i32>(p - chunkPtr) + <i32>taken - 1);
        return -1;
      }
      store<u8>(statePtr, 0, STATE_CLOSE_BYTE);
    }
    taken++;
  }
  return <i32>taken;
}
