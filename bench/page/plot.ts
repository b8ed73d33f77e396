// Lines in SVG: messages a second over size, both logarithmic. Each subject has a colour, a dash and a mark of its own, so
// that nobody needs the colours. It must not know what is measured.

import type { CaseResult } from '../core/results.js';
import { formatBytes, formatRate } from './format.js';

const NS = 'http://www.w3.org/2000/svg';
const HEIGHT = 280;
const LEFT = 62;
const RIGHT = 16;
const TOP = 14;
const BOTTOM = 34;
const MARK = 4.5;
const LABEL_WIDTH = 48;

/**
 * @param sizes of all cases, also of those still to come, in ascending order
 * @param width in pixels, so that letters are as large as they are elsewhere
 */
export function makePlot(sizes: readonly number[], results: readonly CaseResult[], width: number): SVGElement {
  const plot = svg('svg', { viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img' });
  const rates = results.flatMap(({ subjects }) => subjects.map(({ median }) => 1e9 / median));
  const low = Math.floor(Math.log10(Math.min(...rates)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...rates))));
  const from = Math.log2(sizes[0] || 1);
  const span = Math.log2(sizes.at(-1) || 1) - from;
  const x = (size: number) => LEFT + ((Math.log2(size || 1) - from) / span) * (width - LEFT - RIGHT);
  const y = (rate: number) => TOP + ((high - Math.log10(rate)) / (high - low)) * (HEIGHT - TOP - BOTTOM);

  for (let power = low; power <= high; power++) {
    const at = y(10 ** power);
    plot.append(
      svg('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: at, y2: at }),
      text(LEFT - 8, at + 4, 'end', formatRate(1e9 / 10 ** power).replace(/\.0+(?= )/, '')),
    );
  }
  let lastX = Number.NEGATIVE_INFINITY;
  const endX = x(sizes.at(-1)!);
  for (const size of sizes) {
    const at = x(size);
    // Labels that would touch are left out; the last stands at the edge, and is long.
    if (at - lastX < LABEL_WIDTH || (at < endX && at > endX - 1.8 * LABEL_WIDTH)) continue;
    lastX = at;
    plot.append(text(at, HEIGHT - 10, at === endX ? 'end' : 'middle', formatBytes(size)));
  }
  for (const [i, { name }] of (results[0]?.subjects ?? []).entries()) {
    const points = results.map(({ label, subjects }) => [x(Number(label)), y(1e9 / subjects[i]!.median)] as const);
    const line = svg('g', { class: `subject-${i}` });
    line.append(
      svg('title', {}, name),
      svg('polyline', { points: points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' ') }),
      ...points.map(([px, py]) => mark(i, px, py)),
    );
    plot.append(line);
  }
  return plot;
}

/** A circle, a square, a diamond, a triangle. */
function mark(i: number, x: number, y: number): SVGElement {
  if (i === 0) return svg('circle', { cx: x, cy: y, r: MARK });
  const corners = [[], [-1, -1, 1, -1, 1, 1, -1, 1], [0, -1.3, 1.3, 0, 0, 1.3, -1.3, 0], [0, -1.2, 1.2, 1, -1.2, 1]][
    i % 4
  ]!;
  const points = corners.map((corner, at) => (at % 2 === 0 ? x : y) + corner * MARK * 0.9);
  return svg('polygon', { points: points.map((point) => point.toFixed(1)).join(' ') });
}

function text(x: number, y: number, anchor: string, content: string): SVGElement {
  return svg('text', { x, y, 'text-anchor': anchor }, content);
}

function svg(tag: string, attributes: Readonly<Record<string, string | number>>, content?: string): SVGElement {
  const made = document.createElementNS(NS, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (content !== undefined) made.textContent = content;
  return made;
}
