// Reads what passes, beside the relay and after it: bytes wait here until the relay has nothing to do, and are then taken apart
// for a bounded time. If more comes than can be read, the inspector is told of a gap; the relay never waits.

import type { Sender } from '../inspect/capture/tcp-connections.js';
import { Conversation } from '../inspect/conversation/conversation.js';
import type { Entry } from '../inspect/entries.js';

/** Bytes that may wait to be read. */
const MAX_WAITING = 32 * 1024 * 1024;
const SLICE_LENGTH = 4 * 1024;
/** Items that have been read are let go of once they are so many. */
const MAX_DONE = 4096;
/** Milliseconds of reading before the relay has its turn. */
const BUDGET = 1;

/** Bytes that passed. */
interface Data {
  readonly type: 'data';
  readonly watched: Watched;
  readonly from: Sender;
  readonly bytes: Uint8Array;
  readonly time: bigint;
  /** How many of them have been read. */
  at: number;
}

/** Something that happened on a connection, in order. */
type Item =
  | Data
  | { readonly type: 'gap'; readonly watched: Watched; readonly from: Sender; length: number }
  | { readonly type: 'entry'; readonly entry: Entry }
  | { readonly type: 'end'; readonly watched: Watched; readonly isReset: boolean; readonly entry: Entry };

/** A connection that is watched. */
export interface Watched {
  readonly conversation: Conversation;
}

export class Watcher {
  readonly #emit: (entry: Entry) => void;
  readonly #isFull: () => boolean;
  readonly #maxPayload: number;
  #items: Item[] = [];
  #next = 0;
  #waiting = 0;
  #isScheduled = false;

  /** @param isFull whoever reads the entries has enough for now */
  constructor(emit: (entry: Entry) => void, isFull: () => boolean, maxPayload: number) {
    this.#emit = emit;
    this.#isFull = isFull;
    this.#maxPayload = maxPayload;
  }

  open(connection: number): Watched {
    const conversation = new Conversation({
      ...{ connection, isWhole: true, isAligned: true, extensions: undefined },
      ...{ maxPayload: this.#maxPayload, emit: this.#emit },
    });
    return { conversation };
  }

  /** @param bytes a view that nobody writes to */
  data(watched: Watched, from: Sender, bytes: Uint8Array, time: bigint): void {
    if (this.#waiting + bytes.length > MAX_WAITING) {
      const last = this.#items.at(-1);
      if (last?.type === 'gap' && last.watched === watched && last.from === from) last.length += bytes.length;
      else this.#push({ type: 'gap', watched, from, length: bytes.length });
      return;
    }
    this.#waiting += bytes.length;
    this.#push({ type: 'data', watched, from, bytes, time, at: 0 });
  }

  /** Something that the relay says itself. */
  entry(entry: Entry): void {
    this.#push({ type: 'entry', entry });
  }

  end(watched: Watched, isReset: boolean, entry: Entry): void {
    this.#push({ type: 'end', watched, isReset, entry });
  }

  /** Reads all that waits. */
  drain(): void {
    this.#read(Number.POSITIVE_INFINITY);
  }

  #push(item: Item): void {
    this.#items.push(item);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // Where the entries are not read, look again later: nothing tells.
    if (this.#isFull()) setTimeout(() => this.#run(), 20).unref();
    else setImmediate(() => this.#run());
  }

  #run(): void {
    this.#isScheduled = false;
    if (!this.#isFull()) this.#read(performance.now() + BUDGET);
    if (this.#next < this.#items.length) this.#schedule();
  }

  #read(deadline: number): void {
    while (this.#next < this.#items.length) {
      if (this.#take(this.#items[this.#next]!)) this.#next++;
      if (performance.now() >= deadline) break;
    }
    if (this.#next === this.#items.length || this.#next > MAX_DONE) {
      this.#items = this.#items.slice(this.#next);
      this.#next = 0;
    }
  }

  /** @returns false where more of the item is left */
  #take(item: Item): boolean {
    switch (item.type) {
      case 'data': {
        const slice = item.bytes.subarray(item.at, item.at + SLICE_LENGTH);
        this.#waiting -= slice.length;
        item.at += slice.length;
        item.watched.conversation.data(item.from, slice, item.time);
        return item.at === item.bytes.length;
      }
      case 'gap':
        item.watched.conversation.gap(item.from, item.length);
        return true;
      case 'entry':
        this.#emit(item.entry);
        return true;
      case 'end':
        item.watched.conversation.end(item.isReset);
        this.#emit(item.entry);
        return true;
    }
  }
}
