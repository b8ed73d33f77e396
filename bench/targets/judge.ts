// The judge of a run: which demands it meets, bar by bar, with the reason of each miss, and where it is slower than a peer. All that
// shows a run asks here. The bars are in bars.ts, the reasons in reasons.ts.

import { type CaseResult, isMet, type Ratio, type RunResult, type SubjectResult } from '../core/results.js';
import { findRuntimeName } from '../core/runtime-name.js';
import { formatBytes, formatFigure } from '../page/format.js';
import { type Bar, DEMANDS, type Demand, type DemandId, type FigureBar, findBar, findFigureBar } from './bars.js';
import { findReason } from './reasons.js';

/** One figure and its bar. */
export interface Judged {
  readonly group: string;
  readonly title: string;
  readonly label: string;
  readonly subject: string;
  /** Without one it is the subject's own figure. */
  readonly peer?: string;
  readonly figure: string;
  readonly wanted: string;
  readonly isMet: boolean;
  readonly isInformation: boolean;
  readonly reason?: string;
}

export interface DemandVerdict {
  readonly demand: Demand;
  readonly judged: readonly Judged[];
}

/** The demands that the run says anything about. */
export function judgeDemands(run: RunResult): DemandVerdict[] {
  const all = new Map<DemandId, Judged[]>(DEMANDS.map(({ id }) => [id, []]));
  const runtime = findRuntimeName(run.versions).id;
  for (const { id: group, title, cases } of run.groups) {
    for (const row of cases) {
      const at = { group, title, label: row.label };
      for (const ratio of row.ratios) {
        const { subject, peer, median } = ratio;
        const bar = findBar(group, row.label, subject, peer, runtime);
        if (bar === undefined) continue;
        const isMissed = !isMet({ ...ratio, bar: bar.atLeast });
        all.get(bar.demand)!.push({
          ...at,
          subject,
          peer,
          figure: `${formatRatio(median)} ×`,
          wanted: describeBar(bar),
          isMet: !isMissed,
          isInformation: false,
          ...(isMissed ? addReason(group, subject, peer, runtime) : {}),
        });
      }
      for (const subject of row.subjects) {
        const bar = findFigureBar(group, row.label, subject.name, runtime);
        if (bar !== undefined) all.get(bar.demand)!.push({ ...at, ...judgeFigure(bar, subject, row, runtime) });
      }
    }
  }
  return DEMANDS.map((demand) => ({ demand, judged: all.get(demand.id)! })).filter(({ judged }) => judged.length > 0);
}

function judgeFigure(bar: FigureBar, { name, median }: SubjectResult, { bytes }: CaseResult, runtime: string) {
  const { unit, bound, group, isInformation = false } = bar;
  const value = unit === 'B' ? median : unit === 'GB/s' ? bytes / median : 1000 / median;
  const isReached = unit === 'B' ? value <= bound : value >= bound;
  return {
    subject: name,
    figure: `${formatFigure(value)} ${unit}`,
    wanted: `${unit === 'B' ? '≤' : '≥'} ${formatFigure(bound)}`,
    isMet: isReached,
    isInformation,
    ...(isReached ? {} : addReason(group, name, undefined, runtime)),
  };
}

function describeBar({ atLeast }: Bar): string {
  return `≥ ${Number(atLeast.toPrecision(2))} ×`;
}

function addReason(group: string, subject: string, peer: string | undefined, runtime: string): { reason?: string } {
  const reason = findReason(group, subject, peer, runtime);
  return reason === undefined ? {} : { reason };
}

/** Bars, and those among them that are met. */
export interface Count {
  readonly met: number;
  readonly of: number;
}

/** All bars of a run. */
export function countBars(run: RunResult): Count {
  const counts = judgeDemands(run).map(countMet);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return { met: sum(counts.map(({ met }) => met)), of: sum(counts.map(({ of }) => of)) };
}

/** What a verdict comes to. */
export function countMet({ judged }: DemandVerdict): Count {
  const binding = judged.filter(({ isInformation }) => !isInformation);
  return { met: binding.filter((one) => one.isMet).length, of: binding.length };
}

/** In a line of text: of how many bars how many are met. */
export function describeResult(verdict: DemandVerdict): string {
  const { met, of } = countMet(verdict);
  if (of === 0) return describeInformation(verdict);
  return met === of ? `all ${of}` : `${met} of ${of}`;
}

/** Its misses, those together that have group, subject and peer in common. */
export function gatherMisses({ judged }: DemandVerdict): Judged[][] {
  const sets = new Map<string, Judged[]>();
  for (const one of judged) {
    if (one.isMet || one.isInformation) continue;
    const key = [one.group, one.subject, one.peer].join('\n');
    sets.set(key, [...(sets.get(key) ?? []), one]);
  }
  return [...sets.values()];
}

/** In a line of text, without the reason. */
export function describeMisses(misses: readonly Judged[]): string {
  const { group, subject, peer } = misses[0]!;
  const figures = misses.map(({ label, figure, wanted }) => `${figure} at ${sizeOf(label)} (${wanted})`);
  return `${group}, ${subject}${peer === undefined ? '' : ` to ${peer}`}: ${figures.join(', ')}`;
}

/** Why, as far as is known. */
export function explainMisses(misses: readonly Judged[]): string {
  return misses[0]!.reason ?? 'Nobody knows why yet.';
}

/** What only informs, in a line of text. */
export function describeInformation({ judged }: DemandVerdict): string {
  const figures = judged.filter(({ isInformation }) => isInformation);
  return figures.map(({ label, figure, wanted }) => `${figure} at ${sizeOf(label)} (${wanted})`).join(', ');
}

function sizeOf(label: string): string {
  return Number.isFinite(Number(label)) ? formatBytes(Number(label)) : label;
}

// ---- Losses

/** Subjects that are only a reference: they don't do the same work as wsimd. */
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
