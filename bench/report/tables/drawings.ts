// The drawings of docs/background/benchmarks.md: SVG files that stand alone, legible on a light page and on a dark one. It does not
// touch files.

import type { GroupResult, RunResult } from '../../core/results.js';
import { findRuntimeName } from '../../core/runtime-name.js';
import { formatFigure } from '../../page/format.js';
import { drawCard, drawContent, escapeXml, type Frame, type Plot, type Point, type Series } from '../plot/plot.js';

export interface Drawing {
  /** Without its folder. */
  readonly file: string;
  readonly alt: string;
  readonly svg: string;
}

const FRAME = { width: 760, height: 380, top: 66 };
const MARGIN = 34;
const LETTER = 6.6;

/** @param runs the first is the one that the ratios are of */
export function makeDrawings(runs: readonly RunResult[]): Drawing[] {
  const base = runs[0]!;
  const { title } = findRuntimeName(base.versions);
  const cursor = [
    { id: 'decode/cursor/binary', name: 'binary' },
    { id: 'decode/cursor/ascii', name: 'ASCII text' },
    { id: 'decode/cursor/cjk', name: 'CJK text' },
  ];
  const messages = [
    { id: 'decode/messages/binary', name: 'binary' },
    { id: 'decode/messages/ascii', name: 'ASCII strings' },
    { id: 'decode/messages/cjk', name: 'CJK strings' },
    { id: 'decode/single/binary', name: 'binary, one frame a chunk' },
  ];
  const drawn = [
    drawRatios('cursor.svg', `Decoding by cursor: times as fast as ws (${title})`, base, cursor),
    drawRatios('messages.svg', `Messages delivered: times as fast as ws (${title})`, base, messages),
    drawEngines('engines.svg', 'Decoding masked binary by cursor, in each engine', runs),
  ];
  return drawn.filter((drawing) => drawing !== undefined);
}

function drawRatios(
  file: string,
  title: string,
  run: RunResult,
  groups: readonly { readonly id: string; readonly name: string }[],
): Drawing | undefined {
  const series = groups.map(({ id, name }, slot) => ({
    name,
    slot,
    points: ratioPoints(name, findGroup(run, id)),
  }));
  return draw(file, title, { quantity: 'times as fast as the Receiver of ws', even: 1, series });
}

/** Of many versions of Node the oldest and the newest. */
function drawEngines(file: string, title: string, all: readonly RunResult[]): Drawing | undefined {
  const isNode = (run: RunResult) => findRuntimeName(run.versions).id.startsWith('node-');
  const nodes = all.filter(isNode);
  const runs = all.filter((run) => !isNode(run) || run === nodes[0] || run === nodes.at(-1));
  const series = runs.map((run, slot): Series => {
    const name = findRuntimeName(run.versions).title.split('.')[0]!;
    const points = (findGroup(run, 'decode/cursor/binary')?.cases ?? []).flatMap(({ label, bytes, subjects }) => {
      const ours = subjects.find((one) => one.name === 'wsimd');
      if (ours === undefined || bytes === 0) return [];
      const value = bytes / ours.median;
      const text = `${name}, ${label} bytes: ${formatFigure(value)} GB/s`;
      return [{ size: Number(label), value, low: bytes / ours.p75, high: bytes / ours.p25, text }];
    });
    return { name, slot, points };
  });
  return draw(file, title, { quantity: 'GB/s of payload', series });
}

function findGroup({ groups }: RunResult, id: string): GroupResult | undefined {
  return groups.find((group) => group.id === id);
}

function ratioPoints(name: string, group: GroupResult | undefined): Point[] {
  return (group?.cases ?? []).flatMap(({ label, ratios }) => {
    const ratio = ratios.find(({ subject, peer }) => subject === 'wsimd' && peer === 'ws');
    // At no bytes at all nothing is decoded but headers.
    if (ratio === undefined || Number(label) === 0) return [];
    const { median, p25, p75 } = ratio;
    const text = `${name}, ${label} bytes: ${formatFigure(median)} times`;
    return [{ size: Number(label), value: median, low: p25, high: p75, text }];
  });
}

function draw(file: string, title: string, plot: Pick<Plot, 'quantity' | 'series' | 'even'>): Drawing | undefined {
  const series = plot.series.filter(({ points }) => points.length > 0);
  if (series.length === 0) return undefined;
  const longest = Math.max(...series.map(({ name }) => name.length));
  const frame: Frame = { ...FRAME, right: MARGIN + longest * LETTER };
  const format = (value: number) => String(Number(value.toPrecision(3)));
  const content = drawContent({ ...plot, series, label: title, format, sizeName: 'bytes of payload' }, frame);
  const { width, height } = frame;
  const alt = `${title}: ${series.map(summarize).join('; ')}`;
  const card = `<text class="title" x="16" y="30">${escapeXml(title)}</text>
<g transform="translate(6 0)">${content}</g>`;
  return { file, alt, svg: drawCard(title, alt, width, height, card) };
}

/** The ends of a line in words. */
function summarize({ name, points }: Series): string {
  const sorted = [...points].sort((a, b) => a.size - b.size);
  const say = ({ size, value }: Point) => `${formatFigure(value)} at ${size} bytes`;
  const [first, last] = [sorted[0]!, sorted.at(-1)!];
  return first === last ? `${name} ${say(first)}` : `${name} from ${say(first)} to ${say(last)}`;
}
