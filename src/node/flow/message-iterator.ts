// The messages of a WebSocket as an async iterator, over its public methods: it pauses the WebSocket while messages wait to be taken.

import { ProtocolError } from '../../protocol/errors.js';
import { WAS_CLEAN } from '../websocket/event-target.js';
import { type Data, type RawData, toText } from '../websocket/sendable.js';
import { CLOSED, type ReadyState, type TypedEmitter, type WebSocketEvents } from '../websocket/websocket-events.js';

interface Received extends TypedEmitter<WebSocketEvents> {
  readonly readyState: ReadyState;
  readonly isPaused: boolean;
  readonly lendsMessages: boolean;
  /** @internal */
  readonly [WAS_CLEAN]: boolean;
  pause(): void;
  resume(): void;
}

interface Taker {
  resolve(result: IteratorResult<Data, undefined>): void;
  reject(error: unknown): void;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

export class MessageIterator implements AsyncIterableIterator<Data, undefined> {
  readonly #socket: Received;
  /** Have arrived, and were not taken. */
  #messages: Data[] = [];
  /** Calls of `next` that no message has come for. */
  #takers: Taker[] = [];
  /** We have paused the socket. */
  #hasPaused = false;
  #isOver = false;
  /** Thrown once, behind the last message. */
  #error: unknown;

  readonly #onMessage = (data: RawData, isBinary: boolean): void => {
    const message = isBinary ? data : toText(data);
    const owned = this.#socket.lendsMessages && Buffer.isBuffer(message) ? Buffer.from(message) : message;
    const taker = this.#takers.shift();
    if (taker !== undefined) taker.resolve({ done: false, value: owned });
    else this.#keep(owned);
  };
  readonly #onError = (error: Error): void => {
    this.#error ??= error;
  };
  readonly #onClose = (): void => {
    if (!this.#socket[WAS_CLEAN]) this.#error ??= new ProtocolError('WSIMD_CONNECTION_LOST');
    this.#end();
  };

  constructor(socket: Received) {
    this.#socket = socket;
    if (socket.readyState === CLOSED) {
      this.#isOver = true;
      return;
    }
    socket.on('message', this.#onMessage);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Data, undefined>> {
    if (this.#messages.length > 0) {
      const value = this.#messages.shift()!;
      if (this.#messages.length === 0) this.#resume();
      return Promise.resolve({ done: false, value });
    }
    if (!this.#isOver) return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }));
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve(DONE) : Promise.reject(error);
  }

  return(): Promise<IteratorResult<Data, undefined>> {
    this.#messages = [];
    this.#error = undefined;
    this.#end();
    this.#resume();
    return Promise.resolve(DONE);
  }

  #keep(message: Data): void {
    this.#messages.push(message);
    if (this.#hasPaused || this.#socket.isPaused) return;
    this.#hasPaused = true;
    this.#socket.pause();
  }

  #resume(): void {
    if (!this.#hasPaused) return;
    this.#hasPaused = false;
    this.#socket.resume();
  }

  #end(): void {
    this.#isOver = true;
    const socket = this.#socket;
    socket.off('message', this.#onMessage);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    const takers = this.#takers;
    this.#takers = [];
    for (const taker of takers) {
      if (this.#error === undefined) taker.resolve(DONE);
      else taker.reject(this.#error);
      this.#error = undefined;
    }
  }
}
