// Peers that are programs of their own: a suite that needs one is skipped by name where it is missing, and fails where
// nothing may be skipped (CI).

import { describe, expect, test } from 'vitest';

/** A suite that needs a program; says so by name if it is not there. */
export function describeWith(program: string, isThere: boolean, suite: () => void): void {
  if (isThere) {
    describe(program, suite);
  } else if (process.env.CI) {
    test(`${program} is installed`, () => expect.unreachable(`${program} is missing, and CI skips nothing`));
  } else {
    console.warn(`skipped: ${program} is not installed`);
    describe.skip(`${program} (not installed)`, suite);
  }
}
