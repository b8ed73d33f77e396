// What a send queue tells the connection that it belongs to. Types only.

/** Receives errors and drain notifications that have no callback. */
export interface OutgoingOwner {
  /** A message cannot be sent, and nothing behind it will be. Everything before it has been written. */
  sendFailed(error: Error): void;
  /** Nothing is pending any more, after `oweDrain`. */
  drained(): void;
  /** The connection is closed: its last Close frame, which was behind what was queued, has been written. */
  closed(): void;
}
