// The report: one HTML file without network, of one run or of one from each of several runtimes. It must not know how
// anything was measured.

import type { Failure, GroupResult, RunResult } from '../../core/results.js';
import { findRuntimeName } from '../../core/runtime-name.js';
import { countBars, tally } from '../../targets/judge.js';
import { drawMarker } from '../plot/palette.js';
import { escapeXml } from '../plot/plot.js';
import { tabulateDemands } from './demands.js';
import { drawEngines, drawGroup, findGroups } from './plots.js';
import { SCRIPT } from './script.js';
import { makeStyle } from './style.js';
import { listLosses, tabulateGroup, tabulateOverview, toAnchor } from './tables.js';

/** With fewer milliseconds of each subject in a case a run is for those who work on the code. */
const TIME_TO_QUOTE = 100;

const LEGEND = [
  'Times are medians of the rounds for one message or call; ratios are medians of the ratios within each round. A thin line through a point goes from quartile to quartile.',
  'Every subject worked on the same bytes, in turns with the others, and what it delivered was verified equal before it was timed.',
];

export function makePage(runs: readonly RunResult[]): string {
  const titles = runs.map(({ versions }) => findRuntimeName(versions).title);
  const picks = titles.map(
    (title, i) =>
      `<input class="pick" type="radio" name="run" id="run-${i}"${i === 0 ? ' checked' : ''} aria-label="${escapeXml(title)}">`,
  );
  const labels = titles.map((title, i) => `<label for="run-${i}">${escapeXml(title)}</label>`);
  const perRun = (make: (run: RunResult, title: string) => string, name = '') =>
    runs.map((run, i) => `<div class="run r${i}${name}">${make(run, titles[i]!)}</div>`).join('\n');
  const ids = [...new Set(runs.flatMap(({ groups }) => groups.map(({ id }) => id)))];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>wsimd: how fast it is</title>
<style>${makeStyle(runs.length)}</style>
</head>
<body>
${picks.join('\n')}
<header>
<h1>wsimd: how fast it is</h1>
${describeMachine(runs)}
</header>
<div class="runs">${labels.join('')}</div>
<main>
<h2>In short</h2>
${perRun(summarize)}
<h2>Targets</h2>
<p class="note">The bars of bench/targets/bars.ts, row by row; each miss with its figure, and why, where it is known.</p>
${perRun((run, title) => tabulateDemands(title, run), ' demands')}
<h2>Ratios at a glance</h2>
<p class="note">How many times as fast as the peer named; below 1 it is slower.</p>
${perRun((run, title) => tabulateOverview(title, run), ' overview')}
<h2>Where it is slower than others</h2>
${perRun(listLosses)}
<h2>Every figure</h2>
${makeKey()}
${ids.map((id) => makeSection(id, runs)).join('\n')}
</main>
<div id="tip" role="status" hidden></div>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function describeMachine(runs: readonly RunResult[]): string {
  const { machine } = runs[0]!;
  const cpus = new Set(runs.map((run) => run.machine.cpu));
  const quick = runs
    .filter(({ plan }) => plan.rounds * plan.turn < TIME_TO_QUOTE)
    .map(({ versions }) => findRuntimeName(versions).title);
  const rows = runs.map(({ date, versions, plan, seconds, machine }) => {
    const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
    const cells = [
      date.slice(0, 16).replace('T', ' '),
      `${plan.rounds} of ${plan.turn} ms`,
      `${seconds} s`,
      String(machine.load ?? '–'),
      list.join(', '),
    ];
    const data = cells.map((text) => `<td>${escapeXml(text)}</td>`).join('');
    return `<tr><th scope="row">${escapeXml(findRuntimeName(versions).title)}</th>${data}</tr>`;
  });
  const head = ['', 'date (UTC)', 'rounds', 'took', 'load before', 'versions']
    .map((name) => `<th scope="col">${name}</th>`)
    .join('');
  return `<p>${escapeXml(String(machine.cpu))}, ${machine.cores} cores, ${machine.memoryGiB ?? '?'} GiB, ${escapeXml(String(machine.os ?? ''))}; ${escapeXml(runs[0]!.date.slice(0, 10))}.</p>
${cpus.size > 1 ? '<p class="warn">These runs are of different machines.</p>' : ''}
${quick.length > 0 ? `<p class="warn">Few and short rounds (--quick) in ${escapeXml(quick.join(', '))}: a look at the code, not figures to be quoted.</p>` : ''}
<details><summary>Runtimes, versions and when</summary><div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div></details>
${LEGEND.map((text) => `<p class="note">${text}</p>`).join('\n')}`;
}

function summarize(run: RunResult, title: string): string {
  const { faster, slower } = tally(run);
  const { met, of } = countBars(run);
  const bars =
    of === 0 ? 'There are no bars for it.' : `Of ${of} bars, ${met} are met and <strong>${of - met} missed</strong>.`;
  const listAll = (all: readonly Failure[] = []) =>
    all.map(({ id, reason }) => `<li>${escapeXml(id)}: ${escapeXml(reason)}</li>`);
  const failures = listAll(run.failures);
  const skipped = listAll(run.skipped);
  const missing = run.groups.flatMap(({ id, cases }) =>
    cases.flatMap(({ label, missing = [] }) =>
      missing.map((name) => `<li>${escapeXml(`${id}/${label}: ${name}`)}</li>`),
    ),
  );
  const list = (name: string, items: readonly string[]) =>
    items.length === 0 ? '' : `<h3>${name}</h3><ul class="note">${items.join('')}</ul>`;
  return `<p><strong>${escapeXml(title)}</strong>: of ${faster + slower} figures against others, ${faster} are faster and <strong>${slower} slower</strong>. ${bars}</p>
${list('Not there in this runtime', missing)}${list('Cannot be measured on this engine', skipped)}${list('Could not be measured in this run', failures)}`;
}

function makeKey(): string {
  const mark = (name: string, text: string) =>
    `<li><svg class="key s0" width="20" height="14" viewBox="0 0 20 14" aria-hidden="true">${drawMarker(0, 10, 7, `class="mark${name}"`)}</svg>${text}</li>`;
  return `<ul class="legend">${mark('', 'as wanted, or nothing wanted')}${mark(' miss', 'misses its bar')}<li><svg class="key" width="20" height="14" viewBox="0 0 20 14" aria-hidden="true"><line class="bar" x1="2" x2="18" y1="7" y2="7"/></svg>the bar: what we want at least</li><li><svg class="key" width="20" height="14" viewBox="0 0 20 14" aria-hidden="true"><rect class="loss-area" width="20" height="14"/><line class="even" x1="0" x2="20" y1="1" y2="1"/></svg>below the line at 1 it is slower</li></ul>`;
}

function makeSection(id: string, runs: readonly RunResult[]): string {
  const inRuns = findGroups(runs, id);
  const first: GroupResult = inRuns[0]!.group;
  const notes = first.notes.map((note) => `<p class="note">${escapeXml(note)}</p>`).join('');
  const perRun = runs.map((run, i) => {
    const [found] = findGroups([run], id);
    if (found === undefined) return `<p class="run r${i} note">Not measured in this runtime.</p>`;
    return `<div class="run r${i} plots">${drawGroup(found)}</div>
<details class="run r${i}"><summary>The figures in ${escapeXml(found.title)}</summary>${tabulateGroup(found.title, found.group)}</details>`;
  });
  const engines =
    inRuns.length > 1 ? `<h3>Engines side by side</h3><div class="plots">${drawEngines(inRuns)}</div>` : '';
  return `<section aria-labelledby="${toAnchor(id)}"><h2 id="${toAnchor(id)}">${escapeXml(first.title)}</h2>${notes}
${perRun.join('\n')}
${engines}</section>`;
}
