// The table at the end: every case, and how the codec stands against what a page would do without it. It must not know how
// it was measured.

import { element } from '../../src/page/dom.js';
import type { CaseResult, RunResult } from '../core/results.js';
import { formatBytes, formatFigure, formatThroughput, formatTime } from './format.js';

const HEAD = ['size', 'a message', 'payload', 'times as fast as'];

export function makeSummary({ groups }: RunResult): HTMLElement {
  const rows = groups.flatMap(({ title, cases }) => {
    const heading = element('th', '', title);
    heading.colSpan = HEAD.length;
    return [element('tr', 'heading', heading), ...cases.map(makeRow)];
  });
  const header = element('tr', '', ...HEAD.map((text) => element('th', '', text)));
  return element('div', 'scroll', element('table', '', element('thead', '', header), element('tbody', '', ...rows)));
}

function makeRow({ label, bytes, subjects, ratios }: CaseResult): HTMLElement {
  const { name, median } = subjects[0]!;
  const ours = ratios.filter(({ subject }) => subject === name);
  // Each on a line of its own where there is little room.
  const against = ours.map(({ peer, median }) =>
    element('span', median < 1 ? 'lost' : '', `${peer} ${formatFigure(median)}`),
  );
  return element(
    'tr',
    '',
    element('td', '', formatBytes(Number(label))),
    element('td', '', formatTime(median)),
    element('td', '', formatThroughput(median, bytes)),
    element('td', 'against', ...against),
  );
}
