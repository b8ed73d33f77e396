// The driver for the Autobahn suite, in both modes, against `autobahn` itself (Debian's python3-autobahn).

import { execFile, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { describeWith } from '../../support/programs/describe-with.js';

const PYTHON = '/usr/bin/python3';
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const run = promisify(execFile);
const isThere = spawnSync(PYTHON, ['-c', 'import autobahn']).status === 0;
const ALL_WELL = new Array(5).fill({ echoed: true, pong: true, clean: true });

/** Starts a program; what comes back gives its next line. */
function start(program: string, ...args: readonly string[]): () => Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill();
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => String((await lines.next()).value);
}

describeWith('python3-autobahn', isThere, () => {
  test('client mode', async () => {
    const nextLine = start(PYTHON, here('peer.py'), 'server');
    const url = `ws://127.0.0.1:${Number(await nextLine())}`;
    const { stdout } = await run(process.execPath, [here('client.mjs'), url, 'wsimd test']);
    expect(stdout).toBe('5 cases\n5 cases run; the server has the reports\n');
    expect(JSON.parse(await nextLine())).toEqual({ agent: 'wsimd test', results: ALL_WELL });
  });

  test('server mode', async () => {
    const nextLine = start(process.execPath, here('server.mjs'), '0');
    const url = /ws:\S+/.exec(await nextLine())?.[0] ?? '';
    const { stdout } = await run(PYTHON, [here('peer.py'), 'client', url]);
    expect(JSON.parse(stdout)).toEqual({ results: ALL_WELL });
  });
});
