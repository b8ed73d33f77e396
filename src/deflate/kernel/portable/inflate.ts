// Inflates one message at a time in the portable kernel (RFC 1951), resumable at any byte of input and of output. It only
// reads the context.
//
// Symbols and block headers are consumed whole or not at all: where the input ends inside one, the position (in bits) stays
// in front of it. The unread rest is kept, and the next input is appended to it.

import {
  HEADER_COST,
  INFLATE_AGAIN,
  INFLATE_BLOCKS_SHIFT,
  INFLATE_DONE,
  INFLATE_ERROR_DATA,
  INFLATE_ERROR_UTF8,
  INFLATE_FIRST,
  INFLATE_LAST,
  INFLATE_NEEDS_INPUT,
  INFLATE_NEEDS_OUTPUT,
  INFLATE_PAUSED,
  INFLATE_TEXT,
  OUTCOME_BLOCKS,
  OUTCOME_LEFT,
  OUTCOME_PTR,
  OUTCOME_STATUS,
  OUTCOME_UTF8,
  OUTPUT_PTR,
} from '../../../../assembly/shared/deflate-layout.js';
import { UTF8_STATE_BITS } from '../../../../assembly/shared/layout.js';
import { copyBytes } from '../../../bytes/copy.js';
import type { PortableMemory } from '../../../kernel/portable/mask.js';
import { validate } from '../../../kernel/portable/utf8.js';
import { BLOCK_DYNAMIC, BLOCK_FIXED, BLOCK_STORED } from './alphabet.js';
import {
  CODE_LENGTH_BITS,
  EXTRA_BITS,
  EXTRA_SHIFT,
  KIND_BITS,
  KIND_END,
  KIND_INVALID,
  KIND_LITERAL,
  VALUE_SHIFT,
} from './decoding-table.js';
import { DISTANCE_TABLE_BITS, HEADER_BAD, HEADER_CUT, InflateCodes, LITERAL_TABLE_BITS } from './inflate-codes.js';
import { InflateInput, TRAILER_BITS } from './inflate-input.js';
import { InflateOutput } from './inflate-output.js';

const LITERAL_MASK = (1 << LITERAL_TABLE_BITS) - 1;
const DISTANCE_MASK = (1 << DISTANCE_TABLE_BITS) - 1;

// What comes next in the input.
const STAGE_HEADER = 0;
const STAGE_STORED = 1;
const STAGE_SYMBOLS = 2;
const STAGE_FAILED = 3;

/** A stage returns this at its end, or a status of assembly/shared/deflate-layout.ts. */
const GO_ON = 4;

/** The message that is being inflated. */
export class PortableInflate {
  readonly #memory: PortableMemory;
  readonly #output: InflateOutput;
  readonly #input = new InflateInput();
  #stage = STAGE_HEADER;
  /** BFINAL of the current block, or, between blocks, of the last one. */
  #isFinal = false;
  #storedLength = 0;
  readonly #codes = new InflateCodes();
  #utf8 = 0;
  /** The cost of block headers in the current call, and its limit. */
  #blocks = 0;
  #maxBlocks = 0;

  constructor(memory: PortableMemory) {
    this.#memory = memory;
    this.#output = new InflateOutput(memory);
  }

  /** `DeflateKernel.inflate` */
  inflate(contextPtr: number, windowLength: number, length: number, flags: number, capacity: number): number {
    const { words } = this.#memory;
    if ((flags & INFLATE_FIRST) !== 0) this.#begin();
    if ((flags & INFLATE_AGAIN) !== 0) this.#input.takeAgain(length);
    this.#blocks = 0;
    this.#maxBlocks = flags >> INFLATE_BLOCKS_SHIFT || Number.MAX_SAFE_INTEGER;
    this.#input.take(this.#memory, length, (flags & INFLATE_LAST) !== 0);
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
    words[(OUTCOME_PTR + OUTCOME_BLOCKS) >> 2] = this.#blocks;
    words[(OUTCOME_PTR + OUTCOME_LEFT) >> 2] = (this.#input.end >> 3) - (this.#input.position >> 3);
    return status < 0 ? 0 : outputLength;
  }

  #begin(): void {
    this.#input.beginMessage();
    this.#stage = STAGE_HEADER;
    this.#isFinal = false;
    this.#output.beginMessage();
    this.#utf8 = 0;
  }

