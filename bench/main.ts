// `npm run bench`: does what the options say, with what the other files of this folder can do. It must not know how. Servers beside ws
// are measured in run/life/main.ts.

import { fileURLToPath } from 'node:url';
import type { RunResult } from './core/results.js';
import { findRuntimeName } from './core/runtime-name.js';
import { makePage } from './report/html/page.js';
import { writeTables } from './report/tables/write.js';
import { describeDemands, formatDuration, toMarkdown, toTerminal } from './report/terminal.js';
import { runAttacks } from './run/attack/main.js';
import { compareAll } from './run/compare.js';
import { runEverywhere } from './run/everywhere.js';
import { readRuns, writeRun, writeText } from './run/files.js';
import { runLife } from './run/life/main.js';
import { HELP, type Options, readOptions } from './run/options.js';
import { runProxy } from './run/proxy/main.js';
import { runTopics } from './run/topics/main.js';

const inBuild = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const REPORT = inBuild('bench-report.html');
const RESULTS = inBuild('bench-results/');

const [first, ...others] = process.argv.slice(2);

try {
  if (first === 'life') await runLife(others);
  else if (first === 'attack') await runAttacks(others);
  else if (first === 'proxy') await runProxy(others);
  else if (first === 'topics') await runTopics(others);
  else await main(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!isMisuse(error)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

/** Whether it is about what was typed, where the message says all. */
function isMisuse(error: unknown): error is Error {
  return error instanceof RangeError || (error instanceof TypeError && String(error).includes('ERR_PARSE_ARGS'));
}

async function main(options: Options): Promise<void> {
  const { browser, compare, files, from, isHelp, isTables, runtime } = options;
  if (isHelp) console.log(HELP);
  else if (isTables) console.log(writeTables());
  else if (from !== undefined) writeReport(options, readRuns([from, ...files]));
  else if (compare !== undefined && files.length > 0) console.log(compareAll(readRuns([compare]), readRuns(files)));
  else if (browser === 'page') await servePage(options);
  else if (browser !== undefined) await runInBrowsers(browser, options);
  else if (runtime !== undefined) await runInAll(options, runtime);
  else await run(options);
}

async function run(options: Options): Promise<void> {
  // Only here: the cases bring the peers with them, which nothing else needs.
  const { runHere } = await import('./run/run.js');
  const result = await runHere(options);
  console.log(`${describeDemands(result)}\n${countCases(result)} cases in ${formatDuration(result.seconds * 1000)}.`);
  finish(options, [result]);
}

async function runInAll(options: Options, list: string): Promise<void> {
  const { runs, absent } = await runEverywhere(options, list, options.json ?? RESULTS);
  const { json: _, ...rest } = options;
  finishAll(rest, runs, absent);
}

async function runInBrowsers(list: string, options: Options): Promise<void> {
  const { runInBrowser, parseBrowserList } = await import('./run/browsers/main.js');
  const { words, plan } = options;
  const runs: RunResult[] = [];
  const absent: string[] = [];
  for (const name of parseBrowserList(list)) {
    console.log(`\n===== ${name} =====\n`);
    try {
      const result = await runInBrowser(name, { ...shorten(plan), words });
      for (const group of result.groups) console.log(toTerminal(group));
      console.log(`${result.machine.userAgent}: ${result.seconds} s.`);
      runs.push(result);
    } catch (error) {
      absent.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  finishAll(options, runs, absent);
}

/** @param absent in words, what did not come to a run */
function finishAll(options: Options, runs: readonly RunResult[], absent: readonly string[]): void {
  if (runs.length > 0) finish(options, runs);
  for (const reason of absent) console.error(`Not run: ${reason}`);
  if (absent.length > 0) process.exitCode = 1;
}

async function servePage({ words, plan }: Options): Promise<void> {
  const { servePageOnly } = await import('./run/browsers/main.js');
  console.log(`The page: ${await servePageOnly({ ...shorten(plan), words })}\nCtrl-C ends it.`);
}

/** A third of the rounds: a browser is to be done in a few minutes. */
function shorten({ rounds, warmupRounds, turn }: Options['plan']): Options['plan'] {
  return { rounds: Math.ceil(rounds / 3), warmupRounds: Math.ceil(warmupRounds / 2), turn };
}

/** All that is written at the end of a run. */
function finish(options: Options, runs: readonly RunResult[]): void {
  for (const { failures = [], versions } of runs) {
    const { title } = findRuntimeName(versions);
    for (const { id, reason } of failures) console.error(`Not measured in ${title}: ${id}: ${reason}`);
    // What a runtime does not have is named as missing, and what it cannot measure as skipped: neither is a failure.
    if (failures.length > 0) process.exitCode = 1;
  }
  for (const run of options.json === undefined ? [] : runs) console.log(`The samples: ${writeRun(options.json!, run)}`);
  if (options.markdown !== undefined) writeText(options.markdown, runs.map(toMarkdown).join('\n'));
  if (options.compare !== undefined) console.log(compareAll(readRuns([options.compare]), runs));
  if (options.hasReport) writeReport(options, runs);
}

function writeReport({ report = REPORT }: Options, runs: readonly RunResult[]): void {
  writeText(report, makePage(runs));
  console.log(`The report: ${report}`);
}

function countCases({ groups }: RunResult): number {
  return groups.reduce((sum, { cases }) => sum + cases.length, 0);
}
