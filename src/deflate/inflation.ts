// One message on its way through inflate, piece by piece: its input is longer than what one call takes, its output than
// what one call gives. It enforces the limit, and turns what went wrong into an error. It knows no connection: the context
// is the caller's.

import {
  INFLATE_DONE,
  INFLATE_ERROR_UTF8,
  INFLATE_FIRST,
  INFLATE_KEEP,
  INFLATE_LAST,
  INFLATE_NEEDS_INPUT,
  INFLATE_NEEDS_OUTPUT,
  INFLATE_TEXT,
  INPUT_CAPACITY,
  INPUT_PTR,
  OUTCOME_LEFT,
  OUTCOME_PTR,
  OUTCOME_STATUS,
  OUTCOME_UTF8,
  OUTPUT_CAPACITY,
  OUTPUT_PTR,
} from '../../assembly/shared/deflate-layout.js';
import { UTF8_ASCII } from '../../assembly/shared/layout.js';
import { ProtocolError } from '../protocol/errors.js';
import type { DeflateArena } from './deflate-arena.js';

const STATUS_WORD = (OUTCOME_PTR + OUTCOME_STATUS) / 4;
const LEFT_WORD = (OUTCOME_PTR + OUTCOME_LEFT) / 4;
const UTF8_WORD = (OUTCOME_PTR + OUTCOME_UTF8) / 4;

/** What is added to an expected length. */
const MARGIN = 17 / 16;

/** The message that an arena inflates: there is one at a time, so there is one of these, used again and again. */
export class Inflation {
  readonly arena: DeflateArena;
  #contextPtr = 0;
  #windowLength = 0;
  #source: Uint8Array;
  /** Input that has not been handed over: from here to there. */
  #start = 0;
  #end = 0;
  #inputLength = 0;
  #flags = 0;
  /** How many bytes have come out, and how many still may. */
  #outputLength = 0;
  #left = 0;
  #status = INFLATE_NEEDS_INPUT;
  /** How many bytes lie at OUTPUT_PTR. */
  #length = 0;

  constructor(arena: DeflateArena) {
    this.arena = arena;
    this.#source = arena.bytes;
  }

  /** The piece that `next` made ends the message. */
  get isDone(): boolean {
    return this.#status === INFLATE_DONE;
  }

  /** The piece is text, checked, and all ASCII. */
  get isAscii(): boolean {
    return (this.#flags & INFLATE_TEXT) !== 0 && (this.arena.words[UTF8_WORD]! & UTF8_ASCII) !== 0;
  }

  /**
   * How long the message will be, about, while it is not done: as if the input that is left made as much of each byte as
   * what is behind us did. A little more, since a buffer that is a little too short costs more than one that is too long.
   */
  get expectedLength(): number {
    const waiting = this.#status === INFLATE_NEEDS_OUTPUT ? this.arena.words[LEFT_WORD]! : 0;
    const left = this.#end - this.#start + waiting;
    const length = Math.ceil((this.#outputLength * this.#inputLength * MARGIN) / Math.max(this.#inputLength - left, 1));
    return Math.min(length, this.#outputLength + this.#left);
  }

  /**
   * Begins a message; what was under way is given up.
   *
   * @param contextPtr with the history that the message may refer to
   * @param isText check that what comes out is UTF-8
   * @param isKept whether later messages may refer to this one
   */
  begin(
    contextPtr: number,
    windowLength: number,
    source: Uint8Array,
    start: number,
    end: number,
    maxLength: number,
    isText: boolean,
    isKept: boolean,
  ): void {
    this.#contextPtr = contextPtr;
    this.#windowLength = windowLength;
    this.#source = source;
    this.#start = start;
    this.#end = end;
    this.#inputLength = end - start;
    this.#flags = INFLATE_FIRST | (isText ? INFLATE_TEXT : 0) | (isKept ? INFLATE_KEEP : 0);
    this.#left = maxLength;
    this.#outputLength = 0;
    this.#status = INFLATE_NEEDS_INPUT;
    this.#length = 0;
  }

  /**
   * Inflates the next piece; the piece before goes into the context. Not to be called when it `isDone`.
   *
   * @returns how many bytes lie at OUTPUT_PTR, until anything is inflated or deflated again
   * @throws ProtocolError `WSIMD_INVALID_DEFLATE`, `WSIMD_INVALID_UTF8`, `WSIMD_MESSAGE_TOO_LONG`
   */
  next(): number {
    const { kernel, words } = this.arena;
    if (this.#length > 0) kernel.remember(this.#contextPtr, OUTPUT_PTR, this.#length);
    const taken = this.#status === INFLATE_NEEDS_OUTPUT ? 0 : this.#takeInput();
    // One byte more than may come: whether there is one, it tells. (No Math.min: of a limit beyond 2^31 that makes a double.)
    const capacity = this.#left < OUTPUT_CAPACITY ? this.#left + 1 : OUTPUT_CAPACITY;
    const length = kernel.inflate(this.#contextPtr, this.#windowLength, taken, this.#flags, capacity);
    this.#flags &= ~INFLATE_FIRST;
    this.#status = words[STATUS_WORD]!;
    if (this.#status < 0) {
      throw new ProtocolError(this.#status === INFLATE_ERROR_UTF8 ? 'WSIMD_INVALID_UTF8' : 'WSIMD_INVALID_DEFLATE');
    }
    if (length > this.#left) throw new ProtocolError('WSIMD_MESSAGE_TOO_LONG', { detail: 'when it is inflated' });
    this.#left -= length;
    this.#outputLength += length;
    this.#length = length;
    return length;
  }

  /** The piece that `next` made, as the caller's own. @param length what `next` returned */
  takeOutput(length: number): Uint8Array<ArrayBuffer> {
    return this.arena.host.copy(this.arena.outputs.take(length));
  }

  /** Hands over the next input. @returns its length */
  #takeInput(): number {
    const start = this.#start;
    const end = Math.min(this.#end, start + INPUT_CAPACITY);
    this.arena.host.copyInto(this.#source, start, end, this.arena.bytes, INPUT_PTR);
    this.#start = end;
    if (end === this.#end) {
      this.#flags |= INFLATE_LAST;
      // Nothing is kept of who gave it.
      this.#source = this.arena.bytes;
    }
    return end - start;
  }
}
