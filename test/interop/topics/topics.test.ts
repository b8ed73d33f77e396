// Topics over two processes: RedisRelay with Debian's redis-server, which is killed and started again; the workers of a cluster; threads.

import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type RawData, WebSocket } from 'ws';
import { describeWith } from '../../support/programs/describe-with.js';
import { freePort } from '../../support/servers/tcp.js';

interface Said {
  readonly name: string;
  readonly count: number;
  readonly port: number;
  readonly isOurs: boolean;
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

async function startRedis(port: number): Promise<ChildProcess> {
  const redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
    stdio: 'ignore',
  });
  onTestFinished(() => stop(redis));
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isThere = await new Promise((resolve) =>
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false)),
    );
    socket.destroy();
    if (isThere) return redis;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A process with a server, and what it has said. */
async function startWorker(script: string, environment: Record<string, string>) {
  const child = fork(path(script), { env: { ...process.env, ...environment } });
  onTestFinished(() => stop(child));
  const said: Said[] = [];
  child.on('message', (message) => said.push(message as Said));
  await expect.poll(() => said[0]?.name).toBe('listening');
  const count = (name: string) => said.filter((message) => message.name === name).length;
  const losses = () => said.filter(({ name }) => name === 'loss');
  const publish = async (from: string, times: number, isBinary = false) => {
    const before = count('published');
    child.send({ publish: times, from, isBinary });
    await expect.poll(() => count('published'), { interval: 5 }).toBe(before + 1);
  };
  return { url: `ws://127.0.0.1:${said[0]!.port}`, said, count, losses, publish };
}

/** Clients that are subscribed, with what each has received. */
async function subscribe(url: string, count: number): Promise<string[][]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const client = new WebSocket(url);
      onTestFinished(() => client.terminate());
      await once(client, 'open');
      client.send('news');
      await once(client, 'message');
      const received: string[] = [];
      client.on('message', (data: RawData) => received.push(String(data)));
      return received;
    }),
  );
}

const numbered = (from: string, start: number, end: number) =>
  Array.from({ length: end - start }, (_, i) => `${from} ${start + i}`);
const ofPublisher = (messages: readonly string[], from: string) =>
  messages.filter((text) => text.startsWith(`${from} `));

