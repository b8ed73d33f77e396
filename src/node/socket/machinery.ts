// What the protocol machinery schedules with, captured when this module is loaded: tests put clocks of their own in the place of the
// globals and of the functions of `node:timers`, and what was sent leaves all the same. Timeouts that programs set (`closeTimeout`,
// `heartbeat`) are left to those clocks, as with `ws`.

import process from 'node:process';
import timers from 'node:timers';

export const { setImmediate, clearImmediate } = timers;

/** Clocks mark what they put in a function's place. Jest can do so before any module is loaded (`fakeTimers.enableGlobally`). */
const isReplaced = 'clock' in process.nextTick;

/** Calls back at the end of the tick. */
export const nextTick: typeof process.nextTick = isReplaced
  ? (callback, ...args) => void Promise.resolve().then(() => callback(...args))
  : process.nextTick;
