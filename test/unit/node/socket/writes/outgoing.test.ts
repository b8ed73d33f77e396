// src/node/socket/writes/outgoing.ts and blob-queue.ts: what waits behind a Blob when the connection goes, prepared messages behind
// one, and sockets that take less than they are given.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { broadcast, createWebSocketStream, WebSocket, WebSocketServer } from '../../../../../src/node/index.js';
import { randomBytes } from '../../../../support/inputs/random.js';
import { IMPLEMENTATIONS, openPair, record } from '../../../../support/peers/implementations.js';
import { KEY } from '../../../../support/peers/raw-client.js';
import { next } from '../../../../support/servers/servers.js';
import { LateBlob } from './late-blob.js';

const ours = IMPLEMENTATIONS.find(([name]) => name === 'wsimd')![1];
const pair = { server: ours, client: ours };

test('a message that was framed before keeps its place behind a Blob', async () => {
  const { client, served } = await openPair(pair);
  const messages = record(client, ['message']);
  const blob = new LateBlob();
  served.send(blob as never);
  broadcast([served], 'to all');
  served.send('last');
  blob.settle(new TextEncoder().encode('blob').buffer as ArrayBuffer);
  await expect.poll(() => messages.length).toBe(3);
  expect(messages.map(([, data]) => String(data))).toEqual(['blob', 'to all', 'last']);
});

test.each([
  ['is read', new ArrayBuffer(4)],
  ['cannot be read', new Error('gone')],
])('a Blob that %s only after the connection has gone: each callback is told once', async (_how, outcome) => {
  const { client } = await openPair(pair);
  const events = record(client, ['error', 'close']);
  const told: unknown[] = [];
  const blob = new LateBlob();
  client.send(blob as never, (error) => told.push(['blob', error]));
  client.send('behind', (error) => told.push(['behind', error]));
  client.terminate();
  await expect.poll(() => events.length).toBe(1);
  blob.settle(outcome);
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  const notOpen = expect.objectContaining({ code: 'WSIMD_NOT_OPEN' });
  expect(told).toEqual([
    ['blob', notOpen],
    ['behind', notOpen],
  ]);
  expect(events).toEqual([['close', 1006, Buffer.alloc(0)]]);
  expect(client.bufferedAmount).toBe(0);
});

test('the peer closes while a Blob is read: what was sent leaves before the answer, each callback is called once', async () => {
  const { client, served } = await openPair(pair);
  const messages = record(served, ['message']);
  const events = record(client, ['error', 'close']);
  const told: unknown[] = [];
  const blob = new LateBlob();
  client.send(blob as never, (error) => told.push(error));
  client.send('behind', (error) => told.push(error));
  // Read when the Close frame is there.
  client.on('message', () => blob.settle(new ArrayBuffer(4)));
  served._socket!.write(Uint8Array.of(0x81, 1, 0x61, 0x88, 2, 1000 >> 8, 1000 & 255));
  await expect.poll(() => events.length).toBe(1);
  expect(events).toEqual([['close', 1000, Buffer.alloc(0)]]);
  expect(messages.map(([, data]) => String(data))).toEqual(['\0\0\0\0', 'behind']);
  expect(told).toEqual([null, null]);
});

test('the peer closes, and the Blob is never read: the connection ends within the close timeout', async () => {
  const { client, served } = await openPair(pair, {}, { closeTimeout: 50 });
  const events = record(client, ['error', 'close']);
  const told: unknown[] = [];
  client.send(new LateBlob() as never, (error) => told.push(error));
  served.close(1000);
  await expect.poll(() => events.length).toBe(1);
  expect(events).toEqual([['close', 1000, Buffer.alloc(0)]]);
  expect(told).toEqual([expect.objectContaining({ code: 'WSIMD_NOT_OPEN' })]);
});

test('a Blob that cannot be read: what came before it arrives, each callback gets the error, and both ends see 1006', async () => {
  const { client, served } = await openPair(pair);
  const atPeer = record(served, ['message', 'close']);
  const events = record(client, ['error', 'close']);
  const calls: unknown[] = [];
  const blob = new LateBlob();
  client.send('before');
  client.send(blob as never, (error) => calls.push(['blob', error]));
  client.send('behind', (error) => calls.push(['behind', error]));
  client.ping('behind', true, (error?: Error) => calls.push(['ping', error]));
  blob.settle(new Error('gone'));
  await expect.poll(() => [atPeer.length, events.length]).toEqual([2, 2]);
  const unreadable = expect.objectContaining({ message: 'a Blob to send could not be read' });
  expect(calls).toEqual([
    ['blob', unreadable],
    ['behind', unreadable],
    ['ping', unreadable],
  ]);
  expect(atPeer).toEqual([
    ['message', Buffer.from('before'), false],
    ['close', 1006, Buffer.alloc(0)],
  ]);
  expect(events).toEqual([
    ['error', unreadable],
    ['close', 1006, Buffer.alloc(0)],
  ]);
});

