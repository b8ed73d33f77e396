// A run of the life benchmark in the terminal: ten rows that a person reads in a minute, worst first, then all cases by chapter.

import { type CaseResult, isLoadBound, type LifeRun, type SubjectResult } from '../run/life/result.js';
import * as figures from './life-figures.js';

const NAME_WIDTH = 56;
const WIDTH = 9;
const OTHERS = ['Bun', 'Deno', 'socket'] as const;

/** While it runs: one line for each subject. */
export function describeCase(result: CaseResult): string {
  const lines = result.subjects.map((subject) => {
    const ratio = result.ratios.find((one) => one.subject === 'wsimd' && one.peer === subject.name);
    const versus = ratio === undefined ? '' : `wsimd ${figures.formatSpread(ratio)} ×`;
    const text = figures.isMemory(result) ? describeMemory(subject) : describeTraffic(subject);
    return `  ${subject.name.padEnd(16)} ${text.padEnd(100)} ${versus}`.trimEnd();
  });
  return [result.id, ...lines].join('\n');
}

function describeTraffic(subject: SubjectResult): string {
  const { median, perSecond, latency, busy, loadBusy } = subject;
  const [p50, p99, p999] = [latency.p50, latency.p99, latency.p999].map(figures.formatTime);
  const parts = [
    `${figures.formatRate(median)}/CPU-s`,
    `${figures.formatRate(perSecond)}/s`,
    `p50 ${p50} p99 ${p99} p99.9 ${p999}`,
    describeCollections(subject),
    `busy ${percent(busy)}, load ${percent(loadBusy)}${isLoadBound(subject) ? ' (the load is the limit)' : ''}`,
  ];
  return parts.filter((part) => part !== '').join('  ');
}

function describeCollections(subject: SubjectResult): string {
  if (subject.collections === undefined) return '';
  const { minor, major } = subject.collections;
  const count = (kind: typeof minor) => (kind?.perSecond ?? 0).toFixed(0);
  return `GC ${figures.collectionShare(subject)} (${count(minor)} minor, ${count(major)} major/s)`;
}

function describeMemory({ memory }: SubjectResult): string {
  const { rss, heapUsed, external } = memory;
  const [resident, heap, off] = [rss, heapUsed, external].map(figures.formatBytes);
  return `resident ${resident}  heap ${heap}  off the heap ${off}`;
}

/** The ten rows, all other rows by chapter, and what failed. */
export function describeRun(run: LifeRun): string {
  const headlines = figures.listHeadlines(run.cases);
  const rest = run.cases.filter(({ isHeadline }) => !isHeadline);
  const chapters = [...new Set(rest.map(({ chapter }) => chapter))];
  const bound = run.cases.filter(({ subjects }) => subjects.some(isLoadBound)).map(({ id }) => `  ${id}`);
  return [
    describeHead(run),
    ...(headlines.length === 0 ? [] : [table('The headline cases, worst first', headlines, figures.fullTitle)]),
    ...chapters.map((name) =>
      table(
        name,
        rest.filter(({ chapter }) => chapter === name),
        ({ title }) => title,
      ),
    ),
    ...(bound.length === 0 ? [] : [['The load was the limit of a subject in:', ...bound].join('\n')]),
    ...(run.failures.length === 0 ? [] : [describeFailures(run)]),
    describeTargets(run),
  ].join('\n\n');
}

function describeHead({ versions, mask, commit, pace, machine, seconds }: LifeRun): string {
  const others = ['bun', 'deno'].flatMap((name) => (versions[name] === undefined ? [] : [`${name} ${versions[name]}`]));
  const ws = `ws ${versions.ws}${mask === '' ? '' : `, which masks with ${mask}`}`;
  const about = [ws, ...others, `${pace.rounds} × ${pace.window} ms`, `${seconds} s`];
  return [
    `wsimd ${commit} on Node ${versions.node}; ${about.join('; ')}`,
    `${machine.cpu}, ${machine.cores} cores, load ${machine.load} before the run`,
    'Messages for a second of the measured process\'s processor time. "× ws": how many times as many as ws; below 1 wsimd is slower.',
  ].join('\n');
}

function describeTargets({ cases }: LifeRun): string {
  const { met, of } = figures.countTargets(cases);
  return `${met} of ${of} targets reached (--bars lists them).`;
}

function describeFailures({ failures }: LifeRun): string {
  const lines = failures.map(
    ({ id, subject, reason }) => `  ${id}${subject === undefined ? '' : `: ${subject}`}: ${reason}`,
  );
  return ['Not measured:', ...lines].join('\n');
}

/** Every target with the ratio that was measured, what is furthest from its target first. */
export function describeBars({ cases }: LifeRun): string {
  const bars = cases.flatMap(({ id, ratios }) =>
    ratios.flatMap((ratio) => (ratio.target === undefined ? [] : [{ id, ratio, part: ratio.median / ratio.target }])),
  );
  const lines = bars
    .sort((a, b) => a.part - b.part)
    .map(({ id, ratio, part }) => {
      const mark = part >= 1 ? '✓' : '✗';
      return `${mark} ${id}: ${ratio.subject} ${figures.formatSpread(ratio)} × ${ratio.peer}, target ${ratio.target}`;
    });
  return lines.join('\n');
}

function table(title: string, cases: readonly CaseResult[], nameOf: (result: CaseResult) => string): string {
  const head = ['wsimd', '× ws', 'target', ...OTHERS.map((peer) => `× ${peer}`), 'p99', 'p99 ws', 'GC'];
  const headLine = title.padEnd(NAME_WIDTH) + head.map((word) => word.padStart(WIDTH)).join('');
  return [headLine, ...cases.map((one) => row(one, nameOf(one)))].join('\n');
}

function row(result: CaseResult, name: string): string {
  const subject = figures.ours(result);
  const ws = result.subjects.find((one) => one.name === 'ws');
  const hasLatency = !figures.isMemory(result);
  const ratio = figures.mainRatio(result);
  const cells = [
    subject === undefined ? '' : figures.formatFigure(result, subject),
    figures.formatRatio(ratio) + (ratio === undefined || ratio.peer === 'ws' ? '' : ` ${ratio.peer}`),
    ratio?.target === undefined ? '' : ratio.target.toFixed(2),
    ...OTHERS.map((peer) => figures.formatRatio(figures.ratioTo(result, peer))),
    subject !== undefined && hasLatency ? figures.formatTime(subject.latency.p99) : '',
    ws !== undefined && hasLatency ? figures.formatTime(ws.latency.p99) : '',
    subject === undefined ? '' : figures.collectionShare(subject),
  ];
  const padded = cells.map((cell, i) => (i === 1 ? ` ${cell}`.padStart(WIDTH) : cell.padStart(WIDTH)));
  return name.slice(0, NAME_WIDTH - 1).padEnd(NAME_WIDTH) + padded.join('');
}

function percent(part: number): string {
  return `${(part * 100).toFixed(0)} %`;
}
