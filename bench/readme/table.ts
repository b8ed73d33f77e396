// What the README says of speed, in Markdown: a table of ratios, and the list of what is not as it should be. It must not
// know files.

import { formatBytes } from '../page/format.js';
import { findReason } from '../reasons.js';
import type { CaseResult, GroupResult, Ratio, RunResult } from '../results.js';
import { findRuntimeName } from '../runtime-name.js';
import {
  formatRatio,
  gatherShortfalls,
  isLoss,
  listShortfalls,
  type Shortfall,
  type ShortfallSet,
  tally,
} from '../verdicts.js';

interface Row {
  readonly name: string;
  readonly group: string;
  readonly subject: string;
  readonly peer: string;
  /** Whom the reader knows the peer as. */
  readonly peerName: string;
}

const SIZES = [16, 125, 1024, 8192, 60000];
/** How far a size may be from the column's: 64 KiB stand for 60000 bytes. */
const NEAR = 1.1;
/** Of the other engines, so many of the worst figures, each of another group. */
const WORST = 3;

const RECEIVER = { subject: 'wsimd', peer: 'ws', peerName: '`ws` Receiver' };
const SENDER = { subject: 'writer', peer: 'ws frame', peerName: '`ws` Sender.frame' };

const CONNECTION = { subject: 'connection', peer: 'ws send', peerName: '`ws` Sender.send' };

const ROWS: readonly Row[] = [
  { name: 'decode by cursor: binary', group: 'decode/cursor/binary', ...RECEIVER },
  { name: 'decode by cursor: ASCII text', group: 'decode/cursor/ascii', ...RECEIVER },
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
  return [describeRun(run), makeTable(run), describeShortfalls(run), ...describeOthers(others)].join('\n\n');
}

function describeRun({ machine, versions, date, plan }: RunResult): string {
  const { title } = findRuntimeName(versions);
  return `How many times as fast as the peer, in one run: ${title} on ${machine.cpu}, ${machine.cores} cores, ${date.slice(0, 10)}, \`ws\` ${versions.ws}, medians of ${plan.rounds} rounds. Below 1, in bold, it is slower. Payload in bytes:`;
}

function makeTable({ groups }: RunResult): string {
  const head = `| | against | ${SIZES.map((size) => (size === 60000 ? '≈ 64 Ki' : size)).join(' | ')} |`;
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

/** Losses, and bars that are missed, of all that was measured: not only of what the table has. */
function describeShortfalls(run: RunResult): string {
  const { faster, slower, bars, barsMet } = tally(run);
  const sets = gatherShortfalls(run);
  const chief = sets.filter((set) => isChief(run, set));
  const items = chief.map(({ group, title, subject, peer, shortfalls }) => {
    const figures = shortfalls.map(describeFigure).join(', ');
    const reason = findReason(group, subject, peer);
    return `- ${title}, \`${subject}\` against \`${peer}\`: ${figures}.${reason === undefined ? '' : ` ${reason}`}`;
  });
  const left = sets.filter((set) => !isChief(run, set)).reduce((sum, { shortfalls }) => sum + shortfalls.length, 0);
  if (left > 0) items.push(`- and ${left} figures of other ways and peers, all of which the report shows`);
  const counts = `Of ${faster + slower} figures against others ${slower} are losses; of ${bars} bars (\`bench/bars.ts\`) ${bars - barsMet} are missed.`;
  return `**Where it loses, or misses what we want.** ${counts}\n\n${items.join('\n')}`.trimEnd();
}

/** What the group is about, or what a bar is set on. */
function isChief({ groups }: RunResult, { group, subject, peer, shortfalls }: ShortfallSet): boolean {
  const first = groups.find(({ id }) => id === group)?.cases[0]?.ratios[0];
  const isFirst = first?.subject === subject && first.peer === peer;
  return isFirst || shortfalls.some(({ ratio }) => ratio.bar !== undefined);
}

function describeFigure({ label, ratio: { median, bar }, isLoss }: Shortfall): string {
  const size = Number.isFinite(Number(label)) ? formatBytes(Number(label)) : label;
  const figure = isLoss ? `**${formatRatio(median)}**` : formatRatio(median);
  return `${figure} at ${size}${bar === undefined || median >= bar ? '' : ` (wanted ${bar})`}`;
}

function describeOthers(runs: readonly RunResult[]): string[] {
  if (runs.length === 0) return [];
  const items = runs.map((run) => {
    const { faster, slower, bars, barsMet } = tally(run);
    const losses = listShortfalls(run).filter((one) => one.isLoss);
    const sorted = losses.sort((a, b) => a.ratio.median - b.ratio.median);
    const worst = sorted.filter((one, i) => sorted.findIndex(({ group }) => group === one.group) === i).slice(0, WORST);
    const list = worst.map(({ group, label, ratio }) => `${formatRatio(ratio.median)} in ${group}/${label}`);
    const counts = `${slower} of ${faster + slower} are losses, ${bars - barsMet} of ${bars} bars missed`;
    return `- ${findRuntimeName(run.versions).title}: ${counts}${list.length === 0 ? '' : `; the worst: ${list.join(', ')}`}`;
  });
  return [`On other engines, against the same peers there:\n\n${items.join('\n')}`];
}
