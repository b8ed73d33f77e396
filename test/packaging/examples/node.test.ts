// examples/ that run on Node: each as it is written, against the built package, with `ws` at the other end.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  closeFrame,
  converse,
  NOT_MASKED,
  outrun,
  PATIENTLY,
  root,
  run,
  sendRaw,
  start,
  UPGRADE_REQUEST,
} from './running.js';

test('codec.mjs', async () => {
  const { stdout } = await run('node', ['examples/codec.mjs'], { cwd: root });
  expect(stdout).toContain('text: hello\n');
  expect(stdout).toContain('close: 1000 done\n');
  expect(stdout).toContain('the server replied with 8 bytes and is closed\n');
});

describe('server.mjs', () => {
  test('and client.mjs', async () => {
    const { url } = await start('node', 'examples/server.mjs');
    const { stdout } = await run('node', ['examples/client.mjs', url], { cwd: root });
    expect(stdout).toBe('received hello\nclosed 1000 that was all\n');
  });

  test('under load', async () => {
    const server = await start('node', 'examples/server.mjs');
    await converse(server.url);
    await outrun(server.url);
    expect(await sendRaw(server.url, NOT_MASKED)).toContain(closeFrame(1002));
    await expect.poll(server.output, PATIENTLY).toMatch(/closed 4000 bye\n(.*\n)*WS_ERR_EXPECTED_MASK/);
  });
});

describe('shutdown.mjs', () => {
  test('closes the connections behind SIGTERM, and ends', async () => {
    const server = await start('node', 'examples/shutdown.mjs');
    const client = new WebSocket(server.url);
    await once(client, 'open');
    client.send('hello');
    await once(client, 'message');
    const closed = once(client, 'close');
    server.kill('SIGTERM');
    const [closeCode, reason] = await closed;
    expect([closeCode, String(reason)]).toEqual([1001, 'the server restarts']);
    await expect.poll(server.output, PATIENTLY).toMatch(/SIGTERM: closing 1 .*\nclosed 1, cut 0\n\nended with 0/);
  });

  test('cuts at the second signal', async () => {
    const server = await start('node', 'examples/shutdown.mjs');
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write(UPGRADE_REQUEST);
    await once(socket, 'data');
    server.kill('SIGTERM');
    await once(socket, 'data');
    const closed = once(socket, 'close');
    server.kill('SIGINT');
    await closed;
    await expect.poll(server.output, PATIENTLY).toMatch(/closed 0, cut 1\n\nended with 0/);
  });
});

test('handshake-rate.mjs: an address gets ten connections at once, then 429; another one its own', async () => {
  const { url } = await start('node', 'examples/handshake-rate.mjs');
  const statusFrom = async (localAddress: string) => {
    const client = new WebSocket(url, { localAddress });
    onTestFinished(() => client.terminate());
    const opened = once(client, 'upgrade').then(() => 101);
    const refused = once(client, 'unexpected-response').then(([, response]) => response.statusCode as number);
    client.on('error', () => {});
    return Promise.race([opened, refused]);
  };
  const statuses = await Promise.all(Array.from({ length: 20 }, () => statusFrom('127.0.0.1')));
  expect(statuses.filter((status) => status === 101).length).toBeGreaterThanOrEqual(10);
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(5);
  expect(await statusFrom('127.0.0.2')).toBe(101);
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
