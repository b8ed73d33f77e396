// Runs as JSON files: written small, read back and judged by the bars of today. It must not know what is done with them.

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { GroupResult, RunResult, SubjectResult } from '../core/results.js';
import { findRuntimeName } from '../core/runtime-name.js';
import type { Summary } from '../core/statistics.js';
import { findBar } from '../targets/bars.js';

/** The samples differ by more than a thousandth among themselves; a file of them is to be kept. */
const SAMPLE_DIGITS = 3;
const DIGITS = 4;

/** @param paths of files, and of folders whose JSON files are meant. @throws Error if one is no run */
export function readRuns(paths: readonly string[]): RunResult[] {
  return paths.flatMap((path) => {
    if (!statSync(path).isDirectory()) return [readRun(path)];
    // Those of the cases from life and of the topics have shapes of their own.
    const names = readdirSync(path).filter((name) => name.endsWith('.json') && !/^(life|topics)-/.test(name));
    return names.sort(compareNames).map((name) => readRun(join(path, name)));
  });
}

function readRun(path: string): RunResult {
  const run: RunResult = JSON.parse(readFileSync(path, 'utf8'));
  if (run.format !== 1 || !Array.isArray(run.groups)) throw new Error(`${path} is no run of the benchmark`);
  const { id } = findRuntimeName(run.versions);
  return { ...run, groups: run.groups.map((group) => judge(group, id)) };
}

/** Servers' runtimes first, and of Node's the newest: the tables and drawings show the first run in full. */
const ORDER = ['node', 'deno', 'bun', 'chromium', 'firefox', 'webkit'];

function compareNames(a: string, b: string): number {
  const place = (name: string) => ORDER.findIndex((start) => name.startsWith(start)) >>> 0;
  return place(a) - place(b) || b.localeCompare(a, 'en', { numeric: true });
}

/** A bar may have been raised since. */
function judge(group: GroupResult, runtime: string): GroupResult {
  const cases = group.cases.map((row) => {
    const ratios = row.ratios.map(({ bar: _, ...rest }) => {
      const ratio = { ...rest, ...restore(rest) };
      const bar = findBar(group.id, row.label, ratio.subject, ratio.peer, runtime)?.atLeast;
      return bar === undefined ? ratio : { ...ratio, bar };
    });
    return { ...row, ratios };
  });
  return { ...group, cases };
}

/** JSON has no infinity, which something is ahead by that makes no garbage at all. */
function restore({ median, p25, p75 }: Summary): Summary {
  const toNumber = (value: number | null) => value ?? Number.POSITIVE_INFINITY;
  return { median: toNumber(median), p25: toNumber(p25), p75: toNumber(p75) };
}

/** @param path of a file, or of a folder, which has a file for each runtime. @returns the file's */
export function writeRun(path: string, run: RunResult): string {
  const file = path.endsWith('.json') ? path : join(path, `${findRuntimeName(run.versions).id}.json`);
  writeText(file, stringifyRun(run));
  return file;
}

/** Makes the folder too. */
export function writeText(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A case a line, so that a difference between two can be read. */
export function stringifyRun(run: RunResult): string {
  const { groups, ...rest } = run;
  const head = JSON.stringify(rest).slice(0, -1);
  return `${head},"groups":[\n${groups.map(stringifyGroup).join(',\n')}\n]}\n`;
}

function stringifyGroup({ cases, ...group }: GroupResult): string {
  const rows = cases.map((row) => JSON.stringify({ ...row, subjects: row.subjects.map(round) }, roundNumber));
  return `${JSON.stringify(group).slice(0, -1)},"cases":[\n${rows.join(',\n')}\n]}`;
}

function round({ samples, ...subject }: SubjectResult): SubjectResult {
  return { ...subject, samples: samples.map((sample) => Number(sample.toPrecision(SAMPLE_DIGITS))) };
}

function roundNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value;
}
