// A long message in one frame that lies whole in its chunk: unmasked and validated there, without the arena, and handed out as a part of
// the chunk. It reads frames that break no rule, and valid texts; everything else it leaves, as it was, to the kernel.

import { headerLengthOf } from '../../../assembly/shared/header-rules.js';
import { CHUNK_CAPACITY } from '../../../assembly/shared/layout.js';
import { FIN, OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { type Host, partOf } from '../../bytes/host.js';
import { LONG_PART_LENGTH, LONG_PAYLOAD_LENGTH } from '../../bytes/thresholds.js';
import type { ChunkDecoder } from '../../frames/chunk-decoder.js';
import { type LongFrame, longFrameAt } from '../../frames/long-frame.js';
import type { Slab } from '../../frames/slab.js';
import { maskLong, masksNatively } from '../../kernel/mask.js';
import { readMaskingKey, readPayloadLength } from '../../kernel/read-header.js';
import { readText } from '../../kernel/text.js';
import { isKnownAscii, isValidUtf8, validatesNatively } from '../../kernel/utf8.js';
import { BINARY, TEXT, TEXT_BYTES } from '../handler.js';
import { COPY_COST, spend } from '../turn.js';
import type { MessageDecoderConfig } from './decoder-config.js';
import type { Delivery } from './delivery-queue.js';

/** The first byte of a text in one frame. */
const WHOLE_TEXT = FIN | OPCODE_TEXT;
/** How many frames of a slab are looked at for a long one: a text that announces it, or a ping, may come before it. */
const MOST_LOOKS = 4;

/**
 * Looks for such a message, a few frames on, and takes it if the slab begins with it. Else sets `slab.end` to where the kernel has to
 * stop: before such a message, or behind the header of a long binary frame that `MessageParts.takeFrom` goes on with.
 *
 * @returns false unless a message was taken
 * @throws what the engine throws where it cannot make the string, or has no memory
 */
export function findLong(
  decoder: ChunkDecoder,
  config: MessageDecoderConfig,
  slab: Slab,
  chunk: Uint8Array,
): Delivery | false {
  const { start, length } = slab;
  const last = length - LONG_PAYLOAD_LENGTH;
  let at = start + (decoder.bytesToNextFrame ?? length);
  for (let looks = 0; at <= last && looks < MOST_LOOKS; looks++) {
    // A text that becomes a string is read best in the arena, which nothing of it has to leave.
    if (!config.textAsBytes && chunk[at] === WHOLE_TEXT && length - at <= CHUNK_CAPACITY) return false;
    const frame = longFrameAt(chunk, at, LONG_PAYLOAD_LENGTH);
    if (frame === undefined) {
      at += headerLengthOf(chunk[at + 1]!) + readPayloadLength(chunk, at);
      continue;
    }
    if (frame.isMessage && frame.end <= length && slab.ownership === 'codec') {
      const isHere = isReadHere(frame, at, config.textAsBytes);
      if (at === start) return isHere && decoder.accepts(frame) && takeMessage(decoder, config, slab, chunk, frame);
      // One that the arena can hold is not to be cut by the end of the slab.
      if (isHere || frame.end - start > CHUNK_CAPACITY) slab.end = at;
    } else if (!frame.isText && length - frame.start >= LONG_PART_LENGTH && (!frame.isMasked || masksNatively())) {
      slab.end = frame.start;
    }
    return false;
  }
  return false;
}

/** @returns false if it is a text that is not valid: then nothing was done */
function takeMessage(
  decoder: ChunkDecoder,
  config: MessageDecoderConfig,
  slab: Slab,
  chunk: Uint8Array,
  { isText, isMasked, start, end }: LongFrame,
): Delivery | false {
  const { textAsBytes, isValidated, isLent } = config;
  const { arena } = decoder;
  const isString = isText && !textAsBytes;
  const payload = partOf(arena.host, chunk, start, end - start);
  const isKept = isString || isLent || slab.mayKeepChunk(payload.length);
  const data = isKept ? payload : allocateLike(arena.host, payload);
  const key = isMasked ? readMaskingKey(chunk, start - 4) : 0;
  if (isMasked) maskLong(arena, payload, data, key);
  else if (!isKept) data.set(payload);
  const isAscii = isString && isValidated && isKnownAscii(data);
  if (isText && isValidated && !isAscii && !isValidUtf8(data)) {
    // The kernel finds where it goes wrong.
    if (isMasked && isKept) maskLong(arena, payload, payload, key);
    return false;
  }
  decoder.pass(end - slab.start);
  slab.start = end;
  spend(data.length * COPY_COST);
  if (!isString) return { kind: isText ? TEXT_BYTES : BINARY, value: data, isLast: true };
  return { kind: TEXT, value: readText(arena, isAscii, isValidated, data, 0, data.length), isLast: true };
}

/**
 * Whether a frame is read faster here than in the arena: one that the arena cannot hold always is, a text that becomes a string only
 * then.
 */
function isReadHere({ isText, isMasked, end }: LongFrame, offset: number, textAsBytes: boolean): boolean {
  if (end - offset > CHUNK_CAPACITY) return true;
  return (!isMasked || masksNatively()) && (!isText || (textAsBytes && validatesNatively()));
}

/** Uninitialized memory of the same length and class. */
function allocateLike(host: Host, bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const { buffer, byteOffset } = host.allocateForParts(length);
  return new (host.bytesClass(bytes))(buffer, byteOffset, length);
}
