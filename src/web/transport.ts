// What carries a WebSocket's bytes, as the rest of this folder sees it. Types only.

export interface Transport {
  /** What `read` returns is good until the next `read` only, and may not be written to. */
  readonly reusesBuffer: boolean;

  /** The next chunk; undefined once the peer has ended its side. Rejects as the host does. */
  read(): Promise<Uint8Array | undefined>;

  /** Gives bytes back that were read: they come again with the next `read`. */
  unread(bytes: Uint8Array): void;

  /** Writes a chunk, which is the transport's from then on. @returns a promise of its having been written */
  write(bytes: Uint8Array): Promise<void>;

  /** Ends our side, behind all that was written. Never rejects: whether the peer hears of it is not for us to know. */
  end(): Promise<void>;

  /**
   * Calls back at once when the transport fails, whether or not anybody reads; the next `read` rejects then. Not every transport
   * knows before it is read from. Called once.
   */
  whenLost(callback: () => void): void;

  /** Gives up both sides at once. */
  cut(reason: unknown): void;
}
