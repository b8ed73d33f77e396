// Inflate in the portable kernel (RFC 1951), resumable at any byte of input and of output. Knows one message at a time: its
// compressed bytes, and its place in them. A context is only read here.
//
// What makes it resumable is that nothing is taken by halves: input is read by its position in bits, and where it ends
// inside a symbol or a block's header, the position stays in front of that. What lies behind it is kept, and the next
// input goes behind that.

import {
  INFLATE_DONE,
  INFLATE_ERROR_DATA,
  INFLATE_ERROR_UTF8,
  INFLATE_FIRST,
  INFLATE_LAST,
  INFLATE_NEEDS_INPUT,
  INFLATE_NEEDS_OUTPUT,
  INFLATE_TEXT,
  INPUT_CAPACITY,
  INPUT_PTR,
  OUTCOME_PTR,
  OUTCOME_STATUS,
  OUTCOME_UTF8,
  OUTPUT_PTR,
} from '../../assembly/deflate/layout.js';
import { UTF8_STATE_BITS } from '../../assembly/layout.js';
import { copyBytes } from './bytes.js';
import { BLOCK_DYNAMIC, BLOCK_FIXED, BLOCK_STORED } from './portable-alphabet.js';
import {
  CODE_LENGTH_BITS,
  EXTRA_BITS,
  EXTRA_SHIFT,
  KIND_BITS,
  KIND_END,
  KIND_INVALID,
  KIND_LITERAL,
  VALUE_SHIFT,
} from './portable-decoding-table.js';
import {
  DISTANCE_TABLE_BITS,
  HEADER_BAD,
  HEADER_CUT,
  InflateCodes,
  LITERAL_TABLE_BITS,
  peek,
} from './portable-inflate-codes.js';
import { InflateOutput } from './portable-inflate-output.js';
import type { PortableMemory } from './portable-mask.js';
import { validate } from './portable-utf8.js';

/** RFC 7692 section 7.2.2: what the sender took off its message. */
const TRAILER_LENGTH = 4;
/** Room for what a call leaves: less than the longest header, 17 + 19 * 3 + 316 * 14 bits. */
const CARRY_CAPACITY = 1024;
/** Reading ahead, without asking for the end, looks at up to this many bytes behind it. */
const READ_AHEAD = 16;

const LITERAL_MASK = (1 << LITERAL_TABLE_BITS) - 1;
const DISTANCE_MASK = (1 << DISTANCE_TABLE_BITS) - 1;

// What comes next in the input.
const STAGE_HEADER = 0;
const STAGE_STORED = 1;
const STAGE_SYMBOLS = 2;
const STAGE_FAILED = 3;

/** What a stage returns if it came to its end, beside the statuses of assembly/deflate/layout.ts. */
const GO_ON = 3;

/** The message that is being inflated. */
export class PortableInflate {
  readonly #memory: PortableMemory;
  readonly #output: InflateOutput;
  /** What of the message has been handed over and is not inflated. */
  readonly #input = new Uint8Array(CARRY_CAPACITY + INPUT_CAPACITY + TRAILER_LENGTH + READ_AHEAD);
  readonly #inputView = new DataView(this.#input.buffer);
  /** Of the next bit and of the end, in bits from the start of `#input`. */
  #position = 0;
  #end = 0;
  /** The message's end has been handed over, the trailer is behind it. */
  #isWhole = false;
  #stage = STAGE_HEADER;
  /** BFINAL of the block under way, or of the last. */
  #isFinal = false;
  #storedLength = 0;
  readonly #codes = new InflateCodes();
  #utf8 = 0;

  constructor(memory: PortableMemory) {
    this.#memory = memory;
    this.#output = new InflateOutput(memory);
  }

