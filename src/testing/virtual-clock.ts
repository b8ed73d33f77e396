// A clock for tests: time passes only when the test says so.

/** What a `VirtualClock` waits for. */
interface Timer {
  readonly id: number;
  readonly due: number;
  readonly callback: () => void;
}

/** More than any test means to make: timers that set each other up without end. */
const MAX_TIMERS = 1_000_000;

/**
 * A clock whose time passes only when you say so. Its timers run in the order in which they are due; those due at the same time, in
 * the order in which they were set.
 *
 * ```ts
 * const clock = new VirtualClock();
 * clock.setTimeout(() => console.log(clock.now), 1000);
 * clock.advance(1000); // 1000
 * ```
 */
export class VirtualClock {
  #now = 0;
  #nextId = 1;
  /** In the order in which they are due. */
  readonly #timers: Timer[] = [];

  /** Milliseconds since the clock was made. */
  get now(): number {
    return this.#now;
  }

  /** How many timers are set. */
  get timerCount(): number {
    return this.#timers.length;
  }

  /**
   * Sets a timer.
   *
   * @param callback called once, during an `advance`, `next` or `runAll`
   * @param milliseconds from now; 0 or less means the next time that the clock runs
   * @returns an id for `clearTimeout`
   */
  setTimeout(callback: () => void, milliseconds = 0): number {
    if (Number.isNaN(milliseconds)) throw new RangeError('a timer needs a number of milliseconds, not NaN');
    const due = this.#now + Math.max(0, milliseconds);
    const timer = { id: this.#nextId++, due, callback };
    const index = this.#timers.findIndex((other) => other.due > due);
    this.#timers.splice(index === -1 ? this.#timers.length : index, 0, timer);
    return timer.id;
  }

  /** Removes a timer. No effect if it has run. */
  clearTimeout(id: number): void {
    const index = this.#timers.findIndex((timer) => timer.id === id);
    if (index !== -1) this.#timers.splice(index, 1);
  }

  /**
   * Lets time pass, and runs what falls due, each timer at its own time.
   *
   * @param milliseconds 0 or more; with 0, timers that are due now run
   */
  advance(milliseconds: number): void {
    if (!(milliseconds >= 0)) throw new RangeError(`time passes by 0 milliseconds or more, not ${milliseconds}`);
    const end = this.#now + milliseconds;
    this.#run((due) => due <= end);
    this.#now = end;
  }

  /** Lets time pass until the next timer, and runs it alone. @returns false if no timer is set */
  next(): boolean {
    const timer = this.#timers.shift();
    if (timer === undefined) return false;
    this.#now = Math.max(this.#now, timer.due);
    timer.callback();
    return true;
  }

  /** Lets time pass until no timer is set. @throws Error if a million timers have not been enough */
  runAll(): void {
    this.#run(() => true);
  }

  #run(isWanted: (due: number) => boolean): void {
    for (let count = 0; this.#timers.length > 0 && isWanted(this.#timers[0]!.due); count++) {
      if (count === MAX_TIMERS)
        throw new Error(`${MAX_TIMERS} timers have run, and there are more: do they set each other?`);
      this.next();
    }
  }
}
