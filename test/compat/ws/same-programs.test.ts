// The programs of ../same-as-ws/programs, as users of `ws` write them: each is run with `ws` and with ours in its place, and prints the
// same. They ask for `ws` by its name, and get ours by the package in shim/.

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate } from '../../support/servers/tls.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PROGRAMS = fileURLToPath(new URL('../same-as-ws/programs/', import.meta.url));
/** Milliseconds after which a program is stuck. */
const PATIENCE = 25_000;

/** What a program said, and how it ended. */
interface Run {
  readonly output: string;
  readonly errors: string;
  readonly code: unknown;
}

let folder: string;
const certificate = makeCertificate();

/** A project that has what the programs ask for. */
function makeProject(name: string, addWs: (modules: string) => void): void {
  const modules = join(folder, name, 'node_modules');
  mkdirSync(modules, { recursive: true });
  symlinkSync(join(ROOT, 'node_modules', 'express'), join(modules, 'express'));
  addWs(modules);
  cpSync(PROGRAMS, join(folder, name), { recursive: true });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wsimd-programs-'));
  makeProject('ws', (modules) => symlinkSync(join(ROOT, 'node_modules', 'ws'), join(modules, 'ws')));
  makeProject('wsimd', (modules) => {
    cpSync(join(ROOT, 'shim'), join(modules, 'ws'), { recursive: true });
    symlinkSync(ROOT, join(modules, 'wsimd'));
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(project: string, program: string): Promise<Run> {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const env = { ...inherited, KEY: certificate.key, CERT: certificate.cert, NO_COLOR: '1' };
  const options = { cwd: join(folder, project), env, timeout: PATIENCE };
  return new Promise((resolve) => {
    execFile(process.execPath, [program], options, (error, output, errors) =>
      resolve({ output, errors, code: error?.code ?? error?.signal ?? 0 }),
    );
  });
}

describe('a program prints the same with ws and with ours', () => {
  test.each(readdirSync(PROGRAMS))('%s', { timeout: 3 * PATIENCE }, async (program) => {
    const expected = await run('ws', program);
    expect(expected).toMatchObject({ code: 0, errors: '' });
    expect(expected.output.length).toBeGreaterThan(20);
    expect(await run('wsimd', program)).toEqual(expected);
  });

  test('and what it loads as ws is ours', { timeout: PATIENCE }, async () => {
    const ask = "require('ws').PreparedMessage === undefined ? 'ws' : 'wsimd'";
    for (const project of ['ws', 'wsimd']) {
      const said = await new Promise<string>((resolve) => {
        execFile(process.execPath, ['-p', ask], { cwd: join(folder, project) }, (_error, output) => resolve(output));
      });
      expect(said.trim()).toBe(project);
    }
  });
});
