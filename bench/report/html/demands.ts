// The targets, in the report: a table of the demands with the result of each, and below it the misses. It must not know how
// anything was measured.

import type { RunResult } from '../../core/results.js';
import {
  countMet,
  type DemandVerdict,
  describeMisses,
  describeResult,
  explainMisses,
  gatherMisses,
  judgeDemands,
} from '../../targets/judge.js';
import { escapeXml } from '../plot/plot.js';
import { makeTable, toAnchor } from './tables.js';

export function tabulateDemands(title: string, run: RunResult): string {
  const verdicts = judgeDemands(run);
  if (verdicts.length === 0) return '<p>Of what was measured here, nothing.</p>';
  const rows = verdicts.map((verdict) => [
    `<th scope="row">${formatCode(verdict.demand.title)}</th>`,
    resultCell(verdict),
    `<td class="words">${formatCode(verdict.demand.wanted)}</td>`,
  ]);
  const misses = verdicts
    .flatMap((verdict) => gatherMisses(verdict))
    .map((set) => {
      const { group } = set[0]!;
      const figures = escapeXml(describeMisses(set).slice(group.length));
      return `<li><a href="#${toAnchor(group)}">${escapeXml(group)}</a>${figures}. ${formatCode(explainMisses(set))}</li>`;
    });
  const list = misses.length === 0 ? '' : `<h3>Missed, and why</h3><ul class="losses">${misses.join('\n')}</ul>`;
  return makeTable(`Targets, ${title}`, ['', 'reached', 'wanted'], rows) + list;
}

function resultCell(verdict: DemandVerdict): string {
  const { met, of } = countMet(verdict);
  const missed = met < of ? `<em>${of - met} missed</em>` : '';
  return `<td class="words${met < of ? ' miss' : ''}">${escapeXml(describeResult(verdict))}${missed}</td>`;
}

/** What stands between backquotes is code. */
function formatCode(text: string): string {
  return escapeXml(text).replaceAll(/`([^`]*)`/g, '<code>$1</code>');
}
