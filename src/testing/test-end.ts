// One end of a connection in a test: the connection, and what it has received.

import type { Connection } from '../connection.js';
import { collectCopies, deliverTo, handlerOf, type MessageEvent, type MessageHandler } from '../messages/handler.js';
import type { ProtocolError } from '../protocol/errors.js';

/** One end of a `ConnectedPair`, or of a replay. */
export class TestEnd {
  /** The connection. Call its methods to send; what it sends leaves when the pair runs. */
  readonly connection: Connection;
  /**
   * Called for each event as it arrives, after the connection has acted on it: the program under test. What it sends leaves once all
   * that arrived with the event has been delivered.
   */
  onEvent: ((event: MessageEvent, connection: Connection) => void) | undefined;
  readonly #handler: MessageHandler;
  #events: MessageEvent[] = [];
  #lost: ProtocolError | undefined;
  #hasEnded = false;

  /** @internal */
  constructor(connection: Connection) {
    this.connection = connection;
    const received: MessageEvent[] = [];
    const collector = collectCopies(received);
    this.#handler = handlerOf({
      deliver: (kind, value) => {
        deliverTo(collector, kind, value);
        const events = received.splice(0);
        this.#events.push(...events);
        for (const event of events) this.onEvent?.(event, connection);
      },
    });
  }

  /** The events that have arrived and were not taken, in order. */
  get events(): readonly MessageEvent[] {
    return this.#events;
  }

  /** The texts among `events`. */
  get texts(): string[] {
    return this.#events.flatMap((event) => (event.type === 'text' ? [event.text] : []));
  }

  /** Takes the events that have arrived. `events` is empty afterwards. */
  takeEvents(): MessageEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** The transport has ended: nothing more arrives. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The error with which the transport ended, if it ended without a Close frame from the peer (`WSIMD_CONNECTION_LOST`). */
  get lost(): ProtocolError | undefined {
    return this.#lost;
  }

  /** @internal */
  read(bytes: Uint8Array): void {
    this.connection.dispatch(bytes, this.#handler);
    while (this.connection.hasPendingInput) this.connection.continue(this.#handler);
  }

  /** @internal */
  end(): void {
    this.#hasEnded = true;
    this.#lost = this.connection.receiveEnd();
  }

  /**
   * Everything that the connection has to send, the slices of long messages included.
   *
   * @internal
   */
  takeOutgoing(): Uint8Array[] {
    const taken: Uint8Array[] = [];
    for (;;) {
      if (this.connection.outgoingLength > 0) taken.push(this.connection.takeOutgoing());
      if (!this.connection.hasSlices) return taken;
      this.connection.sendNextSlice();
    }
  }
}
