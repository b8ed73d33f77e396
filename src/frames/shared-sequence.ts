// Prepared frames that are pending on many connections in the same order, such as ten messages published to a topic in one turn. The
// connections share one object for the sequence, and the bytes in which it leaves: they are joined once for all.

import { getHost } from '../bytes/host.js';

/** How many continuations a sequence keeps, and how many sequences are kept that a connection can begin with. */
const MOST_KEPT = 8;
/** After so many sequences those that are kept are forgotten, so that frames of long ago don't stay in memory. */
const MOST_MADE = 1000;

/** Sequences of one frame. */
let beginnings: SharedSequence[] = [];
let made = 0;

export class SharedSequence {
  /** In bytes. */
  readonly length: number;
  /** How many frames. */
  readonly count: number;
  /** The frames before the last one. */
  readonly #before: SharedSequence | undefined;
  readonly #frame: Uint8Array;
  #joined: Uint8Array | undefined;
  /** The sequences with one more frame. */
  #continuations: SharedSequence[] | undefined;
  /** The one of them that was asked for last: connections mostly go on with the same one. */
  #latest: SharedSequence | undefined;

  private constructor(before: SharedSequence | undefined, frame: Uint8Array) {
    this.#before = before;
    this.#frame = frame;
    this.length = (before?.length ?? 0) + frame.length;
    this.count = (before?.count ?? 0) + 1;
    if (before === undefined) this.#joined = frame;
  }

  /**
   * Adds a frame.
   *
   * @param before undefined for nothing
   * @param frame to be read only
   * @returns the sequence that has it, the same for all who add the same frames
   */
  static add(before: SharedSequence | undefined, frame: Uint8Array): SharedSequence {
    if (before === undefined) return find(beginnings, frame) ?? keep(beginnings, new SharedSequence(undefined, frame));
    const latest = before.#latest;
    if (latest !== undefined && latest.#frame === frame) return latest;
    before.#continuations ??= [];
    before.#latest =
      find(before.#continuations, frame) ?? keep(before.#continuations, new SharedSequence(before, frame));
    return before.#latest;
  }

  /** Whether this is the last frame. */
  endsWith(frame: Uint8Array): boolean {
    return this.#frame === frame;
  }

  /** All bytes, to be read only: of one frame they are the frame itself. */
  get bytes(): Uint8Array {
    this.#joined ??= this.#join();
    return this.#joined;
  }

  #join(): Uint8Array {
    const bytes = getHost().allocate(this.length);
    let end = this.length;
    for (let at: SharedSequence | undefined = this; at !== undefined; at = at.#before) {
      end -= at.#frame.length;
      bytes.set(at.#frame, end);
    }
    return bytes;
  }

  /** Forgets the sequences that connections could go on with. Those that are pending stay as they are. */
  static forget(): void {
    beginnings = [];
    made = 0;
  }
}

function find(sequences: readonly SharedSequence[], frame: Uint8Array): SharedSequence | undefined {
  for (let i = sequences.length - 1; i >= 0; i--) {
    if (sequences[i]!.endsWith(frame)) return sequences[i];
  }
  return undefined;
}

function keep(sequences: SharedSequence[], sequence: SharedSequence): SharedSequence {
  if (++made > MOST_MADE) SharedSequence.forget();
  if (sequences.length === MOST_KEPT) sequences.shift();
  sequences.push(sequence);
  return sequence;
}
