// The receiving direction of one connection: compressed messages in, texts and bytes out. It owns the context that the
// peer's next message may refer to, and knows no frame.

import {
  DEFLATE_TEXT_PTR,
  MAX_WINDOW_LENGTH,
  OUTPUT_PTR,
  SHARED_INFLATE_CONTEXT_PTR,
} from '../../assembly/shared/deflate-layout.js';
import { PayloadBuffer } from '../bytes/payload-buffer.js';
import { readText } from '../kernel/text.js';
import type { MessageDecompression } from '../messages/compression.js';
import { contextLength } from './deflate-arena.js';
import type { Inflation } from './inflation.js';

export class MessageInflater implements MessageDecompression {
  readonly #inflation: Inflation;
  readonly #windowLength: number;
  readonly #keepsContext: boolean;
  /** The context's slot in the pool; 0: it has none. */
  #contextPtr = 0;
  /**
   * The context between two messages, if it was promised while the pool had room and the room was gone when it came to it.
   * It is copied in and out for each message: slower, but it works, and it needs a race to come about.
   */
  #savedContext: Uint8Array | undefined;
  #isFirst = true;

  /**
   * @param windowBits how far back the peer may refer, as a power of two
   * @param keepsContext whether it may refer to earlier messages
   */
  constructor(inflation: Inflation, windowBits: number, keepsContext: boolean) {
    this.#inflation = inflation;
    // Not `2 ** windowBits`: JavaScriptCore keeps that as a double, and a double handed to WebAssembly costs 0.1 µs a call.
    this.#windowLength = 1 << windowBits;
    this.#keepsContext = keepsContext;
    // The slot is taken now, so that whoever has been promised a context has one; no byte of it is touched before the first
    // message. The ring then fills from its start: memory is used as far as the peer has sent something to remember.
    if (keepsContext) this.#contextPtr = inflation.arena.pool.take(contextLength(windowBits, 0));
  }

  inflateText(source: Uint8Array, start: number, end: number, maxLength: number, isValidated: boolean): string {
    const inflation = this.#inflation;
    const { bytes } = inflation.arena;
    const length = this.#begin(source, start, end, maxLength, isValidated);
    if (!inflation.isDone) {
      const { data, isAscii } = this.#gather(length);
      return this.#toText(data, 0, data.length, isAscii, isValidated);
    }
    this.#keepContext();
    return this.#toText(bytes, OUTPUT_PTR, OUTPUT_PTR + length, inflation.isAscii, isValidated);
  }

  inflateBytes(source: Uint8Array, start: number, end: number, maxLength: number, isText: boolean): Uint8Array {
    const inflation = this.#inflation;
    const length = this.#begin(source, start, end, maxLength, isText);
    if (!inflation.isDone) return this.#gather(length).data;
    this.#keepContext();
    return inflation.takeOutput(length);
  }

  inflatePieces(
    source: Uint8Array,
    start: number,
    end: number,
    maxLength: number,
    isText: boolean,
    onPiece: (data: Uint8Array, isFirst: boolean, isLast: boolean) => void,
  ): void {
    const inflation = this.#inflation;
    let length = this.#begin(source, start, end, maxLength, isText);
    let isFirst = true;
    while (!inflation.isDone) {
      if (length > 0) {
        onPiece(inflation.takeOutput(length), isFirst, false);
        isFirst = false;
      }
      length = inflation.next();
    }
    onPiece(inflation.takeOutput(length), isFirst, true);
    this.#keepContext();
  }

  /** Gives the context up. */
  release(): void {
    if (this.#contextPtr !== 0) this.#inflation.arena.pool.give(this.#contextPtr);
    this.#contextPtr = 0;
    this.#savedContext = undefined;
  }

  /** @returns the length of the first piece */
  #begin(source: Uint8Array, start: number, end: number, maxLength: number, isText: boolean): number {
    const contextPtr = this.#bringContext();
    const isKept = this.#keepsContext;
    this.#inflation.begin(contextPtr, this.#windowLength, source, start, end, maxLength, isText, isKept);
    return this.#inflation.next();
  }

  /** Sees to it that the context is in memory. @returns where */
  #bringContext(): number {
    const { kernel, bytes } = this.#inflation.arena;
    if (!this.#keepsContext) {
      kernel.initContext(SHARED_INFLATE_CONTEXT_PTR, MAX_WINDOW_LENGTH, 0);
      return SHARED_INFLATE_CONTEXT_PTR;
    }
    const contextPtr = this.#contextPtr === 0 ? SHARED_INFLATE_CONTEXT_PTR : this.#contextPtr;
    if (this.#isFirst) {
      kernel.initContext(contextPtr, this.#windowLength, 0);
      this.#isFirst = false;
    } else if (this.#savedContext !== undefined) {
      bytes.set(this.#savedContext, contextPtr);
    }
    return contextPtr;
  }

  /** The message is done, and remembered: keeps a context that has no place of its own. */
  #keepContext(): void {
    if (!this.#keepsContext || this.#contextPtr !== 0) return;
    const ptr = SHARED_INFLATE_CONTEXT_PTR;
    const length = contextLength(Math.log2(this.#windowLength), 0);
    this.#savedContext ??= new Uint8Array(length);
    this.#savedContext.set(this.#inflation.arena.bytes.subarray(ptr, ptr + length));
  }

  /** Everything of a message whose first piece is not all. @param length of that piece */
  #gather(length: number): { readonly data: Uint8Array; readonly isAscii: boolean } {
    const inflation = this.#inflation;
    const { bytes } = inflation.arena;
    const buffer = new PayloadBuffer();
    let { isAscii } = inflation;
    buffer.append(bytes, OUTPUT_PTR, OUTPUT_PTR + length, inflation.expectedLength);
    while (!inflation.isDone) {
      const more = inflation.next();
      buffer.append(bytes, OUTPUT_PTR, OUTPUT_PTR + more, inflation.isDone ? 0 : inflation.expectedLength);
      isAscii &&= inflation.isAscii;
    }
    this.#keepContext();
    return { data: buffer.take(), isAscii };
  }

  #toText(data: Uint8Array, start: number, end: number, isAscii: boolean, isValidated: boolean): string {
    const { arena } = this.#inflation;
    return readText(arena, isAscii, isValidated, data, start, end, OUTPUT_PTR, DEFLATE_TEXT_PTR);
  }
}
