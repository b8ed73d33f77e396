// Coverage of each folder of src/ by its own tests: `npm run coverage [-- FOLDER …]`, such as `npm run coverage -- handshake`. The
// exit code is 1 where a folder has less than 98 % of lines or branches.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const LEAST = 98;
const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(root, 'test', entry.name)))
  .map(({ name }) => name);
const chosen = process.argv.length > 2 ? process.argv.slice(2) : folders;
const directory = mkdtempSync(join(tmpdir(), 'wsimd-coverage-'));
let isEnough = true;
try {
  for (const folder of chosen) {
    const { lines, branches, below } = cover(folder);
    isEnough &&= lines >= LEAST && branches >= LEAST;
    console.log(`${folder.padEnd(14)} lines ${lines} %, branches ${branches} %`);
    for (const text of below) console.log(`  ${text}`);
  }
} finally {
  rmSync(directory, { recursive: true });
}
process.exitCode = isEnough ? 0 : 1;

/** @returns percentages of the folder, and the files that are below what is asked for */
function cover(folder) {
  const reports = join(directory, folder);
  const coverage = ['--coverage', `--coverage.include=src/${folder}/**/*.ts`, '--coverage.reporter=json-summary'];
  const { status, stdout } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', `test/${folder}/`, ...coverage, `--coverage.reportsDirectory=${reports}`],
    { cwd: root, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the tests of ${folder} fail:\n${stdout.slice(-2000)}`);
  const { total, ...files } = JSON.parse(readFileSync(join(reports, 'coverage-summary.json'), 'utf8'));
  const below = Object.entries(files)
    .filter(([, { lines, branches }]) => lines.pct < LEAST || branches.pct < LEAST)
    .map(([file, { lines, branches }]) => `${file.slice(root.length)}: ${lines.pct} %, ${branches.pct} %`);
  return { lines: total.lines.pct, branches: total.branches.pct, below };
}