  /** `DeflateKernel.inflate` */
  inflate(contextPtr: number, windowLength: number, length: number, flags: number, capacity: number): number {
    const { words } = this.#memory;
    if ((flags & INFLATE_FIRST) !== 0) this.#begin();
    this.#takeInput(length, (flags & INFLATE_LAST) !== 0);
    this.#output.beginCall(contextPtr, windowLength, capacity);

    let status = this.#run();
    const outputLength = this.#output.length;
    if (status >= 0 && (flags & INFLATE_TEXT) !== 0) {
      this.#utf8 = validate(this.#memory, OUTPUT_PTR, outputLength, this.#utf8 & UTF8_STATE_BITS);
      const isCut = status === INFLATE_DONE && (this.#utf8 & UTF8_STATE_BITS) !== 0;
      if (this.#utf8 < 0 || isCut) status = INFLATE_ERROR_UTF8;
    }
    if (status < 0) this.#stage = STAGE_FAILED;
    words[(OUTCOME_PTR + OUTCOME_STATUS) >> 2] = status;
    words[(OUTCOME_PTR + OUTCOME_UTF8) >> 2] = this.#utf8;
    return status < 0 ? 0 : outputLength;
  }

  #begin(): void {
    this.#position = 0;
    this.#end = 0;
    this.#isWhole = false;
    this.#stage = STAGE_HEADER;
    this.#isFinal = false;
    this.#output.beginMessage();
    this.#utf8 = 0;
  }

  /** Puts the bytes at INPUT_PTR behind what is left of those before. */
  #takeInput(length: number, isLast: boolean): void {
    const input = this.#input;
    if (length > 0) {
      const start = this.#position >> 3;
      const end = this.#end >> 3;
      if (start < end) input.copyWithin(0, start, end);
      copyBytes(this.#memory.bytes, INPUT_PTR, INPUT_PTR + length, input, end - start);
      this.#position &= 7;
      this.#end = (end - start + length) << 3;
    }
    if (isLast && !this.#isWhole) {
      let end = this.#end >> 3;
      input[end++] = 0;
      input[end++] = 0;
      input[end++] = 0xff;
      input[end++] = 0xff;
      this.#end = end << 3;
      this.#isWhole = true;
    }
  }

  /** Inflates until something is missing or wrong, or the message ends. @returns a status */
  #run(): number {
    if (!this.#output.goOn()) return INFLATE_ERROR_DATA;
    if (this.#output.isFull) return INFLATE_NEEDS_OUTPUT;
    for (;;) {
      let status: number;
      switch (this.#stage) {
        case STAGE_HEADER:
          status = this.#takeHeader();
          break;
        case STAGE_STORED:
          status = this.#inflateStored();
          break;
        case STAGE_SYMBOLS:
          status = this.#inflateSymbols();
          break;
        default:
          return INFLATE_ERROR_DATA;
      }
      if (status === INFLATE_NEEDS_INPUT && this.#isWhole) return INFLATE_ERROR_DATA;
      if (status !== GO_ON) return status;
    }
  }

  /** Takes the header of a block (RFC 1951 section 3.2.3), whole or not at all; or sees that the message is at its end. */
  #takeHeader(): number {
    const input = this.#input;
    // RFC 7692 section 7.2.3.4: behind BFINAL the next block begins at a byte's border. There need not be one.
    if (this.#isFinal) this.#position = (this.#position + 7) & ~7;
    const left = this.#end - this.#position;
    // A message that needs none of the trailer is whole without it: some senders take off more than they should, or nothing.
    if (this.#isWhole && (left === 0 || left === TRAILER_LENGTH << 3)) return INFLATE_DONE;
    if (left < 3) return INFLATE_NEEDS_INPUT;

    const bits = peek(input, this.#position);
    let position = this.#position + 3;
    switch ((bits >> 1) & 3) {
      case BLOCK_STORED:
        position = this.#readStored((position + 7) & ~7);
        break;
      case BLOCK_FIXED:
        this.#codes.useFixed();
        this.#stage = STAGE_SYMBOLS;
        break;
      case BLOCK_DYNAMIC:
        position = this.#codes.readDynamic(input, position, this.#end);
        if (position >= 0) this.#stage = STAGE_SYMBOLS;
        break;
      default:
        return INFLATE_ERROR_DATA;
    }
    if (position === HEADER_CUT) return INFLATE_NEEDS_INPUT;
    if (position === HEADER_BAD) return INFLATE_ERROR_DATA;
    this.#position = position;
    this.#isFinal = (bits & 1) !== 0;
    return GO_ON;
  }

  /** Reads the length of a stored block (section 3.2.4). @returns as `InflateCodes.readDynamic` */
  #readStored(position: number): number {
    if (this.#end - position < 32) return HEADER_CUT;
    const length = peek(this.#input, position) & 0xffff;
    const complement = peek(this.#input, position + 16) & 0xffff;
    if ((length ^ complement) !== 0xffff) return HEADER_BAD;
    this.#storedLength = length;
    this.#stage = STAGE_STORED;
    return position + 32;
  }

  #inflateStored(): number {
    const start = this.#position >> 3;
    const output = this.#output;
    const length = Math.min(this.#storedLength, (this.#end >> 3) - start, output.end - output.ptr);
    copyBytes(this.#input, start, start + length, this.#memory.bytes, output.ptr);
    output.ptr += length;
    this.#storedLength -= length;
    this.#position += length << 3;
    if (this.#storedLength === 0) {
      this.#stage = STAGE_HEADER;
      return GO_ON;
    }
    return this.#position === this.#end ? INFLATE_NEEDS_INPUT : INFLATE_NEEDS_OUTPUT;
  }

  /** Inflates symbols up to the end of their block (section 3.2.3). */
  #inflateSymbols(): number {
    const { bytes } = this.#memory;
    const view = this.#inputView;
    const { literals, distances } = this.#codes;
    const literalEntries = literals.entries;
    const distanceEntries = distances.entries;
    const end = this.#end;
    const output = this.#output;
    const outEnd = output.end;
    let out = output.ptr;

    // `held` bits wait in `ahead`, the first lowest, and `at` is the byte behind them. 15 of them are a whole code, and 13
    // the most extra bits; two bytes more go into 32 bits.
    let at = this.#position >> 3;
    let ahead = view.getUint8(at++) >> (this.#position & 7);
    let held = 8 - (this.#position & 7);
    let start: number;
    let status: number;

    for (;;) {
      start = (at << 3) - held;
      if (held < 15) {
        ahead |= view.getUint16(at, true) << held;
        at += 2;
        held += 16;
      }
      let entry = literalEntries[ahead & LITERAL_MASK]!;
      if (entry === 0) entry = literals.decodeLong(ahead);
      ahead >>>= entry & CODE_LENGTH_BITS;
      held -= entry & CODE_LENGTH_BITS;
      const kind = entry & KIND_BITS;

      if (kind === KIND_LITERAL) {
        if ((at << 3) - held > end) {
          status = INFLATE_NEEDS_INPUT;
          break;
        }
        if (out === outEnd) {
          status = INFLATE_NEEDS_OUTPUT;
          break;
        }
        bytes[out++] = entry >> VALUE_SHIFT;
        continue;
      }

      if (kind === KIND_END || kind === KIND_INVALID) {
        const position = (at << 3) - held;
        if (position > end) {
          status = INFLATE_NEEDS_INPUT;
          break;
        }
        start = position;
        if (kind === KIND_INVALID) {
          status = INFLATE_ERROR_DATA;
        } else {
          this.#stage = STAGE_HEADER;
          status = GO_ON;
        }
        break;
      }

      if (held < 15) {
        ahead |= view.getUint16(at, true) << held;
        at += 2;
        held += 16;
      }
      let extra = (entry >> EXTRA_SHIFT) & EXTRA_BITS;
      const length = (entry >> VALUE_SHIFT) + (ahead & ((1 << extra) - 1));
      ahead >>>= extra;
      held -= extra;

      if (held < 15) {
        ahead |= view.getUint16(at, true) << held;
        at += 2;
        held += 16;
      }
      entry = distanceEntries[ahead & DISTANCE_MASK]!;
      if (entry === 0) entry = distances.decodeLong(ahead);
      ahead >>>= entry & CODE_LENGTH_BITS;
      held -= entry & CODE_LENGTH_BITS;
      extra = (entry >> EXTRA_SHIFT) & EXTRA_BITS;
      if (held < extra) {
        ahead |= view.getUint16(at, true) << held;
        at += 2;
        held += 16;
      }
      const distance = (entry >> VALUE_SHIFT) + (ahead & ((1 << extra) - 1));
      ahead >>>= extra;
      held -= extra;

      if ((at << 3) - held > end) {
        status = INFLATE_NEEDS_INPUT;
        break;
      }
      output.ptr = out;
      if ((entry & KIND_BITS) === KIND_INVALID || !output.copyMatch(length, distance)) {
        status = INFLATE_ERROR_DATA;
        break;
      }
      out = output.ptr;
      if (output.isFull) {
        start = (at << 3) - held;
        status = INFLATE_NEEDS_OUTPUT;
        break;
      }
    }

    output.ptr = out;
    this.#position = start;
    return status;
  }
}
