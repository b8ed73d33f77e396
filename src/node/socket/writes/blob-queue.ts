// Blobs that are being read before they are sent, messages whose fragments a stream is making, and what was sent behind them, in order.

import { AsyncResource } from 'node:async_hooks';
import process from 'node:process';
import { type OwnedPayload, ownPayload } from '../../../bytes/owned.js';
import { ProtocolError } from '../../../protocol/errors.js';
import {
  CONTEXT_OPTIONS,
  callGuarded,
  isBlob,
  type Payload,
  type SendCallback,
  sizeOf,
  throwLater,
} from '../../websocket/sendable.js';

/** A Blob, a message that a stream makes, or what is queued behind one. */
export interface QueuedSend {
  readonly payload: OwnedPayload | Blob;
  /** Called if it cannot be sent. */
  readonly callback: SendCallback | undefined;
  /** The async context of the call that queued it: Blobs and streams are read in it, and subscribers of channels are called in it. */
  readonly context: AsyncResource;
  /** It is a ping or a pong. */
  readonly isControl: boolean;
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
  isControl: boolean,
): QueuedSend {
  const own = isBlob(payload) ? payload : ownPayload(payload);
  const context = new AsyncResource('WSIMD_SEND', CONTEXT_OPTIONS);
  return { payload: own, callback, context, isControl, send: (queued) => send(queued, callback), stream };
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
    for (const entry of queued) reject(entry, error);
  }

  async #sendAll(): Promise<void> {
    for (let entry = this.#queued[0]; entry !== undefined; entry = this.#queued[0]) {
      const { payload, context, stream } = entry;
      if (stream !== undefined) {
        if (!(await this.#sendStream(context, stream))) return;
        continue;
      }
      let data: string | Uint8Array;
      try {
        data = isBlob(payload) ? new Uint8Array(await context.runInAsyncScope(readBlob, undefined, payload)) : payload;
      } catch (cause) {
        if (!this.#isOver) this.#owner.blobFailed(new Error('a Blob to send could not be read', { cause }));
        return;
      }
      // The socket may have gone meanwhile: then `fail` has called all callbacks.
      if (this.#isOver) return;
      this.#queued.shift();
      this.#send(entry, data);
      if (this.#isOver) return;
    }
    this.#owner.queueEnded();
  }

  /** Pings and pongs that are queued behind a stream don't wait for its end, unless a Blob is to be read for one of them. */
  #sendControls(): void {
    const blob = this.#queued.findIndex(({ isControl, payload }) => isControl && isBlob(payload));
    const end = blob < 0 ? this.#queued.length : blob;
    const controls = this.#queued.filter(({ isControl }, i) => isControl && i < end);
    if (controls.length === 0) return;
    this.#queued = this.#queued.filter(({ isControl }, i) => !isControl || i >= end);
    for (const entry of controls) this.#send(entry, entry.payload as OwnedPayload);
  }

  /** The callback is the connection's from here on, unless it rejects the message: the peer may have closed meanwhile. */
  #send(entry: QueuedSend, data: string | Uint8Array): void {
    const { payload, context } = entry;
    this.length -= sizeOf(payload);
    try {
      context.runInAsyncScope(entry.send, entry, data);
    } catch (error) {
      if (entry.callback === undefined) warn(error as Error);
      reject(entry, error as Error);
      return;
    }
    context.emitDestroy();
  }

  /** @returns false if the queue is over */
  async #sendStream(context: AsyncResource, stream: () => Promise<void>): Promise<boolean> {
    this.isStreaming = true;
    this.#sendControls();
    try {
      await context.runInAsyncScope(stream);
    } catch (error) {
      // It stays in the queue: its callback gets the error too.
      if (!this.#isOver) this.#owner.blobFailed(error as Error);
      return false;
    } finally {
      this.isStreaming = false;
    }
    if (this.#isOver) return false;
    this.#queued.shift();
    context.emitDestroy();
    return true;
  }
}

function readBlob(blob: Blob): Promise<ArrayBuffer> {
  return blob.arrayBuffer();
}

function reject({ callback, context }: QueuedSend, error: Error): void {
  if (callback !== undefined) context.runInAsyncScope(callGuarded, undefined, callback, error);
  context.emitDestroy();
}

/** For a message without a callback, whose error cannot be thrown to its caller. As everywhere, a closed connection is no error for it. */
function warn(error: Error): void {
  if (error instanceof ProtocolError && error.code === 'WSIMD_NOT_OPEN') return;
  process.emitWarning(
    `a message that was queued behind a Blob or stream is not sent: ${error.message}`,
    'WsimdWarning',
  );
}
