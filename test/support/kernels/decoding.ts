// What the tests of decode() share: frames as bytes, the state and the records of assembly/shared/layout.ts by name, and a
// driver that feeds chunks as a connection does. Holds no rule of the RFC: what is right is said in the tests.

import {
  CHUNK_PTR,
  OPTION_REQUIRE_MASKED,
  RECORD_CAPACITY,
  RECORD_LENGTH,
  RECORDS_PTR,
  STATE_CONSUMED,
  STATE_LENGTH,
  STATE_PTR,
} from '../../../assembly/shared/layout.js';
import {
  FIN,
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
} from '../../../assembly/shared/protocol.js';
import type { Kernel } from '../../../src/kernel/kernel.js';
import { fromFirstByte, wire } from '../frames/wire.js';

/** First bytes of whole frames, and of the last fragment of a message. */
export const FIN_TEXT = FIN | OPCODE_TEXT;
export const FIN_BINARY = FIN | OPCODE_BINARY;
export const FIN_CLOSE = FIN | OPCODE_CLOSE;
export const FIN_PING = FIN | OPCODE_PING;
export const FIN_PONG = FIN | OPCODE_PONG;
export const FIN_CONTINUATION = FIN | OPCODE_CONTINUATION;

export interface FrameSpec {
  /** FIN, RSV bits and opcode. */
  readonly first: number;
  readonly payload?: Uint8Array | readonly number[];
  /** Not masked where it is missing. */
  readonly maskingKey?: readonly number[];
  /** The payload length that the header claims, where it is not the payload's. */
  readonly claimed?: bigint;
  /** The form of the length (7, 16 or 64 bits), where it is not the shortest. */
  readonly lengthBits?: 7 | 16 | 64;
}

export const KEY = [0xa1, 0x02, 0xf3, 0x44] as const;

export function frame({ first, payload = [], maskingKey, claimed, lengthBits }: FrameSpec): Uint8Array {
  return wire({
    ...fromFirstByte(first),
    ...(maskingKey === undefined ? { masked: false } : { masked: true, maskingKey }),
    ...(claimed === undefined ? {} : { claimed }),
    ...(lengthBits === undefined ? {} : { form: lengthBits }),
    payload,
  });
}

export function fromClient(
  first: number,
  payload: FrameSpec['payload'] = [],
  more: Partial<FrameSpec> = {},
): Uint8Array {
  return frame({ first, payload, maskingKey: KEY, ...more });
}

export function utf8(text: string): number[] {
  return [...Buffer.from(text)];
}

export const KEY_NUMBER = keyNumber(KEY);

/** A masking key as `Kernel` and a record hold it: the first byte lowest. */
export function keyNumber(maskingKey: readonly number[]): number {
  return Buffer.from(maskingKey).readUInt32LE();
}

export interface StateFields {
  readonly options: number;
  readonly stage: number;
  readonly headerLength: number;
  readonly firstByte: number;
  readonly messageOpcode: number;
  readonly frameFlags: number;
  readonly closeByte: number;
  readonly error: number;
  readonly utf8: number;
  readonly maskingKey: number;
  /** Bytes 16-31 as they are: a header that is not yet whole, or frameLength and remaining. */
  readonly headerBytes: readonly number[];
  readonly frameLength: bigint;
  readonly remaining: bigint;
  readonly messageLength: bigint;
  readonly maxFrameLength: bigint;
  readonly maxMessageLength: bigint;
  readonly consumed: number;
  readonly errorOffset: number;
}

export interface Settings {
  readonly options?: number;
  readonly maxFrameLength?: bigint;
  readonly maxMessageLength?: bigint;
  readonly recordCapacity?: number;
}

export const NO_LIMIT = 2n ** 53n - 1n;

/** The state of a fresh connection; by default that of a server without limits. */
export function freshState(settings: Settings = {}): Uint8Array<ArrayBuffer> {
  const state = new Uint8Array(STATE_LENGTH);
  const view = new DataView(state.buffer);
  state[0] = settings.options ?? OPTION_REQUIRE_MASKED;
  view.setBigUint64(40, settings.maxFrameLength ?? NO_LIMIT, true);
  view.setBigUint64(48, settings.maxMessageLength ?? NO_LIMIT, true);
  return state;
}

export function readState(state: Uint8Array): StateFields {
  const view = new DataView(state.buffer, state.byteOffset, STATE_LENGTH);
  return {
    options: view.getUint8(0),
    stage: view.getUint8(1),
    headerLength: view.getUint8(2),
    firstByte: view.getUint8(3),
    messageOpcode: view.getUint8(4),
    frameFlags: view.getUint8(5),
    closeByte: view.getUint8(6),
    error: view.getUint8(7),
    utf8: view.getUint32(8, true),
    maskingKey: view.getUint32(12, true),
    headerBytes: [...state.subarray(16, 32)],
    frameLength: view.getBigUint64(16, true),
    remaining: view.getBigUint64(24, true),
    messageLength: view.getBigUint64(32, true),
    maxFrameLength: view.getBigUint64(40, true),
    maxMessageLength: view.getBigUint64(48, true),
    consumed: view.getUint32(56, true),
    errorOffset: view.getInt32(60, true),
  };
}

