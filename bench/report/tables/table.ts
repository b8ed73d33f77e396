// The generated text of docs/background/benchmarks.md, in Markdown: tables of ratios, then, folded, the targets and the other engines.
// It does not touch files.

import type { CaseResult, GroupResult, Ratio, RunResult } from '../../core/results.js';
import { findRuntimeName } from '../../core/runtime-name.js';
import { countBars, formatRatio, isLoss } from '../../targets/judge.js';
import { formatSize } from '../plot/plot.js';
import { describeEngines } from './engines.js';
import { describeWants } from './wants.js';

interface Row {
  readonly name: string;
  readonly group: string;
  readonly subject: string;
  readonly peer: string;
  /** Whom the reader knows the peer as. */
  readonly peerName: string;
}

const SIZES = [16, 125, 1024, 8192, 60000, 1048576];
/** How far a size may be from the column's: 64 KiB stand for 60000 bytes. */
const NEAR = 1.1;

const RECEIVER = { subject: 'wsimd', peer: 'ws', peerName: '`ws` Receiver' };
const SENDER = { subject: 'writer', peer: 'ws frame', peerName: '`ws` Sender.frame' };

const CONNECTION = { subject: 'connection', peer: 'ws send', peerName: '`ws` Sender.send' };

const ROWS: readonly Row[] = [
  { name: 'decode by cursor: binary', group: 'decode/cursor/binary', ...RECEIVER },
  { name: 'decode by cursor: ASCII text', group: 'decode/cursor/ascii', ...RECEIVER },
  { name: 'decode by cursor: CJK text', group: 'decode/cursor/cjk', ...RECEIVER },
  { name: 'delivered as views: binary', group: 'decode/views/binary', ...RECEIVER },
  { name: 'delivered as messages: binary', group: 'decode/messages/binary', ...RECEIVER },
  { name: 'delivered as messages: ASCII strings', group: 'decode/messages/ascii', ...RECEIVER },
  { name: 'delivered as messages: CJK strings', group: 'decode/messages/cjk', ...RECEIVER },
  { name: 'the same, one frame a chunk: binary', group: 'decode/single/binary', ...RECEIVER },
  { name: 'the same, one frame a chunk: ASCII', group: 'decode/single/ascii', ...RECEIVER },
  { name: 'encode, server: strings', group: 'encode/server/text', ...SENDER },
  { name: 'encode, server: binary', group: 'encode/server/binary', ...SENDER },
  { name: 'sent by a connection, server: strings', group: 'encode/server/text', ...CONNECTION },
  { name: 'sent by a connection, server: binary', group: 'encode/server/binary', ...CONNECTION },
  { name: 'encode, client: strings', group: 'encode/client/text', ...SENDER },
  { name: 'encode, client: binary', group: 'encode/client/binary', ...SENDER },
  { name: 'mask in the arena', group: 'mask/in-place', subject: 'arena', peer: 'bufferutil', peerName: '`bufferutil`' },
  { name: 'mask your buffer', group: 'mask/in-place', subject: 'unmask', peer: 'bufferutil', peerName: '`bufferutil`' },
  { name: 'UTF-8, ASCII, in the arena', group: 'utf8/ascii', subject: 'arena', peer: 'isUtf8', peerName: '`isUtf8`' },
  { name: 'UTF-8, CJK, in the arena', group: 'utf8/cjk', subject: 'arena', peer: 'isUtf8', peerName: '`isUtf8`' },
  { name: 'UTF-8, CJK, your buffer', group: 'utf8/cjk', subject: 'isValidUtf8', peer: 'isUtf8', peerName: '`isUtf8`' },
  {
    name: 'upgrade (whole)',
    group: 'handshake/upgrade',
    subject: 'wsimd',
    peer: 'ws',
    peerName: '`ws` handleUpgrade',
  },
  {
    name: 'accept key (24 B)',
    group: 'accept-key',
    subject: 'acceptKey',
    peer: 'createHash',
    peerName: '`node:crypto` createHash',
  },
];

/** @param runs the first is the one that the table is of */
export function describeSpeed(runs: readonly RunResult[]): string {
  const [run, ...others] = runs;
  if (run === undefined) throw new Error('there are no results to write about');
  const { met, of } = countBars(run);
  return [
    describeRun(run),
    makeTable(run),
    ...fold(`Targets, missed targets with reasons, and every case where wsimd is slower: ${met} of ${of} bars met`, [
      describeWants(run),
    ]),
    ...fold('The engines side by side', describeEngines([run, ...others])),
  ].join('\n\n');
}

/** Shown when the reader asks for it. */
function fold(title: string, paragraphs: readonly string[]): string[] {
  return paragraphs.length === 0 ? [] : [`<details><summary>${title}</summary>`, ...paragraphs, '</details>'];
}

function describeRun({ machine, versions, date, plan }: RunResult): string {
  const { title } = findRuntimeName(versions);
  return `Times as fast as the peer, by bytes of payload, in one run: ${title} on ${machine.cpu}, ${machine.cores} cores, ${date.slice(0, 10)}, \`ws\` ${versions.ws}; medians of the ratios within ${plan.rounds} rounds. Below 1, in bold, it is slower.`;
}

function makeTable({ groups }: RunResult): string {
  const head = `| | against | ${SIZES.map((size) => (size === 60000 ? '≈ 64 Ki' : formatSize(size))).join(' | ')} |`;
  const rule = `|---|---|${'---:|'.repeat(SIZES.length)}`;
  const rows = ROWS.flatMap((row) => {
    const group = groups.find(({ id }) => id === row.group);
    return group === undefined ? [] : [`| ${row.name} | ${row.peerName} | ${makeCells(row, group).join(' | ')} |`];
  });
  return [head, rule, ...rows].join('\n');
}

function makeCells(row: Row, { cases }: GroupResult): string[] {
  const find = (one: CaseResult | undefined) =>
    one?.ratios.find(({ subject, peer }) => subject === row.subject && peer === row.peer);
  const [only] = cases;
  // What has one size only has it in its name.
  if (cases.length === 1) return SIZES.map((_, i) => (i === 0 ? describeRatio(find(only)) : ''));
  return SIZES.map((size) => {
    const nearest = [...cases].sort((a, b) => distance(a, size) - distance(b, size))[0];
    return nearest !== undefined && distance(nearest, size) < Math.log(NEAR) ? describeRatio(find(nearest)) : '–';
  });
}

function distance({ label }: CaseResult, size: number): number {
  return Math.abs(Math.log(Number(label) / size));
}

function describeRatio(ratio: Ratio | undefined): string {
  if (ratio === undefined) return '–';
  return isLoss(ratio) ? `**${formatRatio(ratio.median)}**` : formatRatio(ratio.median);
}
