// The first word of a record (assembly/shared/layout.ts), as those read it who make messages of records. It holds names only.

import { RECORD_ASCII, RECORD_END, RECORD_MASKED, RECORD_START } from '../../../assembly/shared/layout.js';
import {
  FIN,
  OPCODE_BINARY,
  OPCODE_BITS,
  OPCODE_CONTINUATION,
  OPCODE_TEXT,
  RSV1,
} from '../../../assembly/shared/protocol.js';

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
