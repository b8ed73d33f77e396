// Where we lose, and where we miss what we want: told from the ratios of a run. It must not know how it is shown.

import { isMet, type Ratio, type RunResult } from '../core/results.js';
import { formatFigure } from '../page/format.js';

/** What is measured beside us only to be compared with: not somebody who does the same work. */
const YARDSTICKS = ['binary', 'string alone', 'view alone', 'loop', 'kernel', 'bare socket'];

/** Our own portable kernel is who we are where there is no WebAssembly: to lose to it is a miss only where a bar says so. */
const OWN = ['portable', 'wasm', ...YARDSTICKS];

/** What rounds to 1.00 is level. */
const LEVEL = 0.995;

/** One figure that is not as it should be. */
export interface Shortfall {
  readonly group: string;
  readonly title: string;
  readonly label: string;
  readonly ratio: Ratio;
  /** Slower than the peer; else only a bar is missed. */
  readonly isLoss: boolean;
}

/** The shortfalls that have group, subject and peer in common. */
export interface ShortfallSet {
  readonly title: string;
  readonly group: string;
  readonly subject: string;
  readonly peer: string;
  readonly shortfalls: readonly Shortfall[];
}

/** Of a loss of a thousand times, more than "0.00". */
export function formatRatio(median: number): string {
  if (!Number.isFinite(median)) return '∞';
  return median < 0.1 ? String(Number(median.toPrecision(2))) : formatFigure(median);
}

export function isLoss({ median, peer }: Ratio): boolean {
  return median < LEVEL && !OWN.includes(peer);
}

export function listShortfalls(run: RunResult): Shortfall[] {
  return run.groups.flatMap(({ id, title, cases }) =>
    cases.flatMap(({ label, ratios }) =>
      ratios
        .filter((ratio) => isLoss(ratio) || !isMet(ratio))
        .map((ratio) => ({ group: id, title, label, ratio, isLoss: isLoss(ratio) })),
    ),
  );
}

/** In the order of the run. */
export function gatherShortfalls(run: RunResult): ShortfallSet[] {
  const sets = new Map<string, ShortfallSet & { readonly shortfalls: Shortfall[] }>();
  for (const shortfall of listShortfalls(run)) {
    const { group, title, ratio } = shortfall;
    const { subject, peer } = ratio;
    const key = [group, subject, peer].join('\n');
    const set = sets.get(key) ?? { group, title, subject, peer, shortfalls: [] };
    set.shortfalls.push(shortfall);
    sets.set(key, set);
  }
  return [...sets.values()];
}

/** How many figures against others there are. */
export interface Tally {
  readonly faster: number;
  readonly slower: number;
}

export function tally(run: RunResult): Tally {
  const ratios = run.groups.flatMap(({ cases }) => cases.flatMap((row) => row.ratios));
  const others = ratios.filter(({ peer }) => !OWN.includes(peer));
  const slower = others.filter(isLoss).length;
  return { faster: others.length - slower, slower };
}
