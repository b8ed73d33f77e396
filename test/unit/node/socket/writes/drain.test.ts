// `drain` is emitted once after a program has seen that bytes are pending, wherever they are: gathered, in a socket, in slices yet to be
// compressed, behind Blobs; over TCP, TLS and HTTP/2.

import { createServer } from 'node:http';
import { connect, createServer as createHttp2Server, createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ClientOptions, WebSocket, WebSocketServer } from '../../../../../src/node/index.js';
import { record } from '../../../../support/peers/implementations.js';
import { next } from '../../../../support/servers/servers.js';
import { makeCertificate } from '../../../../support/servers/tls.js';

const certificate = makeCertificate();
const settings = { enableConnectProtocol: true };
const DEFLATE = { perMessageDeflate: { threshold: 0 } };
const turn = () => new Promise(setImmediate);

interface Transport {
  readonly name: string;
  create(): Server;
  readonly isSecure?: boolean;
  readonly isHttp2?: boolean;
}

const TRANSPORTS: readonly Transport[] = [
  { name: 'TCP', create: () => createServer() },
  { name: 'TLS', create: () => createHttpsServer(certificate), isSecure: true },
  { name: 'HTTP/2', create: () => createHttp2Server({ settings }), isHttp2: true },
  {
    name: 'HTTP/2 on TLS',
    create: () => createSecureServer({ ...certificate, settings }),
    isSecure: true,
    isHttp2: true,
  },
];

async function openPair({ create, isSecure, isHttp2 }: Transport, options: Pick<ClientOptions, 'perMessageDeflate'>) {
  const httpServer = create();
  const server = new WebSocketServer({ server: httpServer as never, ...options });
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  const { port } = httpServer.address() as AddressInfo;
  const base = `${isSecure ? 's' : ''}://127.0.0.1:${port}`;
  const session = isHttp2 ? connect(`http${base}`, { rejectUnauthorized: false }) : undefined;
  onTestFinished(() => {
    session?.destroy();
    for (const client of server.clients) client.terminate();
    httpServer.close();
  });
  const connection = next<[WebSocket]>(server, 'connection');
  const client = new WebSocket(`ws${base}`, { rejectUnauthorized: false, ...options, ...(session ? { session } : {}) });
  onTestFinished(() => client.terminate());
  await next(client, 'open');
  const [served] = await connection;
  return { client, served };
}

/** So long that a drain that is one too many would have come. */
async function settle(webSocket: WebSocket): Promise<void> {
  webSocket.ping();
  await next(webSocket, 'pong');
  for (let i = 0; i < 5; i++) await turn();
}

const CASES = TRANSPORTS.flatMap((transport) =>
  ['client', 'server'].flatMap((side) =>
    [false, true].map((compressed) => ({ transport, name: transport.name, side, compressed })),
  ),
);

