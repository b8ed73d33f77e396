// The option `messageLifetime` on Node: echoes inside the listener, and the ways in which messages outlive it all the same.

import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import {
  createWebSocketStream,
  WebSocket,
  WebSocketServer,
  type WebSocketServerOptions,
} from '../../../../src/node/index.js';
import { randomBytes } from '../../../support/inputs/random.js';
import { next } from '../../../support/servers/servers.js';

const LENGTHS = [0, 1, 100, 1000, 16_384, 65_536, 100_000, 131_072, 300_000, 3_000_000];
const payloads = LENGTHS.map((length) => Buffer.from(randomBytes(length, length)));

async function open(options: Partial<WebSocketServerOptions>): Promise<{ served: WebSocket; client: WebSocket }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  await next(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: options.perMessageDeflate ?? false });
  onTestFinished(() => {
    client.terminate();
    server.close();
  });
  const connection = next<[WebSocket]>(server, 'connection');
  await next(client, 'open');
  return { served: (await connection)[0], client };
}

/** Sends all payloads three times, and compares what comes back. */
async function expectEchoes(client: WebSocket): Promise<void> {
  const echoes: Buffer[] = [];
  const sent = [...payloads, ...payloads, ...payloads];
  client.on('message', (data: Buffer) => echoes.push(data));
  for (const payload of sent) client.send(payload);
  await expect.poll(() => echoes.length, { timeout: 20_000 }).toBe(sent.length);
  expect(echoes.map((echo, i) => echo.equals(sent[i]!))).toEqual(sent.map(() => true));
}

test.each([
  ['direct reads', {}],
  ['data events', { directReads: false }],
  ['compressed', { perMessageDeflate: { threshold: 0 } }],
  ['each in a turn of its own', { allowSynchronousEvents: false }],
] as const)('echoes inside the listener are what was sent: %s', async (_name, options) => {
  const { served, client } = await open({ messageLifetime: 'listener-checked', ...options });
  served.on('message', (data) => served.send(data));
  await expectEchoes(client);
});

test('long messages that are passed on to many arrive unchanged, also where one reads nothing for long', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', messageLifetime: 'listener' });
  await next(server, 'listening');
  const clients: WebSocket[] = [];
  const received: Buffer[][] = [];
  for (let i = 0; i < 4; i++) {
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const messages: Buffer[] = [];
    client.on('message', (data: Buffer) => messages.push(data));
    received.push(messages);
    clients.push(client);
    await next(client, 'open');
  }
  onTestFinished(() => {
    for (const client of clients) client.terminate();
    server.close();
  });
  for (const served of server.clients) {
    served.on('message', (data) => {
      for (const other of server.clients) if (other !== served) other.send(data);
    });
  }
  clients[3]!.pause();
  const sent = Array.from({ length: 40 }, (_, i) => Buffer.from(randomBytes(200_000 + i * 7000, i)));
  for (const payload of sent) clients[0]!.send(payload);
  await expect.poll(() => received[2]!.length, { timeout: 20_000 }).toBe(sent.length);
  clients[3]!.resume();
  await expect.poll(() => received[3]!.length, { timeout: 20_000 }).toBe(sent.length);
  for (const messages of received.slice(1)) {
    expect(messages.map((data, i) => data.equals(sent[i]!))).toEqual(sent.map(() => true));
  }
});

test('the listener that keeps a message finds it overwritten, if that is checked', async () => {
  const { served, client } = await open({ messageLifetime: 'listener-checked' });
  expect(served.lendsMessages).toBe(true);
  const kept: Buffer[] = [];
  served.on('message', (data: Buffer) => kept.push(data));
  client.send(payloads[3]!);
  client.send('a text');
  await expect.poll(() => kept.length).toBe(2);
  for (const message of kept) expect(message.every((byte) => byte === 0xdb)).toBe(true);
});

test('array buffers, Blobs and what a stream reads are owned', async () => {
  for (const binaryType of ['arraybuffer', 'blob'] as const) {
    const { served, client } = await open({ messageLifetime: 'listener-checked' });
    served.binaryType = binaryType;
    const kept: (ArrayBuffer | Blob)[] = [];
    served.on('message', (data: ArrayBuffer | Blob) => kept.push(data));
    for (const payload of payloads) client.send(payload);
    await expect.poll(() => kept.length).toBe(payloads.length);
    for (const [i, message] of kept.entries()) {
      const bytes = message instanceof ArrayBuffer ? message : await message.arrayBuffer();
      expect(Buffer.from(bytes).equals(payloads[i]!)).toBe(true);
    }
  }
  const { served, client } = await open({ messageLifetime: 'listener-checked' });
  const read: Buffer[] = [];
  createWebSocketStream(served).on('data', (chunk: Buffer) => setImmediate(() => read.push(chunk)));
  for (const payload of payloads) client.send(payload);
  const all = Buffer.concat(payloads);
  await expect.poll(() => Buffer.concat(read).length).toBe(all.length);
  expect(Buffer.concat(read).equals(all)).toBe(true);
});
