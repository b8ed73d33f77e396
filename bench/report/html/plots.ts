// From a group's figures to its plots: throughput, ratios, engines side by side. It must not know how a plot is drawn.

import {
  type CaseResult,
  type GroupResult,
  isMet,
  type Ratio,
  type RunResult,
  type SubjectResult,
} from '../../core/results.js';
import { findRuntimeName } from '../../core/runtime-name.js';
import { formatBytes, formatRate, formatThroughput, formatTime } from '../../page/format.js';
import { formatRatio } from '../../targets/judge.js';
import { drawBlocks } from '../plot/blocks.js';
import { drawPlot, type Plot, type Point, type Series, SMALL_FRAME, type Target } from '../plot/plot.js';

/** Pixels for a name in the margin, and for one letter of it. */
const MARGIN = 28;
const LETTER = 6.1;
/** What a logarithm can still show of no garbage at all. */
const NEARLY_NOTHING = 0.01;

/** Of a run, its title and its group of that name. */
export interface GroupInRun {
  readonly title: string;
  readonly group: GroupResult;
}

export function findGroups(runs: readonly RunResult[], id: string): GroupInRun[] {
  return runs.flatMap((run) => {
    const group = run.groups.find((one) => one.id === id);
    return group === undefined ? [] : [{ title: findRuntimeName(run.versions).title, group }];
  });
}

/** What all subjects reached, and how they compare. */
export function drawGroup({ title, group }: GroupInRun): string {
  const names = listSubjects(group);
  const slots = assignSlots(group, names);
  const measure = chooseMeasure([group]);
  const series = names.map((name, i) => ({ name, slot: slots[i]!, points: pointsOf('', group, name, measure) }));
  const main: Plot = {
    label: `${group.title}, ${title}: ${measure.quantity}`,
    quantity: measure.quantity,
    format: measure.format,
    series,
  };
  const pairs = listPairs(group);
  const isSame = pairs.every(({ subject }) => subject === pairs[0]!.subject);
  const ratios: Plot = {
    label: `${group.title}, ${title}: ratios to the others`,
    quantity: isSame ? `times as ${measure.praise} as …` : `how many times as ${measure.praise}`,
    format: formatTick,
    even: 1,
    series: pairs.map(({ subject, peer }, i) => ({
      name: isSame ? peer : `${subject} : ${peer}`,
      slot: isSame ? slots[names.indexOf(peer)]! : i,
      points: ratioPoints('', group, subject, peer),
      targets: targetsOf(group, subject, peer),
    })),
  };
  return [main, ...(pairs.length > 0 ? [ratios] : [])].map(draw).join('');
}

/** The first subject and the first ratio, in each engine. */
export function drawEngines(groups: readonly GroupInRun[]): string {
  const { group } = groups[0]!;
  const name = listSubjects(group)[0]!;
  const measure = chooseMeasure(groups.map((one) => one.group));
  const toSeries = (points: (one: GroupInRun) => Point[]): Series[] =>
    groups.map((one, slot) => ({ name: one.title.split('.')[0]!, slot, points: points(one) }));
  const main: Plot = {
    label: `${group.title}: ${name} in each engine`,
    quantity: `${name}: ${measure.quantity}`,
    format: measure.format,
    series: toSeries((one) => pointsOf(`${one.title}, `, one.group, name, measure)),
  };
  const [pair] = listPairs(group);
  if (pair === undefined) return draw(main);
  const { subject, peer } = pair;
  const ratios: Plot = {
    label: `${group.title}: ${subject} to ${peer} in each engine`,
    quantity: `${subject}: times as ${measure.praise} as ${peer}`,
    format: formatTick,
    even: 1,
    series: toSeries((one) => ratioPoints(`${one.title}, `, one.group, subject, peer)),
  };
  return draw(main) + draw(ratios);
}

function draw(plot: Plot): string {
  const { series } = plot;
  const sizes = new Set(series.flatMap(({ points }) => points.map(({ size }) => size)));
  if (sizes.size === 0) return '';
  if (sizes.size === 1) return drawBlocks(plot);
  const longest = Math.max(...series.map(({ name }) => name.length));
  return drawPlot(plot, { ...SMALL_FRAME, right: Math.min(MARGIN + longest * LETTER, 170) });
}

/** Which figure of a subject is drawn. */
interface Measure {
  readonly quantity: string;
  /** What a ratio over 1 says. */
  readonly praise: string;
  readonly format: (value: number) => string;
  readonly value: (subject: { readonly median: number }, row: CaseResult) => number;
}