test('a Blob that cannot be read inside a fragmented message: the peer gets no message that lacks it', async () => {
  const { client, served } = await openPair(pair);
  const atPeer = record(served, ['message', 'close']);
  client.on('error', () => {});
  const blob = new LateBlob();
  client.send('first ', { fin: false });
  client.send(blob as never, { fin: false });
  client.send('last');
  blob.settle(new Error('gone'));
  await expect.poll(() => atPeer).toEqual([['close', 1006, Buffer.alloc(0)]]);
});

test('a Blob that cannot be read behind a message in slices: that message still arrives whole', async () => {
  const options = { perMessageDeflate: { threshold: 0 } };
  const { client, served } = await openPair(pair, options, options);
  const atPeer = record(served, ['message', 'close']);
  client.on('error', () => {});
  const long = randomBytes(400_000, 1);
  client.send(long);
  client.send(Object.assign(new LateBlob(), { arrayBuffer: () => Promise.reject(new Error('gone')) }) as never);
  await expect.poll(() => atPeer.length).toBe(2);
  expect(Buffer.compare(atPeer[0]![1] as Buffer, long)).toBe(0);
  expect(atPeer[1]).toEqual(['close', 1006, Buffer.alloc(0)]);
});

test('a Blob that cannot be read under createWebSocketStream: the stream ends with the error', async () => {
  const { client } = await openPair(pair);
  const stream = createWebSocketStream(client);
  const events = record(stream, ['error', 'close']);
  client.send(Object.assign(new LateBlob(), { arrayBuffer: () => Promise.reject(new Error('gone')) }) as never);
  await expect.poll(() => events.map(([name]) => name)).toEqual(['error', 'close']);
});

test('a cork after a send: all leaves at uncork, in order', async () => {
  const { client, served } = await openPair(pair);
  const messages = record(served, ['message']);
  client.send('before');
  client.cork();
  client.send('held');
  await new Promise(setImmediate);
  client.uncork();
  await expect.poll(() => messages.map(([, data]) => String(data))).toEqual(['before', 'held']);
});

test('what waits in a socket that is not of Node’s is not written over; drain comes when it has taken all', async () => {
  const server = new WebSocketServer({ noServer: true });
  const written: Buffer[] = [];
  let release = () => {};
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, callback) {
      written.push(chunk);
      release = callback;
    },
  });
  const headers = {
    upgrade: 'websocket',
    connection: 'Upgrade',
    host: 'h',
    'sec-websocket-key': KEY,
    'sec-websocket-version': '13',
  };
  const request = { method: 'GET', url: '/', httpVersion: '1.1', headers, rawHeaders: Object.entries(headers).flat() };
  const webSocket = await new Promise<WebSocket>((resolve) => {
    server.handleUpgrade(request as never, socket, Buffer.alloc(0), (accepted) => resolve(accepted));
  });
  onTestFinished(() => webSocket.terminate());
  release();
  await new Promise(setImmediate);
  const drains = record(webSocket, ['drain']);
  for (const text of ['one', 'two', 'three']) {
    webSocket.send(text);
    // Each in a write of its own.
    await new Promise(setImmediate);
  }
  expect(webSocket.bufferedAmount).toBe(5 + 5 + 7);
  for (let i = 0; i < 4; i++) {
    release();
    await new Promise(setImmediate);
  }
  expect(Buffer.concat(written.slice(1)).toString('latin1')).toBe('\x81\x03one\x81\x03two\x81\x05three');
  expect(webSocket.bufferedAmount).toBe(0);
  expect(drains).toEqual([['drain']]);
});

test('more than may wait, and no callback: an error and a cut', async () => {
  const server = new WebSocketServer({ server: createServer().listen(0, '127.0.0.1'), maxBackpressure: 1000 });
  onTestFinished(() => void (server.options.server as { close(): void }).close());
  await next(server, 'listening');
  const connection = next<[WebSocket]>(server, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => client.terminate());
  const [served] = await connection;
  const events = record(served, ['error', 'close']);
  served.cork();
  served.send(Buffer.alloc(2000));
  served.send('too much');
  await expect.poll(() => events.length).toBe(2);
  expect(events).toEqual([
    ['error', expect.objectContaining({ code: 'WSIMD_BACKPRESSURE' })],
    ['close', 1006, Buffer.alloc(0)],
  ]);
});
