// Looks for long data frames in a chunk, by their headers alone, so that their payloads need not cross into the arena. It applies no
// rule: frames that break one are the kernel's to find.

import { headerLengthOf } from '../../assembly/shared/header-rules.js';
import { FIN, MASKED, OPCODE_BINARY, OPCODE_CONTINUATION, OPCODE_TEXT } from '../../assembly/shared/protocol.js';
import { readPayloadLength } from '../kernel/read-header.js';

/** A data frame without reserved bits, as it lies in a chunk. */
export interface LongFrame {
  readonly firstByte: number;
  readonly secondByte: number;
  readonly isText: boolean;
  readonly isMasked: boolean;
  /** The frame is a whole message, not a fragment. */
  readonly isMessage: boolean;
  /** Where the payload begins in the chunk. */
  readonly start: number;
  /** Where it ends, which may be behind the chunk. */
  readonly end: number;
}

/**
 * Looks for such a frame.
 *
 * @param offset where it begins in the chunk
 * @param leastLength of its payload; at least so many bytes lie behind `offset`, more than any header has
 */
export function longFrameAt(chunk: Uint8Array, offset: number, leastLength: number): LongFrame | undefined {
  const firstByte = chunk[offset]!;
  const opcode = firstByte & ~FIN;
  if (opcode !== OPCODE_BINARY && opcode !== OPCODE_TEXT && opcode !== OPCODE_CONTINUATION) return undefined;
  const payloadLength = readPayloadLength(chunk, offset);
  if (payloadLength < leastLength) return undefined;
  const secondByte = chunk[offset + 1]!;
  const start = offset + headerLengthOf(secondByte);
  return {
    firstByte,
    secondByte,
    isText: opcode === OPCODE_TEXT,
    isMasked: (secondByte & MASKED) !== 0,
    isMessage: firstByte !== opcode && opcode !== OPCODE_CONTINUATION,
    start,
    end: start + payloadLength,
  };
}
