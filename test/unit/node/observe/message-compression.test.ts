// The channel `wsimd:websocket:messageCompression`: what became of each message that was sent, and why. Reported by
// src/messages/send/message-sender.ts.

import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, onTestFinished, test } from 'vitest';
import { PreparedMessage, WebSocket, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { next, startServer } from '../../../support/servers/servers.js';

interface Report {
  readonly websocket: WebSocket;
  readonly isCompressed: boolean;
  readonly size: number;
  readonly wireSize: number;
  readonly reason: string | undefined;
}

const CHANNEL = 'wsimd:websocket:messageCompression';
const TEXT = 'compress me '.repeat(100);

function listen(): { reports: Report[]; stop(): void } {
  const reports: Report[] = [];
  const listener = (report: unknown) => void reports.push(report as Report);
  subscribe(CHANNEL, listener);
  const stop = () => void unsubscribe(CHANNEL, listener);
  onTestFinished(stop);
  return { reports, stop };
}

async function openPair(perMessageDeflate: WebSocketServerOptions['perMessageDeflate'], offers = true) {
  const { server, url, stop } = await startServer({ perMessageDeflate }, { echo: false });
  onTestFinished(stop);
  const connection = next<[WebSocket]>(server, 'connection');
  const client = new WebSocket(url, { perMessageDeflate: offers });
  onTestFinished(() => client.terminate());
  await next(client, 'open');
  const [served] = await connection;
  return { server, client, served };
}

test('a message that is compressed has its size, and its size on the wire', async () => {
  const { reports } = listen();
  const { client, served } = await openPair(true);
  const message = next(client, 'message');
  served.send(TEXT);
  await message;
  const { plainBytes, compressedBytes } = served.stats().compression.sent;
  expect(reports).toEqual([
    { websocket: served, isCompressed: true, size: plainBytes, wireSize: compressedBytes, reason: undefined },
  ]);
  expect(plainBytes).toBe(TEXT.length);
});

test.each<[string, WebSocketServerOptions['perMessageDeflate'], string | Buffer, boolean, string]>([
  ['the connection has none', false, TEXT, true, 'notNegotiated'],
  ['the connection has none, and it was not asked for', false, TEXT, false, 'notNegotiated'],
  ['it was not asked for', true, TEXT, false, 'notAsked'],
  ['it is too short', { threshold: 100 }, 'é'.repeat(49), true, 'belowThreshold'],
  ['it would not be shorter', { serverNoContextTakeover: true }, randomBytes(5000), true, 'notSmaller'],
])('one that is not says why: %s', async (_, perMessageDeflate, data, compress, reason) => {
  const { reports } = listen();
  const { served } = await openPair(perMessageDeflate);
  served.send(data, { compress });
  const size = Buffer.byteLength(data);
  expect(reports).toEqual([{ websocket: served, isCompressed: false, size, wireSize: size, reason }]);
});

test.each([true, false])(
  'fragments are one message, reported with the last of them, compressed: %s',
  async (compress) => {
    const { reports } = listen();
    const { client, served } = await openPair(true);
    const message = next(client, 'message');
    served.send(TEXT, { fin: false, compress });
    expect(reports).toEqual([]);
    served.send(TEXT, { fin: true });
    await message;
    const size = 2 * TEXT.length;
    expect(reports).toMatchObject([{ isCompressed: compress, size, reason: compress ? undefined : 'notAsked' }]);
    expect(reports[0]!.wireSize).toBe(compress ? served.stats().compression.sent.compressedBytes : size);
  },
);

test('a long message that leaves in slices is reported with the last of them, before those behind it', async () => {
  const { reports } = listen();
  const { client, served } = await openPair(true);
  const text = Array.from({ length: 100_000 }, (_, i) => `${(i * 7919) % 10_007} `).join('');
  let count = 0;
  client.on('message', () => count++);
  served.send(text);
  served.send('short', { compress: false });
  expect(reports).toEqual([]);
  await expect.poll(() => count).toBe(2);
  expect(reports).toMatchObject([
    { isCompressed: true, size: text.length, wireSize: served.stats().compression.sent.compressedBytes },
    { isCompressed: false, size: 5, wireSize: 5, reason: 'notAsked' },
  ]);
});

test('messages that were prepared are reported for each connection', async () => {
  const { reports } = listen();
  const { served } = await openPair(true);
  const other = (await openPair(false)).served;
  const message = new PreparedMessage(TEXT);
  served.sendPrepared(message);
  other.sendPrepared(message);
  served.sendPrepared(new PreparedMessage(TEXT, { compress: false }));
  served.sendPrepared(new PreparedMessage('x'));
  const size = TEXT.length;
  expect(reports).toMatchObject([
    { websocket: served, isCompressed: true, size, reason: undefined },
    { websocket: other, isCompressed: false, size, wireSize: size, reason: 'notNegotiated' },
    { websocket: served, isCompressed: false, size, wireSize: size, reason: 'notAsked' },
    { websocket: served, isCompressed: false, size: 1, wireSize: 1, reason: 'belowThreshold' },
  ]);
  expect(reports[0]!.wireSize).toBe(served.stats().compression.sent.compressedBytes);
});

test('a message that spares the history of a topic says so', async () => {
  const { reports } = listen();
  const { server, client, served } = await openPair(true);
  // A topic shares a history once it has two subscribers.
  const connection = next<[WebSocket]>(server, 'connection');
  const second = new WebSocket(client.url, { perMessageDeflate: true });
  onTestFinished(() => second.terminate());
  await next(second, 'open');
  const [other] = await connection;
  for (const socket of [served, other]) socket.subscribe('prices');
  let count = 0;
  client.on('message', () => count++);
  for (let i = 0; i < 3; i++) server.publish('prices', `${TEXT} ${i}`);
  await expect.poll(() => count).toBe(3);
  reports.length = 0;
  served.send('something else, of some length');
  expect(reports).toMatchObject([{ isCompressed: false, reason: 'sparesTopic' }]);
  reports.length = 0;
  served.send(randomBytes(9000));
  expect(reports).toMatchObject([{ isCompressed: false, reason: 'notSmaller' }]);
});

test('nothing is reported any more when the last subscriber has gone', async () => {
  const { reports, stop } = listen();
  const { served } = await openPair(true);
  served.send(TEXT);
  stop();
  served.send(TEXT);
  served.send(TEXT);
  expect(reports).toHaveLength(1);
});
