// The bytes of the load: what a client sends, and what must come back, byte by byte. It doesn't know any socket.

import { constants, deflateRawSync } from 'node:zlib';
import { OPCODE_BINARY, OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { makeFrame } from '../../core/frames.js';
import { makePayload, Random } from '../../core/inputs.js';
import type { Compression, Form } from '../../subjects/server/job.js';

/** What the messages are. */
export interface Messages {
  readonly form: Form;
  readonly size: number;
  /** How many are on their way at once on a connection. */
  readonly inFlight: number;
}

const MAX_CYCLE_LENGTH = 1024 * 1024;
const CYCLE = 16;
/** So many that a compressor with takeover doesn't learn them by heart. */
const COMPRESSED_CYCLE = 256;
const RSV1 = 0x40;
const DEFLATE_TAIL_LENGTH = 4;

/** Different messages that are sent in turn: at least as many as are on their way at once, and not more than a cache holds. */
export function makePayloadCycle({ form, size, inFlight }: Messages): Uint8Array[] {
  const fitting = Math.max(1, Math.floor(MAX_CYCLE_LENGTH / size));
  const count = Math.max(inFlight, Math.min(CYCLE, fitting));
  const random = new Random(size);
  return Array.from({ length: count }, () => makePayload(form === 'binary' ? 'binary' : 'ascii', size, random));
}

/** JSON with names that come again and again and values that don't, as a ticker sends it. */
export function makeJsonCycle(size: number): Uint8Array[] {
  const random = new Random(size);
  return Array.from({ length: COMPRESSED_CYCLE }, () => makePayload('json', size, random));
}

/** Frames in a row, each findable. The whole cycle lies there twice, so that no stretch of one cycle is cut. */
export class FrameCycle {
  readonly count: number;
  readonly bytes: Buffer;
  /** Where each frame of both cycles begins, and the end of the last. */
  readonly #starts: readonly number[];

  constructor(frames: readonly Uint8Array[]) {
    this.count = frames.length;
    const starts = [0];
    for (const frame of [...frames, ...frames]) starts.push(starts.at(-1)! + frame.length);
    this.#starts = starts;
    this.bytes = Buffer.concat([...frames, ...frames]);
  }

  /** Bytes of one cycle. */
  get length(): number {
    return this.bytes.length / 2;
  }

  /** Bytes of each frame. Only for cycles whose frames are of one length. */
  get frameLength(): number {
    return this.length / this.count;
  }

  /** @param count at most a cycle */
  slice(first: number, count: number): Buffer {
    const start = first % this.count;
    return this.bytes.subarray(this.#starts[start]!, this.#starts[start + count]!);
  }
}

/** A server's frames have one form only, the shortest and unmasked, so what comes back can be compared as it is. */
export function makeReplies(messages: Messages): FrameCycle {
  const opcode = opcodeOf(messages.form);
  return new FrameCycle(makePayloadCycle(messages).map((payload) => makeFrame(opcode, payload)));
}

/** A client's frames. */
export function makeRequests(messages: Messages): FrameCycle {
  const opcode = opcodeOf(messages.form);
  const random = new Random(1);
  return new FrameCycle(makePayloadCycle(messages).map((payload) => makeFrame(opcode, payload, random.bytes(4))));
}

/**
 * A client's compressed frames. With takeover the compressor starts anew with each cycle, so a cycle may follow itself: no distance
 * leads beyond its beginning.
 */
export function makeCompressedRequests(payloads: readonly Uint8Array[], compression: Compression): FrameCycle {
  const random = new Random(1);
  const compressed = compression === 'takeover' ? deflateInOneWindow(payloads) : payloads.map(deflateAlone);
  const frames = compressed.map((payload) => {
    const frame = makeFrame(OPCODE_TEXT, payload, random.bytes(4));
    frame[0]! |= RSV1;
    return frame;
  });
  return new FrameCycle(frames);
}

function deflateAlone(payload: Uint8Array): Uint8Array {
  const deflated = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH });
  return deflated.subarray(0, deflated.length - DEFLATE_TAIL_LENGTH);
}

/** Each message may refer to those before it: its dictionary is what the peer's window holds. */
function deflateInOneWindow(payloads: readonly Uint8Array[]): Uint8Array[] {
  let window = Buffer.alloc(0);
  return payloads.map((payload) => {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, ...(window.length === 0 ? {} : { dictionary: window }) };
    const deflated = deflateRawSync(payload, options);
    window = Buffer.concat([window, payload]).subarray(-32_768);
    return deflated.subarray(0, deflated.length - DEFLATE_TAIL_LENGTH);
  });
}

function opcodeOf(form: Form): number {
  return form === 'binary' ? OPCODE_BINARY : OPCODE_TEXT;
}
