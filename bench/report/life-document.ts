// The chapter of docs/background/benchmarks.md on cases from life, in Markdown, between markers of its own.

import type { CaseResult, LifeRun } from '../run/life/result.js';
import * as figures from './life-figures.js';

const OTHERS = ['Bun', 'Deno', 'socket'] as const;

/**
 * @param document with both markers once, or without them: then the chapter goes to its end
 * @param name of the markers
 * @throws Error if only one marker is there, or one twice
 */
export function replaceChapter(document: string, chapter: string, name = 'life'): string {
  const begin = `<!-- ${name}:begin -->`;
  const end = `<!-- ${name}:end -->`;
  const section = `${begin}\n${chapter}\n${end}`;
  const [head, rest, ...more] = document.split(begin);
  if (rest === undefined && !document.includes(end)) return `${document.trimEnd()}\n\n${section}\n`;
  const [, tail, ...others] = rest?.split(end) ?? [];
  if (tail === undefined || more.length + others.length > 0)
    throw new Error(`the document must have ${begin} and ${end} once each`);
  return `${head}${section}${tail}`;
}

/**
 * @param runs the first is the headline's, the others are rows beside it
 * @param chart its path, seen from the document, and its text
 */
export function writeChapter(runs: readonly LifeRun[], chart: { path: string; alt: string } | undefined): string {
  const [first, ...others] = runs;
  if (first === undefined) throw new Error('there is no run of the life benchmark');
  const rest = first.cases.filter(({ isHeadline }) => !isHeadline);
  const chapters = [...new Set(rest.map(({ chapter }) => chapter))];
  return [
    '## Cases from life',
    describeSource(first),
    ...(chart === undefined ? [] : [`![${chart.alt}](${chart.path})`]),
    table(figures.listHeadlines(first.cases), figures.fullTitle, others),
    ...chapters.map((name) => {
      const cases = rest.filter(({ chapter }) => chapter === name);
      return `### ${name[0]!.toUpperCase()}${name.slice(1)}\n\n${table(cases, ({ title }) => title, others)}`;
    }),
    ...(first.failures.length === 0 ? [] : [describeFailures(first)]),
  ].join('\n\n');
}

/** What the README has of a run: its headline cases with the worst first, and their range in a sentence. */
export function writeSummary({ cases, versions, mask }: LifeRun): string {
  const headlines = figures.listHeadlines(cases);
  const [worst, best] = [headlines[0], headlines.at(-1)].map((one) => one && figures.mainRatio(one)?.median.toFixed(2));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  // A bare socket is no rival.
  const cell = (result: CaseResult, peer: (typeof OTHERS)[number]) => {
    const ratio = figures.ratioTo(result, peer);
    return peer === 'socket' ? figures.formatRatio(ratio) : emphasizeLoss(ratio?.median);
  };
  // A column in which there is no figure says nothing.
  const peers = OTHERS.filter((peer) => headlines.some((result) => figures.ratioTo(result, peer) !== undefined));
  const rows = headlines.map((result) =>
    line([
      figures.fullTitle(result),
      emphasizeLoss(figures.mainRatio(result)?.median),
      ...peers.map((peer) => cell(result, peer)),
    ]),
  );
  const legend = ['In bold, wsimd is slower.'];
  if (peers.includes('socket')) legend.push('The last column is a bare socket of Node, which does no WebSocket.');
  return [
    `Messages per CPU second of the server on Node ${versions.node}, as a multiple of the other server's: from ${worst} to ${best} times`,
    `\`ws\` ${versions.ws} (which masks with ${mask}). ${legend.join(' ')}`,
    '',
    line(['', '× `ws`', ...peers.map((peer) => `× ${peer}`)]),
    line(['---', '---:', ...peers.map(() => '---:')]),
    ...rows,
  ].join('\n');
}

function describeSource({ versions, mask, commit, date, pace, machine }: LifeRun): string {
  const { rounds, headlineTimes, starts, window } = pace;
  const headline = starts === undefined ? `${rounds * headlineTimes}` : `in each of ${starts} processes`;
  return [
    `wsimd ${commit} on Node ${versions.node}, beside ws ${versions.ws} (which masks with ${mask}),`,
    `Bun ${versions.bun ?? 'missing'} and Deno ${versions.deno ?? 'missing'}; ${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores,`,
    `${rounds} rounds of ${window} ms (${headline} in the cases of the chart). Figures are messages for a second of the server's own processor time; "× ws" is how many`,
    'times as many wsimd has, the median of the ratios of the rounds. Below 1 wsimd is slower. The bare socket does no WebSocket:',
    "it shows what Node's sockets cost. See [how we measure](how-we-measure.md).",
  ].join('\n');
}

function table(
  cases: readonly CaseResult[],
  nameOf: (result: CaseResult) => string,
  others: readonly LifeRun[],
): string {
  const versions = others.map(({ versions }) => `× ws on Node ${versions.node?.split('.')[0]}`);
  const head = ['', 'wsimd', '× ws', ...OTHERS.map((peer) => `× ${peer}`), ...versions, 'p99', 'p99 of ws', 'GC'];
  const rows = cases.map((result) => {
    const subject = figures.ours(result);
    const ws = result.subjects.find(({ name }) => name === 'ws');
    const ratio = figures.mainRatio(result);
    const hasLatency = !figures.isMemory(result);
    return [
      nameOf(result),
      subject === undefined ? '' : figures.formatFigure(result, subject),
      emphasizeLoss(ratio?.median) + (ratio === undefined || ratio.peer === 'ws' ? '' : ` (${ratio.peer})`),
      ...OTHERS.map((peer) => figures.formatRatio(figures.ratioTo(result, peer))),
      ...others.map((run) => {
        const same = run.cases.find(({ id }) => id === result.id);
        return same === undefined ? '' : emphasizeLoss(figures.mainRatio(same)?.median);
      }),
      subject !== undefined && hasLatency ? figures.formatTime(subject.latency.p99) : '',
      ws !== undefined && hasLatency ? figures.formatTime(ws.latency.p99) : '',
      subject === undefined ? '' : figures.collectionShare(subject),
    ];
  });
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function emphasizeLoss(ratio: number | undefined): string {
  if (ratio === undefined) return '';
  return ratio < 1 ? `**${ratio.toFixed(2)}**` : ratio.toFixed(2);
}

function describeFailures({ failures }: LifeRun): string {
  const lines = failures.map(
    ({ id, subject, reason }) => `- ${id}${subject === undefined ? '' : `, ${subject}`}: ${reason}`,
  );
  return ['Not measured:', '', ...lines].join('\n');
}