const GARBAGE: Measure = {
  quantity: 'bytes each (less is better)',
  praise: 'sparing',
  format: formatTick,
  value: ({ median }) => Math.max(median, NEARLY_NOTHING),
};
const THROUGHPUT: Measure = {
  quantity: 'GB/s of payload',
  praise: 'fast',
  format: formatTick,
  value: ({ median }, { bytes }) => bytes / median,
};
const RATE: Measure = {
  quantity: 'a second (more is better)',
  praise: 'fast',
  format: (value) => formatRate(1e9 / value),
  value: ({ median }) => 1e9 / median,
};

function chooseMeasure(groups: readonly GroupResult[]): Measure {
  if (groups.some(({ unit }) => unit === 'bytes')) return GARBAGE;
  const rows = groups.flatMap(({ cases }) => cases);
  // One size alone tells more as a rate; without bytes there is no throughput.
  const sizes = new Set(rows.map(({ label }) => label));
  return sizes.size > 1 && rows.some(({ bytes }) => bytes > 0) ? THROUGHPUT : RATE;
}

/** @param title what the text of each begins with */
function pointsOf(title: string, group: GroupResult, name: string, { value }: Measure): Point[] {
  return group.cases.flatMap((row, index) => {
    const subject = row.subjects.find((one) => one.name === name);
    if (subject === undefined) return [];
    const [a, b] = [value({ median: subject.p25 }, row), value({ median: subject.p75 }, row)];
    const text = `${title}${name}, ${formatLabel(row.label)}: ${describe(subject, row, group.unit)}`;
    const point = { size: sizeOf(row.label, index), value: value(subject, row) };
    return point.value > 0 ? [{ ...point, low: Math.min(a, b), high: Math.max(a, b), text }] : [];
  });
}

function ratioPoints(title: string, group: GroupResult, subject: string, peer: string): Point[] {
  return group.cases.flatMap(({ label, ratios }, index) => {
    const ratio = ratios.find((one) => one.subject === subject && one.peer === peer);
    if (ratio === undefined || !(ratio.median > 0) || !Number.isFinite(ratio.median)) return [];
    const { median, p25, p75, bar } = ratio;
    const quartiles = `quartiles ${formatRatio(p25)} to ${formatRatio(p75)}`;
    const verdict = bar === undefined ? '' : `; wanted ${bar}: ${isMet(ratio) ? 'met' : 'missed'}`;
    const text = `${title}${subject} to ${peer}, ${formatLabel(label)}: ${formatRatio(median)} × (${quartiles})${verdict}`;
    const spread = { low: p25, high: Number.isFinite(p75) ? p75 : median };
    return [{ size: sizeOf(label, index), value: median, ...spread, text, isMiss: !isMet(ratio) }];
  });
}

/** Time, and what it comes to. */
export function describe(subject: SubjectResult, { bytes }: CaseResult, unit: GroupResult['unit']): string {
  const { median, p25, p75 } = subject;
  if (unit === 'bytes') return `${formatBytes(Number(median.toPrecision(3)))} each`;
  const throughput = bytes > 0 ? `, ${formatThroughput(median, bytes)}` : '';
  return `${formatTime(median)} (${formatTime(p25)} to ${formatTime(p75)}), ${formatRate(median)}${throughput}`;
}

export function listSubjects({ cases }: GroupResult): string[] {
  return [...new Set(cases.flatMap(({ subjects }) => subjects.map(({ name }) => name)))];
}

export function listPairs({ cases }: GroupResult): Pick<Ratio, 'subject' | 'peer'>[] {
  const all = new Map(
    cases.flatMap(({ ratios }) => ratios.map((one) => [`${one.subject}\n${one.peer}`, one] as const)),
  );
  return [...all.values()].map(({ subject, peer }) => ({ subject, peer }));
}

/** Ours first, then whom it is compared with first; our other kernel always looks the same. */
function assignSlots(group: GroupResult, names: readonly string[]): number[] {
  const peer = listPairs(group)[0]?.peer;
  let next = 3;
  return names.map((name, i) => (i === 0 ? 0 : name === peer ? 1 : name === 'portable' ? 2 : next++));
}

/** Without those that the line at 1 shows. */
function targetsOf({ cases }: GroupResult, subject: string, peer: string): Target[] {
  return cases.flatMap(({ label, ratios }, index) => {
    const bar = ratios.find((one) => one.subject === subject && one.peer === peer)?.bar;
    return bar === undefined || bar === 1 ? [] : [{ size: sizeOf(label, index), value: bar }];
  });
}

/** Labels that are no sizes stand in their order. */
function sizeOf(label: string, index: number): number {
  const size = Number(label);
  return Number.isFinite(size) ? size : 2 ** index;
}

export function formatLabel(label: string): string {
  return Number.isFinite(Number(label)) ? `${label} B` : label;
}

function formatTick(value: number): string {
  return String(Number(value.toPrecision(value >= 1000 ? 4 : 3)));
}
