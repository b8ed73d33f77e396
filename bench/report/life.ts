// A run of the life benchmark in the terminal: ten rows that a person reads in a minute, worst first, and a line for each case.

import { type CaseResult, isLoadBound, type LifeRun, type Ratio, type SubjectResult } from '../run/life/result.js';

const NAME_WIDTH = 52;
const WIDTH = 9;
const PEERS = ['ws', 'Bun', 'Deno', 'socket'] as const;

/** While it runs: one line for each subject. */
export function describeCase({ id, measure, subjects, ratios }: CaseResult): string {
  const isMemory = measure.endsWith('memory');
  const lines = subjects.map((subject) => {
    const ratio = ratios.find(({ subject: ours, peer }) => ours === 'wsimd' && peer === subject.name);
    const versus = ratio === undefined ? '' : `wsimd ${formatRatio(ratio)} ×`;
    return `  ${subject.name.padEnd(16)} ${(isMemory ? describeMemory(subject) : describeTraffic(subject)).padEnd(100)} ${versus}`;
  });
  return [id, ...lines.map((line) => line.trimEnd())].join('\n');
}

function describeTraffic(subject: SubjectResult): string {
  const { median, perSecond, latency, busy, loadBusy } = subject;
  return [
    `${formatRate(median)}/CPU-s`,
    `${formatRate(perSecond)}/s`,
    `p50 ${formatTime(latency.p50)} p99 ${formatTime(latency.p99)} p99.9 ${formatTime(latency.p999)}`,
    describeCollections(subject),
    `busy ${percent(busy)}, load ${percent(loadBusy)}${isLoadBound(subject) ? ' (the load is the limit)' : ''}`,
  ]
    .filter((part) => part !== '')
    .join('  ');
}

function describeCollections({ collections }: SubjectResult): string {
  if (collections === undefined) return '';
  const { minor, major } = collections;
  const total = Object.values(collections).reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return `GC ${(total / 10).toFixed(0)} % (${(minor?.perSecond ?? 0).toFixed(0)} minor, ${(major?.perSecond ?? 0).toFixed(0)} major/s)`;
}

function describeMemory({ memory }: SubjectResult): string {
  return `resident ${formatBytes(memory.rss)}  heap ${formatBytes(memory.heapUsed)}  off the heap ${formatBytes(memory.external)}`;
}

/** The ten rows, all rows by chapter, and what failed. */
export function describeRun(run: LifeRun): string {
  const headline = run.cases.filter(({ isHeadline }) => isHeadline).sort((a, b) => mainRatio(a) - mainRatio(b));
  const parts = [describeHead(run)];
  if (headline.length > 0) parts.push(table('The headline cases, worst first', headline));
  const rest = run.cases.filter(({ isHeadline }) => !isHeadline);
  for (const chapter of new Set(rest.map(({ chapter }) => chapter))) {
    parts.push(
      table(
        chapter,
        rest.filter((one) => one.chapter === chapter),
      ),
    );
  }
  if (run.failures.length > 0) {
    const lines = run.failures.map(
      ({ id, subject, reason }) => `  ${id}${subject === undefined ? '' : `: ${subject}`}: ${reason}`,
    );
    parts.push(['Not measured:', ...lines].join('\n'));
  }
  return parts.join('\n\n');
}

function describeHead({ versions, mask, commit, pace, machine, seconds }: LifeRun): string {
  const others = ['bun', 'deno'].flatMap((name) => (versions[name] === undefined ? [] : [`${name} ${versions[name]}`]));
  const masking = mask === '' ? '' : `, which masks with ${mask}`;
  return [
    `wsimd ${commit} on Node ${versions.node}; ws ${versions.ws}${masking}; ${[...others, `${pace.rounds} × ${pace.window} ms`].join('; ')}; ${seconds} s`,
    `${machine.cpu}, ${machine.cores} cores, load ${machine.load} before the run`,
    'Messages for a second of the server\'s processor time. "×": how many times as many wsimd has. Below 1 wsimd is slower.',
  ].join('\n');
}

function table(title: string, cases: readonly CaseResult[]): string {
  const head = ['wsimd', '× ws', 'target', ...PEERS.slice(1).map((peer) => `× ${peer}`), 'p99', 'p99 ws', 'GC'];
  return [title.padEnd(NAME_WIDTH) + head.map((word) => word.padStart(WIDTH)).join(''), ...cases.map(row)].join('\n');
}

function row(result: CaseResult): string {
  const { chapter, title, subjects, measure } = result;
  const name = result.isHeadline ? `${chapter}, ${title}` : title;
  const ours = subjects.find((subject) => subject.name.startsWith('wsimd'));
  const ws = subjects.find((subject) => subject.name === 'ws');
  const isMemory = measure.endsWith('memory');
  const figure = ours === undefined ? '' : isMemory ? formatBytes(ours.median) : formatRate(ours.median);
  const ratio = (peer: string) => result.ratios.find((one) => one.subject === ours?.name && one.peer === peer);
  const target = ratio('ws')?.target;
  const cells = [
    figure,
    formatCell(ratio('ws') ?? ratio('baseline') ?? ratio('HTTP/1.1')),
    target === undefined ? '' : target.toFixed(2),
    ...PEERS.slice(1).map((peer) => formatCell(ratio(peer))),
    ours === undefined || isMemory ? '' : formatTime(ours.latency.p99),
    ws === undefined || isMemory ? '' : formatTime(ws.latency.p99),
    ours === undefined ? '' : collectionShare(ours),
  ];
  return name.slice(0, NAME_WIDTH - 1).padEnd(NAME_WIDTH) + cells.map((cell) => cell.padStart(WIDTH)).join('');
}

/** What the worst is chosen by: the ratio to ws, or else to the only peer. */
function mainRatio({ ratios }: CaseResult): number {
  const ratio = ratios.find(({ subject, peer }) => subject === 'wsimd' && peer === 'ws') ?? ratios[0];
  return ratio?.median ?? Number.POSITIVE_INFINITY;
}

function collectionShare({ collections }: SubjectResult): string {
  if (collections === undefined) return '';
  const total = Object.values(collections).reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return `${(total / 10).toFixed(0)} %`;
}

function formatCell(ratio: Ratio | undefined): string {
  return ratio === undefined ? '' : ratio.median.toFixed(2);
}

function formatRatio({ median, p25, p75 }: Ratio): string {
  return `${median.toFixed(2)} (${p25.toFixed(2)}-${p75.toFixed(2)})`;
}

function formatRate(rate: number): string {
  return rate >= 10_000
    ? `${Math.round(rate / 1000)} k`
    : rate >= 1000
      ? `${(rate / 1000).toFixed(1)} k`
      : rate.toFixed(0);
}

function formatTime(milliseconds: number): string {
  return milliseconds >= 1 ? `${milliseconds.toFixed(1)} ms` : `${(milliseconds * 1000).toFixed(0)} µs`;
}

function formatBytes(bytes: number): string {
  return Math.abs(bytes) >= 10_240 ? `${(bytes / 1024).toFixed(0)} KiB` : `${(bytes / 1024).toFixed(1)} KiB`;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(0)} %`;
}
