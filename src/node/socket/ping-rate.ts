// How often a peer may ping: a bucket of tokens, filled evenly, of which each ping takes one. It knows no socket and reads no
// clock.

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
