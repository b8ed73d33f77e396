// One plot of lines over sizes, as SVG, whose looks come from palette.ts. It must not know what is measured.

import { dashOf, drawMarker, PLOT_STYLE, round } from './palette.js';
import { makeLogScale, makeSizeScale, type Scale, spread } from './scale.js';

export interface Point {
  readonly size: number;
  readonly value: number;
  /** Quartiles. */
  readonly low?: number;
  readonly high?: number;
  /** All that is to be known of it, in words. */
  readonly text: string;
  /** Drawn hollow: it is not as it should be. */
  readonly isMiss?: boolean;
}

export interface Series {
  readonly name: string;
  /** Its look: see palette.ts. */
  readonly slot: number;
  readonly points: readonly Point[];
  readonly targets?: readonly Target[];
}

/** What a value is to reach at least at some size. */
export interface Target {
  readonly size: number;
  readonly value: number;
}

export interface Plot {
  /** For those who do not see it. */
  readonly label: string;
  /** What the values are. */
  readonly quantity: string;
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** Sizes that have their place on the axis before there are points at them. */
  readonly sizes?: readonly number[];
  /** The value at which two are level; below it somebody loses. */
  readonly even?: number;
  readonly sizeName?: string;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly top: number;
  /** Room for the names of the series. */
  readonly right: number;
}

export const SMALL_FRAME: Frame = { width: 420, height: 270, top: 24, right: 104 };
const LEFT = 46;
const BOTTOM = 38;
const LINE_HEIGHT = 14;
const TICK_GAP = 34;

/** An `<svg>` for a page that has PLOT_STYLE. */
export function drawPlot(plot: Plot, frame: Frame = SMALL_FRAME): string {
  const { width, height } = frame;
  const content = drawContent(plot, frame);
  return `<svg class="plot" viewBox="0 0 ${width} ${height}" role="group" aria-label="${escapeXml(plot.label)}">${content}</svg>`;
}

