// The records of a batch as words of the arena: where they lie, and the bits of a record's first word (assembly/shared/layout.ts).

import {
  RECORD_ASCII,
  RECORD_END,
  RECORD_LENGTH,
  RECORD_MASKED,
  RECORD_START,
  RECORDS_PTR,
} from '../../assembly/shared/layout.js';
import {
  FIN,
  OPCODE_BINARY,
  OPCODE_BITS,
  OPCODE_CONTINUATION,
  OPCODE_TEXT,
  RSV1,
} from '../../assembly/shared/protocol.js';

/** Index of the first record in `Arena.words`. */
export const RECORDS_WORD = RECORDS_PTR / 4;
/** Length of a record in `Arena.words`. */
export const RECORD_WORDS = RECORD_LENGTH / 4;

const FLAGS = 8;
export const START = RECORD_START << FLAGS;
export const END = RECORD_END << FLAGS;
export const ASCII = RECORD_ASCII << FLAGS;
export const MASKED = RECORD_MASKED << FLAGS;
/** The frame belongs to a compressed message. */
export const COMPRESSED = RSV1 << 16;

/** All of a frame. */
export const WHOLE = START | END;
/** Under WHOLE_MASK: all of a message, in one frame that is not compressed. */
export const WHOLE_MASK = WHOLE | 0xff;
export const WHOLE_TEXT = WHOLE | FIN | OPCODE_TEXT;
export const WHOLE_BINARY = WHOLE | FIN | OPCODE_BINARY;

/** Of the message that the frame belongs to. */
export function messageOpcode(first: number): number {
  return (first >> 16) & OPCODE_BITS;
}

/** A message begins with the record. */
export function isMessageStart(first: number): boolean {
  return (first & START) !== 0 && (first & OPCODE_BITS) !== OPCODE_CONTINUATION;
}

/** A message ends with the record. */
export function isMessageEnd(first: number): boolean {
  return (first & END) !== 0 && (first & FIN) !== 0;
}
