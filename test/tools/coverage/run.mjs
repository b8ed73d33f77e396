// Coverage of each module of src/ by its own tests, as modules.mjs names both: `npm run coverage [-- MODULE …]`, such as
// `npm run coverage -- handshake connection.ts`. The exit code is 1 where a module has less than 98 % of lines or branches. With
// --write the figures go to docs/background/coverage.md too, in place of those of before; with --list each line and branch that nothing
// has executed is named.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import istanbul from 'istanbul-lib-coverage';
import { coverageOfBuilt } from './built.mjs';
import { MODULES, NOT_MEASURED } from './modules.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const KEPT = join(root, 'docs/background/coverage.md');
const LEAST = 98;
/** Random inputs execute no more lines the more of them there are. */
const ENVIRONMENT = { WSIMD_INPUTS: '2000' };
/** Everything is slower while it is counted; a test that names its own limit keeps it. */
const TEST_TIMEOUT = 300_000;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean' }, list: { type: 'boolean' } },
});

requireComplete();
const unknown = positionals.filter((name) => !MODULES.some((module) => module.name === name));
if (unknown.length > 0) throw new RangeError(`${unknown.join(', ')}: not among the modules of modules.mjs`);
const chosen = MODULES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const directory = mkdtempSync(join(tmpdir(), 'wsimd-coverage-'));
let isEnough = true;
try {
  for (const module of chosen) {
    const result = module.isBuilt ? await coverBuilt(module) : cover(module);
    if (result === undefined) {
      isEnough = false;
      continue;
    }
    const { lines, branches, below, missing } = result;
    const isBelow = lines < LEAST || branches < LEAST;
    if (isBelow) isEnough = false;
    console.log(
      `${module.name.padEnd(14)} lines ${lines} %, branches ${branches} %${isBelow ? `, below ${LEAST} %` : ''}`,
    );
    for (const text of values.list ? missing : below) console.log(`  ${text}`);
    if (values.write) keep(module.name, lines, branches);
  }
} finally {
  rmSync(directory, { recursive: true });
}
process.exitCode = isEnough ? 0 : 1;

/** Whatever src/ has is a module with tests, or is named as not measured. */
function requireComplete() {
  const names = readdirSync(join(root, 'src'))
    .filter((name) => !name.endsWith('.mjs'))
    .sort();
  const named = [...MODULES.map(({ name }) => name), ...NOT_MEASURED.keys()].filter((name) => !name.includes('/'));
  const missing = names.filter((name) => !named.includes(name));
  const gone = [...named, ...MODULES.flatMap(({ tests }) => tests.map((path) => `../../${path}`))].filter(
    (name) => !existsSync(join(root, 'src', name)),
  );
  if (missing.length > 0) throw new Error(`src/ has what modules.mjs does not name: ${missing.join(', ')}`);
  if (gone.length > 0) throw new Error(`modules.mjs names what there is not: ${gone.join(', ')}`);
}

/** @returns percentages of the module, and its files that are below what is asked for; undefined if its tests fail */
function cover({ name, tests }) {
  const reports = join(directory, name);
  const sources = name.endsWith('.ts') ? `src/${name}` : `src/${name}/**/*.ts`;
  const left = [...NOT_MEASURED.keys()].filter((path) => path.startsWith(`${name}/`));
  const coverage = [
    '--coverage',
    `--coverage.include=${sources}`,
    ...left.map((path) => `--coverage.exclude=src/${path}${path.endsWith('.ts') ? '' : '/**'}`),
    '--coverage.reporter=json',
    `--coverage.reportsDirectory=${reports}`,
  ];
  if (!runTests(name, [...tests, ...coverage])) return undefined;
  const map = istanbul.createCoverageMap(JSON.parse(readFileSync(join(reports, 'coverage-final.json'), 'utf8')));
  if (map.getCoverageSummary().lines.total === 0) throw new Error(`nothing of ${name} was measured`);
  return resultOf(map);
}

/** The same of a module whose tests run the build, in processes of its own and in a browser. */
async function coverBuilt({ name, tests }) {
  const executed = join(directory, name);
  mkdirSync(executed);
  const config = ['--config', 'test/tools/coverage/built.config.ts', '--root', '.'];
  if (!runTests(name, [...tests, ...config], { NODE_V8_COVERAGE: executed })) return undefined;
  return resultOf(await coverageOfBuilt(executed, name));
}

function runTests(name, args, environment = {}) {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', `--testTimeout=${TEST_TIMEOUT}`, ...args],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      env: { ...process.env, ...ENVIRONMENT, ...environment },
    },
  );
  if (status !== 0) console.log(`${name.padEnd(14)} not measured: its tests fail\n${stderr.slice(-4000)}`);
  return status === 0;
}

/** Of a map as Istanbul gives it. */
function resultOf(map) {
  const { lines, branches } = map.getCoverageSummary();
  const files = map.files().map((file) => {
    const coverage = map.fileCoverageFor(file);
    const summary = coverage.toSummary();
    const isBelow = summary.lines.pct < LEAST || summary.branches.pct < LEAST;
    return { path: file.slice(root.length), coverage, summary, isBelow };
  });
  return {
    lines: lines.pct,
    branches: branches.pct,
    below: files
      .filter(({ isBelow }) => isBelow)
      .map(({ path, summary }) => `${path}: ${summary.lines.pct} %, ${summary.branches.pct} %`),
    missing: files.flatMap(({ path, coverage }) => missingOf(coverage).map((text) => `${path}:${text}`)),
  };
}

function missingOf(coverage) {
  const lines = coverage.getUncoveredLines().map((line) => `${line} line`);
  const branches = Object.entries(coverage.b).flatMap(([id, counts]) => {
    const { type, loc, locations } = coverage.branchMap[id];
    const start = (at) => (locations[at].start?.line === undefined ? loc : locations[at]).start;
    return counts.flatMap((count, at) =>
      count === 0 ? [`${start(at).line}:${start(at).column} ${type} ${at + 1}`] : [],
    );
  });
  return [...lines, ...branches];
}

/** Puts a module's row into the table that is kept; the others stay as they are. At once: all of them take long. */
function keep(name, lines, branches) {
  const row = `| ${name} | ${lines} % | ${branches} % | ${new Date().toISOString().slice(0, 10)} |`;
  const text = readFileSync(KEPT, 'utf8');
  const rows = text.split('\n').filter((line) => /^\| [a-z]+(\.ts)? \|.*% \|/.test(line));
  const byName = new Map([...rows, row].map((line) => [line.split(' ')[1], line]));
  const table = MODULES.flatMap((module) => byName.get(module.name) ?? []);
  const [head, rest] = text.split('|---|---:|---:|---|\n');
  const tail = rest.split('\n').filter((line) => !rows.includes(line));
  writeFileSync(KEPT, `${head}|---|---:|---:|---|\n${[...table, ...tail].join('\n')}`);
}