export interface RecordFields {
  readonly first: number;
  readonly flags: number;
  readonly messageOpcode: number;
  readonly headerLength: number;
  readonly ptr: number;
  readonly length: number;
  readonly maskingKey: number;
  /** A copy of the piece of payload. */
  readonly payload: readonly number[];
}

export function readRecord(kernel: Kernel, recordPtr: number): RecordFields {
  const view = new DataView(kernel.memory, recordPtr, RECORD_LENGTH);
  const ptr = view.getUint32(4, true);
  const length = view.getUint32(8, true);
  return {
    first: view.getUint8(0),
    flags: view.getUint8(1),
    messageOpcode: view.getUint8(2),
    headerLength: view.getUint8(3),
    ptr,
    length,
    maskingKey: view.getUint32(12, true),
    payload: [...new Uint8Array(kernel.memory, ptr, length)],
  };
}

export interface Outcome {
  readonly records: readonly RecordFields[];
  readonly state: StateFields;
  /** The state's 64 bytes. */
  readonly stateBytes: Uint8Array;
}

/** One call of decode(), at the addresses of the memory map. */
export function decodeOnce(
  kernel: Kernel,
  state: Uint8Array,
  chunk: Uint8Array,
  recordCapacity: number = RECORD_CAPACITY,
): Outcome {
  const memory = new Uint8Array(kernel.memory);
  memory.set(state, STATE_PTR);
  memory.set(chunk, CHUNK_PTR);
  const count = kernel.decode(STATE_PTR, CHUNK_PTR, chunk.length, RECORDS_PTR, recordCapacity);
  const stateBytes = memory.slice(STATE_PTR, STATE_PTR + STATE_LENGTH);
  const records = Array.from({ length: count }, (_, i) => readRecord(kernel, RECORDS_PTR + i * RECORD_LENGTH));
  return { records, state: readState(stateBytes), stateBytes };
}

/** A frame as it came out, its pieces joined. */
export interface DecodedFrame {
  readonly first: number;
  readonly messageOpcode: number;
  readonly headerLength: number;
  readonly masked: boolean;
  readonly maskingKey: number;
  readonly whole: boolean;
  /** RECORD_ASCII on every piece. */
  readonly ascii: boolean;
  readonly payload: readonly number[];
}

export interface StreamOutcome {
  readonly frames: readonly DecodedFrame[];
  readonly state: StateFields;
  /** The error's offset in the whole stream, where there was an error. */
  readonly errorPosition: number | undefined;
}

/** Feeds chunks as a connection does: each until it is consumed, the state handed in and out. */
export function decodeStream(kernel: Kernel, chunks: readonly Uint8Array[], settings: Settings = {}): StreamOutcome {
  let stateBytes: Uint8Array = freshState(settings);
  let position = 0;
  let errorPosition: number | undefined;
  const frames: DecodedFrame[] = [];
  for (const chunk of chunks) {
    let rest = chunk;
    do {
      const before = readState(stateBytes).error;
      const outcome = decodeOnce(kernel, stateBytes, rest, settings.recordCapacity);
      stateBytes = outcome.stateBytes;
      for (const record of outcome.records) join(frames, record);
      const { consumed, error, errorOffset } = outcome.state;
      if (error !== before) errorPosition = position + errorOffset;
      if (consumed === 0 && rest.length > 0) throw new Error('decode() consumed nothing');
      if (consumed > rest.length) throw new Error('decode() consumed more than it was given');
      position += consumed;
      rest = rest.subarray(consumed);
    } while (rest.length > 0);
  }
  return { frames, state: readState(stateBytes), errorPosition };
}

function join(frames: DecodedFrame[], record: RecordFields): void {
  const { first, messageOpcode, headerLength, maskingKey } = record;
  const isStart = (record.flags & 1) !== 0;
  const piece = {
    first,
    messageOpcode,
    headerLength,
    masked: (record.flags & 4) !== 0,
    maskingKey,
    whole: (record.flags & 2) !== 0,
    ascii: (record.flags & 8) !== 0,
    payload: record.payload,
  };
  if (isStart !== headerLength > 0) throw new Error('a header length without RECORD_START, or the reverse');
  if (isStart) {
    if (frames.at(-1)?.whole === false) throw new Error('RECORD_START inside a frame');
    frames.push(piece);
    return;
  }
  const open = frames.pop();
  if (open === undefined || open.whole) throw new Error('a piece of no frame');
  const joined = {
    ...open,
    whole: piece.whole,
    ascii: open.ascii && piece.ascii,
    payload: [...open.payload, ...piece.payload],
  };
  if (
    first !== open.first ||
    messageOpcode !== open.messageOpcode ||
    piece.masked !== open.masked ||
    maskingKey !== open.maskingKey
  ) {
    throw new Error('the pieces of a frame differ');
  }
  frames.push(joined);
}

/** Every way to cut bytes in two. */
export function splits(bytes: Uint8Array): Uint8Array[][] {
  return Array.from({ length: bytes.length + 1 }, (_, i) => [bytes.subarray(0, i), bytes.subarray(i)]);
}

/** One chunk a byte. */
export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** A state as it is between two messages: fresh, but for what the last call consumed. */
export function idleState(consumed: number, settings: Settings = {}): Uint8Array {
  const state = freshState(settings);
  new DataView(state.buffer).setUint32(STATE_CONSUMED, consumed, true);
  return state;
}
