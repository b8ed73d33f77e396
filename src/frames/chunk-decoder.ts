// One connection's decoder at its lowest: the 64-byte state, carried into the arena and back around each call of the
// kernel. It says how many records lie in the arena; what they mean is for frame-decoder.ts and messages/. The kernel rejects frames
// that break a rule (assembly/shared/header-rules.ts); the error code that it leaves becomes a ProtocolError here.

import { checkLength, checkOpening } from '../../assembly/shared/header-rules.js';
import {
  CHUNK_CAPACITY,
  CHUNK_PTR,
  OPTION_ALLOW_RSV1,
  OPTION_REQUIRE_MASKED,
  OPTION_REQUIRE_UNMASKED,
  OPTION_SKIP_UTF8,
  RECORD_CAPACITY,
  RECORD_MASKED,
  RECORDS_PTR,
  STAGE_CLOSED,
  STAGE_FAILED,
  STAGE_PAYLOAD,
  STATE_CONSUMED,
  STATE_ERROR,
  STATE_ERROR_OFFSET,
  STATE_FRAME_FLAGS,
  STATE_FRAME_LENGTH,
  STATE_HEADER_BYTES,
  STATE_HEADER_LENGTH,
  STATE_LENGTH,
  STATE_MASKING_KEY,
  STATE_MAX_FRAME_LENGTH,
  STATE_MAX_MESSAGE_LENGTH,
  STATE_MESSAGE_OPCODE,
  STATE_OPTIONS,
  STATE_PTR,
  STATE_REMAINING,
  STATE_STAGE,
} from '../../assembly/shared/layout.js';
import { ERROR_NONE, ERROR_RESERVED_BITS, OPCODE_BINARY, RSV_BITS } from '../../assembly/shared/protocol.js';
import { type Arena, arenaFor } from '../kernel/arena.js';
import { readMaskingKey, TWO_POW_32 } from '../kernel/read-header.js';
import type { KernelChoice } from '../kernel/select.js';
import { ProtocolError } from '../protocol/errors.js';
import { describeValue, trueOrFalse, wholeNumber } from '../protocol/option-checks.js';
import type { Role } from '../protocol/role.js';
import type { LongFrame } from './long-frame.js';
import type { Slab } from './slab.js';

/** Options of every decoder. */
export interface DecoderOptions {
  /** Which end this is. `'observer'` accepts frames of both directions, for tools that read captured bytes. */
  readonly role: Role | 'observer';
  /** Bytes of payload in a frame, 0 to 2^53 - 1. Longer data frames fail with 1009. Default: only `maxMessageLength` limits it. */
  readonly maxFrameLength?: number;
  /** Bytes of payload in a message, 0 to 2^53 - 1. Longer ones fail with 1009, at the header. Default 16 MiB. */
  readonly maxMessageLength?: number;
  /** Accept RSV1 on the first frame of a data message, for an extension; such a text is not validated. Default: false. */
  readonly allowRsv1?: boolean;
  /** Do not validate text and close reasons as UTF-8 (for relays that pass them on unseen). Default: false. */
  readonly skipUtf8Validation?: boolean;
  /** The kernel to use. Default: WebAssembly where it runs. */
  readonly kernel?: KernelChoice;
}

/** The default of `maxMessageLength`: 16 MiB. */
export const DEFAULT_MAX_MESSAGE_LENGTH = 16 * 1024 * 1024;

const STATE_WORD = STATE_PTR / 4;
const CONSUMED_WORD = (STATE_PTR + STATE_CONSUMED) / 4;
const ERROR_OFFSET_WORD = (STATE_PTR + STATE_ERROR_OFFSET) / 4;

/** Feeds chunks to the kernel, slab by slab, and keeps what it must remember between them. */
export class ChunkDecoder {
  readonly arena: Arena;
  /** The state of a decoder with these options that has nothing to remember. */
  readonly #fresh: Uint8Array;
  /**
   * The state between two chunks, as `assembly/shared/layout.ts` draws it. There is none between two messages, so an idle
   * connection holds none; it exists only while a chunk's end has cut something in two, and after the end.
   */
  #state: Uint8Array | undefined;
  /** How many bytes of the last slab were taken; fewer than it had if the record table was full. */
  consumed = 0;
  /** Why the input was rejected. Once set, all further input is discarded. */
  error: ProtocolError | undefined;
  #position = 0;

  /** @param allowRsv1 what counts in place of the option */
  constructor(options: DecoderOptions, allowRsv1 = options.allowRsv1 ?? false) {
    this.arena = arenaFor(options.kernel);
    this.#fresh = freshState(options, allowRsv1);
  }

