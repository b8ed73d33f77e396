// When gathered frames are written, for all sockets of a process.
//
// The first send of a quiet connection is written at once, or where many connections send, with theirs at the end of the tick. What the
// connection sends behind it in the same turn of the event loop is gathered until the turn ends, and leaves in one write: Node drains its
// tick queue between any two timers, immediates and I/O callbacks, so replies behind an `await` would be one write each otherwise. A
// connection that needed a second write in the last turn in which it sent gathers from the start. Nothing is ever written later than the
// end of the turn.

import process from 'node:process';
import { SharedSequence } from '../../../frames/shared-sequence.js';
import { nextTick, setImmediate } from '../machinery.js';
import { endGathering, endTicks, inBatch } from './write-batch.js';

/** Counts the turns in which something was sent. */
let turn = 0;
/** The end of the turn is scheduled. */
let isInTurn = false;
/** Connections that have sent something in this turn. */
let senders = 0;
/** Those to flush then. */
let due: FlushSchedule[] = [];
/** The socket whose chunk is being delivered: all answers to it are written when that is done. */
let delivering: FlushSchedule | undefined;
let isExitWatched = false;
/** The process exits: no turn follows, so all is written at once. */
let isExiting = false;

/** With more connections that send in a turn, a program is probably in a loop of `send`. */
const FEW = 3;

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
  /** The last turn in which something was gathered, and how often. */
  #turn = -1;
  #count = 0;
  /** What has been gathered is flushed at the end of the turn. */
  #isDue = false;

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

  /** What is gathered next is to be written at once. */
  get isQuiet(): boolean {
    return isExiting || (this.#turn !== turn && this.#count <= 1);
  }

  /** Whether many connections send in this turn. */
  static get isCrowded(): boolean {
    return senders > FEW;
  }

  /** Something has been gathered. @returns true if it is to be written at once; otherwise the end of the turn flushes it */
  schedule(): boolean {
    const { isQuiet } = this;
    if (this.#turn === turn) {
      this.#count++;
    } else {
      this.#turn = turn;
      this.#count = 1;
      senders++;
      if (!isInTurn) {
        isInTurn = true;
        setImmediate(FlushSchedule.#endTurn);
      }
    }
    if (isQuiet) return true;
    if (!this.#isDue) {
      this.#isDue = true;
      due.push(this);
    }
    return false;
  }

  /** More has been gathered since the last `schedule`. @param times how often */
  repeat(times: number): void {
    this.#count += times;
  }

  static #endTurn(): void {
    const schedules = due;
    due = [];
    turn++;
    senders = 0;
    endTicks();
    isInTurn = false;
    FlushSchedule.#flushAll(schedules);
    SharedSequence.forget();
  }

  /** `process.exit()` right after a send: what was sent is handed to the system, as with `ws`, which writes at once. */
  static #exit(): void {
    isExiting = true;
    endGathering();
    if (delivering !== undefined) delivering.#queue.flushAtExit();
    for (const schedule of due) schedule.#queue.flushAtExit();
  }

  /** Where a socket's `write` throws, the others are written all the same. */
  static #flushAll(schedules: readonly FlushSchedule[]): void {
    let next = 0;
    try {
      inBatch(() => {
        while (next < schedules.length) {
          const schedule = schedules[next++]!;
          schedule.#isDue = false;
          schedule.#queue.flushUnlessHeld();
        }
      });
    } finally {
      if (next < schedules.length) nextTick(FlushSchedule.#flushAll, schedules.slice(next));
    }
  }
}
