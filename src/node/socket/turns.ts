// Turns of connections that have more to do than is done at once: pending input, or a long message that leaves in slices. Each takes
// one step in its turn, then the next connection does, and in between the event loop serves everything else.

import { beginTurn, shortenTurns, spentTurns } from '../../messages/turn.js';
import { setImmediate } from './machinery.js';

/** What has more to do. */
export interface TurnTaker {
  /** Makes the next step, and awaits another turn if that was not all. */
  takeTurn(): void;
}

/** How many turns connections have needed and need. */
export interface TurnUse {
  /** Turns that were taken so far. */
  readonly taken: number;
  /** Connections that wait for one. */
  readonly waiting: number;
}

/** Turns that are taken in one turn of the event loop, about a millisecond each, however many connections wait. */
const TURNS_AT_ONCE = 2;

/** Turns' worth of work on what is read in one turn of the event loop, of all connections, before the next ones get less. */
const READS_AT_ONCE = 4;
/** What they get then, as a share of a turn. */
const SHORT_TURN = 0.1;
/** Less is not counted: many connections with short messages must not pay for it. */
const MIN_COUNTED = 0.5;
let readTurns = 0;

/** The next one first. */
let waiting: TurnTaker[] = [];
let isScheduled = false;
let taken = 0;

/** Of the whole process. */
export function turnUse(): TurnUse {
  return { taken, waiting: waiting.length };
}

/** Has the next turn of the event loop that comes to it call `taker.takeTurn`, once. */
export function awaitTurn(taker: TurnTaker): void {
  waiting.push(taker);
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(takeTurns);
}

/** What was read has been worked on, for as long as a turn. @returns whether that is enough for this turn of the event loop */
export function countRead(): boolean {
  const spent = spentTurns();
  if (spent < MIN_COUNTED) return false;
  if (readTurns === 0) setImmediate(forgetReads);
  readTurns += spent;
  if (readTurns < READS_AT_ONCE) return false;
  shortenTurns(SHORT_TURN);
  return true;
}

/** What can be read now has been read. */
function forgetReads(): void {
  readTurns = 0;
  shortenTurns(1);
}

function takeTurns(): void {
  forgetReads();
  // The connections that wait at this point: one that has still more to do queues behind all others.
  const takers = waiting;
  waiting = [];
  let next = 0;
  let spent = 0;
  try {
    while (next < takers.length && spent < TURNS_AT_ONCE) {
      beginTurn();
      takers[next++]!.takeTurn();
      spent += spentTurns();
    }
  } finally {
    taken += next;
    // Also if a listener threw.
    if (next < takers.length) waiting = [...takers.slice(next), ...waiting];
    isScheduled = waiting.length > 0;
    if (isScheduled) setImmediate(takeTurns);
  }
}