  /** A whole Close frame was read, or an error found: later input is discarded. */
  get isDone(): boolean {
    return this.#state !== undefined && this.#state[STATE_STAGE]! >= STAGE_CLOSED;
  }

  /** Only masked frames are accepted. */
  get requiresMask(): boolean {
    return (this.#fresh[STATE_OPTIONS]! & OPTION_REQUIRE_MASKED) !== 0;
  }

  /** Bytes taken from the stream so far. */
  get position(): number {
    return this.#position;
  }

  /** Inside a payload: the frame that the last record left unfinished goes on with the next byte. */
  get isInPayload(): boolean {
    return this.#state !== undefined && this.#state[STATE_STAGE] === STAGE_PAYLOAD;
  }

  /** How many bytes the frame under way still has; undefined inside a header. */
  get bytesToNextFrame(): number | undefined {
    if (this.#state === undefined) return 0;
    if (this.isInPayload) return this.remaining;
    return this.#state[STATE_HEADER_LENGTH] === 0 ? 0 : undefined;
  }

  /** Of the frame under way (`isInPayload`): the length of its whole payload, in bytes. */
  get frameLength(): number {
    return this.#state === undefined ? 0 : readLength(this.#state, STATE_FRAME_LENGTH);
  }

  /** Of the frame under way (`isInPayload`): how many bytes of its payload are still to come. */
  get remaining(): number {
    return this.#state === undefined ? 0 : readLength(this.#state, STATE_REMAINING);
  }

  /**
   * Decodes one slab, from its start on: as much of the chunk as fits into the arena, or what has been read there.
   *
   * @param maxRecords 1 to RECORD_CAPACITY: it stops once there are so many records
   * @returns how many records lie in the arena; they and the payloads that they point to are valid until any decoder on
   *   this arena decodes again. Sets `consumed`, and `error` if a rule was broken behind those records
   */
  decode({ chunk, start, end, length: chunkLength }: Slab, maxRecords = RECORD_CAPACITY): number {
    if (chunk === undefined) return this.#decodeAt(CHUNK_PTR + start, end - start, maxRecords);
    const length = Math.min(end - start, CHUNK_CAPACITY);
    this.arena.bytes.set(length === chunkLength ? chunk : chunk.subarray(start, start + length), CHUNK_PTR);
    return this.#decodeAt(CHUNK_PTR, length, maxRecords);
  }

  #decodeAt(ptr: number, length: number, maxRecords: number): number {
    const { arena } = this;
    const { bytes, words } = arena;
    arena.generation++;
    const before = this.#state ?? this.#fresh;
    if (arena.loadedState !== before) bytes.set(before, STATE_PTR);
    const count = arena.kernel.decode(STATE_PTR, ptr, length, RECORDS_PTR, maxRecords);
    this.consumed = words[CONSUMED_WORD]!;
    // Between two messages all but the options is zero: the first word holds them and what tells of a header or a payload,
    // the second what tells of an open message, a Close frame or an error.
    if (words[STATE_WORD]! >>> 8 === 0 && words[STATE_WORD + 1] === 0) {
      this.#state = undefined;
      arena.loadedState = this.#fresh;
    } else {
      const error = arena.state[STATE_ERROR]!;
      if (error !== 0 && this.error === undefined) {
        const offset = words[ERROR_OFFSET_WORD]!;
        // A header's first byte that came alone was held in the state.
        const detail = describeByte(error, offset < 0 ? before[STATE_HEADER_BYTES]! : bytes[ptr + offset]!);
        this.error = ProtocolError.fromKernel(error, this.#position + offset, detail);
      }
      this.#state ??= new Uint8Array(STATE_LENGTH);
      this.#state.set(arena.state);
      arena.loadedState = undefined;
    }
    this.#position += this.consumed;
    return count;
  }

  /** What stands in a frame broke a rule that the kernel does not know: whatever comes is dropped. */
  fail(error: ProtocolError): void {
    this.error = error;
    this.#state = this.#fresh.slice();
    this.#state[STATE_STAGE] = STAGE_FAILED;
  }

  /** Whether a frame that comes next would begin and end a message, and breaks no rule. Nothing is changed. */
  accepts({ firstByte, secondByte, start, end }: LongFrame): boolean {
    const fresh = this.#fresh;
    if (this.#state !== undefined) return false;
    if (checkOpening(firstByte, secondByte, fresh[STATE_OPTIONS]!, 0) !== ERROR_NONE) return false;
    const maxFrameLength = readLength(fresh, STATE_MAX_FRAME_LENGTH);
    const maxMessageLength = readLength(fresh, STATE_MAX_MESSAGE_LENGTH);
    return checkLength(firstByte, secondByte, false, end - start, 0, maxFrameLength, maxMessageLength) === ERROR_NONE;
  }

  /** Counts a frame of this many bytes that was accepted, and is read without the kernel. */
  pass(length: number): void {
    this.#position += length;
  }

  /**
   * Whether the frame under way belongs to a binary message that is not compressed. Also true for a control frame between two fragments
   * of one: the caller has to tell it by its length, at most MAX_CONTROL_PAYLOAD.
   */
  get isInBinary(): boolean {
    return this.isInPayload && this.#state![STATE_MESSAGE_OPCODE] === OPCODE_BINARY;
  }

  /** Whether the frame under way is masked. */
  get isMasked(): boolean {
    return (this.#state![STATE_FRAME_FLAGS]! & RECORD_MASKED) !== 0;
  }

  /** The masking key as the next byte of the frame under way meets it, that byte's lowest. */
  get nextMaskingKey(): number {
    const key = readMaskingKey(this.#state!, STATE_MASKING_KEY);
    const shift = ((this.frameLength - this.remaining) & 3) << 3;
    return (key >>> shift) | (key << (32 - shift));
  }

  /**
   * Counts bytes of the payload under way (`isInBinary`) that are read without the kernel.
   *
   * @param length less than `remaining`: the kernel takes the last byte, and ends the frame
   */
  passPayload(length: number): void {
    writeLength(this.#state!, STATE_REMAINING, this.remaining - length);
    this.#position += length;
  }
}

/** A u64 of a state that is at most 2^53 - 1, as every limit and every length that passed the limits is. */
function readLength(state: Uint8Array, offset: number): number {
  const low = state[offset]! | (state[offset + 1]! << 8) | (state[offset + 2]! << 16) | (state[offset + 3]! << 24);
  const high = state[offset + 4]! | (state[offset + 5]! << 8) | (state[offset + 6]! << 16);
  return high * TWO_POW_32 + (low >>> 0);
}

/** Which reserved bits are set: an extension may own the first, none does the others. */
function describeByte(kernelError: number, firstByte: number): string | undefined {
  if (kernelError !== ERROR_RESERVED_BITS) return undefined;
  const bits = (firstByte & RSV_BITS) >> 4;
  return ['RSV1', 'RSV2', 'RSV3'].filter((_name, i) => (bits & (4 >> i)) !== 0).join(', ');
}

interface FreshState {
  readonly bits: number;
  readonly maxFrameLength: number;
  readonly maxMessageLength: number;
  readonly bytes: Uint8Array;
}

const checkLimit = wholeNumber(0, Number.MAX_SAFE_INTEGER);
const freshStates: FreshState[] = [];
/** Beyond this many different options each decoder gets a state of its own. */
const MAX_FRESH_STATES = 64;

/** The state that decoders with these options begin with: one for all of them, read only. */
function freshState(options: DecoderOptions, allowRsv1: boolean): Uint8Array {
  const { role, maxFrameLength = Number.MAX_SAFE_INTEGER, maxMessageLength = DEFAULT_MAX_MESSAGE_LENGTH } = options;
  const { skipUtf8Validation = false } = options;
  if (role !== 'client' && role !== 'server' && role !== 'observer') {
    throw new TypeError(`role is "client", "server" or "observer", not ${describeValue(role)}`);
  }
  checkLimit('maxFrameLength', maxFrameLength);
  checkLimit('maxMessageLength', maxMessageLength);
  trueOrFalse('allowRsv1', allowRsv1);
  trueOrFalse('skipUtf8Validation', skipUtf8Validation);
  const bits =
    (role === 'server' ? OPTION_REQUIRE_MASKED : role === 'client' ? OPTION_REQUIRE_UNMASKED : 0) |
    (allowRsv1 ? OPTION_ALLOW_RSV1 : 0) |
    (skipUtf8Validation ? OPTION_SKIP_UTF8 : 0);
  for (const known of freshStates) {
    const isSame = known.maxFrameLength === maxFrameLength && known.maxMessageLength === maxMessageLength;
    if (isSame && known.bits === bits) return known.bytes;
  }
  const bytes = new Uint8Array(STATE_LENGTH);
  bytes[STATE_OPTIONS] = bits;
  writeLength(bytes, STATE_MAX_FRAME_LENGTH, maxFrameLength);
  writeLength(bytes, STATE_MAX_MESSAGE_LENGTH, maxMessageLength);
  if (freshStates.length < MAX_FRESH_STATES) freshStates.push({ bits, maxFrameLength, maxMessageLength, bytes });
  return bytes;
}

function writeLength(state: Uint8Array, offset: number, length: number): void {
  const view = new DataView(state.buffer);
  view.setUint32(offset, length % TWO_POW_32, true);
  view.setUint32(offset + 4, Math.floor(length / TWO_POW_32), true);
}
