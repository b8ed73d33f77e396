// Judges a run: against a stored one, and against a baseline that was measured beside it. Both go by ratios, which a slower machine
// doesn't change, and both are loose, so that noise fails nobody.

import type { LifeRun, Ratio } from './result.js';

/** Beyond the quartiles of both runs. */
const MARGIN = 0.9;
/** A build may be this much slower than the baseline in its best quarter of rounds. */
const BASELINE_AT_LEAST = 0.7;

export interface Regression {
  readonly id: string;
  readonly text: string;
}

/** Ratios whose upper quartile is a tenth below the lower quartile of before. */
export function findRegressions(before: LifeRun, after: LifeRun): Regression[] {
  return after.cases.flatMap(({ id, ratios }) => {
    const old = before.cases.find((one) => one.id === id);
    return ratios.flatMap((ratio) => {
      const earlier = old?.ratios.find(({ subject, peer }) => subject === ratio.subject && peer === ratio.peer);
      if (earlier === undefined || ratio.p75 >= earlier.p25 * MARGIN) return [];
      return [{ id, text: `${describe(ratio)}, before ${format(earlier)}` }];
    });
  });
}

/** Cases in which the baseline is faster, in at least three quarters of the rounds and by more than a little. */
export function findSlowerThanBaseline({ cases }: LifeRun): Regression[] {
  return cases.flatMap(({ id, ratios }) =>
    ratios
      .filter(({ subject, peer, p75 }) => subject === 'wsimd' && peer === 'baseline' && p75 < BASELINE_AT_LEAST)
      .map((ratio) => ({ id, text: describe(ratio) })),
  );
}

function describe(ratio: Ratio): string {
  return `${ratio.subject} is ${format(ratio)} times ${ratio.peer}`;
}

function format({ median, p25, p75 }: Ratio): string {
  return `${median.toFixed(2)} (${p25.toFixed(2)}-${p75.toFixed(2)})`;
}