describeWith('redis-server', spawnSync('redis-server', ['--version']).status === 0, () => {
  test('1,000 clients of two processes get what either publishes, in order, once', async () => {
    const port = await freePort();
    await startRedis(port);
    const environment = { REDIS_PORT: String(port) };
    const [a, b] = [await startWorker('worker.mjs', environment), await startWorker('worker.mjs', environment)];
    const clients = [...(await subscribe(a.url, 500)), ...(await subscribe(b.url, 500))];
    await Promise.all([a.publish('a', 20), b.publish('b', 20, true)]);
    await Promise.all([b.publish('b', 20), a.publish('a', 20, true)]);
    await expect.poll(() => clients.every(({ length }) => length >= 80), { timeout: 40_000 }).toBe(true);
    for (const received of clients) {
      expect(ofPublisher(received, 'a')).toEqual(numbered('a', 0, 40));
      expect(ofPublisher(received, 'b')).toEqual(numbered('b', 0, 40));
    }
    expect([a.losses(), b.losses()]).toEqual([[], []]);
  });

  test('what is lost while Redis is away is counted, and the rest comes to 1,000 clients in order, once', async () => {
    const port = await freePort();
    const redis = await startRedis(port);
    const environment = { REDIS_PORT: String(port), NO_QUEUE: '1' };
    const [a, b] = [await startWorker('worker.mjs', environment), await startWorker('worker.mjs', environment)];
    const [ofA, ofB] = [await subscribe(a.url, 500), await subscribe(b.url, 500)];
    const lengths = (clients: readonly string[][]) => [...new Set(clients.map(({ length }) => length))];
    await a.publish('a', 10);
    await expect.poll(() => lengths(ofB)).toEqual([10]);
    await stop(redis, 'SIGKILL');
    await expect.poll(() => [a.count('outage'), b.count('outage')]).toEqual([1, 1]);
    await a.publish('a', 7);
    // Its own clients get them all the same.
    await expect.poll(() => lengths(ofA)).toEqual([17]);
    await expect.poll(() => a.losses().reduce((sum, { count }) => sum + count, 0)).toBe(7);
    expect(a.losses().every(({ isOurs }) => isOurs)).toBe(true);
    await startRedis(port);
    await expect.poll(() => [a.count('restored'), b.count('restored')]).toEqual([1, 1]);
    // Nothing is published meanwhile: the relay asks for what it missed when it has reconnected.
    await expect.poll(() => b.losses().map(({ count, isOurs }) => [count, isOurs])).toEqual([[7, false]]);
    await a.publish('a', 5);
    await b.publish('b', 5);
    await expect.poll(() => [lengths(ofA), lengths(ofB)]).toEqual([[27], [20]]);
    for (const received of ofB) {
      expect(ofPublisher(received, 'a')).toEqual([...numbered('a', 0, 10), ...numbered('a', 17, 22)]);
    }
    for (const received of ofA) {
      expect(ofPublisher(received, 'a')).toEqual(numbered('a', 0, 22));
      expect(ofPublisher(received, 'b')).toEqual(numbered('b', 0, 5));
    }
    expect(b.losses().length).toBe(1);
  });

  test('what the client of Redis has queued meanwhile comes late, but once; what does not come is counted', async () => {
    const port = await freePort();
    const redis = await startRedis(port);
    const environment = { REDIS_PORT: String(port) };
    const [a, b] = [await startWorker('worker.mjs', environment), await startWorker('worker.mjs', environment)];
    const [[ofA], [ofB]] = [await subscribe(a.url, 1), await subscribe(b.url, 1)] as [[string[]], [string[]]];
    await a.publish('a', 3);
    await expect.poll(() => ofB.length).toBe(3);
    await stop(redis, 'SIGKILL');
    await expect.poll(() => b.count('outage')).toBe(1);
    await a.publish('a', 20);
    await startRedis(port);
    await expect.poll(() => [a.count('restored'), b.count('restored')]).toEqual([1, 1]);
    await a.publish('a', 2);
    const lost = () => b.losses().reduce((sum, { count }) => sum + count, 0);
    await expect.poll(() => ofB.length + lost()).toBe(25);
    expect([new Set(ofB).size, ofA.length]).toEqual([ofB.length, 25]);
    expect(ofB.map((text) => Number(text.slice(2)))).toEqual(
      [...ofB.map((text) => Number(text.slice(2)))].sort((x, y) => x - y),
    );
  });

  test('examples/prices.mjs: clients of both processes get the prices of both', async () => {
    const port = await freePort();
    await startRedis(port);
    const example = spawn(process.execPath, [path('../../../examples/prices.mjs')], {
      env: { ...process.env, REDIS_URL: `redis://127.0.0.1:${port}` },
    });
    onTestFinished(() => stop(example));
    let output = '';
    for (const pipe of [example.stdout, example.stderr]) pipe.on('data', (text) => (output += text));
    const urls = () => [...output.matchAll(/listening on (ws:\S+)/g)].map(([, url]) => url!);
    await expect.poll(() => urls().length).toBe(2);
    for (const url of urls()) {
      const client = new WebSocket(url);
      onTestFinished(() => client.terminate());
      const exchanges = new Set<string>();
      let count = 0;
      client.on('message', (data) => {
        count++;
        exchanges.add((JSON.parse(String(data)) as { exchange: string }).exchange);
      });
      await expect.poll(() => [...exchanges].sort()).toEqual(['Paris', 'Tokyo']);
      await expect.poll(() => count).toBeGreaterThan(10);
      expect(client.extensions).toContain('permessage-deflate');
    }
  });
});

describe.each([
  ['the workers of a cluster', 'cluster.mjs'],
  ['the threads of a process', 'threads.mjs'],
])('%s', (_, script) => {
  test('get what each publishes, text and bytes, in order, once', async () => {
    const child = fork(path(script));
    onTestFinished(() => stop(child));
    const ports: number[] = [];
    child.on('message', ({ port }: { port: number }) => ports.push(port));
    await expect.poll(() => ports.length).toBe(2);
    const received: [string, boolean][][] = [];
    const clients: WebSocket[] = [];
    for (const port of ports) {
      const client = new WebSocket(`ws://127.0.0.1:${port}`);
      onTestFinished(() => client.terminate());
      const messages: [string, boolean][] = [];
      client.on('message', (data, isBinary) => messages.push([String(data), isBinary]));
      await once(client, 'open');
      clients.push(client);
      received.push(messages);
    }
    const texts = Array.from({ length: 100 }, (_unused, i) => [`grün ${i}`, i % 2 === 1]);
    clients[0]!.send('publish');
    await expect.poll(() => received).toEqual([texts, texts]);
    clients[1]!.send('publish');
    await expect
      .poll(() => received)
      .toEqual([
        [...texts, ...texts],
        [...texts, ...texts],
      ]);
  });
});
