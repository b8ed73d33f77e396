// permessage-deflate's inflate (RFC 7692 section 7.2.2 over RFC 1951), a piece of a message a call: blocks one after the other,
// what waits between two calls, the cap on the output, and the text's validity.

import { validate } from '../../frames/utf8';
import { remember } from '../context';
import { useFixedTables } from './huffman-decode';
import { inflateSymbols, inputEndOf, SYMBOLS_CUT, SYMBOLS_END, SYMBOLS_FULL } from './inflate-block';
import { HEADER_BAD, HEADER_CUT, readDynamicHeader } from './inflate-header';
import {
  CARRIED,
  PENDING,
  STAGE_BORDER,
  STAGE_FAILED,
  STAGE_STORED,
  STAGE_SYMBOLS,
  STATE_AT,
  STATE_BLOCKS,
  STATE_CARRIED,
  STATE_END,
  STATE_FINAL,
  STATE_MAX_BLOCKS,
  STATE_OUT,
  STATE_PENDING,
  STATE_STAGE,
  STATE_STORED,
  STATE_UTF8,
} from './inflate-state';
import {
  HEADER_COST,
  INFLATE_AGAIN,
  INFLATE_BLOCKS_SHIFT,
  INFLATE_DONE,
  INFLATE_ERROR_DATA,
  INFLATE_ERROR_UTF8,
  INFLATE_FIRST,
  INFLATE_KEEP,
  INFLATE_LAST,
  INFLATE_NEEDS_INPUT,
  INFLATE_NEEDS_OUTPUT,
  INFLATE_PAUSED,
  INFLATE_TEXT,
  INPUT_PTR,
  OUTCOME_BLOCKS,
  OUTCOME_LEFT,
  OUTCOME_PTR,
  OUTCOME_STATUS,
  OUTCOME_UTF8,
  OUTPUT_PTR,
} from '../../shared/deflate-layout';
import { UTF8_STATE_BITS } from '../../shared/layout';

/** RFC 7692 section 7.2.2: what a sender takes off the end of a message, and a receiver puts back. */
const TRAILER: u32 = 0xffff0000;
const TRAILER_LENGTH: usize = 4;

/** RFC 1951 section 3.2.3: the types of blocks. */
const TYPE_STORED: u32 = 0;
const TYPE_FIXED: u32 = 1;
const TYPE_DYNAMIC: u32 = 2;

/** A step that ended neither the call nor the message. */
const GOES_ON: i32 = 4;

/** The contract stands in src/deflate/kernel/deflate-kernel.ts. */
export function inflate(contextPtr: usize, windowLength: u32, length: u32, flags: u32, capacity: u32): u32 {
  if ((flags & INFLATE_FIRST) != 0) begin();
  const isLast = (flags & INFLATE_LAST) != 0;
  if ((flags & INFLATE_AGAIN) != 0) moveInput(length, isLast);
  takeInput(length, isLast);
  const maxBlocks = flags >> INFLATE_BLOCKS_SHIFT;
  store<u32>(STATE_MAX_BLOCKS, maxBlocks == 0 ? 0xffffffff : maxBlocks);
  store<u32>(STATE_BLOCKS, 0);
  const outEnd = <usize>OUTPUT_PTR + <usize>capacity;
  takePending();

  let status: i32 = GOES_ON;
  while (status == GOES_ON) {
    if (<usize>load<u32>(STATE_OUT) > outEnd) {
      status = INFLATE_NEEDS_OUTPUT;
      break;
    }
    const stage = load<u32>(STATE_STAGE);
    if (stage == STAGE_BORDER) status = takeHeader(isLast);
    else if (stage == STAGE_SYMBOLS) status = takeSymbols(contextPtr, windowLength, outEnd, isLast);
    else if (stage == STAGE_STORED) status = takeStored(outEnd, isLast);
    else status = INFLATE_ERROR_DATA;
  }

  const produced = leavePending(outEnd);
  store<u32>(OUTCOME_PTR, load<u32>(STATE_END) - (load<u32>(STATE_AT) >> 3), OUTCOME_LEFT);
  store<u32>(OUTCOME_PTR, load<u32>(STATE_BLOCKS), OUTCOME_BLOCKS);
  if (status == INFLATE_NEEDS_INPUT) leaveInput();
  store<u32>(OUTCOME_PTR, 0, OUTCOME_UTF8);
  if ((flags & INFLATE_TEXT) != 0 && status >= 0) {
    const utf8 = validate(OUTPUT_PTR, produced, load<u32>(STATE_UTF8));
    store<u32>(STATE_UTF8, utf8 & UTF8_STATE_BITS);
    store<u32>(OUTCOME_PTR, utf8, OUTCOME_UTF8);
    const isCut = status == INFLATE_DONE && (utf8 & UTF8_STATE_BITS) != 0;
    if (<i32>utf8 < 0 || isCut) status = INFLATE_ERROR_UTF8;
  }
  if (status < 0) {
    store<u32>(STATE_STAGE, STAGE_FAILED);
    store<u32>(STATE_PENDING, 0);
  }
  if (status == INFLATE_DONE && (flags & INFLATE_KEEP) != 0) remember(contextPtr, OUTPUT_PTR, produced);
  store<i32>(OUTCOME_PTR, status, OUTCOME_STATUS);
  return produced;
}

