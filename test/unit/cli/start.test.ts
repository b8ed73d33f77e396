// `npm start` under a process manager, which ends npm and not the server below it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

it.each(['SIGTERM', 'SIGINT'] as const)('the server ends when npm gets %s', async (signal) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } };
  // The script as it stands, in a folder where the build is there already.
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-start-'));
  symlinkSync(join(ROOT, 'build'), join(folder, 'build'));
  const manifest = { name: 'started', private: true, scripts: { build: 'exit 0', start: scripts.start } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));

  const npm = spawn('npm', ['start', '--', '--port', '0'], {
    cwd: folder,
    detached: true,
    env: { ...process.env, npm_config_update_notifier: 'false' },
  });
  onTestFinished(() => {
    try {
      // The group: where the test fails, the server is still there.
      process.kill(-npm.pid!, 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
    rmSync(folder, { recursive: true });
  });
  let stdout = '';
  npm.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  await expect.poll(() => stdout, { timeout: 30_000 }).toMatch(/page +http:\/\/127\.0\.0\.1:[0-9]+\//);
  const port = Number(/127\.0\.0\.1:([0-9]+)/.exec(stdout)![1]);

  npm.kill(signal);
  await once(npm, 'exit');
  const socket = connect(port, '127.0.0.1');
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNREFUSED');
});
