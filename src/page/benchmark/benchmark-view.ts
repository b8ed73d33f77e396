// The part of the page that measures both kernels in this browser, and draws a pair of bars for each case as it comes.

import type { KernelName } from '../../index.js';
import { byId, element } from '../dom.js';
import { formatFigure, formatRate, formatThroughput } from '../format.js';
import { type BenchmarkCase, type BenchmarkGroup, makeGroups } from './benchmark-cases.js';
import { findKernels, measureAll, type Rates } from './benchmark-run.js';

/** What is on the page of one case. */
interface CaseView {
  readonly root: HTMLLIElement;
  showRunning(): void;
  showRates(rates: Rates): void;
}

/** Wires the button up. */
export function startBenchmarkView(): void {
  const button = byId('run-benchmark', HTMLButtonElement);
  const status = byId('benchmark-status', HTMLElement);
  const progress = byId('benchmark-progress', HTMLProgressElement);
  const charts = byId('charts', HTMLElement);

  const run = async () => {
    const start = performance.now();
    const groups = makeGroups();
    const { names, missing } = findKernels();
    const views = new Map(groups.flatMap((group) => group.cases.map((one) => [one, caseView(one, group, names)])));
    charts.replaceChildren(...groups.map((group) => groupView(group, (one) => views.get(one)!)));
    progress.max = views.size;
    progress.value = 0;
    const ratios: number[] = [];
    await measureAll(
      groups,
      names,
      (one) => {
        status.textContent = `measures ${one.label}`;
        views.get(one)!.showRunning();
      },
      (one, rates) => {
        progress.value++;
        views.get(one)!.showRates(rates);
        ratios.push(ratioOf(rates));
      },
    );
    const seconds = Math.round((performance.now() - start) / 1000);
    const wins = ratios.filter((ratio) => ratio > 1).length;
    const verdict = missing ?? `wasm is the faster kernel in ${wins} of ${ratios.length}`;
    status.textContent = `Done in ${seconds} s: ${verdict}.`;
  };

  button.addEventListener('click', async () => {
    button.disabled = true;
    progress.hidden = false;
    delete status.dataset.problem;
    try {
      await run();
    } catch (error) {
      status.textContent = String(error);
      status.dataset.problem = '';
    }
    progress.hidden = true;
    button.disabled = false;
  });
}

function groupView({ title, note, cases }: BenchmarkGroup, viewOf: (one: BenchmarkCase) => CaseView): HTMLElement {
  const list = element('ol', 'cases', ...cases.map((one) => viewOf(one).root));
  return element('section', 'chart', element('h2', '', title), element('p', 'note', note), list);
}

function caseView({ label }: BenchmarkCase, { unit }: BenchmarkGroup, kernels: readonly KernelName[]): CaseView {
  const ratio = element('span', 'ratio', '');
  const rows = kernels.map((kernel) => {
    const bar = element('span', `bar ${kernel}`);
    const figure = element('span', 'figure', '–');
    return { kernel, bar, figure, root: element('p', 'kernel-row', element('span', 'name', kernel), bar, figure) };
  });
  const root = element('li', 'case', element('p', 'case-title', label, ratio), ...rows.map((row) => row.root));
  return {
    root,
    showRunning: () => {
      root.dataset.state = 'running';
    },
    showRates(rates) {
      root.dataset.state = 'done';
      const best = Math.max(...Object.values(rates));
      for (const { kernel, bar, figure } of rows) {
        const rate = rates[kernel] ?? 0;
        bar.style.setProperty('--share', String(rate / best));
        figure.textContent = unit === 'messages' ? formatRate(1e9 / rate) : formatThroughput(1, rate / 1e9);
      }
      if (kernels.length > 1) ratio.textContent = `wasm ${formatFigure(ratioOf(rates))} ×`;
    },
  };
}

/** How many times as fast as the portable kernel the other is. */
function ratioOf({ wasm = 0, portable = 1 }: Rates): number {
  return wasm / portable;
}
