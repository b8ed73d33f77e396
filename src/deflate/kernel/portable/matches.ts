// Finding what was said before (LZ77) in the portable kernel: a slice of a message → literals and matches. Knows a context's
// history and its hash; not how what it finds is written.

import {
  DEFLATE_WORK_PTR,
  LEVEL_DEFAULT,
  LEVEL_FASTEST,
  MAX_WINDOW_LENGTH,
} from '../../../../assembly/shared/deflate-layout.js';
import type { PortableMemory } from '../../../kernel/portable/mask.js';
import { MAX_MATCH } from './alphabet.js';
import { hashBitsOf, hashIndexOf, historyOf, positionOf, recall, ringLengthOf } from './context.js';

// ---- A token: a literal, or a match
//
//    31       16 15             0
//   ┌───────────┬────────────────┐
//   │ 0         │ byte           │
//   ├───────────┼────────────────┤
//   │ length    │ distance       │
//   └───────────┴────────────────┘

export const TOKEN_LENGTH_SHIFT = 16;
export const TOKEN_DISTANCE_BITS = 0xffff;

/** How many positions a slice may have: those that u16 tells apart. */
const POSITIONS = 0x10000;
const POSITION_BITS = POSITIONS - 1;

/** Where the work area has the history and, right behind it, the slice: all matches lie in one piece of memory. */
const SLICE_PTR = DEFLATE_WORK_PTR + MAX_WINDOW_LENGTH;
/** Behind the slice, and what a hash reads behind it. */
const PREVIOUS_PTR = SLICE_PTR + POSITIONS + 64;
const TOKENS_PTR = PREVIOUS_PTR + 2 * POSITIONS;

/** The bytes that a hash is made of, and so the shortest match that is looked for. */
const HASHED = 4;
const HASH_FACTOR = 0x9e3779b1 | 0;

/** How hard a level looks. */
interface Effort {
  /** How many candidates are tried at a position. */
  readonly candidates: number;
  /** A match of this length is good enough: no better one is looked for. */
  readonly enough: number;
  /** A match gives way to a longer one that begins a byte later. */
  readonly isLazy: boolean;
}

const FASTEST: Effort = { candidates: 1, enough: 16, isLazy: false };
const DEFAULT: Effort = { candidates: 8, enough: 64, isLazy: true };
const SMALLEST: Effort = { candidates: 96, enough: MAX_MATCH, isLazy: true };
/**
 * How many candidates are tried in a slice for each of its bytes, before searches go no deeper than those of level default.
 * JSON and text take fewer. Noise of two symbols, where all chains are long and no match is, takes 13: a slice of 8 KiB
 * held the event loop for 2.6 ms, and holds it for 0.8.
 */
const BUDGET = 4;

/** Finds the matches of one slice at a time. */
export class PortableMatches {
  /** What was found, in order. */
  readonly tokens: Int32Array;
  readonly #memory: PortableMemory;
  /** Reads four bytes at any address at once. */
  readonly #view: DataView;
  /** By the low 16 bits of a position of this slice: the position before it with the same hash. */
  readonly #previous: Uint16Array;
  /** Of the slice under way. */
  #hashIndex = 0;
  #hashShift = 0;
  /** Position of the slice's first byte. */
  #position = 0;
  #length = 0;
  /** How far a match may begin before the slice, and how far before itself. */
  #history = 0;
  #windowLength = 0;
  /** How many candidates may still be tried in this slice at the level's own depth. */
  #budget = 0;

  constructor(memory: PortableMemory) {
    this.#memory = memory;
    const { buffer } = memory.bytes;
    this.#view = new DataView(buffer);
    this.#previous = new Uint16Array(buffer, PREVIOUS_PTR, POSITIONS);
    this.tokens = new Int32Array(buffer, TOKENS_PTR, POSITIONS);
  }

