// Applies each deliberate fault of list.mjs to a copy of the sources, and demands that a test which is named for it fails:
// `npm run mutations [-- WORD]` (only those whose name or file has WORD in it). A fault that no test sees makes the exit code 1.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MUTATIONS } from './list.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const COPIED = ['src', 'assembly', 'test', 'build', 'package.json', 'vitest.config.ts'];
const TIMEOUT = 300_000;

const word = process.argv[2] ?? '';
const chosen = MUTATIONS.filter(([name, file]) => name.includes(word) || file.includes(word));
const copy = mkdtempSync(join(tmpdir(), 'wsimd-mutations-'));

try {
  for (const name of COPIED) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(realpathSync(join(root, 'node_modules')), join(copy, 'node_modules'));
  process.exitCode = main() ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true });
}

function main() {
  // Without a fault every one of these tests passes, and there is one: else a failure would prove nothing.
  const tests = new Map(chosen.flatMap(([, , , , tests]) => tests).map((test) => [JSON.stringify(test), test]));
  for (const test of tests.values()) {
    const { failed, passed } = runTest(test);
    if (failed !== undefined || passed === 0) {
      console.log(`${describe(test)} does not pass as it is: ${failed ?? 'it has no test'}`);
      return false;
    }
  }
  console.log(`${tests.size} selections of tests pass as they are; ${chosen.length} faults`);

  const survived = [];
  let isKernelFaulty = false;
  for (const mutation of chosen) {
    const isOfKernel = mutation[1].startsWith('assembly/');
    if (isKernelFaulty && !isOfKernel) buildKernel('no fault');
    isKernelFaulty = isOfKernel;
    const killer = tryMutation(mutation);
    console.log(`${killer === undefined ? 'SURVIVED' : 'killed  '} ${mutation[0]} (${mutation[1]})`);
    if (killer === undefined) survived.push(mutation[0]);
    else console.log(`           by ${killer}`);
  }
  console.log(`${chosen.length - survived.length} of ${chosen.length} faults killed`);
  return survived.length === 0;
}

/** The test that failed; undefined if none did. */
function tryMutation([name, file, find, replace, tests]) {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`"${name}": the text to replace stands ${places} times in ${file}`);
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  try {
    if (file.startsWith('assembly/')) buildKernel(name);
    for (const test of tests) {
      const { failed } = runTest(test);
      if (failed !== undefined) return `${test.file}: ${failed}`;
    }
    return undefined;
  } finally {
    writeFileSync(path, source);
  }
}

function buildKernel(name) {
  const { status, stderr } = spawnSync(process.execPath, ['assembly/build.mjs', '--force'], { cwd: copy });
  if (status !== 0) throw new Error(`"${name}" does not compile: ${stderr}`);
}

function runTest({ file, filter }) {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const args = ['node_modules/vitest/vitest.mjs', 'run', file, '--bail=1', '--reporter=json', `--outputFile=${report}`];
  if (filter !== undefined) args.push('-t', filter);
  const { error, status } = spawnSync(process.execPath, args, { cwd: copy, timeout: TIMEOUT, killSignal: 'SIGKILL' });
  if (error !== undefined) return { failed: `it does not end (${error.message})`, passed: 0 };
  const { numPassedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const failures = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  );
  const failed = failures[0] ?? (status === 0 ? undefined : 'the file itself fails');
  return { failed, passed: numPassedTests };
}

function describe({ file, filter }) {
  return filter === undefined ? file : `${file} -t "${filter}"`;
}
