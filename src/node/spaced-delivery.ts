// Deliveries one a turn of the event loop, as browsers make them (`allowSynchronousEvents: false`). It orders; it knows no
// event.

import type { ProtocolError } from '../errors.js';
import type { MessageHandler } from '../messages/handler.js';

/** What is read from meanwhile, or is not. */
interface Source {
  readonly socket: { pause(): void };
  /** Reads on, if nobody else wants it to pause. */
  resume(): void;
}

/** Passes the first delivery of a turn on, and each of the others in a turn of its own; meanwhile the socket pauses. */
export class SpacedDelivery implements MessageHandler {
  /** A delivery has been made in this turn, or some wait. */
  isBusy = false;
  /** Called once when nothing waits any more. */
  whenDone: (() => void) | undefined;
  readonly #handler: Required<Omit<MessageHandler, 'onPiece'>>;
  readonly #source: Source;
  readonly #queue: (() => void)[] = [];

  constructor(handler: Required<Omit<MessageHandler, 'onPiece'>>, source: Source) {
    this.#handler = handler;
    this.#source = source;
  }

  onText(text: string): void {
    this.#deliver(() => this.#handler.onText(text));
  }
  onTextBytes(bytes: Uint8Array): void {
    this.#deliver(() => this.#handler.onTextBytes(bytes));
  }
  onBinary(data: Uint8Array): void {
    this.#deliver(() => this.#handler.onBinary(data));
  }
  onFragments(fragments: Uint8Array[]): void {
    this.#deliver(() => this.#handler.onFragments(fragments));
  }
  onPing(payload: Uint8Array): void {
    this.#deliver(() => this.#handler.onPing(payload));
  }
  onPong(payload: Uint8Array): void {
    this.#deliver(() => this.#handler.onPong(payload));
  }
  onClose(closeCode: number, reason: string): void {
    this.#deliver(() => this.#handler.onClose(closeCode, reason));
  }
  onError(error: ProtocolError): void {
    this.#deliver(() => this.#handler.onError(error));
  }

  /** Drops what waits. */
  clear(): void {
    this.#queue.length = 0;
  }

  #deliver(call: () => void): void {
    if (this.isBusy) {
      this.#queue.push(call);
      this.#source.socket.pause();
      return;
    }
    this.isBusy = true;
    setImmediate(SpacedDelivery.#next, this);
    call();
  }

  static #next(spaced: SpacedDelivery): void {
    const call = spaced.#queue.shift();
    if (call !== undefined) {
      setImmediate(SpacedDelivery.#next, spaced);
      call();
      return;
    }
    spaced.isBusy = false;
    spaced.whenDone?.();
    if (spaced.whenDone === undefined) spaced.#source.resume();
  }
}
