// Deliveries one a turn of the event loop, as browsers make them (`allowSynchronousEvents: false`). It orders; it knows no
// event.

import type { MessageHandler } from '../../messages/handler.js';
import type { ProtocolError } from '../../protocol/errors.js';
import { setImmediate } from './machinery.js';

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
  /** In step with the queue: bytes, of strings UTF-16 units. */
  readonly #lengths: number[] = [];
  #heldLength = 0;

  constructor(handler: Required<Omit<MessageHandler, 'onPiece'>>, source: Source) {
    this.#handler = handler;
    this.#source = source;
  }

  /** How much waits to be delivered: bytes, of strings UTF-16 units. Control frames count as 0. */
  get heldLength(): number {
    return this.#heldLength;
  }

  onText(text: string): void {
    this.#deliver(() => this.#handler.onText(text), text.length);
  }
  onTextBytes(bytes: Uint8Array): void {
    this.#deliver(() => this.#handler.onTextBytes(bytes), bytes.length);
  }
  onBinary(data: Uint8Array): void {
    this.#deliver(() => this.#handler.onBinary(data), data.length);
  }
  onFragments(fragments: Uint8Array[]): void {
    const length = fragments.reduce((sum, fragment) => sum + fragment.length, 0);
    this.#deliver(() => this.#handler.onFragments(fragments), length);
  }
  answerPing(payload: Uint8Array): boolean {
    return this.#handler.answerPing(payload);
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
    this.#queue.length = this.#lengths.length = this.#heldLength = 0;
  }

  #deliver(call: () => void, length = 0): void {
    if (this.isBusy) {
      this.#queue.push(call);
      this.#lengths.push(length);
      this.#heldLength += length;
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
      spaced.#heldLength -= spaced.#lengths.shift() ?? 0;
      setImmediate(SpacedDelivery.#next, spaced);
      call();
      return;
    }
    spaced.isBusy = false;
    spaced.whenDone?.();
    if (spaced.whenDone === undefined) spaced.#source.resume();
  }
}
