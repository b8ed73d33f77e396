// One group as it grows: a chart with a line a subject, a point for each size that has been measured, and its figures below.
// It must not know how they are measured.

import { element } from '../../src/page/dom.js';
import type { Group } from '../core/harness.js';
import type { CaseResult } from '../core/results.js';
import { PLOT_STYLE } from '../report/plot/palette.js';
import { drawPlot, type Series } from '../report/plot/plot.js';
import { formatBytes, formatFigure, formatRate, formatTime } from './format.js';

/** Where the page is not shown, and so has no width. */
const PLOT_WIDTH = 560;
const PLOT_HEIGHT = 280;
/** Pixels for the names of the subjects, beside the lines. */
const NAMES_WIDTH = 130;

/** What is on the page of one group. */
export interface GroupView {
  readonly root: HTMLElement;
  /** Says which size is being measured. */
  showProgress(label: string): void;
  add(result: CaseResult): void;
  finish(): void;
}

export function createGroupView({ title, notes, pairs, cases }: Group): GroupView {
  const sizes = cases.map(({ label }) => Number(label));
  const results: CaseResult[] = [];
  const state = element('span', 'state', 'waits');
  const figure = element('div', 'figure');
  const note = element('p', 'note', notes.join(' '));
  const root = element('section', 'group', element('header', '', element('h2', '', title), state), figure, note);
  return {
    root,
    showProgress(label) {
      root.classList.add('running');
      state.textContent = `measures ${formatBytes(Number(label))} …`;
    },
    add(result) {
      results.push(result);
      const content: Node[] = [makeTable(results, pairs[0])];
      // A line through a single point says nothing.
      if (sizes.length > 1) content.unshift(makePlot(title, sizes, results, figure.clientWidth || PLOT_WIDTH));
      figure.replaceChildren(...content);
    },
    finish() {
      root.classList.remove('running');
      state.textContent = 'done';
    },
  };
}

/** Puts the looks of plots before the page's own, which may differ from them. */
export function addPlotStyle(): void {
  document.head.prepend(element('style', '', PLOT_STYLE));
}

/**
 * @param sizes of all cases, also of those still to come
 * @param width in pixels, so that letters are as large as they are elsewhere
 */
function makePlot(title: string, sizes: readonly number[], results: readonly CaseResult[], width: number): HTMLElement {
  const series = results[0]!.subjects.map(({ name }, slot): Series => {
    const points = results.map(({ label, subjects }) => {
      const { median } = subjects[slot]!;
      const size = Number(label);
      return { size, value: 1e9 / median, text: `${name}, ${formatBytes(size)}: ${formatRate(median)}` };
    });
    return { name, slot, points };
  });
  const format = (rate: number) => formatRate(1e9 / rate).replace(/\.0+(?= )/, '');
  const plot = { label: title, quantity: 'messages a second', series, format, sizes };
  const holder = element('div', '');
  holder.innerHTML = drawPlot(plot, { width, height: PLOT_HEIGHT, top: 24, right: NAMES_WIDTH });
  return holder;
}

/** @param pair whose ratio is shown */
function makeTable(results: readonly CaseResult[], pair: Group['pairs'][number] | undefined): HTMLElement {
  const names = results[0]!.subjects.map(({ name }) => name);
  const head = ['size', ...names, ...(pair === undefined ? [] : [`${pair[1]} ÷ ${pair[0]}`])];
  const rows = results.map(({ label, subjects, ratios }) => {
    const cells = subjects.map(({ median }) =>
      element('td', '', formatTime(median), element('small', '', formatRate(median))),
    );
    const ratio = ratios[0] === undefined ? undefined : element('td', 'ratio', `${formatFigure(ratios[0].median)} ×`);
    return element('tr', '', element('th', '', formatBytes(Number(label))), ...cells, ratio);
  });
  const header = element('tr', '', ...head.map((text) => element('th', '', text)));
  const table = element('table', '', element('thead', '', header), element('tbody', '', ...rows));
  return element('div', 'scroll', table);
}
