// The flow of a WebSocket's messages, in both directions, for programs that wait: what happened to a message, when all has left, messages
// as an async iterator. It uses the public methods of a WebSocket, which `ws` has too.

import { LINK, OperableEmitter } from '../operate/operable-emitter.js';
import type { TopicMember } from '../topics/server-topics.js';
import type { Data, Sendable, SendOptions } from '../websocket/sendable.js';
import { CONNECTING, OPEN } from '../websocket/websocket-events.js';
import { notOpenError } from '../websocket/ws-errors.js';
import { takesMessages } from './backpressure.js';
import { DrainWait, type WaitOptions } from './drain-wait.js';
import { MessageIterator } from './message-iterator.js';
import { type SendStreamOptions, StreamSending, type StreamSource } from './send-stream.js';

/**
 * What happened to a message:
 *
 * - `'sent'`: the system takes it at once, or at the end of this turn of the event loop. `bufferedAmount` is 0.
 * - `'queued'`: it is pending, behind what `bufferedAmount` counts, itself included. It leaves when the peer reads.
 * - `'dropped'`: it will not be sent, as the connection is not open any more, or more than `maxBackpressure` is pending.
 */
export interface SendResult {
  /** What happened. */
  readonly status: 'sent' | 'queued' | 'dropped';
  /** Bytes that are pending, this message's included: see `WebSocket.bufferedAmount`. */
  readonly bufferedAmount: number;
}

const SENT: SendResult = Object.freeze({ status: 'sent', bufferedAmount: 0 });

/** An OperableEmitter whose messages can be waited for. */
export abstract class FlowEmitter<Self extends TopicMember> extends OperableEmitter<Self> {
  /** Made for the first wait. */
  #drain: DrainWait | undefined;

  abstract get bufferedAmount(): number;
  abstract get isPaused(): boolean;
  abstract get lendsMessages(): boolean;
  abstract send(data: Sendable, options?: SendOptions): void;
  abstract pause(): void;
  abstract resume(): void;
  /**
   * Sends a message as `send` does, and says what happened to it. Use it to notice a slow peer: stop sending on `'queued'`, and go on
   * after `drained()`.
   *
   * ```ts
   * if (socket.trySend(data).status === 'queued') await socket.drained();
   * ```
   *
   * @throws Error while connecting; TypeError for data that cannot be sent
   */
  trySend(data: Sendable, options?: SendOptions): SendResult {
    const isTaken = takesMessages(this[LINK]);
    this.send(data, options);
    const { bufferedAmount } = this;
    if (!isTaken) return { status: 'dropped', bufferedAmount };
    return bufferedAmount === 0 ? SENT : { status: 'queued', bufferedAmount };
  }

  /**
   * Waits until nothing is pending: `bufferedAmount` is 0, and the system has taken everything that was sent. Messages that would leave at
   * the end of this turn are written at once.
   *
   * @param options `signal` ends the wait, which then rejects with the signal's reason; nothing else changes
   * @returns a promise that rejects with `WSIMD_NOT_OPEN` if the connection has ended, or ends before
   */
  drained(options: WaitOptions = {}): Promise<void> {
    this.#drain ??= new DrainWait(this);
    return this.#drain.wait(options);
  }

  /**
   * Sends one message whose parts come from a stream, as fragments: a file, a query, the answer of a model. Parts are read as fast as the
   * peer takes them. Other messages that you send meanwhile leave behind it; pings and pongs leave at once.
   *
   * ```ts
   * await socket.sendStream(createReadStream('film.mp4'));
   * ```
   *
   * If the stream fails, or the signal comes, when nothing has been sent yet, nothing else happens. Later the message cannot be completed:
   * the connection is then ended without a Close frame, and `error` is emitted.
   *
   * @param source strings, bytes or Blobs: an array, an iterable, an async iterable, a ReadableStream or a Readable
   * @returns a promise that resolves when all has been handed to the system, and rejects with the error or the signal's reason
   * @throws Error while connecting; TypeError for a source that is none
   */
  sendStream(source: StreamSource, options: SendStreamOptions = {}): Promise<void> {
    const link = this[LINK];
    const sending = new StreamSending(source, options);
    if (this.readyState === CONNECTING) throw notOpenError(CONNECTING);
    if (link?.readyState !== OPEN) return sending.reject(notOpenError(this.readyState));
    return sending.start(link.outgoing);
  }

  /**
   * The messages, as they come: a string for a text, and for a binary message what `binaryType` says; owned.
   *
   * ```ts
   * for await (const message of socket) socket.send(message);
   * ```
   *
   * Reading stops while messages have arrived that were not taken, so that a slow loop slows the peer down. The iterator gets the messages
   * from the call on: begin the loop before anything else is awaited, or `pause()` first. Leaving the loop leaves the connection open;
   * messages that had arrived and were not taken are discarded.
   *
   * It ends when the connection does. If that was an error, or there was no closing handshake (`WSIMD_CONNECTION_LOST`), it throws.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Data> {
    return new MessageIterator(this);
  }
}
