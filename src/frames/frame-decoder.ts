// Chunks → frames, in the three ways that a caller may want them: by cursor (no object a frame), as views into the arena,
// as owned payloads. It knows frames and no messages. The kernel decides which frames are rejected, by the rules in
// assembly/shared/header-rules.ts.

import { FIN, OPCODE_BITS, RSV1, RSV2, RSV3 } from '../../assembly/shared/protocol.js';
import { requireBytes } from '../bytes/copy.js';
import { PayloadBuffer } from '../bytes/payload-buffer.js';
import type { Arena } from '../kernel/arena.js';
import type { KernelName } from '../kernel/kernel.js';
import { ASCII, END, MASKED, RECORD_WORDS, RECORDS_WORD, START } from '../kernel/records.js';
import { ProtocolError } from '../protocol/errors.js';
import { ChunkDecoder, type DecoderOptions } from './chunk-decoder.js';
import { Slab } from './slab.js';

/** One whole frame. The caller owns its payload. */
export interface Frame {
  /** The last fragment of its message (FIN). */
  readonly fin: boolean;
  /** The reserved bit that permessage-deflate sets on compressed messages. */
  readonly rsv1: boolean;
  /** The second reserved bit. */
  readonly rsv2: boolean;
  /** The third reserved bit. */
  readonly rsv3: boolean;
  /** 0 to 15; see the `OPCODE_…` constants. */
  readonly opcode: number;
  /** The payload was masked on the wire, as those of clients are. */
  readonly masked: boolean;
  /** The four bytes of the key; undefined where the frame is not masked. */
  readonly maskingKey: Uint8Array | undefined;
  /** The length of the header on the wire, 2 to 14 bytes. */
  readonly headerLength: number;
  /** Unmasked. Owned. */
  readonly payload: Uint8Array;
}

const NOTHING = new Slab(new Uint8Array(0), 0, 'caller');

/**
 * Takes the bytes of one direction of a connection, in chunks cut anywhere, and walks over the frames in them.
 *
 * ```ts
 * const decoder = new FrameDecoder({ role: 'server' });
 * decoder.push(chunk);
 * while (decoder.next()) console.log(decoder.opcode, decoder.view());
 * ```
 *
 * The decoder is its own cursor: after `next()` it shows one frame, or, where a frame spans chunks, the piece of it that
 * came in this one; the first piece has `isStart`, the last `isEnd`, a whole frame has both. What it shows is valid until
 * any decoder on the same kernel decodes again; looking at it later throws `WSIMD_STALE`. For whole frames
 * that you can keep, call `decodeFrames` instead.
 */
export class FrameDecoder {
  readonly #decoder: ChunkDecoder;
  readonly #arena: Arena;
  readonly #words: Int32Array;
  #slab = NOTHING;
  #generation = -1;
  /** Records of the slab that have not been shown. */
  #left = 0;
  /** The record that is shown, as an index in the arena's words. */
  #word = 0;
  /** Of the frame that the slab's first record goes on with: its length, and how much of it came before. */
  #continuedLength = 0;
  #continuedOffset = 0;
  #pending: PayloadBuffer | undefined;
  #pendingFrame: Omit<Frame, 'payload'> | undefined;

  /** @throws RangeError, TypeError for options out of range; ProtocolError `WSIMD_NO_KERNEL` */
  constructor(options: DecoderOptions) {
    this.#decoder = new ChunkDecoder(options);
    this.#arena = this.#decoder.arena;
    this.#words = this.#arena.words;
  }

  /** Which kernel decodes. */
  get kernelName(): KernelName {
    return this.#arena.kernel.name;
  }

  /** Bytes of the stream decoded so far. */
  get position(): number {
    return this.#decoder.position;
  }

  /** A whole Close frame was read, or an error found: later input is discarded. */
  get isDone(): boolean {
    return this.#decoder.isDone;
  }