/** An SVG file that stands alone: a card with what is drawn on it. @param alt what it shows, in words */
export function drawCard(title: string, alt: string, width: number, height: number, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">
<title id="title">${escapeXml(title)}</title>
<desc id="desc">${escapeXml(alt)}</desc>
<style>${PLOT_STYLE}
.card{fill:var(--background);stroke:var(--line)}</style>
<rect class="card" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
${content}
</svg>
`;
}

/** What stands in the `<svg>`. */
export function drawContent(plot: Plot, frame: Frame): string {
  const { series, even, sizes: expected = [] } = plot;
  const bottom = frame.height - BOTTOM;
  const right = frame.width - frame.right;
  const points = series.flatMap((one) => one.points);
  const values = points.flatMap(({ value, low = value, high = value }) => [value, low, high]);
  const sizes = [...expected, ...points.map(({ size }) => size)];
  const x = makeSizeScale(sizes, LEFT + 10, right - 8, TICK_GAP);
  const targetValues = series.flatMap(({ targets = [] }) => targets.map(({ value }) => value));
  const y = makeLogScale([...values, ...targetValues, ...(even === undefined ? [] : [even])], bottom, frame.top);
  return [
    drawLossArea(plot, frame, y),
    drawAxes(plot, frame, x, y),
    ...series.map((one) => drawSeries(one, x, y)),
    drawNames(series, frame, x, y),
  ].join('');
}

function drawLossArea({ even }: Plot, frame: Frame, y: Scale): string {
  if (even === undefined) return '';
  const top = y.at(even);
  const height = frame.height - BOTTOM - top;
  const width = frame.width - frame.right - LEFT;
  const area = `<rect class="loss-area" x="${LEFT}" y="${round(top)}" width="${width}" height="${round(height)}"/>`;
  const text = `<text class="loss-text small" x="${LEFT + 4}" y="${round(top + 12)}">slower</text>`;
  return height > LINE_HEIGHT ? area + text : area;
}

function drawAxes({ quantity, format, even, sizeName = 'bytes' }: Plot, frame: Frame, x: Scale, y: Scale): string {
  const bottom = frame.height - BOTTOM;
  const right = frame.width - frame.right;
  const rows = y.ticks.map((value) => {
    const at = round(y.at(value));
    const line = `<line class="grid" x1="${LEFT}" x2="${right}" y1="${at}" y2="${at}"/>`;
    return `${line}<text class="muted small" x="${LEFT - 5}" y="${round(y.at(value) + 4)}" text-anchor="end">${format(value)}</text>`;
  });
  const level = even === undefined ? '' : round(y.at(even));
  const evenLine =
    even === undefined ? '' : `<line class="even" x1="${LEFT}" x2="${right}" y1="${level}" y2="${level}"/>`;
  const columns = x.ticks.map(
    (size) =>
      `<text class="muted small" x="${round(x.at(size))}" y="${bottom + 15}" text-anchor="middle">${formatSize(size)}</text>`,
  );
  const names = `<text class="muted small" x="4" y="${frame.top - 10}">${escapeXml(quantity)}</text><text class="muted small" x="${(LEFT + right) / 2}" y="${bottom + 31}" text-anchor="middle">${escapeXml(sizeName)}</text>`;
  return [...rows, evenLine, ...columns, names].join('');
}

function drawTarget({ size, value }: Target, x: Scale, y: Scale): string {
  const at = round(y.at(value));
  return `<line class="bar" x1="${round(x.at(size) - 8)}" x2="${round(x.at(size) + 8)}" y1="${at}" y2="${at}"/>`;
}

function drawSeries({ points, slot, targets = [] }: Series, x: Scale, y: Scale): string {
  const sorted = [...points].sort((a, b) => a.size - b.size);
  const line = sorted.map(({ size, value }) => `${round(x.at(size))},${round(y.at(value))}`).join(' ');
  const dash = dashOf(slot);
  const path = `<polyline class="path" points="${line}"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}/>`;
  const marks = sorted.map((point) => {
    const { size, value, low = value, high = value } = point;
    const at = round(x.at(size));
    const whisker = `<line class="spread" x1="${at}" x2="${at}" y1="${round(y.at(low))}" y2="${round(y.at(high))}"/>`;
    const name = escapeXml(point.text);
    // Titles are for files that stand alone: a page shows the label itself.
    return `<g class="point" role="img" aria-label="${name}">${low === high ? '' : whisker}${drawMarker(slot, x.at(size), y.at(value), `class="mark${point.isMiss ? ' miss' : ''}"`)}</g>`;
  });
  return `<g class="s${slot % 8}">${targets.map((target) => drawTarget(target, x, y)).join('')}${path}${marks.join('')}</g>`;
}

function drawNames(series: readonly Series[], frame: Frame, x: Scale, y: Scale): string {
  const named = series.filter(({ points }) => points.length > 0);
  const ends = named.map(({ points }) => points.reduce((last, point) => (point.size >= last.size ? point : last)));
  const wanted = ends.map(({ value }) => y.at(value));
  const places = spread(wanted, LINE_HEIGHT, frame.top, frame.height - BOTTOM);
  const left = frame.width - frame.right + 12;
  return named
    .map(({ name, slot }, i) => {
      const from = `x1="${round(x.at(ends[i]!.size) + 5)}" y1="${round(wanted[i]!)}"`;
      const lead = `<line class="lead" ${from} x2="${left - 5}" y2="${round(places[i]!)}"/>`;
      const marker = drawMarker(slot, left, places[i]!, 'class="mark"');
      return `<g class="s${slot % 8}">${lead}${marker}<text class="small" x="${left + 8}" y="${round(places[i]! + 4)}">${escapeXml(name)}</text></g>`;
    })
    .join('');
}

/** Short, for an axis. */
export function formatSize(size: number): string {
  if (size >= 1024 * 1024 && size % (1024 * 1024) === 0) return `${size / 1024 / 1024} Mi`;
  if (size >= 1024 && size % 1024 === 0) return `${size / 1024} Ki`;
  return size >= 10000 ? `${Math.round(size / 1000)}k` : String(size);
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