  /**
   * Finds the matches of a slice, at most INPUT_CAPACITY bytes at `ptr`, in the context's history and in itself.
   *
   * @returns how many tokens were found
   */
  find(contextPtr: number, windowLength: number, ptr: number, length: number, level: number): number {
    const { bytes, words } = this.#memory;
    this.#history = Math.min(historyOf(words, contextPtr), ringLengthOf(words, contextPtr), windowLength);
    recall(this.#memory, contextPtr, this.#history, SLICE_PTR - this.#history);
    bytes.copyWithin(SLICE_PTR, ptr, ptr + length);
    this.#hashIndex = hashIndexOf(words, contextPtr);
    this.#hashShift = 32 - hashBitsOf(words, contextPtr);
    this.#position = positionOf(words, contextPtr);
    this.#length = length;
    this.#windowLength = windowLength;
    this.#budget = BUDGET * length;
    // The last bytes of the slice before had nothing behind them to be hashed with.
    for (let at = -Math.min(HASHED - 1, this.#history); at < 0 && at + HASHED <= length; at++) this.#enter(at);
    return this.#walk(level === LEVEL_FASTEST ? FASTEST : level === LEVEL_DEFAULT ? DEFAULT : SMALLEST);
  }

  #walk({ candidates, enough, isLazy }: Effort): number {
    const { bytes } = this.#memory;
    const { tokens } = this;
    const length = this.#length;
    /** Behind this no hash can be made. */
    const hashEnd = length - HASHED + 1;
    let count = 0;
    let at = 0;
    while (at < hashEnd) {
      let match = this.#search(at, HASHED - 1, candidates, enough);
      if (match === 0) {
        tokens[count++] = bytes[SLICE_PTR + at]!;
        at++;
        continue;
      }
      let entered = at + 1;
      while (isLazy && match >> TOKEN_LENGTH_SHIFT < enough && entered < hashEnd) {
        const later = this.#search(entered, match >> TOKEN_LENGTH_SHIFT, candidates, enough);
        entered++;
        if (later === 0) break;
        tokens[count++] = bytes[SLICE_PTR + at]!;
        at++;
        match = later;
      }
      tokens[count++] = match;
      at += match >> TOKEN_LENGTH_SHIFT;
      // The fastest level spares itself what is inside a match: what is found later is mostly found at its start.
      if (isLazy) for (const end = Math.min(at, hashEnd); entered < end; entered++) this.#enter(entered);
    }
    while (at < length) tokens[count++] = bytes[SLICE_PTR + at++]!;
    return count;
  }

  /** Enters a place of the slice (or just before it) into the hash. @returns the position that was there */
  #enter(at: number): number {
    const { units } = this.#memory;
    const head = this.#view.getInt32(SLICE_PTR + at, true);
    const entry = this.#hashIndex + (Math.imul(head, HASH_FACTOR) >>> this.#hashShift);
    const position = (this.#position + at) & POSITION_BITS;
    const before = units[entry]!;
    units[entry] = position;
    this.#previous[position] = before;
    return before;
  }

  /** Enters a place, and looks for a match there that is longer than `least`. @returns a token, or 0 */
  #search(at: number, least: number, candidates: number, enough: number): number {
    const { bytes } = this.#memory;
    const previous = this.#previous;
    const position = this.#position + at;
    let candidate = this.#enter(at);
    const ptr = SLICE_PTR + at;
    const most = Math.min(MAX_MATCH, this.#length - at);
    const reach = Math.min(this.#windowLength, at + this.#history);
    let best = 0;
    let last = 0;
    let left = this.#budget > 0 ? candidates : Math.min(candidates, DEFAULT.candidates);
    this.#budget -= left;
    while (left-- > 0) {
      // The hash may hold anything: only what leads back, and not too far, is a place at all.
      const distance = (position - candidate) & POSITION_BITS;
      if (distance <= last || distance > reach) break;
      last = distance;
      const from = ptr - distance;
      // The byte that would make it longer than the best differs most often.
      if (bytes[from + least] === bytes[ptr + least] && bytes[from] === bytes[ptr]) {
        const length = this.#matchLength(from, ptr, most);
        if (length > least) {
          least = length;
          best = (length << TOKEN_LENGTH_SHIFT) | distance;
          if (length >= enough || length === most) break;
        }
      }
      // What led on from a place before the slice belongs to another slice, perhaps of another connection.
      if (distance > at) break;
      candidate = previous[candidate]!;
    }
    // What was not tried is given back.
    this.#budget += left + 1;
    return best;
  }

  /** How many bytes are the same at both addresses, at most `most`. */
  #matchLength(a: number, b: number, most: number): number {
    const view = this.#view;
    let length = 0;
    for (; length + 4 <= most; length += 4) {
      const difference = view.getInt32(a + length, true) ^ view.getInt32(b + length, true);
      // The lowest bit that differs lies in the first byte that does.
      if (difference !== 0) return length + ((31 - Math.clz32(difference & -difference)) >> 3);
    }
    while (length < most && view.getUint8(a + length) === view.getUint8(b + length)) length++;
    return length;
  }
}
