// The functions that schedule reads and writes, captured when this module is loaded. Tests replace the globals and the functions of
// `node:timers` with fake clocks; messages leave and arrive all the same. The timeouts that programs set (`closeTimeout`,
// `handshakeTimeout`, `heartbeat`) use the global timers, which such a clock can advance.

import process from 'node:process';
import timers from 'node:timers';

export const { setImmediate, clearImmediate } = timers;

/** Fake clocks mark their functions. Jest can install one before any module is loaded (`fakeTimers.enableGlobally`). */
const isReplaced = 'clock' in process.nextTick;

/** Calls back at the end of the tick. */
export const nextTick: typeof process.nextTick = isReplaced
  ? (callback, ...args) => void Promise.resolve().then(() => callback(...args))
  : process.nextTick;
