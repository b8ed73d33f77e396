// What waits behind Blobs that are yet to be read, in the order in which it was sent. It knows no frame and no socket.

import type { SendCallback } from './send-callback.js';
import { type Payload, sizeOf } from './sendable.js';

/** What waits behind a Blob, or is one. */
export interface Waiting {
  readonly payload: Payload;
  /** Called if it cannot be sent. */
  readonly callback: SendCallback | undefined;
  send(payload: string | Uint8Array): void;
}

/** Who has a queue. */
interface Owner {
  /** A Blob cannot be read: its message is left out. */
  emitError(error: Error): void;
  /** Nothing waits any more: the queue is done with. Not called after `fail`. */
  queueEnded(): void;
}

/** It begins with a Blob, and ends when nothing is left in it. */
export class BlobQueue {
  /** Bytes that wait, of strings UTF-16 units. */
  length = 0;
  readonly #owner: Owner;
  #waiting: Waiting[] = [];
  #isOver = false;

  constructor(owner: Owner, first: Waiting) {
    this.#owner = owner;
    this.add(first);
    void this.#sendAll();
  }

  add(entry: Waiting): void {
    this.length += sizeOf(entry.payload);
    this.#waiting.push(entry);
  }

  /** What waits will not be sent. */
  fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#isOver = true;
    this.length = 0;
    for (const { callback } of waiting) callback?.(error);
  }

  async #sendAll(): Promise<void> {
    for (let entry = this.#waiting[0]; entry !== undefined; entry = this.#waiting[0]) {
      const { payload, callback } = entry;
      try {
        const bytes = isAtHand(payload) ? payload : await readBlob(payload);
        // The socket may have gone meanwhile: then all have been told.
        if (this.#isOver) return;
        entry.send(bytes);
      } catch (error) {
        if (this.#isOver) return;
        callback?.(error as Error);
        // That the peer has closed meanwhile is no error: its `close` tells of it.
        if (error instanceof UnreadableBlob) this.#owner.emitError(error);
      }
      if (this.#isOver) return;
      this.#waiting.shift();
      this.length -= sizeOf(payload);
    }
    this.#owner.queueEnded();
  }
}

class UnreadableBlob extends Error {}

/** It can be sent without being read first. */
export function isAtHand(payload: Payload): payload is string | Uint8Array {
  return typeof payload === 'string' || payload instanceof Uint8Array;
}

/** @throws UnreadableBlob if its source is gone */
async function readBlob(blob: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    throw new UnreadableBlob('a Blob to send could not be read', { cause });
  }
}
