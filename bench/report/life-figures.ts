// Figures of the life benchmark as text, and the order of its rows: what the terminal, the document and the chart share.

import type { CaseResult, Ratio, SubjectResult } from '../run/life/result.js';

/** The ratio that a row stands for: to ws, or to the only peer there is. */
export function mainRatio({ ratios }: CaseResult): Ratio | undefined {
  return ratios.find(({ subject, peer }) => subject === 'wsimd' && peer === 'ws') ?? ratios[0];
}

/** @returns the headline cases, the worst first */
export function listHeadlines(cases: readonly CaseResult[]): CaseResult[] {
  const worst = (one: CaseResult) => mainRatio(one)?.median ?? Number.POSITIVE_INFINITY;
  return cases.filter(({ isHeadline }) => isHeadline).sort((a, b) => worst(a) - worst(b));
}

/** The subject that a row's figures are of. */
export function ours({ subjects }: CaseResult): SubjectResult | undefined {
  return subjects.find(({ name }) => name.startsWith('wsimd'));
}

export function ratioTo(result: CaseResult, peer: string): Ratio | undefined {
  const subject = ours(result)?.name;
  return result.ratios.find((one) => one.subject === subject && one.peer === peer);
}

export function isMemory({ measure }: Pick<CaseResult, 'measure'>): boolean {
  return measure.endsWith('memory');
}

/** What a headline is called outside its chapter. */
export function fullTitle({ chapter, title }: CaseResult): string {
  return `${chapter}: ${title}`;
}

export function formatFigure(result: CaseResult, subject: SubjectResult): string {
  return isMemory(result) ? formatBytes(subject.median) : formatRate(subject.median);
}

export function formatRate(rate: number): string {
  if (rate >= 10_000) return `${Math.round(rate / 1000)} k`;
  return rate >= 1000 ? `${(rate / 1000).toFixed(1)} k` : rate.toFixed(0);
}

export function formatTime(milliseconds: number): string {
  return milliseconds >= 1 ? `${milliseconds.toFixed(1)} ms` : `${(milliseconds * 1000).toFixed(0)} µs`;
}

export function formatBytes(bytes: number): string {
  const kibibytes = bytes / 1024;
  return `${kibibytes.toFixed(Math.abs(kibibytes) >= 10 ? 0 : 1)} KiB`;
}

/** Part of the window that garbage collections took. */
export function collectionShare({ collections }: SubjectResult): string {
  if (collections === undefined) return '';
  const total = Object.values(collections).reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return `${(total / 10).toFixed(0)} %`;
}

export function formatRatio(ratio: Ratio | undefined): string {
  return ratio === undefined ? '' : ratio.median.toFixed(2);
}

export function formatSpread({ median, p25, p75 }: Ratio): string {
  return `${median.toFixed(2)} (${p25.toFixed(2)}-${p75.toFixed(2)})`;
}

/** Targets of a run that it reaches, and how many there are. */
export function countTargets(cases: readonly CaseResult[]): { met: number; of: number } {
  const judged = cases.flatMap(({ ratios }) => ratios.filter(({ target }) => target !== undefined));
  return { met: judged.filter(({ median, target }) => median >= target!).length, of: judged.length };
}
