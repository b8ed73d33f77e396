// Runs the cases in this process, shows how far it is, prints each table. It must not know what the cases do, nor what
// becomes of the results.

import { setImmediate } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { selectKernel } from '../../src/index.js';
import { groups } from '../cases/index.js';
import { type Group, measure, NotMeasurable, type Workload } from '../core/harness.js';
import { type CaseResult, type Failure, type GroupResult, type RunResult, summarizeCase } from '../core/results.js';
import { findRuntimeName } from '../core/runtime-name.js';
import { formatDuration, LEGEND, toTerminal } from '../report/terminal.js';
import { describeMachine, listVersions } from './machine.js';
import type { Options } from './options.js';

/** @throws RangeError if no case is called so; Error if WebAssembly does not run here */
export async function runHere({ words, subject, plan }: Options): Promise<RunResult> {
  // What is measured as the default is to be WebAssembly: nothing falls back in silence in a benchmark.
  const { kernel, reason } = selectKernel();
  if (kernel.name !== 'wasm') throw new Error(`the default kernel is ${kernel.name}: ${reason}`);

  const chosen = chooseGroups(words);
  const versions = listVersions();
  const machine = describeMachine();
  const total = chosen.reduce((sum, group) => sum + group.cases.length, 0);
  const start = performance.now();
  const runtime = findRuntimeName(versions);
  console.log(`${machine.cpu}, ${machine.cores} cores, ${runtime.title}. ${LEGEND}\n`);

  let done = 0;
  const results: GroupResult[] = [];
  const failures: Failure[] = [];
  const skipped: Failure[] = [];
  for (const group of chosen) {
    const cases: CaseResult[] = [];
    for (const { label, make } of group.cases) {
      const id = `${group.id}/${label}`;
      const left = done === 0 ? '' : `, ${formatDuration(((performance.now() - start) / done) * (total - done))} left`;
      showProgress(`${++done}/${total}${left}: ${id}`);
      try {
        const workload = make();
        const subjects = workload.subjects.filter(({ name }) => subject?.includes(name) ?? true);
        if (subjects.length === 0 && workload.gauge === undefined) continue;
        const measurements = await measure({ ...workload, subjects }, { ...plan, rest: () => setImmediate() });
        const result = summarizeCase(group, label, workload, measurements, runtime.id);
        cases.push({ ...result, ...findMissing(group, workload) });
      } catch (error) {
        (error instanceof NotMeasurable ? skipped : failures).push({ id, reason: explain(error) });
      }
    }
    showProgress('');
    const { id, title, notes, unit } = group;
    const result = { id, title, notes, cases, ...(unit === undefined ? {} : { unit }) };
    const notHere = skipped.filter((one) => one.id.startsWith(`${id}/`));
    if (cases.length > 0) results.push(result);
    if (cases.length + notHere.length > 0) console.log(toTerminal(result, notHere));
  }
  return {
    format: 1,
    date: new Date().toISOString(),
    seconds: Math.round((performance.now() - start) / 1000),
    plan,
    machine,
    versions,
    groups: results,
    ...(failures.length === 0 ? {} : { failures }),
    ...(skipped.length === 0 ? {} : { skipped }),
  };
}

/** The groups with the cases that the words ask for; without words all. */
function chooseGroups(starts: readonly string[]): Group[] {
  const matches = (id: string) => starts.every((start) => id.split('/').some((part) => part.startsWith(start)));
  const chosen = groups
    .map((group) => ({ ...group, cases: group.cases.filter(({ label }) => matches(`${group.id}/${label}`)) }))
    .filter(({ cases }) => cases.length > 0);
  if (chosen.length === 0) throw new RangeError(`no case is called "${starts.join(' ')}"`);
  return chosen;
}

/** Those whom the group compares with and the case does not have: this runtime lacks them. */
function findMissing({ pairs }: Group, { subjects, gauge }: Workload): Pick<CaseResult, 'missing'> {
  const names = new Set(pairs.flat());
  for (const { name } of subjects) names.delete(name);
  return names.size === 0 || gauge !== undefined ? {} : { missing: [...names] };
}

/** In one line: what a child process has printed comes with its error. */
function explain(error: unknown): string {
  const lines = stripVTControlCharacters(String(error instanceof Error ? error.message : error))
    .split('\n')
    .map((line) => line.trim());
  const inner = lines.find((line, i) => i > 0 && /\berror: ?\S|^\w*Error: /i.test(line));
  return (inner ?? lines[0] ?? '').slice(0, 200);
}

/** On a terminal, a line that is written over by the next. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
