// The page: starts the run, draws what comes of it as it comes, offers the JSON. It must not know what is measured.

import { byId, element } from '../../src/page/dom.js';
import type { Group } from '../core/harness.js';
import type { RunResult } from '../core/results.js';
import { addPlotStyle, createGroupView, type GroupView } from './chart.js';
import { findBrowser } from './engine.js';
import { formatBytes, formatFigure } from './format.js';
import { chooseGroups, run } from './run.js';
import { type Failure, RESULT_PATH, readSpec } from './run-spec.js';
import { makeSummary } from './summary.js';

const spec = readSpec(location.search);
const chosen = chooseGroups(spec);
const status = byId('status', HTMLParagraphElement);
const progress = byId('progress', HTMLProgressElement);
const startButton = byId('start', HTMLButtonElement);
const saveButton = byId('save', HTMLButtonElement);
const groupList = byId('groups', HTMLElement);
const summary = byId('summary', HTMLElement);

addPlotStyle();
const { name, version } = findBrowser();
byId('browser', HTMLElement).textContent = `${name} ${version}`;
startButton.addEventListener('click', () => void start());
if (spec.isStarted) void start();

async function start(): Promise<void> {
  startButton.disabled = true;
  saveButton.hidden = true;
  summary.replaceChildren();
  const views = new Map<string, GroupView>(chosen.map((group) => [group.id, createGroupView(group)]));
  const viewOf = ({ id }: Group) => views.get(id)!;
  groupList.replaceChildren(...[...views.values()].map(({ root }) => root));
  try {
    const result = await run(chosen, spec, {
      onCase(group, label, done, total) {
        progress.max = total;
        progress.value = done;
        status.textContent = `${done + 1} of ${total}: ${group.title}, ${formatBytes(Number(label))}`;
        viewOf(group).showProgress(label);
      },
      onResult: (group, result) => viewOf(group).add(result),
      onGroupDone: (group) => viewOf(group).finish(),
    });
    progress.value = progress.max;
    finish(result);
    if (spec.isPosted) await post(result);
  } catch (error) {
    status.textContent = String(error);
    status.classList.add('failed');
    if (spec.isPosted) await post({ error: String(error) });
  }
  startButton.disabled = false;
}

function finish(result: RunResult): void {
  const { crossOriginIsolated } = globalThis;
  status.textContent = `Done in ${formatFigure(result.seconds)} s. The clock of this page is ${crossOriginIsolated ? 'fine' : 'coarse: it is not isolated'}.`;
  summary.replaceChildren(element('h2', '', 'All of it'), makeSummary(result));
  saveButton.hidden = false;
  saveButton.onclick = () => save(result);
}

function save(result: RunResult): void {
  const link = element('a', '');
  link.href = URL.createObjectURL(new Blob([`${JSON.stringify(result)}\n`], { type: 'application/json' }));
  link.download = `wsimd-${name.toLowerCase()}-${result.date.slice(0, 10)}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function post(result: RunResult | Failure): Promise<void> {
  await fetch(RESULT_PATH, { method: 'POST', body: JSON.stringify(result) });
}
