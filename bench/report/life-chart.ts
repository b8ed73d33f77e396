// The ten headline cases as one chart: how many times as many messages as ws, the worst on top, on a scale that shows losses as long as
// gains of the same factor.

import type { LifeRun } from '../run/life/result.js';
import { fullTitle, listHeadlines, mainRatio } from './life-figures.js';
import { round } from './plot/palette.js';
import { drawCard, escapeXml } from './plot/plot.js';
import { makeLogScale } from './plot/scale.js';

const WIDTH = 760;
const TOP = 62;
const ROW = 26;
const NAMES = 330;
const RIGHT = 70;
const BOTTOM = 30;

export interface Chart {
  readonly svg: string;
  readonly alt: string;
}

/** @returns undefined for a run without headline cases */
export function drawLife(run: LifeRun): Chart | undefined {
  const rows = listHeadlines(run.cases).flatMap((result) => {
    const ratio = mainRatio(result);
    return ratio === undefined ? [] : [{ title: fullTitle(result), ...ratio }];
  });
  if (rows.length === 0) return undefined;
  const title = `Messages a CPU second, as a multiple of ws ${run.versions.ws} (Node ${run.versions.node})`;
  const alt = `${title}: ${rows.map((row) => `${row.title} ${row.median.toFixed(2)}`).join('; ')}`;
  const height = TOP + rows.length * ROW + BOTTOM;
  const bottom = height - BOTTOM;
  const values = rows.flatMap(({ p25, p75, target }) => [p25, p75, target ?? 1]);
  const x = makeLogScale([...values, 1], NAMES, WIDTH - RIGHT);
  const vertical = (value: number, name: string, from: number, to: number) =>
    `<line class="${name}" x1="${round(x.at(value))}" x2="${round(x.at(value))}" y1="${round(from)}" y2="${round(to)}"/>`;
  const ticks = x.ticks.map(
    (tick) =>
      `${vertical(tick, 'grid', TOP - 6, bottom)}<text class="muted small" text-anchor="middle" x="${round(x.at(tick))}" y="${bottom + 16}">${tick}</text>`,
  );
  const bars = rows.map((row, i) => {
    const top = TOP + i * ROW;
    const [from, to] = [x.at(Math.min(1, row.median)), x.at(Math.max(1, row.median))];
    const isLoss = row.median < 1;
    const target = row.target === undefined ? '' : vertical(row.target, 'bar', top, top + 18);
    return [
      `<g class="s${isLoss ? 1 : 0}"><text class="small" x="16" y="${top + 13}">${escapeXml(row.title)}</text>`,
      `<rect class="block" x="${round(from)}" y="${top + 3}" width="${round(Math.max(1, to - from))}" height="12" rx="2"/>`,
      `<line class="spread" x1="${round(x.at(row.p25))}" x2="${round(x.at(row.p75))}" y1="${top + 9}" y2="${top + 9}"/>${target}`,
      `<text class="small${isLoss ? ' loss-text' : ''}" x="${WIDTH - RIGHT + 14}" y="${top + 13}">${row.median.toFixed(2)}</text></g>`,
    ].join('');
  });
  const legend = '1: as many as ws. Upright strokes: targets.';
  const content = `<text class="title" x="16" y="28">${escapeXml(title)}</text>
<text class="muted small" x="16" y="46">${escapeXml(legend)}</text>
${ticks.join('')}
${bars.join('\n')}
${vertical(1, 'even', TOP - 6, bottom)}`;
  return { svg: drawCard(title, alt, WIDTH, height, content), alt };
}
