// The sources compiled to a directory of their own, to be run by a Node that has no part in the tests: with other flags,
// another environment, another global scope.

import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Compiles src/ and assembly/shared/. `dispose` deletes them. */
export function compileSources(): { readonly directory: string; dispose(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'wsimd-child-'));
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const options = ['--composite', 'false', '--incremental', 'false', '--declaration', 'false', '--sourceMap', 'false'];
  const args = ['-p', join(ROOT, 'tsconfig.core.json'), '--outDir', directory, '--tsBuildInfoFile', 'null', ...options];
  try {
    execFileSync(tsc, args, { cwd: ROOT, stdio: 'pipe' });
  } catch {
    // Types are another test's concern; what was emitted is what is run.
  }
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  for (const bytes of ['src/kernel/wasm/kernel-bytes.js', 'src/deflate/kernel/deflate-bytes.js']) {
    mkdirSync(dirname(join(directory, bytes)), { recursive: true });
    cpSync(join(ROOT, 'build', bytes), join(directory, bytes));
  }
  return { directory, dispose: () => rmSync(directory, { recursive: true, force: true }) };
}

/**
 * Runs a module's text in a Node of its own, beside the compiled sources (`./src/index.js`).
 *
 * @returns what it wrote, parsed as JSON
 */
export function runChild(
  directory: string,
  code: string,
  { flags = [], env = {} }: { flags?: readonly string[]; env?: Record<string, string> } = {},
): Promise<unknown> {
  const { WSIMD_KERNEL: _, NODE_OPTIONS: __, NODE_V8_COVERAGE: ___, ...inherited } = process.env;
  const file = join(directory, `child-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(file, code);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...flags, file], { env: { ...inherited, ...env } }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stderr}`));
      else resolve(JSON.parse(stdout));
    });
  });
}
