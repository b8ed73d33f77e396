// Counts what happens to one connection, and reports it on the channels. Messages are counted by the objects that they pass through, which
// costs one addition, and the callers of `messageReceived` and `messageSent` check for subscribers: a call for each message would cost
// more.

import type { Connection } from '../../connection.js';
import type { MessageCompression } from '../../messages/compression.js';
import type { ProtocolError } from '../../protocol/errors.js';
import type { SocketClosed } from '../operate/ending.js';
import { type LimitCounts, type LimitName, limitOf } from '../operate/limits.js';
import type { Payload } from '../websocket/sendable.js';
import { WebSocketError } from '../websocket/ws-errors.js';
import {
  BACKPRESSURE_CHANNEL,
  CLOSE_CHANNEL,
  DRAIN_CHANNEL,
  ERROR_CHANNEL,
  LIMIT_CHANNEL,
  MESSAGE_COMPRESSION_CHANNEL,
  MESSAGE_RECEIVED_CHANNEL,
  MESSAGE_SENT_CHANNEL,
  OPEN_CHANNEL,
  PING_CHANNEL,
  PONG_CHANNEL,
} from './channels.js';
import { RoundTrip } from './round-trip.js';

/** Delivers messages. */
interface Receiver {
  readonly messagesReceived: number;
}

/** Sends messages. */
interface Sender {
  readonly bytesSent: number;
  readonly messagesSent: number;
}

export class Observer {
  bytesReceived = 0;
  messagesDropped = 0;
  readonly compression: MessageCompression | undefined;
  readonly #websocket: object;
  readonly #limits: LimitCounts | undefined;
  #receiver: Receiver | undefined;
  #sender: Sender | undefined;
  /** Made for the first ping that is sent. */
  #roundTrip: RoundTrip | undefined;
  #isBackpressured = false;

  /** @param limits counts the limits that are hit */
  constructor(websocket: object, limits: LimitCounts | undefined, compression: MessageCompression | undefined) {
    this.#websocket = websocket;
    this.#limits = limits;
    this.compression = compression;
  }

  /** Takes the counts of a connection's messages from these. */
  follow(receiver: Receiver, sender: Sender): void {
    this.#receiver = receiver;
    this.#sender = sender;
  }

  get bytesSent(): number {
    return this.#sender?.bytesSent ?? 0;
  }

  get messagesReceived(): number {
    return this.#receiver?.messagesReceived ?? 0;
  }

  get messagesSent(): number {
    return this.#sender?.messagesSent ?? 0;
  }

  /** Milliseconds between the last ping that was answered and its pong. */
  get roundTripTime(): number | undefined {
    return this.#roundTrip?.time;
  }

  opened(protocol: string, extensions: string): void {
    if (OPEN_CHANNEL.hasSubscribers) OPEN_CHANNEL.publish({ websocket: this.#websocket, protocol, extensions });
  }

  closed({ closeCode, reason, wasClean }: SocketClosed): void {
    if (!CLOSE_CHANNEL.hasSubscribers) return;
    CLOSE_CHANNEL.publish({ websocket: this.#websocket, code: closeCode, reason, wasClean });
  }

  /** Called if the channel has subscribers. */
  messageReceived(data: unknown, isBinary: boolean): void {
    MESSAGE_RECEIVED_CHANNEL.publish({ websocket: this.#websocket, data, isBinary });
  }

  /** Called if the channel has subscribers. */
  messageSent(data: Payload, isBinary: boolean): void {
    MESSAGE_SENT_CHANNEL.publish({ websocket: this.#websocket, data, isBinary });
  }

  /** Called if the channel has subscribers: the connection reports its messages until it has none. */
  reportCompression(connection: Pick<Connection, 'onMessageSent'>): void {
    connection.onMessageSent = (sent) => {
      if (MESSAGE_COMPRESSION_CHANNEL.hasSubscribers) {
        MESSAGE_COMPRESSION_CHANNEL.publish({ websocket: this.#websocket, ...sent });
      } else {
        connection.onMessageSent = undefined;
      }
    };
  }

  messageDropped(): void {
    this.messagesDropped++;
    this.limitHit('maxBackpressure');
  }

  pingSent(payload: Payload): void {
    this.#roundTrip ??= new RoundTrip();
    this.#roundTrip.sent(payload);
  }

  pingReceived(payload: Uint8Array): void {
    if (PING_CHANNEL.hasSubscribers) PING_CHANNEL.publish({ websocket: this.#websocket, payload });
  }

  pongReceived(payload: Uint8Array): void {
    const roundTripTime = this.#roundTrip?.received(payload);
    if (PONG_CHANNEL.hasSubscribers) PONG_CHANNEL.publish({ websocket: this.#websocket, payload, roundTripTime });
  }

  failed(error: Error): void {
    const { code } = (error instanceof WebSocketError ? error.cause : error) as Partial<ProtocolError>;
    const limit = code === undefined ? undefined : limitOf(code);
    if (limit !== undefined) this.limitHit(limit);
    if (ERROR_CHANNEL.hasSubscribers) ERROR_CHANNEL.publish({ websocket: this.#websocket, error });
  }

  limitHit(limit: LimitName): void {
    this.#limits?.add(limit);
    if (LIMIT_CHANNEL.hasSubscribers) LIMIT_CHANNEL.publish({ websocket: this.#websocket, limit });
  }

  /** The system did not take everything at once. Reported once, until `drained`. */
  backpressured(buffered: number): void {
    if (this.#isBackpressured) return;
    this.#isBackpressured = true;
    if (BACKPRESSURE_CHANNEL.hasSubscribers) BACKPRESSURE_CHANNEL.publish({ websocket: this.#websocket, buffered });
  }

  drained(): void {
    if (!this.#isBackpressured) return;
    this.#isBackpressured = false;
    if (DRAIN_CHANNEL.hasSubscribers) DRAIN_CHANNEL.publish({ websocket: this.#websocket });
  }
}
