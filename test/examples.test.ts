// examples/: each runs as it is written, against the built package.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';

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

test('cluster.mjs: what one says reaches the clients of every worker', async () => {
  const cluster = spawn('node', ['examples/cluster.mjs'], {
    cwd: root,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    cluster.kill();
  });
  const [line] = await once(cluster.stdout, 'data');
  const url = /ws:\S+/.exec(String(line))?.[0] ?? '';
  const workers = new Set<string>();
  const heard: string[][] = [];
  const clients: WebSocket[] = [];
  // The system may give several in a row to one worker.
  while (workers.size < 2) {
    const client = new WebSocket(url);
    onTestFinished(() => client.terminate());
    const [hello] = await once(client, 'message');
    workers.add(String(hello));
    const messages: string[] = [];
    client.on('message', (data) => messages.push(String(data)));
    heard.push(messages);
    clients.push(client);
  }
  clients[0]!.send('hello');
  clients.at(-1)!.send('grün');
  await expect.poll(() => heard.every((messages) => messages.length === 2)).toBe(true);
  expect(new Set(heard.map((messages) => messages.join()))).toEqual(new Set([heard[0]!.join()]));
});
