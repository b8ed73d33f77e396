// Frames that a program makes once and hands to many WebSockets: `WebSocket.Sender.frame` and `_sender.sendFrame` of `ws`, neither of
// which is documented there, and which engine.io and socket.io use for their broadcasts. Only these two exist.

import { Buffer } from 'node:buffer';
import { headerLengthOf } from '../../../assembly/shared/header-rules.js';
import {
  FIN,
  MASKED,
  MAX_HEADER_LENGTH,
  OPCODE_BINARY,
  OPCODE_BITS,
  OPCODE_CLOSE,
  OPCODE_TEXT,
  RSV_BITS,
} from '../../../assembly/shared/protocol.js';
import { FrameEncoder } from '../../frames/frame-encoder.js';
import { PreparedMessage } from '../../frames/prepared-message.js';
import { readPayloadLength } from '../../kernel/read-header.js';
import type { Role } from '../../protocol/role.js';
import { type SentCallback, toBuffer } from './sendable.js';

/** How `Sender.frame` makes a frame. */
export interface FrameOptions {
  /** 0 to 15: 1 is text, 2 binary, 8 to 10 are control frames. */
  readonly opcode: number;
  /** The last fragment of its message (default true). */
  readonly fin?: boolean | undefined;
  /** The bit that permessage-deflate sets on compressed messages (default false). */
  readonly rsv1?: boolean | undefined;
  /** Mask it, as a client's frames are. */
  readonly mask?: boolean | undefined;
  /** Without effect: `data` is never changed. */
  readonly readOnly?: boolean | undefined;
}

/** A WebSocket, as far as it sends frames. */
interface Target {
  sendPrepared(message: PreparedMessage, callback: SentCallback | undefined): void;
}
/** Sends frames of which nothing is known on a WebSocket. */
export type SendFrames<T> = (target: T, frames: readonly Uint8Array[], callback: SentCallback | undefined) => void;

/** Made for the first frame: no kernel is chosen by an import. */
const encoders: { server?: FrameEncoder; client?: FrameEncoder } = {};

function encoderFor(role: Role): FrameEncoder {
  encoders[role] ??= new FrameEncoder({ role });
  return encoders[role];
}

/** A message, and the frame that a server sends of it. */
interface Prepared {
  readonly message: PreparedMessage;
  readonly frame: Buffer;
}

/** By the frames that a program holds: one for all receivers of a broadcast. */
const preparedFrames = new WeakMap<readonly Uint8Array[], Prepared>();

/** Sends frames that were made before, on one WebSocket. */
export class Sender<T extends Target = Target> {
  readonly #target: T;
  readonly #sendFrames: SendFrames<T>;

  /** @internal */
  constructor(target: T, sendFrames: SendFrames<T>) {
    this.#target = target;
    this.#sendFrames = sendFrames;
  }

  /** Makes a frame. @returns the Buffers to give to `sendFrame` */
  static frame(data: string | Uint8Array, { opcode, fin = true, rsv1 = false, mask = false }: FrameOptions): Buffer[] {
    const encoder = encoderFor(mask ? 'client' : 'server');
    return [toBuffer(encoder.encode(opcode, data, { fin, rsv1 }))];
  }

  /**
   * Sends a frame that `Sender.frame` made, or that a program has made itself. A whole message goes the way of every other one:
   * it leaves with what was sent before and after it, uncompressed. Anything else leaves as it is.
   *
   * @throws TypeError for an empty array
   */
  sendFrame(frames: readonly Uint8Array[], callback?: SentCallback): void {
    const prepared = prepare(frames);
    if (prepared !== undefined) this.#target.sendPrepared(prepared, callback);
    else if (frames.length > 0) this.#sendFrames(this.#target, frames, callback);
    else throw new TypeError('a frame is an array of at least one Buffer');
  }
}

/**
 * Whether these parts make up the last frame of a message, or a whole message. A control frame counts as a fragment: the program
 * uses the connection.
 */
export function isLastOfMessage([first]: readonly Uint8Array[]): boolean {
  const [firstByte = 0] = first ?? [];
  return (firstByte & FIN) !== 0 && (firstByte & OPCODE_BITS) < OPCODE_CLOSE;
}

function prepare(frames: readonly Uint8Array[]): PreparedMessage | undefined {
  const known = preparedFrames.get(frames);
  // The program may have changed its bytes since.
  if (known !== undefined && isFrame(frames, known.frame)) return known.message;
  const read = readMessage(frames);
  if (read === undefined) return undefined;
  const message = new PreparedMessage(read.payload, { binary: read.opcode === OPCODE_BINARY, compress: false });
  preparedFrames.set(frames, { message, frame: toBuffer(message.serverFrame) });
  return message;
}

/** Whether these parts make up this frame. */
function isFrame(parts: readonly Uint8Array[], frame: Buffer): boolean {
  let start = 0;
  for (const part of parts) {
    const end = start + part.length;
    if (end > frame.length || !isAt(part, frame, start, end)) return false;
    start = end;
  }
  return start === frame.length;
}

function isAt(part: Uint8Array, frame: Buffer, start: number, end: number): boolean {
  // A header: a call into the host costs more.
  if (part.length > MAX_HEADER_LENGTH) return frame.compare(part, 0, part.length, start, end) === 0;
  for (let i = 0; i < part.length; i++) if (part[i] !== frame[start + i]) return false;
  return true;
}

/** The message in a frame; undefined if this is not one whole, uncompressed, unmasked message. */
function readMessage(frames: readonly Uint8Array[]): { opcode: number; payload: Buffer } | undefined {
  const [first] = frames;
  if (first === undefined || first.length < 2) return undefined;
  const [firstByte = 0, secondByte = 0] = first;
  const opcode = firstByte & OPCODE_BITS;
  const isWhole = (firstByte & FIN) !== 0 && (firstByte & RSV_BITS) === 0 && (secondByte & MASKED) === 0;
  if (!isWhole || (opcode !== OPCODE_TEXT && opcode !== OPCODE_BINARY)) return undefined;
  const headerLength = headerLengthOf(secondByte);
  if (first.length < headerLength) return undefined;
  const isApart = frames.length === 2 && first.length === headerLength;
  const payload = isApart ? toBuffer(frames[1]!) : Buffer.concat(frames).subarray(headerLength);
  return payload.length === readPayloadLength(first, 0) ? { opcode, payload } : undefined;
}
