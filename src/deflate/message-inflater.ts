// The receiving direction of one connection: compressed messages in, texts and bytes out. Owns the context that the peer's next message
// may refer to.

import {
  DEFLATE_TEXT_PTR,
  MAX_WINDOW_LENGTH,
  OUTPUT_PTR,
  SHARED_INFLATE_CONTEXT_PTR,
} from '../../assembly/shared/deflate-layout.js';
import { PayloadBuffer } from '../bytes/payload-buffer.js';
import { readText } from '../kernel/text.js';
import type { MessageDecompression } from '../messages/compression.js';
import { FRESH_COST, spend } from '../messages/turn.js';
import { contextLength, type DeflateArena } from './deflate-arena.js';
import { Inflation } from './inflation.js';

/** What the connections of an arena share of inflating. */
export interface SharedInflation {
  readonly arena: DeflateArena;
  /** The next message's: it is left here if it is done with one step. */
  next: Inflation;
}

export class MessageInflater implements MessageDecompression {
  /** Messages that were inflated, and their bytes before and after. */
  inflated = 0;
  inflateInput = 0;
  inflateOutput = 0;
  readonly #shared: SharedInflation;
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
  /** The message that was not done with its first step, until it is taken. */
  #long: LongMessage | undefined;
  /** Of a message that was: how many bytes lie at OUTPUT_PTR. */
  #length = 0;

  /**
   * @param windowBits how far back the peer may refer, as a power of two
   * @param keepsContext whether it may refer to earlier messages
   */
  constructor(shared: SharedInflation, windowBits: number, keepsContext: boolean) {
    this.#shared = shared;
    // Not `2 ** windowBits`: JavaScriptCore keeps that as a double, and a double handed to WebAssembly costs 0.1 µs a call.
    this.#windowLength = 1 << windowBits;
    this.#keepsContext = keepsContext;
    // The slot is taken now, so that a peer that has been promised a context has one; no byte of it is touched before the first
    // message. The ring then fills from its start: memory is used as far as the peer has sent something to remember.
    if (keepsContext) this.#contextPtr = shared.arena.pool.take(contextLength(windowBits, 0));
  }

  get heldLength(): number {
    const long = this.#long;
    return long === undefined ? 0 : long.inflation.heldLength + long.output.capacity;
  }

  get needsInput(): boolean {
    return this.#long?.inflation.needsInput === true;
  }

  begin(
    source: Uint8Array,
    start: number,
    end: number,
    maxLength: number,
    isText: boolean,
    inPieces = false,
    isWhole = true,
  ): boolean {
    const shared = this.#shared;
    const inflation = shared.next;
    const isKept = this.#keepsContext;
    shared.arena.vacate();
    const contextPtr = this.#bringContext();
    inflation.begin(contextPtr, this.#windowLength, source, start, end, maxLength, isText, isKept, isWhole);
    const length = inflation.next();
    this.inflated++;
    this.inflateInput += end - start;
    this.inflateOutput += length;
    if (inflation.isDone) {
      this.#length = length;
      this.#keepContext();
      return true;
    }
    shared.next = new Inflation(shared.arena);
    this.#long = new LongMessage(inflation, length, inPieces);
    return false;
  }

  give(source: Uint8Array, start: number, end: number, isWhole: boolean): boolean {
    this.inflateInput += end - start;
    this.#long!.inflation.give(source, start, end, isWhole);
    return this.step();
  }

  step(): boolean {
    const long = this.#long!;
    this.inflateOutput += long.step();
    if (!long.inflation.isDone) return false;
    this.#keepContext();
    return true;
  }

  keepSource(): void {
    this.#long?.inflation.keepSource();
  }

  takeText(isValidated: boolean): string {
    const { next, arena } = this.#shared;
    const long = this.#long;
    if (long === undefined) {
      return this.#toText(arena.bytes, OUTPUT_PTR, OUTPUT_PTR + this.#length, next.isAscii, isValidated);
    }
    this.#long = undefined;
    const data = long.output.take();
    return this.#toText(data, 0, data.length, long.isAscii, isValidated);
  }

  takeBytes(): Uint8Array {
    const { arena } = this.#shared;
    const long = this.#long;
    if (long === undefined) return arena.host.copy(arena.outputs.take(this.#length));
    if (long.inflation.isDone) this.#long = undefined;
    return long.output.take();
  }

  inflateText(source: Uint8Array, start: number, end: number, maxLength: number, isValidated: boolean): string {
    this.#inflateAll(source, start, end, maxLength, isValidated);
    return this.takeText(isValidated);
  }

  inflateBytes(source: Uint8Array, start: number, end: number, maxLength: number, isText: boolean): Uint8Array {
    this.#inflateAll(source, start, end, maxLength, isText);
    return this.takeBytes();
  }

  inflatePieces(
    source: Uint8Array,
    start: number,
    end: number,
    maxLength: number,
    isText: boolean,
    onPiece: (data: Uint8Array, isFirst: boolean, isLast: boolean) => void,
  ): void {
    let isFirst = true;
    let isDone = this.begin(source, start, end, maxLength, isText, true);
    for (; !isDone; isDone = this.step()) {
      const piece = this.takeBytes();
      if (piece.length === 0) continue;
      onPiece(piece, isFirst, false);
      isFirst = false;
    }
    onPiece(this.takeBytes(), isFirst, true);
  }

  /** Gives the context up, and the message that is not done. */
  release(): void {
    const { arena } = this.#shared;
    if (this.#contextPtr !== 0) arena.pool.give(this.#contextPtr);
    this.#contextPtr = 0;
    this.#savedContext = undefined;
    // It would be kept, and a context of others with it.
    if (this.#long !== undefined && arena.occupant === this.#long.inflation) arena.occupant = undefined;
    this.#long = undefined;
  }

  #inflateAll(source: Uint8Array, start: number, end: number, maxLength: number, isText: boolean): void {
    let isDone = this.begin(source, start, end, maxLength, isText);
    while (!isDone) isDone = this.step();
  }

  /** Sees to it that the context is in memory. @returns where */
  #bringContext(): number {
    const { kernel, bytes } = this.#shared.arena;
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
    this.#savedContext.set(this.#shared.arena.bytes.subarray(ptr, ptr + length));
  }

  #toText(data: Uint8Array, start: number, end: number, isAscii: boolean, isValidated: boolean): string {
    return readText(this.#shared.arena, isAscii, isValidated, data, start, end, OUTPUT_PTR, DEFLATE_TEXT_PTR);
  }
}

/** A message that takes several steps, with what has come out so far. */
class LongMessage {
  readonly inflation: Inflation;
  readonly output = new PayloadBuffer();
  isAscii: boolean;
  /** What comes out is taken step by step. */
  readonly #inPieces: boolean;

  /** @param length of what the first step has left at OUTPUT_PTR */
  constructor(inflation: Inflation, length: number, inPieces: boolean) {
    this.inflation = inflation;
    this.#inPieces = inPieces;
    this.isAscii = inflation.isAscii;
    this.#append(length);
  }

  /** @returns how many bytes came out */
  step(): number {
    const length = this.inflation.next();
    this.#append(length);
    this.isAscii &&= this.inflation.isAscii;
    return length;
  }

  #append(length: number): void {
    const { arena, isDone, expectedLength } = this.inflation;
    const expected = isDone || this.#inPieces ? 0 : expectedLength;
    spend(length * FRESH_COST);
    this.output.append(arena.bytes, OUTPUT_PTR, OUTPUT_PTR + length, expected);
  }
}
