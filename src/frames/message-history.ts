// The messages of a topic as one sequence, which all its subscribers share. The compressor attaches its context of them to this object.

/** What a compressor keeps for a history, to be released with it. */
export interface HistoryHolder {
  release(): void;
}

/** The messages of one topic, in the order in which they were published. */
export class MessageHistory {
  /**
   * Contexts, one for each compressor that has sent a message of this history.
   *
   * @internal
   */
  readonly holders: HistoryHolder[] = [];
  #isReleased = false;
  #count = 0;

  /** After `release`: messages are compressed each by itself. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** The place of the next message. Publish each message before the next one gets its place. */
  next(receivers: number, isPrimer = false): HistoryPlace {
    return { history: this, number: ++this.#count, receivers, isPrimer };
  }

  /** Gives back the memory that compressors hold for this history. */
  release(): void {
    this.#isReleased = true;
    for (const holder of this.holders.splice(0)) holder.release();
  }
}

/** Where a message stands in a history. */
export interface HistoryPlace {
  readonly history: MessageHistory;
  /** Counts up. */
  readonly number: number;
  /** How many get it, more or less. */
  readonly receivers: number;
  /** It is sent to new receivers only, before anything else. */
  readonly isPrimer: boolean;
}
