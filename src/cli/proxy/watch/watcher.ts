// The relay's side of the watching thread: hands it what passes, and never waits for it. If the thread falls too far behind, bytes
// are counted and not handed over, and the inspector shows a gap.

import { Worker } from 'node:worker_threads';
import type { ConnectionInfo, Sender } from '../../../capture/tcp-connections.js';
import { CommandError } from '../../command.js';
import {
  type Answer,
  type FromWatcher,
  RECORD_DATA,
  RECORD_REMARK,
  type Remark,
  type ToWatcher,
  type WatchOptions,
} from './messages.js';
import { createRingMemory, RingWriter } from './ring.js';

/** Bytes that may wait to be read. */
const RING_LENGTH = 32 * 1024 * 1024;
/** Longer chunks are several records. */
const MAX_RECORD = 256 * 1024;
/** Milliseconds. */
const RETRY_INTERVAL = 50;

export interface WatcherOptions extends Omit<WatchOptions, 'ring' | 'unwritten'> {
  /** Writes lines, and calls back once the reader of the output has taken them. */
  readonly write: (lines: string, onWritten: () => void) => void;
  /** Does what a line of the feed asks for. */
  readonly run: (line: string) => Answer | undefined;
}

/** A remark that waits for room in the ring. */
interface Waiting {
  readonly connection: number;
  readonly time: number;
  readonly remark: Remark;
}

/** Read once: it is asked for at each read of a socket. */
const { timeOrigin } = performance;

/** Microseconds since 1970. */
export function now(): number {
  return Math.round((timeOrigin + performance.now()) * 1000);
}

export class Watcher {
  readonly #options: WatcherOptions;
  readonly #worker: Worker;
  readonly #ring: RingWriter;
  readonly #unwritten: Int32Array;
  readonly #onReady: Promise<string | undefined>;
  readonly #onEnded: Promise<void>;
  /** Remarks for which there was no room, in order. */
  #waiting: Waiting[] = [];
  /** Bytes that were counted only, by connection and direction, each with its place in `#waiting`. */
  readonly #gaps = new Map<string, number>();
  #retry: NodeJS.Timeout | undefined;

  /** Starts the thread. */
  constructor(options: WatcherOptions) {
    const { write: _write, run: _run, ...told } = options;
    const ring = createRingMemory(RING_LENGTH);
    const unwritten = new SharedArrayBuffer(4);
    this.#options = options;
    this.#ring = new RingWriter(ring);
    this.#unwritten = new Int32Array(unwritten);
    const workerData: WatchOptions = { ...told, ring, unwritten };
    this.#worker = new Worker(new URL('./thread.js', import.meta.url), { workerData });
    let ended = () => {};
    this.#onEnded = new Promise((resolve) => {
      ended = resolve;
    });
    this.#onReady = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromWatcher) => {
        if (message.type === 'ready') resolve(message.feed);
        else if (message.type === 'failed') reject(new CommandError(message.text));
        else if (message.type === 'ended') ended();
        else this.#take(message);
      });
    });
  }

  /** @returns where the feed listens @throws (as a rejection) CommandError if it cannot */
  get ready(): Promise<string | undefined> {
    return this.#onReady;
  }

  /** @param url of the proxy's endpoint, for the feed's page */
  listening(url: string): void {
    this.#post({ type: 'listening', url });
  }

  open(info: ConnectionInfo): void {
    this.#remark(info.number, { type: 'open', info });
  }

  /** @param bytes are copied */
  data(connection: number, from: Sender, bytes: Uint8Array, time: number): void {
    const direction = from === 'client' ? 0 : 1;
    this.#flushWaiting();
    for (let at = 0; at < bytes.length; at += MAX_RECORD) {
      const part = bytes.length <= MAX_RECORD ? bytes : bytes.subarray(at, at + MAX_RECORD);
      if (this.#waiting.length > 0) this.#ring.countRefused();
      else if (this.#ring.write(RECORD_DATA, connection, direction, time, part)) continue;
      this.#skip(connection, from, part.length, time);
    }
    this.#wake();
  }

  /** Something that the relay says itself. */
  note(connection: number, from: Sender, text: string): void {
    this.#remark(connection, { type: 'note', from, text });
  }

  end(connection: number, isReset: boolean): void {
    this.#remark(connection, { type: 'end', isReset });
  }

  /** Ends the thread, once it has read and written what waits, as far as that is soon done. */
  async close(): Promise<void> {
    clearTimeout(this.#retry);
    this.#flushWaiting();
    this.#post({ type: 'end' });
    await this.#onEnded;
  }

  #remark(connection: number, remark: Remark): void {
    this.#waiting.push({ connection, time: now(), remark });
    this.#flushWaiting();
    this.#wake();
  }

  /** Counts bytes for which there is no room. */
  #skip(connection: number, from: Sender, length: number, time: number): void {
    const key = `${connection} ${from}`;
    const index = this.#gaps.get(key);
    const counted = index === undefined ? undefined : this.#waiting[index]?.remark;
    if (counted?.type === 'gap') {
      this.#waiting[index!] = { connection, time, remark: { ...counted, length: counted.length + length } };
    } else {
      this.#gaps.set(key, this.#waiting.length);
      this.#waiting.push({ connection, time, remark: { type: 'gap', from, length } });
    }
  }

  #flushWaiting(): void {
    if (this.#waiting.length === 0) return;
    // Once bytes are skipped, they are until half of the ring is read: one long gap is easier to follow than many short ones.
    if (this.#gaps.size > 0 && this.#ring.usedLength > RING_LENGTH / 2) return;
    let written = 0;
    for (const { connection, time, remark } of this.#waiting) {
      const bytes = Buffer.from(JSON.stringify(remark));
      if (!this.#ring.write(RECORD_REMARK, connection, 0, time, bytes)) break;
      written++;
    }
    this.#waiting = this.#waiting.slice(written);
    this.#gaps.clear();
    for (const [i, { connection, remark }] of this.#waiting.entries()) {
      if (remark.type === 'gap') this.#gaps.set(`${connection} ${remark.from}`, i);
    }
  }

  /** Remarks must not wait for further traffic, of which there may be none. */
  #retryLater(): void {
    if (this.#waiting.length === 0 || this.#retry !== undefined) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#flushWaiting();
      this.#retryLater();
      this.#wake();
    }, RETRY_INTERVAL);
  }

  #wake(): void {
    this.#retryLater();
    if (this.#ring.takeSleep()) this.#post({ type: 'wake' });
  }

  #take(message: Extract<FromWatcher, { type: 'lines' | 'line' }>): void {
    if (message.type === 'line') {
      this.#post({ type: 'answer', id: message.id, answer: this.#options.run(message.line) });
      return;
    }
    const { length } = message.text;
    this.#options.write(message.text, () => Atomics.sub(this.#unwritten, 0, length));
  }

  #post(message: ToWatcher): void {
    this.#worker.postMessage(message);
  }
}
