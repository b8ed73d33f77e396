// Writes to the transport what a Connection has to send, in as few writes as messages of one turn, and a slow transport, allow.

import type { Connection } from '../connection.js';
import type { Transport } from './byte-streams.js';

/** More than lie between two messages of a pipe, or of a loop that reads and writes: 2 to 6 in Node, Deno and Bun. */
const MICROTASKS_BETWEEN_MESSAGES = 8;
/** Bytes. Up to this length, what a transport keeps is copied out of the slab, which then serves again. */
const MAX_COPIED = 64 * 1024;

export class Outlet {
  /** How many bytes the transport is writing. */
  writingLength = 0;
  readonly #connection: Connection;
  readonly #transport: Transport;
  readonly #onFailure: () => void;
  /** Of the last write: until all that was gathered is written. */
  #writing: Promise<void> | undefined;
  #isWriting = false;
  /** A write at the end of the turn is on its way. */
  #isDue = false;

  /** @param onFailure the transport has failed, and has been cut */
  constructor(connection: Connection, transport: Transport, onFailure: () => void) {
    this.#connection = connection;
    this.#transport = transport;
    this.#onFailure = onFailure;
  }

  /**
   * Writes what was gathered; what comes meanwhile is gathered in turn and leaves together, so that a slow transport is given
   * few large chunks.
   *
   * @returns a promise of all being written; it is fulfilled too if the transport has failed, which reading will tell
   */
  flush(): Promise<void> | undefined {
    if (!this.#isWriting && this.#connection.outgoingLength > 0) {
      this.#isWriting = true;
      this.#writing = this.#writeAll();
    }
    return this.#isWriting ? this.#writing : undefined;
  }

  /** Does the same once no microtask sends any more. A timer would end the turn later, in some runtimes by a millisecond. */
  flushAtEndOfTurn(): void {
    if (!this.#isWriting && !this.#isDue) void this.#flushWhenQuiet();
  }

  /** A stream, or a pipe, hands on one message after the other, each a few microtasks behind the last. */
  async #flushWhenQuiet(): Promise<void> {
    this.#isDue = true;
    let length: number;
    do {
      length = this.#connection.outgoingLength;
      for (let i = 0; i < MICROTASKS_BETWEEN_MESSAGES; i++) await undefined;
    } while (this.#connection.outgoingLength !== length && !this.#isWriting);
    this.#isDue = false;
    void this.flush();
  }

  async #writeAll(): Promise<void> {
    const [connection, transport] = [this.#connection, this.#transport];
    try {
      while (connection.outgoingLength > 0) {
        const bytes = connection.takeOutgoing();
        this.writingLength = bytes.length;
        if (!transport.keepsChunks) {
          await transport.write(bytes);
          connection.releaseOutgoing(bytes);
        } else if (bytes.length > MAX_COPIED) {
          await transport.write(bytes);
        } else {
          const copy = bytes.slice();
          connection.releaseOutgoing(bytes);
          await transport.write(copy);
        }
      }
    } catch (error) {
      transport.cut(error);
      this.#onFailure();
    } finally {
      this.#isWriting = false;
      this.writingLength = 0;
    }
  }
}
