// Reads what passes, beside the relay and after it: bytes wait here, and are read for a small share of the time while the relay is
// busy, and for all of it while it is not. If more comes than can be read, the inspector shows a gap; the relay never waits.

import type { Sender } from '../inspect/capture/tcp-connections.js';
import { Conversation } from '../inspect/conversation/conversation.js';
import type { Entry } from '../inspect/entries.js';

/** Bytes that may wait to be read. */
const MAX_WAITING = 32 * 1024 * 1024;
const SLICE_LENGTH = 4 * 1024;
/** Items that have been read are let go of once they are so many. */
const MAX_DONE = 4096;
/** Milliseconds that bytes wait before they are read: what comes meanwhile is relayed first. */
const DELAY = 4;
/** Milliseconds of reading before the relay has its turn. Beside DELAY, a tenth of the time while it is busy. */
const BUDGET = 0.5;
/** Milliseconds of reading at the end of the program. */
const LAST_BUDGET = 2000;

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

/** Where entries go. */
export interface WatcherOutput {
  emit(entry: Entry): void;
  /** Called when a number of entries have been emitted. */
  flush(): void;
  /** Whether the reader of the entries has enough for now. */
  isFull(): boolean;
}

export class Watcher {
  readonly #output: WatcherOutput;
  readonly #maxPayload: number;
  #items: Item[] = [];
  #next = 0;
  #waiting = 0;
  #isScheduled = false;
  /** Bytes have come since it last read. */
  #isBusy = false;
  /** More came than can be read: no more is taken until half of what waits is done. */
  #isSkipping = false;

  constructor(output: WatcherOutput, maxPayload: number) {
    this.#output = output;
    this.#maxPayload = maxPayload;
  }

  open(connection: number): Watched {
    const conversation = new Conversation({
      ...{ connection, isWhole: true, isAligned: true, extensions: undefined },
      ...{ maxPayload: this.#maxPayload, emit: this.#output.emit },
    });
    return { conversation };
  }

  /** @param bytes a view that nobody writes to */
  data(watched: Watched, from: Sender, bytes: Uint8Array, time: bigint): void {
    this.#isBusy = true;
    this.#isSkipping = this.#waiting + bytes.length > (this.#isSkipping ? MAX_WAITING / 2 : MAX_WAITING);
    if (this.#isSkipping) {
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

  /** Reads what waits, at the end of the program. */
  drain(): void {
    this.#read(performance.now() + LAST_BUDGET);
  }

  #push(item: Item): void {
    this.#items.push(item);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setTimeout(() => this.#run(), DELAY);
  }

  #run(): void {
    this.#isScheduled = false;
    const isFull = this.#output.isFull();
    if (!isFull) this.#read(performance.now() + BUDGET);
    if (this.#next === this.#items.length) return;
    if (this.#isBusy || isFull) {
      this.#schedule();
    } else {
      this.#isScheduled = true;
      setImmediate(() => this.#run());
    }
    this.#isBusy = false;
  }

  #read(deadline: number): void {
    while (this.#next < this.#items.length) {
      if (this.#take(this.#items[this.#next]!)) this.#next++;
      if (performance.now() >= deadline) break;
    }
    this.#output.flush();
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
        this.#output.emit(item.entry);
        return true;
      case 'end':
        item.watched.conversation.end(item.isReset);
        this.#output.emit(item.entry);
        return true;
    }
  }
}
