// Blocks beside each other, for what was measured at one size only, as SVG. It must not know what is measured.

import { round } from './palette.js';
import { escapeXml, type Plot, SMALL_FRAME } from './plot.js';
import { makeLinearScale } from './scale.js';

const HEAD = 26;
const ROW = 36;
const LEFT = 4;
/** Room for the figure behind the longest. */
const RIGHT = 80;
const CLEARANCE = 80;

/** Takes the first point and the first target of each series. */
export function drawBlocks({ label, quantity, series, format, even }: Plot): string {
  const { width } = SMALL_FRAME;
  const rows = series.flatMap(({ name, slot, points: [point], targets: [target] = [] }) =>
    point === undefined ? [] : [{ name, slot, point, target }],
  );
  const height = HEAD + rows.length * ROW + 6;
  const values = rows.flatMap(({ point, target }) => [point.value, target?.value ?? 0]);
  const x = makeLinearScale([...values, even ?? 0], LEFT, width - RIGHT);
  const line = (value: number, name: string, top: number, bottom: number) =>
    `<line class="${name}" x1="${round(x.at(value))}" x2="${round(x.at(value))}" y1="${top}" y2="${bottom}"/>`;
  const blocks = rows.map(({ name, slot, point, target }, i) => {
    const top = HEAD + i * ROW;
    const end = Math.max(x.at(point.value), LEFT + 1);
    const mark = target === undefined ? 0 : x.at(target.value);
    // A target just behind the end would lie in the figure.
    const textAt = (mark > end && mark < end + CLEARANCE ? mark : end) + 6;
    const isLoss = even !== undefined && point.value < even;
    const parts = [
      `<text class="small" x="${LEFT}" y="${top + 11}">${escapeXml(name)}</text>`,
      `<rect class="block" x="${LEFT}" y="${top + 16}" width="${round(end - LEFT)}" height="12" rx="2"/>`,
      target === undefined ? '' : line(target.value, 'bar', top + 12, top + 32),
      `<text class="small${isLoss ? ' loss-text' : ''}" x="${round(textAt)}" y="${top + 26}">${escapeXml(format(point.value))}${isLoss ? ' slower' : ''}</text>`,
    ];
    return `<g class="point s${slot % 8}" role="img" aria-label="${escapeXml(point.text)}">${parts.join('')}</g>`;
  });
  const evenLine = even === undefined ? '' : line(even, 'even', 22, height - 2);
  const title = `<text class="muted small" x="${LEFT}" y="14">${escapeXml(quantity)}</text>`;
  return `<svg class="plot" viewBox="0 0 ${width} ${height}" role="group" aria-label="${escapeXml(label)}">${title}${evenLine}${blocks.join('')}</svg>`;
}
