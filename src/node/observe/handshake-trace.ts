// A handshake on its tracing channel: `start` and `end` around what happens at once, `asyncStart` and `asyncEnd` when it is over, `error`
// before them if it has failed. Made only for a channel with subscribers.

import type { TracingChannel } from 'node:diagnostics_channel';
import type { Duplex } from 'node:stream';
import { HANDSHAKE_CHANNEL } from './channels.js';

/** The fields that the contexts of all handshakes have. One object serves all events of a handshake. */
interface HandshakeContext {
  /** The status of the answer; undefined before it, and if there was none. */
  status: number | undefined;
  /** The connection: of a client from the start, of a server once it is open. */
  websocket: object | undefined;
  /** The rule that was broken, what a function of the program has thrown, or why a client could not connect. */
  error: unknown;
}

/** The context of a handshake of a server. */
export interface ServerHandshakeContext extends HandshakeContext {
  readonly server: object;
  readonly request: object;
}

/** The context of a handshake of a client. */
export interface ClientHandshakeContext extends HandshakeContext {
  /** The address, after redirects. */
  url: string;
  /** The request of `node:http`, the last one if there were redirects; undefined before it is made, and over HTTP/2. */
  request: object | undefined;
}

/** Whether a channel has subscribers. */
export function isTraced({ start, end, asyncStart, asyncEnd, error }: TracingChannel<object, object>): boolean {
  // Node 20 has no `hasSubscribers` for all of them.
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers
  );
}

export class HandshakeTrace<Context extends HandshakeContext> {
  readonly context: Context;
  /** Called when the handshake is over. */
  onFinished: (() => void) | undefined;
  readonly #channel: TracingChannel<object, object>;
  #isFinished = false;

  constructor(channel: TracingChannel<object, object>, context: Context) {
    this.#channel = channel;
    this.context = context;
  }

  /** Runs what is done at once, in the async context of the subscribers. */
  run(step: () => void): void {
    const { start, end } = this.#channel;
    start.runStores(this.context, () => {
      try {
        step();
      } finally {
        end.publish(this.context);
      }
    });
  }

  /** There is a connection. */
  succeed(status: number, websocket: object): void {
    if (this.#isFinished) return;
    this.context.websocket = websocket;
    this.#finish(status);
  }

  /**
   * There is no connection.
   *
   * @param status undefined: there was no answer
   * @param error why, if anything went wrong
   */
  fail(status: number | undefined, error: unknown): void {
    if (this.#isFinished) return;
    this.context.error = error;
    this.#finish(status);
  }

  /** The caller of what `run` runs gets an error: nothing comes later. */
  throwNow(error: unknown): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.context.error = error;
    this.#channel.error.publish(this.context);
  }

  #finish(status: number | undefined): void {
    this.#isFinished = true;
    this.onFinished?.();
    const { asyncStart, asyncEnd, error } = this.#channel;
    this.context.status = status;
    if (this.context.error !== undefined) error.publish(this.context);
    asyncStart.publish(this.context);
    asyncEnd.publish(this.context);
  }
}

/** Traces a request to a server. If the client closes the socket, the handshake is over. */
export function traceRequest(server: object, request: object, socket: Duplex): HandshakeTrace<ServerHandshakeContext> {
  const context = { server, request, status: undefined, websocket: undefined, error: undefined };
  const trace = new HandshakeTrace<ServerHandshakeContext>(HANDSHAKE_CHANNEL, context);
  const onClose = () => trace.fail(undefined, undefined);
  socket.once('close', onClose);
  trace.onFinished = () => socket.removeListener('close', onClose);
  return trace;
}
