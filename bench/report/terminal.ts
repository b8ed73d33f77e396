// Results as tables, for the terminal and in Markdown. It must not know how they were measured, and judges nothing.

import { type CaseResult, type Failure, type GroupResult, isMet, type Ratio, type RunResult } from '../core/results.js';
import { findRuntimeName } from '../core/runtime-name.js';
import {
  countMet,
  describeInformation,
  describeMisses,
  explainMisses,
  gatherMisses,
  judgeDemands,
} from '../targets/judge.js';

export const LEGEND =
  'Times are medians of the rounds for one message or call, ± half of what lies between the quartiles; ratios are medians of the ratios within each round, with their quartiles.';

/** A table of one group, for a terminal. @param skipped those of its cases that cannot be measured here */
export function toTerminal(group: GroupResult, skipped: readonly Failure[] = []): string {
  const rows = group.cases.length === 0 ? [] : makeRows(group);
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padStart(widths[column]!)).join('  '));
  const notes = [...group.notes, ...listMissing(group)].map((note) => `  ${note}`);
  const absent = skipped.map(
    ({ id, reason }) => `  ${id.slice(group.id.length + 1)}: cannot be measured here: ${reason}`,
  );
  return [`${group.id}: ${group.title}`, ...notes, ...lines.map((line) => `  ${line}`), ...absent, ''].join('\n');
}

/** All tables, with where and how they were measured. */
export function toMarkdown(run: RunResult): string {
  const { machine, versions, plan } = run;
  const versionList = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const head = [
    `Measured ${run.date} in ${findRuntimeName(versions).title} on ${machine.cpu}, ${machine.cores} cores, ${machine.os}: ${versionList.join(', ')}; ${plan.rounds} rounds of ${plan.turn} ms turns. ${LEGEND}`,
    describeDemands(run).replaceAll(/^ +/gm, (indent) => `${indent}- `),
  ];
  return `${[...head, ...run.groups.map(groupToMarkdown)].join('\n\n')}\n`;
}

/** Row by row of the table: what is met, what is missed, and why. */
export function describeDemands(run: RunResult): string {
  const lines = judgeDemands(run).flatMap((verdict) => {
    const { met, of } = countMet(verdict);
    const { title, wanted } = verdict.demand;
    const mark = of === 0 ? 'for information' : met === of ? `met: all ${of}` : `missed: ${of - met} of ${of}`;
    const misses = gatherMisses(verdict).map((set) => `    ✗ ${describeMisses(set)}. ${explainMisses(set)}`);
    const information = describeInformation(verdict);
    return [`  ${title} (${wanted}): ${mark}`, ...misses, ...(information === '' ? [] : [`    ${information}`])];
  });
  return ['What is wanted:', ...(lines.length === 0 ? ['  of these cases nothing'] : lines)].join('\n');
}

/** Names the peers that this runtime does not have. */
function listMissing({ cases }: GroupResult): string[] {
  const names = [...new Set(cases.flatMap(({ missing = [] }) => missing))];
  return names.length === 0 ? [] : [`Not there in this runtime: ${names.join(', ')}.`];
}

function groupToMarkdown(group: GroupResult): string {
  const [header, ...rows] = makeRows(group).map((row) => `| ${row.join(' | ')} |`);
  const rule = `|${'---:|'.repeat(makeHeader(findColumns(group.cases), group.unit).length)}`;
  return [
    `### ${group.title}`,
    '',
    ...[...group.notes, ...listMissing(group)].flatMap((note) => [note, '']),
    header,
    rule,
    ...rows,
  ].join('\n');
}

/** A case may lack what another has: what could not be measured soundly has no figure. */
const ABSENT = '–';

interface Columns {
  readonly subjects: readonly string[];
  /** Subject and peer. */
  readonly pairs: readonly (readonly [string, string])[];
}

function findColumns(cases: readonly CaseResult[]): Columns {
  const subjects = new Set(cases.flatMap((row) => row.subjects.map(({ name }) => name)));
  const pairs = new Map(
    cases.flatMap((row) => row.ratios.map(({ subject, peer }) => [`${subject}\n${peer}`, [subject, peer] as const])),
  );
  return { subjects: [...subjects], pairs: [...pairs.values()] };
}

function makeRows({ cases, unit }: GroupResult): string[][] {
  const columns = findColumns(cases);
  return [makeHeader(columns, unit), ...cases.map((row) => makeRow(row, columns, unit))];
}

function makeHeader({ subjects, pairs }: Columns, unit: GroupResult['unit']): string[] {
  return [
    'bytes',
    ...subjects,
    ...(unit === 'bytes' ? [] : [`${subjects[0]} GB/s`]),
    ...pairs.map(([subject, peer]) => `${peer} ÷ ${subject}`),
  ];
}

function makeRow(
  { label, bytes, subjects, ratios }: CaseResult,
  columns: Columns,
  unit: GroupResult['unit'],
): string[] {
  const format = unit === 'bytes' ? formatBytes : formatTime;
  const first = subjects.find(({ name }) => name === columns.subjects[0]);
  return [
    label,
    ...columns.subjects.map((name) => {
      const one = subjects.find((subject) => subject.name === name);
      if (one === undefined) return ABSENT;
      return `${format(one.median)} ±${Math.round(((one.p75 - one.p25) / 2 / (one.median || 1)) * 100)}%`;
    }),
    ...(unit === 'bytes' ? [] : [first === undefined ? ABSENT : (bytes / first.median).toFixed(2)]),
    ...columns.pairs.map(([subject, peer]) => {
      const ratio = ratios.find((one) => one.subject === subject && one.peer === peer);
      return ratio === undefined ? ABSENT : formatRatio(ratio);
    }),
  ];
}

function formatRatio(ratio: Ratio): string {
  const figure = `${formatFigure(ratio.median)} (${formatFigure(ratio.p25)}–${formatFigure(ratio.p75)})`;
  return ratio.bar === undefined
    ? figure
    : `${figure} ${isMet(ratio) ? '✓' : '✗'} ≥${Number(ratio.bar.toPrecision(2))}`;
}

function formatFigure(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

function formatBytes(bytes: number): string {
  return `${bytes < 10 ? bytes.toFixed(2) : Math.round(bytes)} B`;
}

/** @param nanoseconds of one operation */
function formatTime(nanoseconds: number): string {
  return nanoseconds < 10000 ? `${formatFigure(nanoseconds)} ns` : `${formatFigure(nanoseconds / 1000)} µs`;
}

/** @param milliseconds of anything that takes a while */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
