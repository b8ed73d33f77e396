// Where one direction of a relayed connection stands among its frames: bytes pass as they are, and between two frames others
// can be injected, the next frame held, or frames dropped. It reads lengths and judges nothing: that is for the inspector.

import { headerLengthOf } from '../../../assembly/shared/header-rules.js';
import { MAX_HEADER_LENGTH } from '../../../assembly/shared/protocol.js';
import { readPayloadLength } from '../../kernel/read-header.js';

export interface GateSink {
  /** Bytes to send on. */
  pass(bytes: Uint8Array): void;
  /** A whole frame that waits for `release`. */
  held(frame: Uint8Array): void;
  /** A frame that does not pass. @param length all its bytes */
  dropped(length: number): void;
}

/** A longer frame is not held: it passes. */
const MAX_HELD = 64 * 1024 * 1024;

type Action = 'pass' | 'drop' | 'hold';

export class FrameGate {
  readonly #sink: GateSink;
  readonly #dropEvery: number | undefined;
  readonly #header = new Uint8Array(MAX_HEADER_LENGTH);
  #headerLength = 0;
  /** Bytes of payload that are still to come; at 0, with no byte of a header, a frame begins next. */
  #remaining = 0;
  #action: Action = 'pass';
  #frames = 0;
  #isHoldWanted = false;
  #held: Uint8Array[] = [];
  /** Of the frame that is dropped or held. */
  #length = 0;
  #injected: Uint8Array[] = [];
  /** What came while a frame waits; undefined while none does. */
  #waiting: Uint8Array[] | undefined;

  /** @param dropEvery every so many frames one does not pass */
  constructor(sink: GateSink, dropEvery: number | undefined) {
    this.#sink = sink;
    this.#dropEvery = dropEvery;
  }

  /** A frame waits for `release`. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** @param chunk a view, valid during the call */
  push(chunk: Uint8Array): void {
    if (this.#waiting !== undefined) {
      // `slice` of a Buffer would not copy.
      this.#waiting.push(new Uint8Array(chunk));
    } else if (this.#dropEvery === undefined && !this.#isHoldWanted && this.#action === 'pass' && !this.#hasInjected) {
      for (let at = 0; at < chunk.length; ) at = this.#advance(chunk, at);
      this.#sink.pass(chunk);
    } else {
      this.#sort(chunk);
    }
  }

  /** The next frame that begins is held. */
  hold(): void {
    this.#isHoldWanted = true;
  }

  /** Sends on bytes of the caller's, at once or behind the frame under way. */
  inject(bytes: Uint8Array): void {
    if (this.#isBetween || this.#action !== 'pass') this.#sink.pass(bytes);
    else this.#injected.push(bytes);
  }

  /** Ends the waiting: these bytes pass in place of the frame; undefined drops it. */
  release(bytes: Uint8Array | undefined): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    if (bytes !== undefined) this.#sink.pass(bytes);
    for (const chunk of waiting) this.push(chunk);
  }

  get #isBetween(): boolean {
    return this.#headerLength === 0 && this.#remaining === 0;
  }

  get #hasInjected(): boolean {
    return this.#injected.length > 0;
  }

  /** Frame by frame. */
  #sort(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#isBetween) this.#begin();
      const start = at;
      do at = this.#advance(chunk, at);
      while (at < chunk.length && !this.#isBetween);
      this.#take(chunk.subarray(start, at));
      if (!this.#isBetween) return;
      this.#end();
      if (this.isWaiting) {
        if (at < chunk.length) this.push(chunk.subarray(at));
        return;
      }
    }
  }

  #begin(): void {
    this.#frames++;
    this.#length = 0;
    const isDropped = this.#dropEvery !== undefined && this.#frames % this.#dropEvery === 0;
    this.#action = this.#isHoldWanted ? 'hold' : isDropped ? 'drop' : 'pass';
    if (this.#action === 'hold') this.#isHoldWanted = false;
  }

  #take(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#action === 'pass') {
      this.#sink.pass(bytes);
    } else if (this.#action === 'hold') {
      this.#held.push(new Uint8Array(bytes));
      if (this.#length <= MAX_HELD) return;
      for (const part of this.#held) this.#sink.pass(part);
      this.#held = [];
      this.#action = 'pass';
    }
  }

  #end(): void {
    const action = this.#action;
    this.#action = 'pass';
    if (action === 'hold') {
      const frame = new Uint8Array(Buffer.concat(this.#held));
      this.#held = [];
      this.#waiting = [];
      this.#sink.held(frame);
    } else if (action === 'drop') {
      this.#sink.dropped(this.#length);
    }
    for (const bytes of this.#injected.splice(0)) this.#sink.pass(bytes);
  }

  /** Reads on from `at` to the end of the header, of the frame or of the chunk. @returns where it has come to */
  #advance(chunk: Uint8Array, at: number): number {
    if (this.#remaining > 0) {
      const length = Math.min(this.#remaining, chunk.length - at);
      this.#remaining -= length;
      return at + length;
    }
    if (this.#headerLength === 0 && at + MAX_HEADER_LENGTH <= chunk.length) {
      this.#remaining = readPayloadLength(chunk, at);
      return at + headerLengthOf(chunk[at + 1]!);
    }
    const header = this.#header;
    header[this.#headerLength++] = chunk[at]!;
    if (this.#headerLength < 2 || this.#headerLength < headerLengthOf(header[1]!)) return at + 1;
    this.#headerLength = 0;
    this.#remaining = readPayloadLength(header, 0);
    return at + 1;
  }
}
