// The page's program: says which kernel runs, starts its parts, and shows the one that the address names.

import { selectKernel } from '../index.js';
import { startBenchmarkView } from './benchmark/benchmark-view.js';
import { byId, element } from './dom.js';
import { startPasteView } from './frames/paste-view.js';
import { startLiveView } from './live/live-view.js';
import { startTickerView } from './ticker/ticker-view.js';

const VIEWS = ['live', 'paste', 'benchmark', 'ticker'];

function showKernel(): void {
  const { kernel, reason } = selectKernel();
  const badge = byId('kernel', HTMLElement);
  badge.dataset.kernel = kernel.name;
  badge.replaceChildren('decoded by the ', element('strong', '', kernel.name), ` kernel: ${reason}`);
}

function showView(): void {
  const named = location.hash.slice(1);
  const shown = VIEWS.includes(named) ? named : 'live';
  for (const name of VIEWS) {
    byId(name, HTMLElement).hidden = name !== shown;
    const link = byId(`${name}-link`, HTMLAnchorElement);
    if (name === shown) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

showKernel();
startLiveView();
startPasteView();
startBenchmarkView();
startTickerView();
showView();
addEventListener('hashchange', showView);