describe.each(CASES)('$name, $side, compressed: $compressed', ({ transport, side, compressed }) => {
  async function openSender() {
    const { client, served } = await openPair(transport, compressed ? DEFLATE : {});
    const [sender, receiver] = side === 'client' ? [client, served] : [served, client];
    const drains = record(sender, ['drain']);
    return { sender, receiver, drains };
  }

  test('not of what TCP takes at once, so nothing shows; of what TLS or HTTP/2 holds, once', async () => {
    const { sender, drains } = await openSender();
    const isTakenAtOnce = transport.name === 'TCP';
    sender.send('at once');
    expect(sender.bufferedAmount > 0).toBe(!isTakenAtOnce);
    sender.send('gathered');
    expect(sender.bufferedAmount > 0).toBe(!isTakenAtOnce);
    if (!isTakenAtOnce) await expect.poll(() => drains.length).toBe(1);
    await settle(sender);
    expect(drains.length).toBe(isTakenAtOnce ? 0 : 1);
  });

  test('of what was sent while a chunk was read, by a listener that only then listens', async () => {
    const { sender, receiver } = await openSender();
    const amounts: number[] = [];
    sender.on('message', () => {
      sender.cork();
      sender.send('an answer');
      amounts.push(sender.bufferedAmount);
      sender.once('drain', () => amounts.push(sender.bufferedAmount));
      sender.uncork();
    });
    receiver.send('a question');
    await expect.poll(() => amounts.length).toBe(2);
    expect(amounts[0]).toBeGreaterThan(0);
    expect(amounts[1]).toBe(0);
  });

  test('of what the socket has and the system may not have', async () => {
    const { sender, drains } = await openSender();
    sender.cork();
    sender.send('x'.repeat(5000));
    sender.uncork();
    const waits = sender.bufferedAmount > 0;
    await settle(sender);
    expect(drains.length).toBe(waits ? 1 : 0);
  });

  test('of a long message, and what is sent behind it: once, when all has left', async () => {
    const { sender, receiver, drains } = await openSender();
    const messages = record(receiver, ['message']);
    let amount = -1;
    sender.once('drain', () => {
      amount = sender.bufferedAmount;
    });
    const text = Array.from({ length: 60_000 }, (_, i) => `line ${i} ${(i * 7919) % 1000}`).join('\n');
    sender.send(text);
    sender.send('behind');
    // Of what is not compressed the system may have taken all.
    const waits = sender.bufferedAmount > (compressed ? text.length / 2 : 0);
    expect(waits || !compressed).toBe(true);
    await expect.poll(() => messages.length, { timeout: 20_000 }).toBe(2);
    if (waits) await expect.poll(() => drains.length).toBe(1);
    await settle(sender);
    expect(drains.length).toBeLessThanOrEqual(1);
    expect(amount).toBe(drains.length === 0 ? -1 : 0);
  });

  test('of what waits behind Blobs', async () => {
    const { sender, receiver, drains } = await openSender();
    sender.on('error', () => {});
    const messages = record(receiver, ['message']);
    sender.send(new Blob(['of a Blob']));
    sender.send('behind it');
    expect(sender.bufferedAmount).toBeGreaterThan(0);
    await expect.poll(() => [messages.length, drains.length]).toEqual([2, 1]);
    expect(sender.bufferedAmount).toBe(0);
  });

  test('of a peer that reads slowly, though nobody looked, once', async () => {
    const { sender, receiver, drains } = await openSender();
    receiver.pause();
    for (let i = 0; i < 20; i++) sender.send(new Uint8Array(1_000_000), { compress: false });
    for (let i = 0; i < 20; i++) await turn();
    receiver.resume();
    await expect.poll(() => drains.length, { timeout: 20_000 }).toBe(1);
    expect(sender.bufferedAmount).toBe(0);
  });

  test('not where nobody looked and the system took all, nor of a connection that has gone', async () => {
    const { sender, drains } = await openSender();
    sender.send('unseen');
    await settle(sender);
    expect(drains).toEqual([]);
    sender.cork();
    sender.send('seen');
    expect(sender.bufferedAmount).toBeGreaterThan(0);
    sender.terminate();
    await next(sender, 'close');
    for (let i = 0; i < 5; i++) await turn();
    sender.send('too late', () => {});
    expect(sender.bufferedAmount).toBeGreaterThan(0);
    for (let i = 0; i < 5; i++) await turn();
    expect(drains).toEqual([]);
  });

  test('of what is corked, at uncork', async () => {
    const { sender, drains } = await openSender();
    sender.cork();
    sender.send('corked');
    expect(sender.bufferedAmount).toBeGreaterThan(0);
    for (let i = 0; i < 5; i++) await turn();
    expect(drains).toEqual([]);
    sender.uncork();
    await expect.poll(() => drains.length).toBe(1);
  });
});

test('after messages were dropped, though nobody looked', async () => {
  const httpServer = createServer();
  const server = new WebSocketServer({ server: httpServer, maxBackpressure: 10, backpressurePolicy: 'drop' });
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void httpServer.close());
  const connection = next<[WebSocket]>(server, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${(httpServer.address() as AddressInfo).port}`);
  onTestFinished(() => client.terminate());
  const [served] = await connection;
  const events = record(served, ['drain', 'dropped']);
  client.pause();
  // More than the system takes.
  served.send(Buffer.alloc(16 * 1024 * 1024));
  served.send('too much');
  client.resume();
  await expect.poll(() => events).toEqual([['dropped', 'too much', false], ['drain']]);
});

test('a callback that throws keeps it from nobody', async () => {
  const { client } = await openPair(TRANSPORTS[0]!, {});
  const thrown = new Promise((resolve) => {
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', resolve);
    onTestFinished(() => {
      for (const listener of others) process.on('uncaughtException', listener);
    });
  });
  const drained = next(client, 'drain');
  client.cork();
  client.send('one', () => {
    throw new Error('of the callback');
  });
  expect(client.bufferedAmount).toBeGreaterThan(0);
  client.uncork();
  expect(await thrown).toMatchObject({ message: 'of the callback' });
  await drained;
});
