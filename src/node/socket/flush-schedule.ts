// When gathered frames are written, for all sockets of a process.
//
// The first send of a quiet connection is written at the end of the tick. Node drains its tick queue between any two timers,
// immediates and I/O callbacks, so replies behind an `await` would be one write each: what the connection sends after the first
// write is gathered until the end of the turn of the event loop. A connection that needed a second write in its last turn gathers
// from the start. Nothing is ever written later than the end of the turn.

import process from 'node:process';
// Not the globals: tests replace those with a clock of their own, and what was sent leaves all the same.
import { setImmediate } from 'node:timers';

const { nextTick } = process;

/** Those to flush at the end of the tick, and those to look at when the turn ends. */
let ticking: FlushSchedule[] = [];
let turning: FlushSchedule[] = [];
/** The socket whose chunk is being delivered: all answers to it are written when that is done. */
let delivering: FlushSchedule | undefined;
let isExitWatched = false;

/** A socket's send queue. */
export interface Flushable {
  /** Writes what is gathered, unless it is held. */
  flushUnlessHeld(): void;
  /** The process exits: writes what is gathered, unless the program has corked it. */
  flushAtExit(): void;
}

/** The schedule of one socket. */
export class FlushSchedule {
  readonly #queue: Flushable;
  /** Something has been gathered, and a flush is scheduled. */
  #isDue = false;
  /** The end of the turn is scheduled. */
  #isInTurn = false;
  /** Gathers until the end of the turn from the first send on. */
  #isBusy = false;
  /** How often something was gathered in this turn. */
  #count = 0;

  constructor(queue: Flushable) {
    this.#queue = queue;
    if (!isExitWatched) {
      isExitWatched = true;
      process.once('exit', FlushSchedule.#exit);
    }
  }

  /** A chunk is being delivered, from `true` to `false`: its answers are not scheduled. */
  set isDelivering(value: boolean) {
    if (value) delivering = this;
    else if (delivering === this) delivering = undefined;
  }

  /** Something has been gathered. */
  schedule(): void {
    this.#count++;
    if (this.#isDue) return;
    this.#isDue = true;
    if (this.#isInTurn) return;
    if (this.#isBusy) this.#joinTurn();
    else if (ticking.push(this) === 1) nextTick(FlushSchedule.#endTick);
  }

  #joinTurn(): void {
    this.#isInTurn = true;
    if (turning.push(this) === 1) setImmediate(FlushSchedule.#endTurn);
  }

  #flushIfDue(): void {
    if (!this.#isDue) return;
    this.#isDue = false;
    this.#queue.flushUnlessHeld();
  }

  static #endTick(): void {
    const schedules = ticking;
    ticking = [];
    FlushSchedule.#each(schedules, FlushSchedule.#flushFirst);
  }

  static #flushFirst(schedule: FlushSchedule): void {
    schedule.#joinTurn();
    schedule.#flushIfDue();
  }

  static #endTurn(): void {
    const schedules = turning;
    turning = [];
    FlushSchedule.#each(schedules, FlushSchedule.#flushLast);
  }

  static #flushLast(schedule: FlushSchedule): void {
    schedule.#isInTurn = false;
    schedule.#isBusy = schedule.#isBusy ? schedule.#count > 1 : schedule.#isDue;
    schedule.#count = 0;
    schedule.#flushIfDue();
  }

  /** `process.exit()` right after a send: what was sent is handed to the system, as with `ws`, which writes at once. */
  static #exit(): void {
    if (delivering !== undefined) delivering.#queue.flushAtExit();
    for (const schedule of [...ticking, ...turning]) if (schedule.#isDue) schedule.#queue.flushAtExit();
  }

  /** Where a socket's `write` throws, the others are written all the same. */
  static #each(schedules: readonly FlushSchedule[], step: (schedule: FlushSchedule) => void): void {
    let next = 0;
    try {
      while (next < schedules.length) step(schedules[next++]!);
    } finally {
      if (next < schedules.length) nextTick(FlushSchedule.#each, schedules.slice(next), step);
    }
  }
}
