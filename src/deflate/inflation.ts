// One message on its way through inflate, step by step: its input is longer than what one call takes, its output than what one
// call gives. It enforces the limit, and turns what went wrong into an error. Between two steps other messages may use the
// kernel: what this one has there is then kept here. It knows no connection: the context is the caller's.

import {
  CONTEXT_GUARD,
  CONTEXT_RING,
  CONTEXT_RING_LENGTH,
  INFLATE_AGAIN,
  INFLATE_BLOCKS_SHIFT,
  INFLATE_DONE,
  INFLATE_ERROR_UTF8,
  INFLATE_FIRST,
  INFLATE_KEEP,
  INFLATE_LAST,
  INFLATE_NEEDS_INPUT,
  INFLATE_STATE_LENGTH,
  INFLATE_TABLES_LENGTH,
  INFLATE_TEXT,
  INPUT_CAPACITY,
  MAX_WINDOW_BITS,
  OUTCOME_BLOCKS,
  OUTCOME_LEFT,
  OUTCOME_PTR,
  OUTCOME_STATUS,
  OUTCOME_UTF8,
  OUTPUT_CAPACITY,
  OUTPUT_PTR,
  SHARED_INFLATE_CONTEXT_PTR,
} from '../../assembly/shared/deflate-layout.js';
import { UTF8_ASCII } from '../../assembly/shared/layout.js';
import { COPY_COST, spend } from '../messages/turn.js';
import { ProtocolError } from '../protocol/errors.js';
import { contextLength, type DeflateArena, type Occupant } from './deflate-arena.js';

const STATUS_WORD = (OUTCOME_PTR + OUTCOME_STATUS) / 4;
const LEFT_WORD = (OUTCOME_PTR + OUTCOME_LEFT) / 4;
const UTF8_WORD = (OUTCOME_PTR + OUTCOME_UTF8) / 4;
const BLOCKS_WORD = (OUTCOME_PTR + OUTCOME_BLOCKS) / 4;

/** What the kernel puts behind a message. */
const TRAILER_LENGTH = 4;
/** What a message keeps that has left the kernel, and its context if that is the shared one. */
const STATE_LENGTH = INFLATE_STATE_LENGTH + INFLATE_TABLES_LENGTH;
const CONTEXT_LENGTH = contextLength(MAX_WINDOW_BITS, 0);
const EMPTY = new Uint8Array(0);
/** What is added to an expected length. */
const MARGIN = 17 / 16;

/** What a step costs (turn.ts): for each byte that comes out, each that goes in, and each unit of the blocks' headers. */
interface Costs {
  readonly output: number;
  readonly input: number;
  readonly blocks: number;
  /** The most that the headers of one step may cost, in the kernel's units. */
  readonly maxBlocks: number;
}

const COSTS: { readonly [name in DeflateArena['kernel']['name']]: Costs } = {
  wasm: { output: 1.5, input: 1.5, blocks: 50, maxBlocks: 12_000 },
  portable: { output: 5, input: 8, blocks: 100, maxBlocks: 6_000 },
};

/** A message that an arena inflates. Most are done with their first step: those use the same one of these, again and again. */
export class Inflation implements Occupant {
  readonly arena: DeflateArena;
  readonly #costs: Costs;
  #contextPtr = 0;
  #windowLength = 0;
  #source: Uint8Array;
  /** Input that has not been handed over: from here to there. */
  #start = 0;
  #end = 0;
  /** The message ends there. */
  #isWhole = true;
  #inputLength = 0;
  /** Input that was handed over and is not used up, with the trailer if that was. */
  #unused = 0;
  #flags = 0;
  /** How many bytes have come out, and how many still may. */
  #outputLength = 0;
  #left = 0;
  #status = INFLATE_NEEDS_INPUT;
  /** Brings back what the message has in the kernel; undefined while it is there. */
  #restore: (() => void) | undefined;
  /** A copy of the shared context, if the message uses that and has left the kernel. Its memory is used again each time. */
  #context: Uint8Array | undefined;

