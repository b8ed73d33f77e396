// Finds out when nothing is pending on a connection any more, once somebody has asked. Waits are documented at `WebSocket.bufferedAmount`.

import type { Duplex } from 'node:stream';

/** The send queue of the connection. */
interface Queue {
  /** Bytes that the system has not taken yet. */
  readonly length: number;
  /** How many of them are held until `uncork()`. */
  readonly corkedLength: number;
  /** A Blob or a stream is being sent. When it has been, `look` is called. */
  readonly isReadingSource: boolean;
  /** Calls back when what is gathered has left. @returns false if nothing is gathered */
  whenFlushed(callback: (error?: Error | null) => void): boolean;
}

const EMPTY = Buffer.alloc(0);

export class DrainWatch {
  readonly #queue: Queue;
  readonly #socket: Duplex;
  readonly #drained: () => void;
  #isOwed = false;

  /** @param drained called once, for any number of calls of `owe`, when nothing is pending */
  constructor(queue: Queue, socket: Duplex, drained: () => void) {
    this.#queue = queue;
    this.#socket = socket;
    this.#drained = drained;
  }

  /** Sees to it that `drained` is called. No effect if nothing is pending, or what is pending never leaves. */
  owe(): void {
    if (this.#isOwed || this.#queue.length === 0 || !this.#socket.writable) return;
    this.#isOwed = true;
    this.#await();
  }

  /** Checks whether anything is still pending. */
  look(): void {
    if (!this.#isOwed || !this.#socket.writable) return;
    if (this.#queue.length > this.#queue.corkedLength) {
      this.#await();
      return;
    }
    this.#isOwed = false;
    this.#drained();
  }

  /** Looks again once everything that is pending now has left. */
  #await(): void {
    if (this.#queue.isReadingSource) return;
    const socket = this.#socket;
    const look = (error?: Error | null) => {
      if (!error) this.look();
    };
    if (this.#queue.whenFlushed(look)) return;
    if (socket.writableNeedDrain) socket.once('drain', look);
    // What has been written is under way, and no event tells of its end.
    else socket.write(EMPTY, look);
  }
}
