// A relay carries messages between the processes of one program, so that a publish in one reaches the subscribers of all. Types only.

/** A message on its way to other processes. */
export interface RelayedMessage {
  /** The topic that it was published to. */
  readonly topic: string;
  /** A string for text, bytes for binary. */
  readonly data: string | Uint8Array;
  /** Always empty. Sync drivers of crossws, which have the same two methods as a relay, expect it. */
  readonly namespace: string;
}

/** Carries messages between processes: two methods, those of a sync driver of crossws. */
export interface Relay {
  /**
   * Passes on a message that was published in this process. The caller may reuse its bytes once the method returns.
   *
   * @returns any value. If it is a promise that rejects, the message is lost
   */
  publish(message: RelayedMessage): unknown;
  /**
   * Begins to receive messages.
   *
   * @param deliver called with each message that another process publishes, in that process's order; never with our own
   * @returns any value. If it is a promise, it is fulfilled once messages are received
   */
  subscribe(deliver: (message: RelayedMessage) => void): unknown;
}
