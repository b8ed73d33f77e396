// Sees to it that a test fails by name if something in it would end a process: an uncaught exception, an unhandled rejection.

import { expect, onTestFinished } from 'vitest';

/** Watches the process until the test has ended. @returns throws if anything was uncaught so far, a turn of the event loop later */
export function watchUncaught(): () => Promise<void> {
  const uncaught: unknown[] = [];
  const note = (error: unknown) => void uncaught.push(error);
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  onTestFinished(() => {
    process.removeListener('uncaughtException', note);
    process.removeListener('unhandledRejection', note);
    expect(uncaught).toEqual([]);
  });
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(uncaught).toEqual([]);
  };
}
