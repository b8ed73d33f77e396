// A deflate context for a sequence of messages that many peers get: it compresses the current message as often as needed, each time
// with as much of the history as some of the peers have.

import {
  CONTEXT_GUARD,
  CONTEXT_HISTORY,
  CONTEXT_POSITION,
  CONTEXT_RING,
  DEFLATE_LAST,
  INPUT_CAPACITY,
} from '../../assembly/shared/deflate-layout.js';
import { PayloadBuffer } from '../bytes/payload-buffer.js';
import { contextLength, type DeflateArena } from './deflate-arena.js';

export class TopicWindow {
  /** How many bytes it can hold; a power of two. */
  readonly ringLength: number;
  /** Which byte of the topic comes next. Set by the owner. */
  end = 0;
  readonly #arena: DeflateArena;
  readonly #ptr: number;
  readonly #hashPtr: number;
  readonly #hashLength: number;
  /** In the kernel's count, where the current message begins, and how many bytes before it are valid. */
  #position = 0;
  #history = 0;
  /** The current message has been deflated: the hash and the ring have it. */
  #isEntered = false;

  /** @param ptr a slot of the arena's pool */
  constructor(arena: DeflateArena, ptr: number, windowBits: number, hashBits: number) {
    this.ringLength = 1 << windowBits;
    this.#arena = arena;
    this.#ptr = ptr;
    this.#hashLength = 2 << hashBits;
    this.#hashPtr = ptr + CONTEXT_RING + this.ringLength + CONTEXT_GUARD;
    arena.kernel.initContext(ptr, this.ringLength, hashBits);
  }

  /** @returns undefined if the pool is spent */
  static open(arena: DeflateArena, windowBits: number, hashBits: number): TopicWindow | undefined {
    const length = contextLength(windowBits, hashBits);
    const ptr = arena.pool.take(length);
    if (ptr === 0) return undefined;
    arena.topicLength += length;
    return new TopicWindow(arena, ptr, windowBits, hashBits);
  }

  release(): void {
    this.#arena.pool.give(this.#ptr);
    this.#arena.topicLength -= this.#hashPtr + this.#hashLength - this.#ptr;
  }

  /**
   * How many bytes of the history the current message may refer to. What it is written over is not among them, so that it can be
   * deflated several times.
   */
  reachFor(length: number): number {
    return Math.max(0, Math.min(this.#history, this.ringLength - length));
  }

  /**
   * Deflates the current message.
   *
   * @param plain the same bytes each time
   * @param reach how many bytes of the history it may refer to, at most `reachFor(plain.length)`
   * @param windowBits no distance is longer than 2 to the power of this
   * @returns owned
   */
  deflate(plain: Uint8Array, reach: number, windowBits: number, level: number): Uint8Array {
    const { kernel, words, outputs } = this.#arena;
    if (this.#isEntered) this.#restoreHash();
    else this.#saveHash();
    this.#isEntered = true;
    words[(this.#ptr + CONTEXT_POSITION) >> 2] = this.#position;
    words[(this.#ptr + CONTEXT_HISTORY) >> 2] = reach;
    const buffer = new PayloadBuffer();
    let start = 0;
    do {
      const end = Math.min(start + INPUT_CAPACITY, plain.length);
      this.#arena.putInput(plain, start, end);
      const flags = end === plain.length ? DEFLATE_LAST : 0;
      const length = kernel.deflate(this.#ptr, 1 << windowBits, end - start, level, flags);
      buffer.append(outputs.take(length), 0, length, 0);
      start = end;
    } while (start < plain.length);
    return buffer.take();
  }

  /** For the next time that the message is deflated: the hash that has it already would lead to itself. */
  #saveHash(): void {
    const { bytes, hashCopy } = this.#arena;
    hashCopy.set(bytes.subarray(this.#hashPtr, this.#hashPtr + this.#hashLength));
    this.#arena.hashOwner = this;
  }

  /** Without effect if the copy has become another window's: then some matches are missed. */
  #restoreHash(): void {
    const { bytes, hashCopy, hashOwner } = this.#arena;
    if (hashOwner === this) bytes.set(hashCopy.subarray(0, this.#hashLength), this.#hashPtr);
  }

  /** The current message is behind us. @param isKept somebody has it: it is history from now on */
  advance(length: number, isKept: boolean): void {
    if (isKept) {
      this.#position = (this.#position + length) | 0;
      this.#history = Math.min(this.#history + length, this.ringLength);
    } else if (this.#isEntered) {
      // It was written over the oldest bytes.
      this.#history = this.reachFor(length);
    }
    this.#isEntered = false;
  }

  /** Nobody has what came before. */
  forget(): void {
    this.#history = 0;
  }

  get isEntered(): boolean {
    return this.#isEntered;
  }
}
