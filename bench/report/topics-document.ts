// The chapter of docs/background/benchmarks.md on topics, in Markdown: every target with the figure, met or not.

import type { TopicsCase, TopicsRun } from '../run/topics/result.js';
import type { SubscriptionCost } from '../run/topics/subject.js';

const KIB = 1024;

export function writeTopicsChapter({ cases, memory, subscriptions, machine, versions, date }: TopicsRun): string {
  const find = (library: string, compression: string, length: number, clients: number, batch = 1) =>
    cases.find(
      (one) =>
        one.library === library &&
        one.compression === compression &&
        one.length === length &&
        one.clients === clients &&
        one.batch === batch,
    );
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const fanOut = [
    [1000, 1],
    [1000, 10],
    [10_000, 1],
  ].map(([clients, batch]) => {
    const [own, ws, bun, bare, handle] = ['publish', 'ws', 'bun', 'bare', 'handle'].map((one) =>
      find(one, 'none', 200, clients!, batch),
    );
    return line([
      `${clients!.toLocaleString('en')}, ${batch} in a turn`,
      formatTime(own),
      formatTime(ws),
      formatTime(bun),
      formatTime(bare),
      formatTime(handle),
      formatRatio(ratio(ws, own), 3),
      formatRatio(ratio(bun, own), 0.9),
    ]);
  });
  const compressed = [
    [200, 1],
    [200, 10],
    [1000, 1],
    [1000, 10],
    [2000, 1],
    [2000, 10],
  ].map(([length, batch]) => {
    const [shared, none, alone, own] = [
      find('publish', 'shared', length!, 1000, batch),
      find('publish', 'none', length!, 1000, batch),
      find('publish', 'alone', length!, 1000, batch),
      find('ws', 'own', length!, 1000, batch),
    ];
    return line([
      `${length} B, ${batch} in a turn`,
      ...[none, alone, own, shared].map((one) => (one === undefined ? '–' : `${one.bytes.toFixed(0)} B`)),
      formatMost(shared && own && shared.bytes / own.bytes, 1.05),
      formatMost(shared && alone && shared.bytes / alone.bytes, 0.75),
      formatMost(ratio(shared, none), 1.3),
      formatRatio(ratio(own, shared), 50),
    ]);
  });
  return [
    '## Topics',
    [
      `\`npm run bench -- topics\`, Node ${versions.node} beside ws ${versions.ws}, Bun ${versions.bun} and bare sockets; ${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores. Times are`,
      "the server's processor time for one message to one receiver, medians; ratios are medians of those of the rounds. Targets stand behind ratios;",
      'what is missed is in bold.',
    ].join('\n'),
    [
      '**A publish of 200 B, uncompressed.** A bare socket of `node:net` is given finished frames. A handle, below the socket, is given those of a turn',
      'joined, in one call, which is the least that Node can do: most of the time is the',
      'system call, which all make once for one message in a turn. Messages of one turn are joined once for all receivers, and leave in one write.',
    ].join('\n'),
    [
      line(['receivers', 'wsimd', '`ws` loop', 'Bun', 'bare socket', 'handle', '× `ws`', '× Bun']),
      line(['---', ...Array.from({ length: 7 }, () => '---:')]),
      ...fanOut,
    ].join('\n'),
    '**Compressed, to 1,000 receivers.** Bytes of one message to one receiver with its header, then what shared history is of the others.',
    [
      line([
        'JSON of',
        'uncompressed',
        'no history',
        '`ws`, takeover',
        'shared',
        'bytes ÷ takeover',
        'bytes ÷ no history',
        'time ÷ uncompressed',
        'time of `ws` ÷ ours',
      ]),
      line(['---', ...Array.from({ length: 8 }, () => '---:')]),
      ...compressed,
    ].join('\n'),
    [
      '**Memory**, without sockets but in the second item:',
      '',
      `- 100,000 members with 10 subscriptions each: ${memory.subscriptionBytes.toFixed(0)} B and ${memory.subscriptionTime.toFixed(0)} ns for each subscription;`,
      `  a publish costs ${memory.receiverTime.toFixed(0)} ns for each of 10,000 receivers before anything is sent.`,
      `- 10,000 connections with 100 subscriptions each, resident memory of the process and processor time: ${formatCost(subscriptions.publish)};`,
      `  with Bun: ${formatCost(subscriptions.bun)}.`,
      `- A topic with history takes ${formatMost(memory.topicBytes / KIB, 64)} KiB of the pool.`,
      `- A subscriber that has received messages takes ${formatMost(memory.subscriberBytes, 16)} bytes more than one that has not.`,
    ].join('\n'),
  ].join('\n\n');
}

function formatCost(cost: SubscriptionCost | undefined): string {
  return cost === undefined ? '–' : `${cost.bytes.toFixed(0)} B and ${cost.nanoseconds.toFixed(0)} ns a subscription`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** How many times the time of `b` that of `a` is, as the rounds had it. */
function ratio(a: TopicsCase | undefined, b: TopicsCase | undefined): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  return median(a.times.map((time, i) => time / b.times[i]!));
}

function formatTime(one: TopicsCase | undefined): string {
  return one === undefined ? '–' : `${(median(one.times) / 1000).toFixed(2)} µs`;
}

/** @param least the target */
function formatRatio(value: number | undefined, least: number): string {
  return format(value, value !== undefined && value >= least, `≥ ${least}`);
}

/** @param most the target */
function formatMost(value: number | undefined, most: number): string {
  return format(value, value !== undefined && value <= most, `≤ ${most}`);
}

function format(value: number | undefined, isMet: boolean, target: string): string {
  if (value === undefined) return '–';
  const text = value >= 10 ? value.toFixed(0) : value.toFixed(2);
  return `${isMet ? text : `**${text}**`} (${target})`;
}
