// When a send queue may flush: at the times of its schedule, unless it is held.

import { type Flushable, FlushSchedule } from './flush-schedule.js';

/** Reasons not to flush: a chunk that is being read, and each cork. */
export abstract class FlushHolds implements Flushable {
  #holds = 0;
  #corks = 0;
  protected readonly schedule = new FlushSchedule(this);

  /** Hands all that was gathered to the socket. */
  abstract flush(): void;

  /** What is gathered is held. */
  protected get isHeld(): boolean {
    return this.#holds > 0;
  }

  /** True while corked: frames are held until `uncork()`. */
  get isCorked(): boolean {
    return this.#corks > 0;
  }

  /** A hold of the caller's, until `uncork`. */
  cork(): void {
    this.#corks++;
    this.#holds++;
  }

  /** Takes back one `cork`. */
  uncork(): void {
    if (this.#corks === 0) return;
    this.#corks--;
    this.#unhold();
  }

  /** A chunk is being delivered: answers are kept until `release`. */
  hold(): void {
    this.#holds++;
    this.schedule.isDelivering = true;
  }

  /** The chunk has been delivered: all leaves, unless the program has corked it. */
  release(): void {
    this.schedule.isDelivering = false;
    this.#unhold();
  }

  #unhold(): void {
    if (this.#holds > 0) this.#holds--;
    this.flushUnlessHeld();
  }

  flushUnlessHeld(): void {
    if (this.#holds === 0) this.flush();
  }

  /** Hands it to the socket now, unless the program has corked it. */
  flushUnlessCorked(): void {
    if (this.#corks === 0) this.flush();
  }

  flushAtExit(): void {
    // The end of the chunk that is being delivered does not follow.
    this.#holds = this.#corks;
    this.flushUnlessCorked();
  }
}
