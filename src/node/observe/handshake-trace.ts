// A server's handshake on the tracing channel: `start` and `end` around what happens at once, `asyncStart` and `asyncEnd` when it is
// answered, `error` before them if something went wrong. Made only where somebody has subscribed.

import type { Duplex } from 'node:stream';
import { HANDSHAKE_CHANNEL } from './channels.js';

/** What the events of a handshake have, one object for all of them. */
export interface HandshakeContext {
  readonly server: object;
  readonly request: object;
  /** The status of the answer; undefined before it, and if the client has gone. */
  status: number | undefined;
  /** If it was accepted. */
  websocket: object | undefined;
  /** The rule that the request broke, or what a function of the program has thrown. */
  error: unknown;
}

const { start, end, asyncStart, asyncEnd, error: failed } = HANDSHAKE_CHANNEL;

export class HandshakeTrace {
  readonly context: HandshakeContext;
  readonly #socket: Duplex;
  readonly #onClose = () => this.#finish(undefined);
  #isFinished = false;

  constructor(server: object, request: object, socket: Duplex) {
    this.context = { server, request, status: undefined, websocket: undefined, error: undefined };
    this.#socket = socket;
    socket.once('close', this.#onClose);
  }

  static get isWanted(): boolean {
    return (
      start.hasSubscribers ||
      end.hasSubscribers ||
      asyncStart.hasSubscribers ||
      asyncEnd.hasSubscribers ||
      failed.hasSubscribers
    );
  }

  /** Runs what is done at once, in the async context of the subscribers. */
  run(step: () => void): void {
    start.runStores(this.context, () => {
      try {
        step();
      } finally {
        end.publish(this.context);
      }
    });
  }

  /** The request has been answered with 101. */
  succeed(websocket: object): void {
    this.context.websocket = websocket;
    this.#finish(101);
  }

  /** The request has been refused. @param error what went wrong, if anything did */
  fail(status: number, error: unknown): void {
    this.context.error = error;
    this.#finish(status);
  }

  /** @param status undefined: the client has gone */
  #finish(status: number | undefined): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#socket.removeListener('close', this.#onClose);
    this.context.status = status;
    if (this.context.error !== undefined) failed.publish(this.context);
    asyncStart.publish(this.context);
    asyncEnd.publish(this.context);
  }
}
