// The part of docs/background/benchmarks.md on other engines: a few figures of each side by side, and their worst. It does not touch files.

import type { CaseResult, RunResult } from '../../core/results.js';
import { findRuntimeName } from '../../core/runtime-name.js';
import { formatFigure } from '../../page/format.js';
import { countBars, formatRatio, isLoss, listShortfalls, tally } from '../../targets/judge.js';

/** Of each engine, so many of the worst figures, each of another group. */
const WORST = 3;

const CURSOR = 'decode/cursor/binary';
const MESSAGES = 'decode/messages/binary';

interface Column {
  readonly title: string;
  readonly group: string;
  readonly label: string;
  readonly show: (row: CaseResult) => string | undefined;
}

const againstFirst = ({ ratios }: CaseResult) => {
  const [ratio] = ratios;
  if (ratio === undefined) return undefined;
  const figure = isLoss(ratio) ? `**${formatRatio(ratio.median)}**` : formatRatio(ratio.median);
  return `${figure} × ${ratio.peer}`;
};
const throughput = ({ bytes, subjects }: CaseResult) => `${formatFigure(bytes / subjects[0]!.median)} GB/s`;
const rate = ({ subjects }: CaseResult) => `${formatFigure(1000 / subjects[0]!.median)} M/s`;

const COLUMNS: readonly Column[] = [
  { title: 'cursor, 125 B', group: CURSOR, label: '125', show: rate },
  { title: 'to its peer', group: CURSOR, label: '125', show: againstFirst },
  { title: 'cursor, 8 KiB', group: CURSOR, label: '8192', show: throughput },
  { title: 'messages, 125 B', group: MESSAGES, label: '125', show: againstFirst },
  { title: 'messages, 8 KiB', group: MESSAGES, label: '8192', show: againstFirst },
];

/** @param runs all of them; of a single one there is nothing to say */
export function describeEngines(runs: readonly RunResult[]): string[] {
  if (runs.length < 2) return [];
  const head = ['', 'rounds', ...COLUMNS.map(({ title }) => title), 'losses', 'bars missed'];
  const rows = runs.map((run) => {
    const { faster, slower } = tally(run);
    const bars = countBars(run);
    const cells = COLUMNS.map(({ group, label, show }) => {
      const row = run.groups.find(({ id }) => id === group)?.cases.find((one) => one.label === label);
      return (row && show(row)) ?? '–';
    });
    const counts = [`${slower} of ${faster + slower}`, bars.of === 0 ? '–' : `${bars.of - bars.met} of ${bars.of}`];
    return [findRuntimeName(run.versions).title, String(run.plan.rounds), ...cells, ...counts];
  });
  const table = [
    `| ${head.join(' | ')} |`,
    `|---|${'---:|'.repeat(head.length - 1)}`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ];
  const worst = runs.slice(1).flatMap((run) => {
    const list = listWorst(run);
    return list.length === 0 ? [] : [`- ${findRuntimeName(run.versions).title}: ${list.join(', ')}`];
  });
  const skipped = runs.flatMap((run) =>
    (run.skipped ?? []).map(({ id, reason }) => `- ${findRuntimeName(run.versions).title}: ${id}: ${reason}`),
  );
  return [
    '**The engines side by side**, each in a run of its own; in browsers the peer is plain JavaScript that checks nothing:',
    table.join('\n'),
    ...(worst.length === 0 ? [] : [`The worst of the others:\n\n${worst.join('\n')}`]),
    ...(skipped.length === 0 ? [] : [`What cannot be measured there:\n\n${skipped.join('\n')}`]),
  ];
}

function listWorst(run: RunResult): string[] {
  const losses = listShortfalls(run).filter((one) => one.isLoss);
  const sorted = losses.sort((a, b) => a.ratio.median - b.ratio.median);
  return sorted
    .filter((one, i) => sorted.findIndex(({ group }) => group === one.group) === i)
    .slice(0, WORST)
    .map(({ group, label, ratio }) => `${formatRatio(ratio.median)} in ${group}/${label} to ${ratio.peer}`);
}