// ---- What waits between two calls

function begin(): void {
  store<u32>(STATE_STAGE, STAGE_BORDER);
  store<u32>(STATE_AT, <u32>INPUT_PTR << 3);
  store<u32>(STATE_END, 0);
  store<u32>(STATE_FINAL, 0);
  store<u32>(STATE_PENDING, 0);
  store<u32>(STATE_CARRIED, 0);
  store<u32>(STATE_UTF8, 0);
}

/**
 * Where the input lies: what the last piece left is put before this piece, so that the two are one. After
 * INFLATE_NEEDS_OUTPUT all is where it was.
 */
function takeInput(length: u32, isLast: bool): void {
  if (load<u32>(STATE_END) != 0) return;
  const carried = <usize>load<u32>(STATE_CARRIED);
  if (carried != 0) {
    const at = load<u32>(STATE_AT);
    memory.copy(<usize>INPUT_PTR - carried, CARRIED, carried);
    store<u32>(STATE_AT, ((<u32>INPUT_PTR - <u32>carried) << 3) + at);
  }
  let end = <usize>INPUT_PTR + <usize>length;
  if (isLast) {
    store<u32>(end, TRAILER);
    end += TRAILER_LENGTH;
  }
  store<u32>(STATE_END, <u32>end);
}

/** The input that was left, and maybe more, has been put at INPUT_PTR: STATE_AT moves there, to the same bit. */
function moveInput(length: u32, isLast: bool): void {
  const at = load<u32>(STATE_AT);
  // Where only some of the trailer is left, no byte is given: the trailer is put there anew, and the rest of it is left.
  const left = load<u32>(STATE_END) - (at >> 3);
  const used = isLast && length == 0 ? <u32>TRAILER_LENGTH - left : 0;
  store<u32>(STATE_AT, ((<u32>INPUT_PTR + used) << 3) + (at & 7));
  store<u32>(STATE_CARRIED, 0);
  store<u32>(STATE_END, 0);
}

/** Keeps what of the input was not used up; STATE_AT becomes the bit in it, or INPUT_PTR's first if nothing is left. */
function leaveInput(): void {
  const at = load<u32>(STATE_AT);
  const end = <usize>load<u32>(STATE_END);
  const from = <usize>(at >> 3);
  const carried = end - from;
  store<u32>(STATE_END, 0);
  store<u32>(STATE_CARRIED, <u32>carried);
  store<u32>(STATE_AT, carried == 0 ? <u32>INPUT_PTR << 3 : at & 7);
  memory.copy(CARRIED, from, carried);
}

/** Output that was past the cap of the last call comes first. */
function takePending(): void {
  const pending = <usize>load<u32>(STATE_PENDING);
  if (pending != 0) memory.copy(OUTPUT_PTR, PENDING, pending);
  store<u32>(STATE_OUT, <u32>(<usize>OUTPUT_PTR + pending));
}

/** @returns how many bytes are to be handed out now; what is past the cap is kept for the next call */
function leavePending(outEnd: usize): u32 {
  const out = <usize>load<u32>(STATE_OUT);
  const pending = out > outEnd ? out - outEnd : 0;
  if (pending != 0) memory.copy(PENDING, outEnd, pending);
  store<u32>(STATE_PENDING, <u32>pending);
  return <u32>(out - pending - OUTPUT_PTR);
}

// ---- Blocks

