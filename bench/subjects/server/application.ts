// The application around a server: live objects for the collector to mark, and the ways in which handlers answer late.

import type { Reply } from './job.js';

interface Entity {
  readonly id: number;
  readonly name: string;
  readonly tags: readonly string[];
  readonly position: { readonly x: number; readonly y: number };
}

/** Some 320 bytes each, in seven objects with pointers to follow, as a cache of entities has. */
export function makeHeap(count: number): readonly Entity[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    name: `entity number ${id}`,
    tags: [`group-${id % 1000}`, `room-${id % 77}`],
    position: { x: id * 1.5, y: id / 3 },
  }));
}

const POOL_SIZE = 8;

/**
 * Wraps an answer so that it leaves when the job says: at once, behind a promise, behind an immediate, after a timer of one
 * millisecond, or from a pool of eight workers that each take an immediate per task, as a connection pool of a database does.
 */
export function delay(reply: Reply): (answer: () => void) => void {
  if (reply === 'sync') return (answer) => answer();
  if (reply === 'pool') return makePool();
  const wait = { microtask: () => Promise.resolve(), immediate, timer }[reply];
  return async (answer) => {
    await wait();
    answer();
  };
}

function immediate(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function timer(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1);
  });
}

function makePool(): (answer: () => void) => void {
  const tasks: (() => void)[] = [];
  let running = 0;
  const work = async () => {
    running++;
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      await immediate();
      task();
    }
    running--;
  };
  return (answer) => {
    tasks.push(answer);
    if (running < POOL_SIZE) work();
  };
}

/** Microseconds on a clock that all processes of the machine share. */
export function now(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

const STAMP_DIGITS = 16;

/** A text of exactly this many bytes that begins with the time, in 16 digits. */
export function makePushText(size: number): string {
  return String(now()).padStart(STAMP_DIGITS, '0') + 'x'.repeat(size - STAMP_DIGITS);
}
