// `npm run bench -- life`: measures the cases from life, shows and stores what came of it.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { LifeCase } from '../../cases/life/case.js';
import { lifeCases, selectCases } from '../../cases/life/index.js';
import { describeBars, describeCase, describeRun } from '../../report/life.js';
import type { Certificate } from '../../subjects/server/job.js';
import { findPrograms, type SubjectName } from '../../subjects/subjects.js';
import { writeText } from '../files.js';
import { findRuntime } from '../runtimes.js';
import { makeCertificate } from './certificate.js';
import { readLifeRun, stringifyLifeRun, writeDocument } from './files.js';
import { findRegressions, findSlowerThanBaseline, type Regression } from './judge.js';
import { measureCase, type Setting } from './measure.js';
import { LIFE_HELP, type LifeOptions, readLifeOptions } from './options.js';
import { PINNING } from './processes.js';
import type { CaseResult, LifeRun } from './result.js';
import { summarizeCase } from './summarize.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const RESULTS = fileURLToPath(new URL('../../../bench-results/', import.meta.url));
/** Files that a process needs beside its connections. */
const SPARE_FILES = 200;

/** @param args of the command line, without `life`. @throws RangeError, TypeError for what cannot be done */
export async function runLife(args: readonly string[]): Promise<void> {
  const options = readLifeOptions(args);
  const cases = selectCases(lifeCases, options.words).filter((one) => !options.isHeadlineOnly || one.isHeadline);
  if (options.isHelp) console.log(LIFE_HELP);
  else if (options.isDocs) console.log(writeDocument(ROOT));
  else if (options.bars !== undefined) console.log(describeBars(readLifeRun(options.bars)));
  else if (options.isList) console.log(cases.map(({ id }) => id).join('\n'));
  else if (cases.length === 0) throw new RangeError(`no case is called ${options.words.join(' ')}`);
  else finish(await measureAll(cases, options), options);
}

async function measureAll(cases: readonly LifeCase[], options: LifeOptions): Promise<LifeRun> {
  const start = Date.now();
  const setting = makeSetting(options);
  const machine = describeMachine();
  const results: CaseResult[] = [];
  const failures: { id: string; subject?: string; reason: string }[] = [];
  const { node, mask } = askNode(setting.programs.node);
  let versions: Record<string, string> = { node, ws: readVersion('node_modules/ws'), wsimd: readVersion('.') };
  console.log(`${cases.length} cases on Node ${node}, where ws masks with ${mask}; ${PINNING}.\n`);
  if (node.startsWith('26.') && mask !== 'node:http') {
    console.log('This Node 26 is older than http.websocketMask, so ws is not at its best: run .ci/install-runtimes.\n');
  }
  for (const life of cases) {
    const reason = whyNotHere(life);
    if (reason !== undefined) {
      failures.push({ id: life.id, reason });
      continue;
    }
    const outcome = await measureCase(life, chooseSubjects(life, options), setting);
    for (const failure of outcome.failures) {
      failures.push({ id: life.id, ...failure });
      console.log(`${life.id}: ${failure.subject}: ${failure.reason}`);
    }
    versions = { ...versions, ...outcome.versions };
    const result = summarizeCase(life, outcome.measurements);
    results.push(result);
    console.log(describeCase(result));
  }
  const { rounds, headlineTimes, window } = setting.pace;
  return {
    format: 'life-1',
    date: new Date().toISOString(),
    commit: readCommit(),
    seconds: Math.round((Date.now() - start) / 1000),
    pace: { rounds, headlineTimes, starts: headlineTimes, window },
    machine,
    versions,
    mask,
    cases: results,
    failures,
  };
}

/** The version of the Node under test, and with what `ws` masks there. */
function askNode(program: string): { node: string; mask: string } {
  const url = new URL('../../subjects/server/mask.js', import.meta.url).href;
  const script = `import { describeMask } from '${url}'; console.log(process.versions.node + ' ' + describeMask());`;
  const output = execFileSync(program, ['--input-type=module', '-e', script], { cwd: ROOT, encoding: 'utf8' });
  const [node = '', mask = ''] = output.trim().split(' ');
  return { node, mask };
}

function makeSetting({ runtime, pace, baseline }: LifeOptions): Setting {
  const node = findRuntime(runtime).program;
  let certificate: Certificate | undefined;
  return {
    programs: findPrograms(node),
    // Always the same, so that the load is no other on an older Node.
    loadProgram: findRuntime('node-26').program,
    pace,
    baseline: baseline === undefined ? undefined : findBuild(baseline),
    certificate: () => {
      certificate ??= makeCertificate();
      return certificate;
    },
  };
}

/** @returns the URL of the wsimd/node of another build */
function findBuild(folder: string): string {
  const path = join(resolve(folder), 'build/src/node/index.js');
  if (!existsSync(path)) throw new RangeError(`--baseline: there is no ${path}`);
  return pathToFileURL(path).href;
}

function chooseSubjects({ subjects, measure }: LifeCase, { subjects: wanted, baseline }: LifeOptions): SubjectName[] {
  if (baseline !== undefined) return measure === 'client' || subjects.includes('wsimd') ? ['wsimd', 'baseline'] : [];
  return subjects.filter((name) => wanted === undefined || wanted.includes(name));
}

/** The load opens as many files as the case has connections. */
function whyNotHere({ load: { connections } }: LifeCase): string | undefined {
  const limit = maxOpenFiles();
  if (connections + SPARE_FILES <= limit) return undefined;
  return `${connections} connections are more than ulimit -n allows, which is ${limit}`;
}

function maxOpenFiles(): number {
  const match = /^Max open files +\d+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
  return match === null ? 1024 : Number(match[1]);
}

function finish(run: LifeRun, { json, compare, baseline, runtime }: LifeOptions): void {
  console.log(`\n${describeRun(run)}`);
  const file = json ?? join(RESULTS, `life-${runtime}.json`);
  writeText(file, stringifyLifeRun(run));
  console.log(`\nThe run: ${file}`);
  if (run.failures.length > 0) process.exitCode = 1;
  if (compare !== undefined) report(findRegressions(readLifeRun(compare), run), `slower than ${compare}`);
  if (baseline !== undefined) report(findSlowerThanBaseline(run), `slower than ${baseline}`);
}

function report(regressions: readonly Regression[], what: string): void {
  if (regressions.length === 0) {
    console.log(`No case is ${what}.`);
    return;
  }
  console.error(`${regressions.length} ${what}:`);
  for (const { id, text } of regressions) console.error(`  ${id}: ${text}`);
  process.exitCode = 1;
}

function describeMachine(): LifeRun['machine'] {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()} ${process.arch}`,
    // Of the last minute before the run: what else the machine was doing.
    load: Number(loadavg()[0]?.toFixed(2)),
  };
}

/** @param folder below the project's */
function readVersion(folder: string): string {
  const manifest: { version: string } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
  return manifest.version;
}

function readCommit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }).trim();
  try {
    return (
      git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'src', 'assembly') === '' ? '' : '+')
    );
  } catch {
    return 'unknown';
  }
}
