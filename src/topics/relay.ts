// What carries messages between the processes of one program, so that a publish in one reaches the subscribers of all. Types only.

/** A message on its way to other processes. */
export interface RelayedMessage {
  /** The topic that it was published to. */
  readonly topic: string;
  /** A string for text, bytes for binary. */
  readonly data: string | Uint8Array;
  /** Always empty: it is there for the sync drivers of crossws, which have the same two methods. */
  readonly namespace: string;
}

/** Carries messages between processes: two methods, those of a sync driver of crossws. */
export interface Relay {
  /**
   * Passes on what was published here. Bytes are the caller's again when it returns.
   *
   * @returns may be a promise: if it rejects, the message is lost
   */
  publish(message: RelayedMessage): unknown;
  /**
   * Begins to receive.
   *
   * @param deliver is called with what other processes publish, in the order of each of them, and never with what this one does
   * @returns may be a promise: fulfilled when messages come
   */
  subscribe(deliver: (message: RelayedMessage) => void): unknown;
}
