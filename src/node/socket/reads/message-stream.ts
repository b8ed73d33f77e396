// The content of one long message as a Readable. It queues what has arrived and not been read; streaming-events.ts decides when that is
// too much.

import { Readable } from 'node:stream';
import { PayloadBuffer } from '../../../bytes/payload-buffer.js';
import { toBuffer } from '../../websocket/sendable.js';
import { nextTick } from '../machinery.js';

/** Bytes: shorter parts are copied together, so that a peer that sends bytes one by one does not claim an object for each. */
const SHORT_LENGTH = 1024;
/** Bytes of short parts that are copied together. */
const JOINED_LENGTH = 16 * 1024;

/** What a stream with queued bytes is counted as beyond them: the object, and those that Node makes for it. Measured: 1.3 KB. */
const STREAM_LENGTH = 1536;

/** What counts the bytes that are queued. */
interface StreamOwner {
  /** More bytes are queued. */
  queued(length: number): void;
  /** Queued bytes have been read or discarded. */
  taken(length: number): void;
}

export class MessageStream extends Readable {
  readonly #owner: StreamOwner;
  readonly #parts: Uint8Array[] = [];
  /** Short parts behind the others. */
  readonly #joined = new PayloadBuffer();
  #queuedLength = 0;
  /** The next part has been asked for. */
  #isWanted = false;
  #isComplete = false;

  constructor(owner: StreamOwner) {
    // The parts are queued here. With 0, a part that ends within a character would stop a stream that decodes text.
    super({ highWaterMark: 1 });
    this.#owner = owner;
  }

  /** The next part of the message, owned. Discarded if the stream has been destroyed. */
  add(data: Uint8Array): void {
    if (data.length === 0 || this.destroyed) return;
    if (this.#isWanted) {
      this.#isWanted = false;
      this.push(toBuffer(data));
      return;
    }
    if (data.length < SHORT_LENGTH) {
      this.#joined.append(data, 0, data.length, 0);
      if (this.#joined.length >= JOINED_LENGTH) this.#parts.push(this.#joined.take());
    } else {
      this.#endJoined();
      this.#parts.push(data);
    }
    const isFirst = this.#queuedLength === 0;
    this.#queuedLength += data.length;
    this.#owner.queued(isFirst ? data.length + STREAM_LENGTH : data.length);
  }

  /** The message has ended. */
  complete(): void {
    this.#isComplete = true;
    if (this.#queuedLength === 0 && !this.destroyed) this.push(null);
  }

  override _read(): void {
    this.#endJoined();
    const { readableLength } = this;
    // A part that ends within a character may add nothing to a stream that decodes text. Node does not ask again for each such part.
    while (this.readableLength === readableLength) {
      const part = this.#parts.shift();
      if (part === undefined) {
        this.#isWanted = true;
        return;
      }
      this.#queuedLength -= part.length;
      this.push(toBuffer(part));
      if (this.#isComplete && this.#queuedLength === 0) this.push(null);
      this.#owner.taken(this.#queuedLength === 0 ? part.length + STREAM_LENGTH : part.length);
    }
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const length = this.#queuedLength;
    this.#queuedLength = 0;
    this.#parts.length = 0;
    this.#joined.take();
    // A peer must not end the process: as with an IncomingMessage, an unhandled error is not thrown.
    nextTick(() => callback(this.listenerCount('error') > 0 ? error : null));
    if (length > 0) this.#owner.taken(length + STREAM_LENGTH);
  }

  #endJoined(): void {
    if (this.#joined.length > 0) this.#parts.push(this.#joined.take());
  }
}
