// Two runs beside each other: what has become faster or slower by more than the noise, in words. It must not know how the
// runs came about.

import type { CaseResult, GroupResult, RunResult } from '../core/results.js';
import { findRuntimeName } from '../core/runtime-name.js';
import { type Summary, summarize } from '../core/statistics.js';
import { formatBytes, formatFigure, formatTime } from '../page/format.js';
import { formatRatio } from '../targets/judge.js';

/** By how much the others may seem faster before the machine, not the code, must have changed. */
const DRIFT = 1.1;

/** One figure of both runs: a time (less is better) or a ratio (more is better). */
interface Change {
  readonly id: string;
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** How many times as good as before. */
  readonly gain: number;
  readonly isNoise: boolean;
  /** What it is called to be better, and worse. */
  readonly words: readonly [better: string, worse: string];
}

interface Both {
  readonly id: string;
  readonly unit: GroupResult['unit'];
  readonly before: CaseResult;
  readonly after: CaseResult;
}

/** Each of the new runs with the old one of the same runtime; a single old run with a single new one, whatever they are. */
export function compareAll(before: readonly RunResult[], after: readonly RunResult[]): string {
  const idOf = (run: RunResult) => findRuntimeName(run.versions).id;
  const texts = after.map((run) => {
    const old = before.length === 1 && after.length === 1 ? before[0] : before.find((one) => idOf(one) === idOf(run));
    const { title } = findRuntimeName(run.versions);
    return old === undefined ? `${title}: there is nothing to compare it with.\n` : compare(old, run);
  });
  return texts.join('\n');
}

/** A table for a terminal, and what to think of it. */
export function compare(before: RunResult, after: RunResult): string {
  const both = pair(before, after);
  const ours = new Set(
    after.groups.flatMap(({ cases }) => cases.flatMap(({ ratios }) => ratios.map((r) => r.subject))),
  );
  const times = both.flatMap(compareTimes);
  const ratios = both.flatMap(compareRatios);
  const others = times.filter(({ name }) => !ours.has(name) && name !== 'portable');
  return [
    `${describe(before)} → ${describe(after)}`,
    '',
    ...table('Times', times),
    ...table('Ratios', ratios),
    judgeMachine(others.map(({ gain }) => gain)),
    `${both.length} cases are in both runs, ${countSingle(before, after)} in one only.`,
    '',
  ].join('\n');
}

function pair(before: RunResult, after: RunResult): Both[] {
  return after.groups.flatMap(({ id, unit, cases }) => {
    const group = before.groups.find((one) => one.id === id);
    return cases.flatMap((row) => {
      const old = group?.cases.find(({ label }) => label === row.label);
      return old === undefined ? [] : [{ id: `${id}/${row.label}`, unit, before: old, after: row }];
    });
  });
}

function compareTimes({ id, unit, before, after }: Both): Change[] {
  const format = unit === 'bytes' ? (value: number) => formatBytes(Math.round(value)) : formatTime;
  const words = unit === 'bytes' ? (['less', 'more'] as const) : (['faster', 'slower'] as const);
  return after.subjects.flatMap((subject) => {
    const old = before.subjects.find(({ name }) => name === subject.name);
    if (old === undefined) return [];
    const figures = { before: format(old.median), after: format(subject.median), isNoise: overlap(old, subject) };
    return [{ id, name: subject.name, gain: old.median / subject.median, words, ...figures }];
  });
}

function compareRatios({ id, before, after }: Both): Change[] {
  return after.ratios.flatMap((ratio) => {
    const old = before.ratios.find(({ subject, peer }) => subject === ratio.subject && peer === ratio.peer);
    if (old === undefined) return [];
    const format = (value: number) => `${formatRatio(value)} ×`;
    const figures = { before: format(old.median), after: format(ratio.median), isNoise: overlap(old, ratio) };
    return [
      {
        id,
        name: `${ratio.subject} to ${ratio.peer}`,
        gain: ratio.median / old.median,
        words: ['higher', 'lower'],
        ...figures,
      },
    ];
  });
}

/** Whether what lies between the quartiles of one reaches into that of the other. */
export function overlap(a: Summary, b: Summary): boolean {
  return a.p25 <= b.p75 && b.p25 <= a.p75;
}

function table(name: string, changes: readonly Change[]): string[] {
  const real = changes.filter(({ isNoise }) => !isNoise).sort((a, b) => a.gain - b.gain);
  const slower = real.filter(({ gain }) => gain < 1).length;
  const noise = changes.length - real.length;
  const title = `${name}: ${slower} worse, ${real.length - slower} better, ${noise} the same within the noise.`;
  const rows = real.map((one) => [one.id, one.name, one.before, '→', one.after, inWords(one)]);
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const lines = rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')}`.trimEnd());
  return [title, ...lines, ''];
}

function inWords({ gain, words: [better, worse] }: Change): string {
  const word = gain > 1 ? better : worse;
  if (!Number.isFinite(gain) || gain === 0) return word;
  const factor = gain > 1 ? gain : 1 / gain;
  return factor < 2 ? `${Math.round((factor - 1) * 100)} % ${word}` : `${formatFigure(factor)} times ${word}`;
}

function judgeMachine(gains: readonly number[]): string {
  const { median } = summarize(gains.filter(Number.isFinite));
  if (!Number.isFinite(median)) return 'Nothing of the others was measured in both: the machine may have changed.';
  const drift = `The others, whose code is the same, took ${formatFigure(1 / median)} times as long as before (median)`;
  return median > DRIFT || median < 1 / DRIFT
    ? `${drift}: the machine itself was another, so believe the ratios, not the times.`
    : `${drift}: the machine was about the same.`;
}

function countSingle(before: RunResult, after: RunResult): number {
  const idsOf = (run: RunResult) =>
    new Set(run.groups.flatMap(({ id, cases }) => cases.map(({ label }) => `${id}/${label}`)));
  const [old, young] = [idsOf(before), idsOf(after)];
  const common = [...old].filter((id) => young.has(id)).length;
  return old.size + young.size - 2 * common;
}

function describe({ date, versions, plan }: RunResult): string {
  return `${findRuntimeName(versions).title}, ${date.slice(0, 16).replace('T', ' ')}, ${plan.rounds} rounds`;
}