  /**
   * Gives the decoder the next bytes of the stream; they are decoded as `next()` gets to them, so the chunk must stay as
   * it is until then. Frames of the previous chunk that were not looked at are skipped, though not unread: what they mean
   * for the stream counts.
   *
   * @param chunk any length, also 0; read only
   */
  push(chunk: Uint8Array): void {
    requireBytes(chunk);
    while (this.#slab.start < this.#slab.length) this.#decodeSlab();
    this.#slab = new Slab(chunk, chunk.length, 'caller');
    this.#left = 0;
    this.#generation = -1;
  }

  /**
   * Goes to the next frame, or piece of a frame.
   *
   * @returns false once the chunk is used up
   * @throws ProtocolError when it comes to a broken rule, with `closeCode` and `offset`; it is thrown again at each further
   *   call. `WSIMD_STALE` if another decoder has used the arena in between
   */
  next(): boolean {
    if (this.#left > 0) {
      if (this.#generation !== this.#arena.generation) throw new ProtocolError('WSIMD_STALE');
      this.#left--;
      this.#word += RECORD_WORDS;
      return true;
    }
    return this.#nextSlab();
  }

  /**
   * Decodes a chunk into whole frames with owned payloads; a frame that the chunk leaves unfinished comes with the chunk
   * that finishes it. Not to be mixed with `push` and `next` inside a frame.
   *
   * @returns the frames, and the error that stands behind them if a rule was broken
   */
  decodeFrames(chunk: Uint8Array): { frames: Frame[]; error: ProtocolError | undefined } {
    const frames: Frame[] = [];
    try {
      this.push(chunk);
      while (this.next()) {
        const frame = this.#gather();
        if (frame !== undefined) frames.push(frame);
      }
    } catch (error) {
      if (error instanceof ProtocolError) return { frames, error };
      throw error;
    }
    return { frames, error: undefined };
  }

  /** The last fragment of its message (FIN). */
  get fin(): boolean {
    return (this.#first() & FIN) !== 0;
  }

  /** The reserved bit that permessage-deflate sets on compressed messages. */
  get rsv1(): boolean {
    return (this.#first() & RSV1) !== 0;
  }

  /** The second reserved bit. */
  get rsv2(): boolean {
    return (this.#first() & RSV2) !== 0;
  }

  /** The third reserved bit. */
  get rsv3(): boolean {
    return (this.#first() & RSV3) !== 0;
  }

  /** 0 to 15; see the `OPCODE_…` constants. */
  get opcode(): number {
    return this.#first() & OPCODE_BITS;
  }

  /** The payload was masked on the wire, as those of clients are. */
  get masked(): boolean {
    return (this.#first() & MASKED) !== 0;
  }

  /** The frame begins with this piece. */
  get isStart(): boolean {
    return (this.#first() & START) !== 0;
  }

  /** The frame ends with this piece. */
  get isEnd(): boolean {
    return (this.#first() & END) !== 0;
  }

  /** This is a piece of an uncompressed text, or of a close reason, and all ASCII. */
  get isAscii(): boolean {
    return (this.#first() & ASCII) !== 0;
  }

  /** The length of the header on the wire, 2 to 14 bytes; 0 unless `isStart`. */
  get headerLength(): number {
    return this.#first() >>> 24;
  }

  /** Bytes of payload in this piece. */
  get length(): number {
    this.#check();
    return this.#words[this.#word + 2]!;
  }

  /** Bytes of payload in the whole frame. */
  get payloadLength(): number {
    const first = this.#first();
    if ((first & START) === 0) return this.#continuedLength;
    return (first & END) !== 0 ? this.length : this.#decoder.frameLength;
  }

  /** Bytes of the frame's payload that came before this piece. */
  get pieceOffset(): number {
    return (this.#first() & START) !== 0 ? 0 : this.#continuedOffset;
  }

  /** The key's four bytes, owned; undefined where the frame is not masked. */
  get maskingKey(): Uint8Array | undefined {
    if (!this.masked) return undefined;
    const key = this.#words[this.#word + 3]!;
    return Uint8Array.of(key, key >>> 8, key >>> 16, key >>> 24);
  }

  /** Where in `memory` this piece begins, unmasked. */
  get ptr(): number {
    this.#check();
    return this.#words[this.#word + 1]!;
  }

  /** The memory that `ptr` points into, to be read only. */
  get memory(): Uint8Array {
    return this.#arena.bytes;
  }

  /** This piece, unmasked: a view, valid until any decoder decodes again. */
  view(): Uint8Array {
    const { ptr } = this;
    return this.memory.subarray(ptr, ptr + this.length);
  }

  /** This piece, unmasked: a copy that belongs to the caller. */
  payload(): Uint8Array {
    const { ptr } = this;
    return this.memory.slice(ptr, ptr + this.length);
  }

  #check(): void {
    if (this.#generation !== this.#arena.generation) throw new ProtocolError('WSIMD_STALE');
  }

  #first(): number {
    this.#check();
    return this.#words[this.#word]!;
  }

  #nextSlab(): boolean {
    while (this.#slab.start < this.#slab.length) {
      this.#decodeSlab();
      if (this.#left > 0) {
        this.#left--;
        this.#word = RECORDS_WORD;
        return true;
      }
    }
    this.#generation = -1;
    if (this.#decoder.error !== undefined) throw this.#decoder.error;
    return false;
  }

  #decodeSlab(): void {
    const decoder = this.#decoder;
    if (decoder.isInPayload) {
      this.#continuedLength = decoder.frameLength;
      this.#continuedOffset = decoder.frameLength - decoder.remaining;
    }
    this.#left = decoder.decode(this.#slab);
    this.#slab.start += decoder.consumed;
    this.#generation = this.#arena.generation;
  }

  /** The frame that the cursor is at, once its last piece is there. */
  #gather(): Frame | undefined {
    if (this.isStart) {
      const { fin, rsv1, rsv2, rsv3, opcode, masked, maskingKey, headerLength } = this;
      const frame = { fin, rsv1, rsv2, rsv3, opcode, masked, maskingKey, headerLength };
      if (this.isEnd) return { ...frame, payload: this.payload() };
      this.#pendingFrame = frame;
      this.#pending = new PayloadBuffer();
    }
    if (this.#pending === undefined || this.#pendingFrame === undefined) return undefined;
    this.#pending.append(this.memory, this.ptr, this.ptr + this.length, this.payloadLength);
    if (!this.isEnd) return undefined;
    const frame = { ...this.#pendingFrame, payload: this.#pending.take() };
    this.#pending = this.#pendingFrame = undefined;
    return frame;
  }
}
