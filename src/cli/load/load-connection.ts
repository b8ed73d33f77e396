// One connection of the load generator: keeps a number of messages in flight, takes the time until each comes back, checks
// it. All that a chunk of the server's brings about leaves in one write. It knows no other connection.

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { CLOSE_NORMAL, Connection, type MessageHandler, type ProtocolError } from '../../index.js';
import type { Dialled } from '../client/dial.js';
import type { Histogram } from './histogram.js';

export interface LoadOptions {
  readonly isText: boolean;
  readonly payload: Uint8Array;
  readonly inFlight: number;
  /** Compare the bytes, and not only their number. */
  readonly check: boolean;
  /** Milliseconds from one message of a connection to the next; 0: as fast as answers come. */
  readonly interval: number;
}

/** What all connections count together. */
export interface LoadCounts {
  /** Messages that came back. */
  messages: number;
  readonly latencies: Histogram;
  readonly errors: Map<string, number>;
}

const MIN_MAX_MESSAGE_LENGTH = 1024 * 1024;

export class LoadConnection implements MessageHandler {
  readonly #dialled: Dialled;
  readonly #options: LoadOptions;
  readonly #counts: LoadCounts;
  readonly #socket: Socket;
  readonly #connection: Connection;
  readonly #onGone: () => void;
  /** When the messages in flight were sent, or were to be; a ring. */
  readonly #sentAt: Float64Array;
  #oldest = 0;
  #outstanding = 0;
  /** When the next message is due; not before `start`. */
  #nextDue = Number.POSITIVE_INFINITY;
  #now = 0;
  #isSending = false;
  /** We have ended it, or it has ended: what happens to it now is no error. */
  #isOver = false;

  /** @param onGone called when it has ended without our doing */
  constructor(dialled: Dialled, options: LoadOptions, counts: LoadCounts, onGone: () => void) {
    this.#options = options;
    this.#counts = counts;
    this.#socket = dialled.socket;
    this.#onGone = onGone;
    this.#sentAt = new Float64Array(options.inFlight);
    const maxMessageLength = Math.max(options.payload.length, MIN_MAX_MESSAGE_LENGTH);
    this.#connection = new Connection({ role: 'client', textAs: 'bytes', maxMessageLength });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error.code ?? error.message));
    this.#socket.on('close', () => this.#fail('closed without a Close frame'));
    this.#dialled = dialled;
  }

  /** Takes what the server sends. To be called in the turn in which it was dialled; it may be over when this returns. */
  listen(): void {
    this.#dialled.receive((bytes) => this.#receive(bytes));
  }

  /** Begins to send. @param firstDue when the first message is to go, by `performance.now()` */
  start(firstDue: number): void {
    this.#isSending = true;
    this.#nextDue = firstDue;
    this.tick(performance.now());
  }

  /** Sends what is due. */
  tick(now: number): void {
    if (!this.#isSending || this.#nextDue > now) return;
    this.#fill(now);
    this.#flush();
  }

  /** Sends no more, and closes; to be called before it is over. Does not wait for outstanding echoes. */
  stop(): void {
    this.#isOver = true;
    this.#isSending = false;
    this.#connection.close(CLOSE_NORMAL);
    this.#flush();
    this.#socket.end();
  }

  /** Ends at once. */
  destroy(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  onText(): void {}

  onTextBytes(bytes: Uint8Array): void {
    this.#came(bytes, true);
  }

  onBinary(data: Uint8Array): void {
    this.#came(data, false);
  }

  onPing(): void {}

  onPong(): void {}

  onClose(closeCode: number): void {
    this.#fail(`closed by the server with ${closeCode}`);
  }

  onError(error: ProtocolError): void {
    this.#fail(error.code);
  }

  #receive(bytes: Uint8Array): void {
    this.#now = performance.now();
    this.#connection.dispatch(bytes, this);
    if (this.#isSending) this.#fill(this.#now);
    this.#flush();
    if (this.#connection.state === 'closed') this.#socket.end();
  }

  #came(payload: Uint8Array, isText: boolean): void {
    const { payload: sent, check, inFlight, isText: sentText } = this.#options;
    if (this.#isOver) return;
    if (this.#outstanding === 0) {
      this.#fail('a message that nobody asked for');
    } else if (isText !== sentText || payload.length !== sent.length) {
      this.#fail('not an echo: another type or length');
    } else if (check && Buffer.compare(payload, sent) !== 0) {
      this.#fail('not an echo: other bytes');
    } else {
      this.#counts.messages++;
      this.#counts.latencies.add(this.#now - this.#sentAt[this.#oldest]!);
      this.#oldest = (this.#oldest + 1) % inFlight;
      this.#outstanding--;
    }
  }

  /** Puts messages in flight that are due. */
  #fill(now: number): void {
    const { inFlight, interval, isText, payload } = this.#options;
    while (this.#outstanding < inFlight && this.#nextDue <= now && this.#connection.state === 'open') {
      // With a rate, time counts from when a message was due: a server that is late makes all that wait late.
      this.#sentAt[(this.#oldest + this.#outstanding) % inFlight] = interval === 0 ? now : this.#nextDue;
      this.#outstanding++;
      if (interval > 0) this.#nextDue += interval;
      if (isText) this.#connection.sendText(payload);
      else this.#connection.sendBinary(payload);
    }
  }

  #flush(): void {
    if (this.#connection.outgoingLength === 0 || this.#socket.destroyed) return;
    const bytes = this.#connection.takeOutgoing();
    this.#socket.write(bytes);
    // The system has taken all; TLS may still hold what it has not encrypted.
    if (this.#socket.writableLength === 0 && !(this.#socket instanceof TLSSocket)) {
      this.#connection.releaseOutgoing(bytes);
    }
  }

  #fail(kind: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isSending = false;
    const { errors } = this.#counts;
    errors.set(kind, (errors.get(kind) ?? 0) + 1);
    // Not in the middle of a delivery.
    setImmediate(() => this.#socket.destroy());
    this.#onGone();
  }
}