  constructor(arena: DeflateArena) {
    this.arena = arena;
    this.#costs = COSTS[arena.kernel.name];
    this.#source = arena.bytes;
  }

  /** The step that `next` made ends the message. */
  get isDone(): boolean {
    return this.#status === INFLATE_DONE;
  }

  /** All input has been used, and the message goes on: `give` hands over more. */
  get needsInput(): boolean {
    return this.#status === INFLATE_NEEDS_INPUT && this.#start === this.#end && !this.#isWhole;
  }

  /** What the last step made is text, checked, and all ASCII. */
  get isAscii(): boolean {
    return (this.#flags & INFLATE_TEXT) !== 0 && (this.arena.words[UTF8_WORD]! & UTF8_ASCII) !== 0;
  }

  /** Bytes of memory that it holds while it is not done: its source, and its state, which leaves the kernel for any other message. */
  get heldLength(): number {
    const isShared = this.#contextPtr === SHARED_INFLATE_CONTEXT_PTR;
    return this.#source.length + STATE_LENGTH + (isShared ? CONTEXT_LENGTH : 0);
  }

  /**
   * How long the message will be, about, while it is not done: as if the input that is left made as much of each byte as
   * what is behind us did. A little more, since a buffer that is a little too short costs more than one that is too long.
   */
  get expectedLength(): number {
    const left = this.#end - this.#start + this.#unused;
    const length = Math.ceil((this.#outputLength * this.#inputLength * MARGIN) / Math.max(this.#inputLength - left, 1));
    return Math.min(length, this.#outputLength + this.#left);
  }

  /**
   * Begins a message; what was under way in this one is given up. The kernel must be vacant.
   *
   * @param contextPtr with the history that the message may refer to
   * @param isText check that what comes out is UTF-8
   * @param isKept whether later messages may refer to this one
   * @param isWhole whether the message ends at `end`; otherwise `give` hands over the rest
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
    isWhole: boolean,
  ): void {
    this.#contextPtr = contextPtr;
    this.#windowLength = windowLength;
    this.#source = source;
    this.#start = start;
    this.#end = end;
    this.#isWhole = isWhole;
    this.#inputLength = end - start;
    this.#unused = 0;
    this.#flags = INFLATE_FIRST | (isText ? INFLATE_TEXT : 0) | (isKept ? INFLATE_KEEP : 0);
    this.#flags |= this.#costs.maxBlocks << INFLATE_BLOCKS_SHIFT;
    this.#left = maxLength;
    this.#outputLength = 0;
    this.#status = INFLATE_NEEDS_INPUT;
    this.#restore = this.#context = undefined;
  }

  /** Hands over the next part of the input, once it `needsInput`. The parameters are those of `begin`. */
  give(source: Uint8Array, start: number, end: number, isWhole: boolean): void {
    this.#source = source;
    this.#start = start;
    this.#end = end;
    this.#isWhole = isWhole;
    this.#inputLength += end - start;
  }

  /**
   * Makes the next step. Not to be called when it `isDone`, or `needsInput`.
   *
   * @returns how many bytes lie at OUTPUT_PTR, until anything is inflated or deflated again
   * @throws ProtocolError `WSIMD_INVALID_DEFLATE`, `WSIMD_INVALID_UTF8`, `WSIMD_MESSAGE_TOO_LONG`
   */
  next(): number {
    const { arena } = this;
    const { kernel, words } = arena;
    if ((this.#flags & INFLATE_FIRST) === 0) this.#goOn();
    const taken = this.#giveInput();
    // One byte more than may come: whether there is one, it tells. (No Math.min: of a limit beyond 2^31 that makes a double.)
    const capacity = this.#left < OUTPUT_CAPACITY ? this.#left + 1 : OUTPUT_CAPACITY;
    const length = kernel.inflate(this.#contextPtr, this.#windowLength, taken, this.#flags, capacity);
    this.#flags &= ~(INFLATE_FIRST | INFLATE_AGAIN);
    const used = this.#unused + taken - words[LEFT_WORD]!;
    this.#unused = words[LEFT_WORD]!;
    const costs = this.#costs;
    spend(length * costs.output + used * costs.input + words[BLOCKS_WORD]! * costs.blocks);
    const status = words[STATUS_WORD]!;
    this.#status = status;
    arena.occupant = undefined;
    // Keeps no reference to the caller's memory once the message is done or has failed.
    if (status <= INFLATE_DONE || length > this.#left) this.#source = arena.bytes;
    if (status < 0) {
      throw new ProtocolError(status === INFLATE_ERROR_UTF8 ? 'WSIMD_INVALID_UTF8' : 'WSIMD_INVALID_DEFLATE');
    }
    if (length > this.#left) throw new ProtocolError('WSIMD_MESSAGE_TOO_LONG', { detail: 'when it is inflated' });
    this.#left -= length;
    this.#outputLength += length;
    if (status !== INFLATE_DONE) {
      arena.occupant = this;
      arena.inputOwner = this;
      // What comes next may refer to it, and other messages use its place in between.
      if (length > 0) kernel.remember(this.#contextPtr, OUTPUT_PTR, length);
      if (this.needsInput) this.#dropSource();
    }
    return length;
  }

  /** Copies the input that is left. */
  keepSource(): void {
    const from = this.#unusedStart();
    this.#source = this.#source.slice(from, this.#end);
    this.#start -= from;
    this.#end -= from;
  }

  /** Leaves the kernel to another message, in the middle of this one. */
  leave(): void {
    const { kernel, bytes, words } = this.arena;
    this.#restore = kernel.suspendInflate();
    const ptr = SHARED_INFLATE_CONTEXT_PTR;
    if (this.#contextPtr !== ptr) return;
    const length = CONTEXT_RING + words[(ptr + CONTEXT_RING_LENGTH) / 4]! + CONTEXT_GUARD;
    this.#context ??= new Uint8Array(length);
    this.#context.set(bytes.subarray(ptr, ptr + length));
  }

  /** The kernel is this message's again. */
  #goOn(): void {
    const { arena } = this;
    if (arena.occupant === this) return;
    arena.vacate();
    if (this.#restore === undefined) return;
    this.#restore();
    this.#restore = undefined;
    if (this.#context !== undefined) arena.bytes.set(this.#context, SHARED_INFLATE_CONTEXT_PTR);
    // Out and in.
    spend(2 * (STATE_LENGTH + (this.#context?.length ?? 0)) * COPY_COST);
  }

  /** Keeps no reference to memory that is the caller's, and has been used up. */
  #dropSource(): void {
    this.#source = EMPTY;
    this.#start = this.#end = 0;
  }

  /** Hands over the next input, or that which is left, if anything has come into its place. @returns its length */
  #giveInput(): number {
    const { arena } = this;
    if (this.#status !== INFLATE_NEEDS_INPUT) {
      if (arena.inputOwner === this) return 0;
      this.#start = this.#unusedStart();
      this.#unused = 0;
      this.#flags = (this.#flags & ~INFLATE_LAST) | INFLATE_AGAIN;
    }
    const start = this.#start;
    const end = Math.min(this.#end, start + INPUT_CAPACITY);
    arena.putInput(this.#source, start, end);
    this.#start = end;
    if (end === this.#end && this.#isWhole) this.#flags |= INFLATE_LAST;
    return end - start;
  }

  /** Where in the source the input begins that is not used up. */
  #unusedStart(): number {
    const trailer = (this.#flags & INFLATE_LAST) !== 0 ? TRAILER_LENGTH : 0;
    return this.#start - Math.max(this.#unused - trailer, 0);
  }
}
