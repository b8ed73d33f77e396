// What may be done for one connection before others have their turn: about a millisecond, counted and not timed, so that the same
// input is always cut in the same places. One count for all connections of a realm: what a listener sends on another connection
// counts as well.

/** About a millisecond. The costs below are in its units: nanoseconds on the machine of docs/background/performance.md, or more. */
const TURN = 1_000_000;

/** A call of a handler, without what it does. */
export const DELIVERY_COST = 200;
/** The answer to a ping. */
export const ANSWER_COST = 2000;
/** A fragment, beside its bytes. */
export const FRAGMENT_COST = 100;
/** For each byte or UTF-16 unit that is copied: to be decoded, or to be sent. */
export const COPY_COST = 0.25;
/** For each byte of a long buffer beside that: the system gives it memory page by page, as it is written to, which takes the most. */
export const FRESH_COST = 4;
/** From this length on a buffer is long. */
export const LONG_LENGTH = 128 * 1024;

/** What it costs to add so many bytes to those of a message: the memory of the chunk that they came in is new, too. */
export function costOfGathering(gathered: number, length: number): number {
  return length * (gathered < LONG_LENGTH ? COPY_COST : COPY_COST + 2 * FRESH_COST);
}

/** What it costs to copy so many bytes or units into a buffer of their own. */
export function costOfCopy(length: number): number {
  return length * (length < LONG_LENGTH ? COPY_COST : COPY_COST + FRESH_COST);
}

/** What a turn may cost that begins now. */
let allowance = TURN;
let begun = TURN;
let left = TURN;

/** A turn begins. */
export function beginTurn(): void {
  begun = left = allowance;
}

/** From now on turns are so much shorter than a whole one: for hosts in whose turn of the event loop much has been done already. */
export function shortenTurns(share: number): void {
  allowance = TURN * share;
}

/** Something was done. It may cost more than is left: nothing is stopped halfway. */
export function spend(cost: number): void {
  left -= cost;
}

/** No more is to be begun in this turn. */
export function isTurnSpent(): boolean {
  return left <= 0;
}

/** What may still be done in this turn; 0 or less once it is spent. */
export function turnLeft(): number {
  return left;
}

/** How many whole turns' worth has been done since `beginTurn`. */
export function spentTurns(): number {
  return (begun - left) / TURN;
}
