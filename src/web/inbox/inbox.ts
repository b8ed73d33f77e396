// Where the messages of a WebSocket over streams go: the interface, and its implementation by a ReadableStream. The other one calls a
// listener: listener-inbox.ts.

import { costOf, type Message } from './message.js';

/** Takes the messages that come, in order. */
export interface Inbox {
  /** The stream of the messages; of a listener, one that fails. */
  readonly readable: ReadableStream<Message>;
  /** More messages may come while it is positive. It changes whenever a message is taken. */
  readonly room: number;
  /** A listener is being called. What it sends leaves behind the call. */
  readonly isCalling: boolean;
  /** The program may answer messages some microtasks after they have been delivered. */
  readonly isWaiting: boolean;
  deliver(message: Message): void;
  /** No message comes any more: the peer's Close frame was the last thing. */
  end(): void;
  /** The same because the connection has failed. Messages that are in the inbox can still be taken. */
  fail(error: unknown): void;
}

export interface ReadableInboxEvents {
  /** The reader has taken a message, or waits for one. */
  readonly onTaken: () => void;
  /** Called once; messages are discarded from then on. */
  readonly onCancelled: (reason: unknown) => void;
}

/** Messages are read from a stream. */
export class ReadableInbox implements Inbox {
  readonly readable: ReadableStream<Message>;
  readonly isCalling = false;
  readonly isWaiting = true;
  readonly #highWaterMark: number;
  /** Until the stream ends. */
  #incoming: ReadableStreamDefaultController<Message> | undefined;
  #isCancelled = false;
  /** The stream has asked for a message since the last one: with a `highWaterMark` of 0 it has no room but for a pending read. */
  #isAsked = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(highWaterMark: number, { onTaken, onCancelled }: ReadableInboxEvents) {
    // Infinity less what is in the stream would still be Infinity.
    this.#highWaterMark = Math.min(highWaterMark, Number.MAX_SAFE_INTEGER);
    this.readable = new ReadableStream<Message>(
      {
        start: (controller) => {
          this.#incoming = controller;
        },
        pull: () => {
          this.#isAsked = true;
          onTaken();
          this.#failWhenEmpty();
        },
        cancel: (reason) => {
          this.#isCancelled = true;
          onCancelled(reason);
        },
      },
      { highWaterMark: this.#highWaterMark, size: (message) => costOf(message!) },
    );
  }

  get room(): number {
    if (this.#isCancelled) return Number.POSITIVE_INFINITY;
    const room = this.#incoming?.desiredSize ?? 1;
    return this.#isAsked ? Math.max(room, 1) : room;
  }

  deliver(message: Message): void {
    this.#isAsked = false;
    if (!this.#isCancelled) this.#incoming?.enqueue(message);
  }

  end(): void {
    if (!this.#isCancelled && this.#incoming?.desiredSize !== null) this.#incoming?.close();
    this.#incoming = undefined;
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.#failWhenEmpty();
  }

  /** The error comes behind the messages that are in the stream. */
  #failWhenEmpty(): void {
    const isEmpty = this.#incoming?.desiredSize === this.#highWaterMark;
    if (this.#failure !== undefined && isEmpty) this.#incoming?.error(this.#failure.error);
  }
}
