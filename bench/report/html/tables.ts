// The same figures as tables, for those who read rather than look. It must not know how they were measured.

import { type CaseResult, type GroupResult, isMet, type Ratio, type RunResult } from '../../core/results.js';
import { formatBytes, formatThroughput, formatTime } from '../../page/format.js';
import { formatRatio, gatherShortfalls, isLoss } from '../../targets/judge.js';
import { escapeXml, formatSize } from '../plot/plot.js';
import { formatLabel, listPairs, listSubjects } from './plots.js';

/** Where two sizes are so near, a column of the overview is for both. */
const NEAR = 1.1;
const OVERVIEW_SIZES = [16, 125, 1024, 8192, 65536, 1048576];

/** All of a group in one run. */
export function tabulateGroup(title: string, group: GroupResult): string {
  const subjects = listSubjects(group);
  const pairs = listPairs(group);
  const format = group.unit === 'bytes' ? (value: number) => formatBytes(Number(value.toPrecision(3))) : formatTime;
  const head = [
    'size',
    ...subjects,
    ...(group.unit === 'bytes' ? [] : [`${subjects[0]}, throughput`]),
    ...pairs.map(({ subject, peer }) => `${subject} : ${peer}`),
  ];
  const rows = group.cases.map((row) => [
    `<th scope="row">${escapeXml(formatLabel(row.label))}</th>`,
    ...subjects.map((name) => timeCell(row, name, format)),
    ...(group.unit === 'bytes' ? [] : [throughputCell(row, subjects[0]!)]),
    ...pairs.map(({ subject, peer }) =>
      ratioCell(row.ratios.find((one) => one.subject === subject && one.peer === peer)),
    ),
  ]);
  return makeTable(`${group.title}, ${title}`, head, rows);
}

function timeCell({ subjects, missing = [] }: CaseResult, name: string, format: (value: number) => string): string {
  const subject = subjects.find((one) => one.name === name);
  if (subject === undefined) return cell(missing.includes(name) ? 'not there' : '–');
  const { median, p25, p75 } = subject;
  return cell(`${format(median)} <small>${format(p25)} to ${format(p75)}</small>`);
}

function throughputCell({ bytes, subjects }: CaseResult, name: string): string {
  const subject = subjects.find((one) => one.name === name);
  return cell(subject === undefined || bytes === 0 ? '–' : formatThroughput(subject.median, bytes));
}

function ratioCell(ratio: Ratio | undefined, hasSpread = true): string {
  if (ratio === undefined) return cell('–');
  const { median, p25, p75, bar } = ratio;
  const spread = hasSpread ? ` <small>${formatRatio(p25)} to ${formatRatio(p75)}</small>` : '';
  const wanted = bar === undefined || (isMet(ratio) && !hasSpread) ? '' : ` <small>of ${bar}</small>`;
  const verdict = isLoss(ratio) ? ' <em>slower</em>' : isMet(ratio) ? '' : ' <em>missed</em>';
  return cell(
    `${formatRatio(median)} ×${spread}${wanted}${verdict}`,
    isLoss(ratio) ? 'loss' : isMet(ratio) ? '' : 'miss',
  );
}

function cell(content: string, name = ''): string {
  return name === '' ? `<td>${content}</td>` : `<td class="${name}">${content}</td>`;
}

export function makeTable(caption: string, head: readonly string[], rows: readonly string[][]): string {
  const columns = head.map((name) => `<th scope="col">${escapeXml(name)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.join('')}</tr>`).join('\n');
  return `<div class="wide" tabindex="0" role="region" aria-label="${escapeXml(caption)}"><table><caption>${escapeXml(caption)}</caption><thead><tr>${columns}</tr></thead><tbody>
${body}</tbody></table></div>`;
}

/** The first ratio of every group, at the sizes that most of them have. */
export function tabulateOverview(title: string, { groups }: RunResult): string {
  const rows = groups.flatMap(({ id, title, cases }) => {
    const [pair] = listPairs({ id, title, cases, notes: [] });
    if (pair === undefined) return [];
    const find = (row: CaseResult | undefined) =>
      row?.ratios.find(({ subject, peer }) => subject === pair.subject && peer === pair.peer);
    const cells = OVERVIEW_SIZES.map((size) => {
      const row = cases.find(({ label }) => Number(label) / size < NEAR && size / Number(label) < NEAR);
      return ratioCell(find(row), false);
    });
    const name = `<a href="#${toAnchor(id)}">${escapeXml(title)}</a> <small>${escapeXml(`${pair.subject} to ${pair.peer}`)}</small>`;
    return [[`<th scope="row">${name}</th>`, ...cells]];
  });
  const head = ['', ...OVERVIEW_SIZES.map((size) => (size === 65536 ? '≈ 64 Ki' : formatSize(size)))];
  return makeTable(`How many times as fast, ${title}`, head, rows);
}

/** A list of what is slower than others. */
export function listLosses(run: RunResult): string {
  const sets = gatherShortfalls(run);
  const items = () =>
    sets.flatMap(({ group, title, subject, peer, shortfalls }) => {
      const some = shortfalls.filter((one) => one.isLoss);
      if (some.length === 0) return [];
      const figures = some.map(({ label, ratio }) => {
        const wanted = ratio.bar === undefined ? '' : ` (wanted ${ratio.bar})`;
        return `<b>${formatRatio(ratio.median)} ×</b> at ${escapeXml(formatLabel(label))}${wanted}`;
      });
      const names = `${escapeXml(subject)} against ${escapeXml(peer)}`;
      return [`<li><a href="#${toAnchor(group)}">${escapeXml(title)}</a>, ${names}: ${figures.join(', ')}</li>`];
    });
  const losses = items();
  return losses.length === 0 ? '<p>Nowhere.</p>' : `<ul class="losses">${losses.join('\n')}</ul>`;
}

export function toAnchor(id: string): string {
  return id.replaceAll('/', '-');
}
