// socket.io past one process, on our server: workers of a cluster that share a port, joined by @socket.io/cluster-adapter, and by
// @socket.io/redis-adapter with Debian's redis-server. A broadcast reaches the clients of every worker.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { io, type Socket } from 'socket.io-client';
import { expect, onTestFinished, test } from 'vitest';
import { describeWith } from '../../support/programs/describe-with.js';
import { next } from '../../support/servers/servers.js';

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** The workers, and the port that they share. */
async function startWorkers(environment: Record<string, string> = {}): Promise<number> {
  const script = fileURLToPath(new URL('socket-io-worker.mjs', import.meta.url));
  const primary = spawn(process.execPath, [script], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => stop(primary));
  const [line] = await once(primary.stdout, 'data');
  return Number(/port (\d+)/.exec(String(line))?.[1]);
}

async function stop(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill();
  await exit;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Clients of which every worker has one at least. */
async function connectToAll(port: number): Promise<{ client: Socket; heard: unknown[] }[]> {
  const workers = new Set<number>();
  const clients: { client: Socket; heard: unknown[] }[] = [];
  while (workers.size < 2) {
    const client = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true });
    onTestFinished(() => void client.disconnect());
    workers.add((await next<[number]>(client as never, 'worker'))[0]);
    const heard: unknown[] = [];
    client.on('said', (data) => heard.push(data));
    clients.push({ client, heard });
  }
  return clients;
}

async function talk(port: number): Promise<void> {
  const clients = await connectToAll(port);
  const [first, last] = [clients[0]!, clients.at(-1)!];
  await expect.poll(() => first.client.timeout(5000).emitWithAck('count')).toBe(clients.length);
  first.client.emit('shout', 'to all');
  await expect.poll(() => clients.map(({ heard }) => heard)).toEqual(clients.map(() => ['to all']));
  await Promise.all([first, last].map(({ client }) => client.emitWithAck('join', 'red')));
  last.client.emit('say', 'red', Buffer.from([1, 2, 3]));
  await expect.poll(() => [first.heard.length, last.heard.length]).toEqual([2, 2]);
  expect(first.heard[1]).toEqual(Buffer.from([1, 2, 3]));
  for (const { heard } of clients.slice(1, -1)) expect(heard.length).toBe(1);
}

test('the cluster adapter', async () => {
  await talk(await startWorkers());
});

describeWith('redis-server', hasRedis, () => {
  test('the Redis adapter', async () => {
    const redisPort = await freePort();
    const redis = spawn(
      'redis-server',
      ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--dir', '/tmp'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    onTestFinished(() => stop(redis));
    let output = '';
    redis.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await expect.poll(() => output).toContain('Ready to accept connections');
    await talk(await startWorkers({ REDIS_PORT: String(redisPort) }));
  });
});
