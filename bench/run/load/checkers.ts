// Checks what a server sends, and counts its messages. Three ways: byte by byte where the wire is known, payload by payload where
// only the messages are, and frame by frame where the payload is compressed or carries a time.

import { constants, inflateRawSync } from 'node:zlib';
import { LENGTH_16, LENGTH_64, LENGTH_BITS } from '../../../assembly/shared/protocol.js';
import { now } from '../../subjects/server/application.js';
import type { FrameCycle } from './wire.js';

/** Takes bytes as they come. */
export interface Checker {
  /** @returns messages that are whole now. @throws Error if the bytes are wrong */
  take(bytes: Uint8Array, start: number, end: number): number;
}

/** Compares every byte with the frames that must come. */
export class ByteChecker implements Checker {
  readonly #replies: FrameCycle;
  #at = 0;
  #partial = 0;

  /** @param replies all of one length */
  constructor(replies: FrameCycle) {
    this.#replies = replies;
  }

  take(bytes: Uint8Array, start: number, end: number): number {
    const { bytes: expected, length, frameLength } = this.#replies;
    for (let at = start; at < end; ) {
      const count = Math.min(end - at, expected.length - this.#at);
      if (expected.compare(bytes, at, at + count, this.#at, this.#at + count) !== 0) {
        throw new Error('what comes back is not what was sent');
      }
      at += count;
      this.#at = (this.#at + count) % length;
    }
    this.#partial += end - start;
    const whole = Math.floor(this.#partial / frameLength);
    this.#partial -= whole * frameLength;
    return whole;
  }
}

const MAX_HEADER_LENGTH = 10;

/** Walks over frames. Subclasses take the headers and stretches of payload. */
abstract class FrameWalker implements Checker {
  readonly #header = Buffer.alloc(MAX_HEADER_LENGTH);
  #headerLength = 0;
  #left = 0;
  #whole = 0;

  protected abstract onHeader(firstByte: number, length: number): void;
  protected abstract onPayload(bytes: Uint8Array, start: number, end: number): void;
  protected abstract onEnd(): void;

  take(bytes: Uint8Array, start: number, end: number): number {
    this.#whole = 0;
    let at = start;
    while (at < end) {
      if (this.#left === 0) {
        this.#takeHeaderByte(bytes[at++]!);
        continue;
      }
      const count = Math.min(this.#left, end - at);
      this.onPayload(bytes, at, at + count);
      at += count;
      this.#left -= count;
      if (this.#left === 0) this.#endFrame();
    }
    return this.#whole;
  }

  #takeHeaderByte(byte: number): void {
    this.#header[this.#headerLength++] = byte;
    if (this.#headerLength < 2) return;
    const short = this.#header[1]! & LENGTH_BITS;
    const whole = short === LENGTH_64 ? 10 : short === LENGTH_16 ? 4 : 2;
    if (this.#headerLength < whole) return;
    if (this.#header[1]! > LENGTH_BITS) throw new Error('the server masks a frame');
    const length =
      whole === 10 ? Number(this.#header.readBigUInt64BE(2)) : whole === 4 ? this.#header.readUInt16BE(2) : short;
    this.#headerLength = 0;
    this.#left = length;
    this.onHeader(this.#header[0]!, length);
    if (length === 0) this.#endFrame();
  }

  #endFrame(): void {
    this.#whole++;
    this.onEnd();
  }
}

const FIN_AND_RSV1 = 0xc0;

/**
 * Frames whose payload is compressed: counts them, and keeps those of the beginning, so that `verify` can inflate and compare
 * them when nothing is being measured.
 */
export class CompressedChecker extends FrameWalker {
  readonly #payloads: readonly Uint8Array[];
  readonly #hasTakeover: boolean;
  readonly #kept: { readonly isCompressed: boolean; readonly parts: Uint8Array[] }[] = [];
  #isKeeping: boolean;

  /** @param isKeeping whether to keep what comes first */
  constructor(payloads: readonly Uint8Array[], hasTakeover: boolean, isKeeping: boolean) {
    super();
    this.#payloads = payloads;
    this.#hasTakeover = hasTakeover;
    this.#isKeeping = isKeeping;
  }

  protected onHeader(firstByte: number): void {
    this.#isKeeping &&= this.#kept.length < this.#payloads.length;
    if (!this.#isKeeping) return;
    this.#kept.push({ isCompressed: (firstByte & FIN_AND_RSV1) === FIN_AND_RSV1, parts: [] });
  }

  protected onPayload(bytes: Uint8Array, start: number, end: number): void {
    // The memory is the socket's, and `slice` of a Buffer makes no copy.
    if (this.#isKeeping) this.#kept.at(-1)!.parts.push(new Uint8Array(bytes.subarray(start, end)));
  }

  protected onEnd(): void {}

  /** @throws Error if the first messages weren't what was sent */
  verify(): void {
    // The last may be incomplete.
    const messages = this.#kept.slice(0, -1);
    let window: Buffer = Buffer.alloc(0);
    for (const [i, { isCompressed, parts }] of messages.entries()) {
      const payload = Buffer.concat(parts);
      const text: Buffer = isCompressed ? inflate(payload, this.#hasTakeover ? window : undefined) : payload;
      if (Buffer.compare(text, this.#payloads[i]!) !== 0) throw new Error('a compressed answer is not what was sent');
      if (isCompressed) window = Buffer.concat([window, text]).subarray(-32_768);
    }
  }
}

function inflate(payload: Buffer, window: Buffer | undefined): Buffer {
  const whole = Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]);
  const options = { finishFlush: constants.Z_SYNC_FLUSH };
  return inflateRawSync(
    whole,
    window === undefined || window.length === 0 ? options : { ...options, dictionary: window },
  );
}

/** Messages whose frames may be cut anywhere: compares the payload with what was sent, and counts by bytes. */
export class PayloadChecker extends FrameWalker {
  readonly #expected: Buffer;
  readonly #size: number;
  #at = 0;
  #bytes = 0;

  /** @param payloads all of one length */
  constructor(payloads: readonly Uint8Array[]) {
    super();
    this.#expected = Buffer.concat(payloads);
    this.#size = payloads[0]!.length;
  }

  override take(bytes: Uint8Array, start: number, end: number): number {
    super.take(bytes, start, end);
    const whole = Math.floor(this.#bytes / this.#size);
    this.#bytes -= whole * this.#size;
    return whole;
  }

  protected onHeader(): void {}

  protected onPayload(bytes: Uint8Array, start: number, end: number): void {
    const expected = this.#expected;
    for (let at = start; at < end; ) {
      const count = Math.min(end - at, expected.length - this.#at);
      if (expected.compare(bytes, at, at + count, this.#at, this.#at + count) !== 0) {
        throw new Error('what comes back is not what was sent');
      }
      at += count;
      this.#at = (this.#at + count) % expected.length;
    }
    this.#bytes += end - start;
  }

  protected onEnd(): void {}
}

const STAMP_DIGITS = 16;
const FIN_TEXT = 0x81;

/** Messages that the server pushes: a time in 16 digits, then one character over and over. */
export class PushChecker extends FrameWalker {
  readonly #size: number;
  readonly #filling: Buffer;
  readonly #onLatency: (milliseconds: number) => void;
  #at = 0;
  #stamp = 0;

  constructor(size: number, onLatency: (milliseconds: number) => void) {
    super();
    this.#size = size;
    this.#filling = Buffer.alloc(size, 'x');
    this.#onLatency = onLatency;
  }

  protected onHeader(firstByte: number, length: number): void {
    if (firstByte !== FIN_TEXT || length !== this.#size) throw new Error('the server pushes a wrong frame');
    this.#at = 0;
    this.#stamp = 0;
  }

  protected onPayload(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    for (; at < end && this.#at < STAMP_DIGITS; at++, this.#at++) this.#stamp = this.#stamp * 10 + bytes[at]! - 0x30;
    const count = end - at;
    if (count > 0 && this.#filling.compare(bytes, at, end, 0, count) !== 0)
      throw new Error('the server pushes a wrong text');
    this.#at += count;
  }

  protected onEnd(): void {
    this.#onLatency(Math.max(0, (now() - this.#stamp) / 1000));
  }
}
