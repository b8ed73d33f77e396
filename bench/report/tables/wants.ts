// The targets in docs/background/benchmarks.md: each one with its result, and each missed figure with the reason. It does not touch files.

import type { RunResult } from '../../core/results.js';
import { findRuntimeName } from '../../core/runtime-name.js';
import { formatBytes } from '../../page/format.js';
import {
  type DemandVerdict,
  describeMisses,
  describeResult,
  explainMisses,
  formatRatio,
  gatherMisses,
  gatherShortfalls,
  judgeDemands,
  type ShortfallSet,
  tally,
} from '../../targets/judge.js';
import { findReason } from '../../targets/reasons.js';

export function describeWants(run: RunResult): string {
  const verdicts = judgeDemands(run);
  const misses = verdicts.flatMap(describeVerdict);
  const losses = describeLosses(run);
  return [
    `**Targets** (\`bench/targets/bars.ts\`), and how many of its figures reach it:`,
    makeTable(verdicts),
    ...(misses.length === 0 ? ['Nothing was missed.'] : [`**Missed**, and why:\n\n${misses.join('\n')}`]),
    ...losses,
  ].join('\n\n');
}

function makeTable(verdicts: readonly DemandVerdict[]): string {
  const rows = verdicts.map((verdict) => {
    const { title, wanted } = verdict.demand;
    return `| ${title} | ${wanted} | ${describeResult(verdict)} |`;
  });
  return ['| | wanted | reached |', '|---|---|---|', ...rows].join('\n');
}

function describeVerdict(verdict: DemandVerdict): string[] {
  return gatherMisses(verdict).map((set) => `- ${describeMisses(set)}. ${explainMisses(set)}`);
}

/** Every case without a target in which wsimd is slower; those with one are among the misses. */
function describeLosses(run: RunResult): string[] {
  const { faster, slower } = tally(run);
  if (slower === 0) return [`Of ${faster} figures against others none is a loss.`];
  const sets = gatherShortfalls(run).flatMap((set) => {
    const shortfalls = set.shortfalls.filter(({ isLoss, ratio }) => isLoss && ratio.bar === undefined);
    return shortfalls.length === 0 ? [] : [{ ...set, shortfalls }];
  });
  const { id } = findRuntimeName(run.versions);
  const items = sets.filter((set) => isChief(run, set)).map((set) => describeLoss(set, id));
  const rest = sets.filter((set) => !isChief(run, set)).reduce((sum, { shortfalls }) => sum + shortfalls.length, 0);
  if (rest > 0) items.push(`- and ${rest} of other ways and peers, which the report shows, every one`);
  const counts = `Of ${faster + slower} figures against others ${slower} are losses`;
  return [
    items.length === 0 ? `${counts}, all of them above.` : `${counts}. Beside those above:\n\n${items.join('\n')}`,
  ];
}

/** What the group is about. */
function isChief({ groups }: RunResult, { group, subject, peer }: ShortfallSet): boolean {
  const first = groups.find(({ id }) => id === group)?.cases[0]?.ratios[0];
  return first?.subject === subject && first.peer === peer;
}

function describeLoss({ group, subject, peer, shortfalls }: ShortfallSet, runtime: string): string {
  const figures = shortfalls.map(({ label, ratio }) => `**${formatRatio(ratio.median)}** at ${sizeOf(label)}`);
  const reason = findReason(group, subject, peer, runtime);
  return `- ${group}, ${subject} to ${peer}: ${figures.join(', ')}.${reason === undefined ? '' : ` ${reason}`}`;
}

function sizeOf(label: string): string {
  return Number.isFinite(Number(label)) ? formatBytes(Number(label)) : label;
}
