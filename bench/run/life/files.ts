// Runs of the life benchmark as JSON files, and the document that is written from those that are kept.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawLife } from '../../report/life-chart.js';
import { replaceChapter, writeChapter, writeSummary } from '../../report/life-document.js';
import { writeText } from '../files.js';
import type { LifeRun } from './result.js';

const RESULTS = 'bench/results';
const CHART = 'life.svg';
const DOCUMENT = 'docs/background/benchmarks.md';
const README = 'README.md';
/** Node 26 is what the figures are of. The others are columns beside it. */
const FILES = /^life-node-(\d+)\.json$/;

/** @throws Error if it is no run of these cases */
export function readLifeRun(path: string): LifeRun {
  const run: LifeRun = JSON.parse(readFileSync(path, 'utf8'));
  if (run.format !== 'life-1') throw new Error(`${path} is no run of the life benchmark`);
  return run;
}

/** A case a line, so that the difference of two runs can be read; no more digits than mean something. */
export function stringifyLifeRun({ cases, ...head }: LifeRun): string {
  const round = (_key: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  const lines = cases.map((one) => JSON.stringify(one, round));
  return `${JSON.stringify(head).slice(0, -1)},"cases":[\n${lines.join(',\n')}\n]}\n`;
}

/** @param root of the project @returns what was written, in words. @throws Error where nothing is kept */
export function writeDocument(root: string): string {
  const names = readdirSync(join(root, RESULTS)).filter((name) => FILES.test(name));
  const version = (name: string) => Number(FILES.exec(name)![1]);
  const runs = names.sort((a, b) => version(b) - version(a)).map((name) => readLifeRun(join(root, RESULTS, name)));
  if (runs[0] === undefined) throw new RangeError(`there is no life-node-*.json in ${RESULTS}`);
  const chart = drawLife(runs[0]);
  if (chart !== undefined) writeText(join(root, RESULTS, CHART), chart.svg);
  const image = chart === undefined ? undefined : { path: `../../${RESULTS}/${CHART}`, alt: chart.alt };
  const path = join(root, DOCUMENT);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '# Benchmarks\n';
  writeText(path, replaceChapter(before, writeChapter(runs, image)));
  const readme = join(root, README);
  if (existsSync(readme)) writeText(readme, replaceChapter(readFileSync(readme, 'utf8'), writeSummary(runs[0])));
  return `${README}, ${DOCUMENT} and ${RESULTS}/${CHART}, from ${names.join(', ')}`;
}