  /** Inflates until input or output space runs out, an error is found, or the message ends. @returns a status */
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
      if (status === INFLATE_NEEDS_INPUT && this.#input.isWhole) return INFLATE_ERROR_DATA;
      if (status !== GO_ON) return status;
    }
  }

  /** Consumes the header of a block (RFC 1951 section 3.2.3), whole or not at all, or detects the end of the message. */
  #takeHeader(): number {
    const input = this.#input;
    // RFC 7692 section 7.2.3.4: behind BFINAL the next block, if any, begins at a byte boundary.
    if (this.#isFinal) input.position = input.align(input.position);
    const left = input.end - input.position;
    // A message that needs none of the trailer is complete without it: some senders remove more than they should, or nothing.
    if (input.isWhole && (left === 0 || left === TRAILER_BITS)) return INFLATE_DONE;
    if (this.#blocks >= this.#maxBlocks) return INFLATE_PAUSED;
    if (left < 3) return INFLATE_NEEDS_INPUT;

    const bits = input.peek(input.position);
    let position = input.position + 3;
    let stage = STAGE_SYMBOLS;
    switch ((bits >> 1) & 3) {
      case BLOCK_STORED:
        position = this.#readStored(input.align(position));
        stage = STAGE_STORED;
        break;
      case BLOCK_FIXED:
        this.#codes.useFixed();
        break;
      case BLOCK_DYNAMIC:
        position = this.#codes.readDynamic(input, position);
        break;
      default:
        return INFLATE_ERROR_DATA;
    }
    if (position === HEADER_CUT) return INFLATE_NEEDS_INPUT;
    if (position === HEADER_BAD) return INFLATE_ERROR_DATA;
    this.#blocks += ((bits >> 1) & 3) === BLOCK_DYNAMIC ? HEADER_COST : 1;
    input.position = position;
    this.#isFinal = (bits & 1) !== 0;
    this.#stage = stage;
    return GO_ON;
  }

  /** Reads the length of a stored block (section 3.2.4). @returns as `InflateCodes.readDynamic` */
  #readStored(position: number): number {
    const input = this.#input;
    if (input.end - position < 32) return HEADER_CUT;
    const length = input.peek(position) & 0xffff;
    const complement = input.peek(position + 16) & 0xffff;
    if ((length ^ complement) !== 0xffff) return HEADER_BAD;
    this.#storedLength = length;
    return position + 32;
  }

  #inflateStored(): number {
    const input = this.#input;
    const output = this.#output;
    const start = input.position >> 3;
    const length = Math.min(this.#storedLength, (input.end >> 3) - start, output.end - output.ptr);
    copyBytes(input.bytes, start, start + length, this.#memory.bytes, output.ptr);
    output.ptr += length;
    input.position += length << 3;
    this.#storedLength -= length;
    if (this.#storedLength === 0) {
      this.#stage = STAGE_HEADER;
      return GO_ON;
    }
    return input.position === input.end ? INFLATE_NEEDS_INPUT : INFLATE_NEEDS_OUTPUT;
  }

  /** Inflates symbols up to the end of their block (section 3.2.3). */
  #inflateSymbols(): number {
    const { bytes } = this.#memory;
    const { view, position, end } = this.#input;
    const { literals, distances } = this.#codes;
    const literalEntries = literals.entries;
    const distanceEntries = distances.entries;
    const output = this.#output;
    const outEnd = output.end;
    let out = output.ptr;

    // `ahead` holds the next `held` bits of input, the first one lowest; `at` is the byte behind them. A code has at most 15
    // bits, extra bits are at most 13, so there is always room for two more bytes in 32 bits.
    let at = position >> 3;
    let ahead = view.getUint8(at++) >> (position & 7);
    let held = 8 - (position & 7);
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
        if ((at << 3) - held > end) {
          status = INFLATE_NEEDS_INPUT;
          break;
        }
        start = (at << 3) - held;
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
    this.#input.position = start;
    return status;
  }
}