/** At the border between two blocks: the end of the message, or a block's header (RFC 1951 section 3.2.3). */
function takeHeader(isLast: bool): i32 {
  const at = load<u32>(STATE_AT);
  const end = <usize>load<u32>(STATE_END);
  const endBit = <u32>end << 3;
  if (isLast) {
    // The empty stored block of RFC 7692 section 7.2.1 ends with the trailer. A message may do without: one that has no
    // bytes at all, or ends with a block that has BFINAL and not with the byte that section 7.2.3.4 puts behind it.
    if (at == endBit || at == endBit - (<u32>TRAILER_LENGTH << 3)) return INFLATE_DONE;
  }
  if (load<u32>(STATE_BLOCKS) >= load<u32>(STATE_MAX_BLOCKS)) return INFLATE_PAUSED;
  if (at + 3 > endBit) return cut(isLast);
  const header = <u32>load<u16>(<usize>(at >> 3)) >> (at & 7);
  const type = (header >> 1) & 3;

  if (type == TYPE_STORED) {
    // 3.2.4: from the next byte on LEN, and NLEN, its complement.
    const body = <usize>((at + 3 + 7) >> 3);
    if (body + 4 > end) return cut(isLast);
    const lengths = load<u32>(body);
    if ((lengths & 0xffff) != (~lengths >> 16)) return INFLATE_ERROR_DATA;
    store<u32>(STATE_AT, <u32>(body + 4) << 3);
    charge(1);
    // Every message ends with an empty one: it is over already.
    if ((lengths & 0xffff) == 0) return GOES_ON;
    store<u32>(STATE_STORED, lengths & 0xffff);
    store<u32>(STATE_STAGE, STAGE_STORED);
  } else if (type == TYPE_FIXED) {
    charge(1);
    useFixedTables();
    store<u32>(STATE_AT, at + 3);
    store<u32>(STATE_STAGE, STAGE_SYMBOLS);
  } else if (type == TYPE_DYNAMIC) {
    const next = readDynamicHeader(at + 3, end);
    if (next == HEADER_BAD) return INFLATE_ERROR_DATA;
    if (next == HEADER_CUT) return cut(isLast);
    charge(HEADER_COST);
    store<u32>(STATE_AT, next);
    store<u32>(STATE_STAGE, STAGE_SYMBOLS);
  } else {
    return INFLATE_ERROR_DATA;
  }
  store<u32>(STATE_FINAL, header & 1);
  return GOES_ON;
}

/** What of the call's allowance a header costs. */
// @ts-ignore: decorator
@inline
function charge(cost: u32): void {
  store<u32>(STATE_BLOCKS, load<u32>(STATE_BLOCKS) + cost);
}

function takeSymbols(contextPtr: usize, windowLength: u32, outEnd: usize, isLast: bool): i32 {
  const end = <usize>load<u32>(STATE_END);
  const status = inflateSymbols(contextPtr, windowLength, outEnd, inputEndOf(end, isLast), end, isLast);
  if (isLast && load<u32>(STATE_AT) > <u32>end << 3) return INFLATE_ERROR_DATA;
  if (status == SYMBOLS_END) return endBlock();
  if (status == SYMBOLS_FULL) return INFLATE_NEEDS_OUTPUT;
  return status == SYMBOLS_CUT ? cut(isLast) : INFLATE_ERROR_DATA;
}

function takeStored(outEnd: usize, isLast: bool): i32 {
  const from = <usize>(load<u32>(STATE_AT) >> 3);
  const out = <usize>load<u32>(STATE_OUT);
  const remaining = load<u32>(STATE_STORED);
  const available = <u32>(<usize>load<u32>(STATE_END) - from);
  const length = min<u32>(min<u32>(remaining, available), <u32>(outEnd - out));
  memory.copy(out, from, length);
  store<u32>(STATE_OUT, <u32>out + length);
  store<u32>(STATE_AT, <u32>(from + <usize>length) << 3);
  store<u32>(STATE_STORED, remaining - length);
  if (length == remaining) return endBlock();
  return length == available ? cut(isLast) : INFLATE_NEEDS_OUTPUT;
}

/** Behind a block with BFINAL the next one begins at the next byte (RFC 7692 section 7.2.3.4). */
function endBlock(): i32 {
  store<u32>(STATE_STAGE, STAGE_BORDER);
  if (load<u32>(STATE_FINAL) != 0) store<u32>(STATE_AT, (load<u32>(STATE_AT) + 7) & ~7);
  return GOES_ON;
}

/** The input ends inside a block. */
function cut(isLast: bool): i32 {
  return isLast ? INFLATE_ERROR_DATA : INFLATE_NEEDS_INPUT;
}
