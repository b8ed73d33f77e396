// The limits on a peer's pings: how many answers may be pending, and how often it may ping. It reads no clock.

/** The pings of one peer. */
export class PeerPings {
  readonly #maxPending: number;
  readonly #rate: PingRate | undefined;
  #pending = 0;

  /** @param maxRate pings a second; undefined: any number */
  constructor(maxPending: number, maxRate: number | undefined, now: number) {
    this.#maxPending = maxPending;
    this.#rate = maxRate === undefined ? undefined : new PingRate(maxRate, now);
  }

  /** Counts an answer. @param isBehind the system has not taken everything written before @returns false if it is one too many */
  mayAnswer(isBehind: boolean): boolean {
    if (isBehind) return ++this.#pending <= this.#maxPending;
    this.#pending = 0;
    return true;
  }

  /** Counts a ping. @returns false if it is one too many */
  mayPing(now: number): boolean {
    return this.#rate?.take(now) ?? true;
  }
}

/** A bucket of tokens, filled evenly, of which each ping takes one. */
export class PingRate {
  /** Pings a second, and how many may come at once. */
  readonly #limit: number;
  #left: number;
  /** Milliseconds: when `#left` was so much. */
  #time: number;

  /** @param now milliseconds, of any clock that only goes forward */
  constructor(limit: number, now: number) {
    this.#limit = limit;
    this.#left = limit;
    this.#time = now;
  }

  /** Counts a ping. @returns false if it is one too many */
  take(now: number): boolean {
    this.#left = Math.min(this.#limit, this.#left + ((now - this.#time) * this.#limit) / 1000);
    this.#time = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
