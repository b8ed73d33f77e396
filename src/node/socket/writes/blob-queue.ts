// Blobs that are being read before they are sent, messages whose fragments a stream is making, and what was sent behind them, in order.

import { type OwnedPayload, ownPayload } from '../../../bytes/owned.js';
import { callGuarded, isBlob, type Payload, type SendCallback, sizeOf, throwLater } from '../../websocket/sendable.js';

/** A Blob, a message that a stream makes, or what is queued behind one. */
export interface QueuedSend {
  readonly payload: OwnedPayload | Blob;
  /** Called if it cannot be sent. */
  readonly callback: SendCallback | undefined;
  /** Sends the payload, or what the Blob holds; it reads no other memory of the caller's. */
  send(payload: string | Uint8Array): void;
  /**
   * For a message that a stream makes, instead of `send`: sends its fragments. The promise rejects if the stream fails in the middle of
   * the message, and resolves without an error if nothing of it has left or the connection took no more.
   */
  readonly stream?: (() => Promise<void>) | undefined;
}

/** @param payload copied, unless it is a Blob @param stream see `QueuedSend` */
export function queuedSend(
  payload: Payload,
  callback: SendCallback | undefined,
  send: (queued: string | Uint8Array, callback: SendCallback | undefined) => void,
  stream: (() => Promise<void>) | undefined,
): QueuedSend {
  const own = isBlob(payload) ? payload : ownPayload(payload);
  return { payload: own, callback, send: (queued) => send(queued, callback), stream };
}

interface Owner {
  /** A Blob or a stream cannot be read. The queue has failed: nothing behind it is sent either. */
  blobFailed(error: Error): void;
  /** The queue is empty, and done with. Not called after it has failed. */
  queueEnded(): void;
}

/** It begins with a Blob or a stream, and ends when nothing is left in it. */
export class BlobQueue {
  /** Bytes that are queued, of strings UTF-16 units. */
  length = 0;
  /** The fragments of a message are leaving: control frames may go between them. */
  isStreaming = false;
  readonly #owner: Owner;
  #queued: QueuedSend[] = [];
  #isOver = false;

  constructor(owner: Owner, first: QueuedSend) {
    this.#owner = owner;
    this.add(first);
    // What a listener throws is no rejection.
    this.#sendAll().catch(throwLater);
  }

  add(entry: QueuedSend): void {
    this.length += sizeOf(entry.payload);
    this.#queued.push(entry);
  }

  /** Nothing that is queued will be sent: each callback gets the error. */
  fail(error: Error): void {
    const queued = this.#queued;
    this.#queued = [];
    this.#isOver = true;
    this.length = 0;
    for (const { callback } of queued) if (callback !== undefined) callGuarded(callback, error);
  }

  async #sendAll(): Promise<void> {
    for (let entry = this.#queued[0]; entry !== undefined; entry = this.#queued[0]) {
      const { payload, callback, stream } = entry;
      if (stream !== undefined) {
        if (!(await this.#sendStream(stream))) return;
        continue;
      }
      let data: string | Uint8Array;
      try {
        data = isBlob(payload) ? new Uint8Array(await payload.arrayBuffer()) : payload;
      } catch (cause) {
        if (!this.#isOver) this.#owner.blobFailed(new Error('a Blob to send could not be read', { cause }));
        return;
      }
      // The socket may have gone meanwhile: then `fail` has called all callbacks.
      if (this.#isOver) return;
      // The callback is the connection's from here on, unless it refuses: the peer may have closed meanwhile.
      this.#queued.shift();
      this.length -= sizeOf(payload);
      try {
        entry.send(data);
      } catch (error) {
        if (callback !== undefined) callGuarded(callback, error as Error);
      }
      if (this.#isOver) return;
    }
    this.#owner.queueEnded();
  }

  /** @returns false if the queue is over */
  async #sendStream(stream: () => Promise<void>): Promise<boolean> {
    this.isStreaming = true;
    try {
      await stream();
    } catch (error) {
      // It stays in the queue: its callback gets the error too.
      if (!this.#isOver) this.#owner.blobFailed(error as Error);
      return false;
    } finally {
      this.isStreaming = false;
    }
    if (this.#isOver) return false;
    this.#queued.shift();
    return true;
  }
}
