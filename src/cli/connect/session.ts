// One open connection between a person, or a script, and a server: sends what is asked for, tells what comes, ends properly.
// It knows no terminal.

import type { Socket } from 'node:net';
import { CLOSE_NORMAL, Connection, type MessageHandler, type ProtocolError } from '../../index.js';
import type { Dialled } from '../client/dial.js';
import { errorText } from '../client/dial-errors.js';
import type { Input } from './input-line.js';

/** Is told what comes. */
export interface SessionSink {
  message(data: string | Uint8Array): void;
  control(name: 'ping' | 'pong', payload: Uint8Array): void;
  close(closeCode: number, reason: string): void;
  /** What broke the connection. */
  failure(text: string): void;
}

/** Longer messages end the connection with 1009. */
const MAX_MESSAGE_LENGTH = 256 * 1024 * 1024;
/** Bytes that may wait to be sent before no more are asked for. */
const HIGH_WATER = 1024 * 1024;
/** Close codes that name an error: a rule broken, data not taken, a failure of the server. */
const ERROR_CODES: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009, 1010, 1011]);
/** Milliseconds without a byte in which the peer may do its part of the closing handshake. */
const CLOSE_TIMEOUT = 3000;

export class Session implements MessageHandler {
  /** Fulfilled at the end: whether both ends sent a Close frame, no rule was broken, and the peer did not close for an error. */
  readonly closed: Promise<boolean>;
  readonly #connection = new Connection({ role: 'client', maxMessageLength: MAX_MESSAGE_LENGTH });
  readonly #socket: Socket;
  readonly #sink: SessionSink;
  #isFlushing = false;
  #onDrain: (() => void) | undefined;
  #endTimer: NodeJS.Timeout | undefined;
  #hasFailed = false;
  #hasClosed = false;

  constructor(dialled: Dialled, sink: SessionSink) {
    const { socket } = dialled;
    this.#socket = socket;
    this.#sink = sink;
    socket.on('error', (error) => this.#fail(errorText(error)));
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        const lost = this.#connection.receiveEnd();
        if (lost !== undefined) this.#fail(lost.message);
        resolve(!this.#hasFailed);
      });
    });
    dialled.receive((bytes) => {
      // What the peer sent before its Close frame may take long to come.
      if (this.#connection.state === 'closing') this.#endTimer?.refresh();
      this.#connection.dispatch(bytes, this);
      this.#flush();
    });
  }

  /** Messages may be sent. */
  get isOpen(): boolean {
    return this.#connection.state === 'open';
  }

  /** @throws ProtocolError for a close code that may not be sent, a payload too long, a connection that is closing */
  send(input: Exclude<Input, { type: 'help' }>): void {
    const connection = this.#connection;
    switch (input.type) {
      case 'text':
        connection.sendText(input.text);
        break;
      case 'binary':
        connection.sendBinary(input.data);
        break;
      case 'ping':
        connection.ping(input.payload);
        break;
      case 'pong':
        connection.pong(input.payload);
        break;
      case 'close':
        this.close(input.closeCode, input.reason);
    }
    this.#flushLater();
  }

  /** Begins the closing handshake; the connection ends though the peer may not answer. */
  close(closeCode: number | undefined = CLOSE_NORMAL, reason = ''): void {
    this.#connection.close(closeCode, reason);
    this.#hasClosed = true;
    this.#flush();
    this.#endLater();
  }

  /** Ends without further ado. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** More is asked for than the peer reads: `onDrain` is called, once, when that is over. */
  isFull(onDrain: () => void): boolean {
    if (this.#socket.writableLength + this.#connection.outgoingLength < HIGH_WATER) return false;
    if (this.#onDrain === undefined) {
      this.#flush();
      // The system may have taken all of it at once: then no drain comes.
      if (!this.#socket.writableNeedDrain) return false;
      this.#socket.once('drain', () => {
        this.#onDrain?.();
        this.#onDrain = undefined;
      });
    }
    this.#onDrain = onDrain;
    return true;
  }

  /** Stops reading messages: the consumer has enough for now. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  onText(text: string): void {
    this.#sink.message(text);
  }

  onBinary(data: Uint8Array): void {
    this.#sink.message(data);
  }

  onPing(payload: Uint8Array): void {
    this.#sink.control('ping', payload);
  }

  onPong(payload: Uint8Array): void {
    this.#sink.control('pong', payload);
  }

  onClose(closeCode: number, reason: string): void {
    this.#sink.close(closeCode, reason);
    // The sink has said it. A peer that answers our Close frame returns its code.
    if (ERROR_CODES.has(closeCode) && !this.#hasClosed) this.#hasFailed = true;
    this.#endLater();
  }

  onError(error: ProtocolError): void {
    this.#fail(`the server broke a rule: ${error.message} (${error.code}, byte ${error.offset} behind its head)`);
    this.#endLater();
  }

  #fail(text: string): void {
    // What comes after the first failure follows from it.
    if (!this.#hasFailed) this.#sink.failure(text);
    this.#hasFailed = true;
  }

  /** Lines that come together leave together. */
  #flushLater(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const connection = this.#connection;
    if (connection.outgoingLength > 0 && !this.#socket.destroyed) this.#socket.write(connection.takeOutgoing());
    if (connection.state === 'closed') this.#socket.end();
  }

  #endLater(): void {
    this.#endTimer ??= setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT).unref();
  }
}
