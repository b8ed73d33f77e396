// examples/: each runs as it is written, against the built package.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const run = promisify(execFile);

test('codec.mjs', async () => {
  const { stdout } = await run('node', ['examples/codec.mjs'], { cwd: root });
  expect(stdout).toContain('text: hello\n');
  expect(stdout).toContain('close: 1000 done\n');
  expect(stdout).toContain('the server replied with 8 bytes and is closed\n');
});

test('server.mjs and client.mjs', async () => {
  const server = spawn('node', ['examples/server.mjs'], {
    cwd: root,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    server.kill();
  });
  const [line] = await once(server.stdout, 'data');
  const url = /ws:\S+/.exec(String(line))?.[0] ?? '';
  const { stdout } = await run('node', ['examples/client.mjs', url], { cwd: root });
  expect(stdout).toBe('received hello\nclosed 1000 that was all\n');
});
