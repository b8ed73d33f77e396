// Lets a program wait until a WebSocket's pending bytes have left. When they leave is decided in ../socket/writes/flush-schedule.ts.
// All waits of a WebSocket share its listeners.

import { LINK } from '../operate/operable-emitter.js';
import type { Outgoing } from '../socket/writes/outgoing.js';
import { makeWrites } from '../socket/writes/write-batch.js';
import type { TypedEmitter, WebSocketEvents } from '../websocket/websocket-events.js';
import { CLOSED, type ReadyState } from '../websocket/websocket-events.js';
import { notOpenError } from '../websocket/ws-errors.js';

/** How a wait may end early. */
export interface WaitOptions {
  /** Ends the wait: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

interface Draining extends TypedEmitter<WebSocketEvents> {
  readonly readyState: ReadyState;
  readonly bufferedAmount: number;
  /** @internal */
  readonly [LINK]: { readonly outgoing: Outgoing } | undefined;
}

export class DrainWait {
  readonly #socket: Draining;
  /** Settles when nothing is pending; undefined while nobody waits. */
  #drained: Promise<void> | undefined;

  constructor(socket: Draining) {
    this.#socket = socket;
  }

  async wait({ signal }: WaitOptions): Promise<void> {
    signal?.throwIfAborted();
    const socket = this.#socket;
    if (socket.readyState === CLOSED) throw notOpenError(CLOSED);
    if (!this.#isPending()) return;
    this.#drained ??= this.#listen();
    await (signal === undefined ? this.#drained : unlessAborted(this.#drained, signal));
  }

  /**
   * Whether the system has yet to take something. If so, `drain` is emitted when it has. `bufferedAmount` leaves out frames that are gathered
   * for the end of the turn. They are written here, so that a loop that waits after each message does not take a turn for each.
   */
  #isPending(): boolean {
    const socket = this.#socket;
    const outgoing = socket[LINK]?.outgoing;
    outgoing?.flushUnlessHeld();
    makeWrites();
    if (outgoing === undefined || outgoing.length === 0) return socket.bufferedAmount > 0;
    outgoing.oweDrain();
    return true;
  }

  #listen(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const settle = () => {
        // A listener before this one has sent more.
        if (socket.readyState !== CLOSED && this.#isPending()) return;
        socket.off('drain', settle);
        socket.off('close', settle);
        this.#drained = undefined;
        if (socket.readyState === CLOSED) reject(notOpenError(CLOSED));
        else resolve();
      };
      socket.on('drain', settle);
      socket.on('close', settle);
    });
  }
}

/** What a promise gives, unless the signal comes first. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}
