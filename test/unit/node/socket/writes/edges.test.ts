// What was sent leaves, once and in order, whatever happens to the connection next; and each callback says what became of its message.

import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, onTestFinished, test } from 'vitest';
import type { WebSocket } from '../../../../../src/node/index.js';
import { Peer, wire } from '../../../../support/frames/wire.js';
import { IMPLEMENTATIONS, openPair, record } from '../../../../support/peers/implementations.js';
import { RawClient, requestHead } from '../../../../support/peers/raw-client.js';
import { next, startServer } from '../../../../support/servers/servers.js';

const ours = IMPLEMENTATIONS.find(([name]) => name === 'wsimd')![1];
const pair = { server: ours, client: ours };
const COMPRESSED = { perMessageDeflate: true };
/** Compressed, it leaves in slices. */
const LONG = Array.from({ length: 300_000 }, (_, i) => `row ${(i * 7919) % 1_000_003}\n`).join('');

/** A subscriber of a channel, for the first message of one test. */
function onFirst(channel: string, listener: () => void): void {
  let isFirst = true;
  const first: ChannelListener = () => {
    if (isFirst) {
      isFirst = false;
      listener();
    }
  };
  subscribe(channel, first);
  onTestFinished(() => void unsubscribe(channel, first));
}

test('messages behind a write of the program to the raw socket arrive once', async () => {
  const pairs = await Promise.all(Array.from({ length: 6 }, () => openPair(pair)));
  const received = pairs.map(({ client }) => record(client, ['message']));
  // More than the system takes.
  const frame = wire(new Peer('client').binary(new Uint8Array(8_000_000)));
  const sockets = pairs.map(({ served }) => served._socket!);
  for (const { client } of pairs) client.pause();
  for (const [i, { served }] of pairs.entries()) {
    served.send('first');
    sockets[i]!.write(frame);
    served.send('second');
  }
  for (const { client } of pairs) client.resume();
  await expect.poll(() => received.map(({ length }) => length)).toEqual(pairs.map(() => 3));
  for (const messages of received) {
    const texts = messages.filter(([, , isBinary]) => !isBinary).map(([, data]) => String(data));
    expect(texts).toEqual(['first', 'second']);
  }
});

test('what was sent in a turn leaves before the program gets the raw socket', async () => {
  const { client, served } = await openPair(pair);
  const messages = record(client, ['message']);
  const closed = next(client, 'close');
  served.send('first');
  served.send('second');
  served._socket!.end();
  await closed;
  expect(messages.map(([, data]) => String(data))).toEqual(['first', 'second']);
});

test('what was sent before the end of the peer is read arrives', async () => {
  const { server, port, stop } = await startServer({}, { echo: false });
  onTestFinished(stop);
  const connection = next<[WebSocket]>(server, 'connection');
  const client = new RawClient(port);
  client.send(requestHead(port));
  await client.takeHead();
  const [served] = await connection;
  // It ends its side and reads on; the server is told in the turn in which it sends.
  client.socket.removeAllListeners('end');
  setTimeout(() => {
    client.socket.end();
    const until = performance.now() + 100;
    while (performance.now() < until);
    for (const text of ['1', '2', '3']) served.send(text);
  }, 10);
  expect(await client.take(9)).toEqual(Buffer.from([0x81, 1, 0x31, 0x81, 1, 0x32, 0x81, 1, 0x33]));
});

test('callbacks of messages that leave in slices, and behind these, get an error when the connection fails', async () => {
  const { client, served } = await openPair(pair, { ...COMPRESSED, maxPingRate: 5 }, COMPRESSED);
  const outcomes: string[] = [];
  const done = (name: string) => (error?: Error | null) => outcomes.push(`${name} ${error ? 'failed' : 'left'}`);
  client.on('ping', () => {
    for (let i = 0; i < 50; i++) client.ping();
  });
  const received = record(client, ['message']);
  served.send(LONG, done('long'));
  served.send('behind', done('behind'));
  served.ping();
  await next(client, 'close');
  await expect.poll(() => outcomes.length).toBe(2);
  expect([outcomes, received]).toEqual([['long failed', 'behind failed'], []]);
});

test('nothing is compressed for a connection that has ended', async () => {
  const { client, served } = await openPair(pair, COMPRESSED, COMPRESSED);
  for (let i = 0; i < 20; i++) served.send(LONG);
  const closed = next(served, 'close');
  client.terminate();
  await closed;
  const { plainBytes } = served.stats().compression.sent;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(served.stats().compression.sent.plainBytes).toBe(plainBytes);
});

test('a burst that the system takes is no backpressure', async () => {
  const { client, served } = await openPair(pair, { maxBackpressure: 10_000, backpressurePolicy: 'drop' });
  const messages = record(client, ['message']);
  const outcomes = Array.from({ length: 40 }, () => served.trySend('x'.repeat(1000)).status);
  expect(new Set(outcomes)).toEqual(new Set(['sent']));
  await expect.poll(() => messages.length).toBe(40);
});

test('a cork holds everything until uncork, however much it is', async () => {
  const { client, served } = await openPair(pair);
  const messages = record(client, ['message']);
  served.cork();
  for (let i = 0; i < 200; i++) served.send('x'.repeat(1000));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([messages.length, served.bufferedAmount >= 200_000]).toEqual([0, true]);
  served.uncork();
  await expect.poll(() => messages.length).toBe(200);
});

test('a subscriber of a channel that sends on the same connection keeps no callback', async () => {
  const { client, served } = await openPair(pair);
  const messages = record(client, ['message']);
  onFirst('wsimd:websocket:messageSent', () => served.send('of the subscriber'));
  const error = await new Promise((resolve) => served.send('first', resolve));
  expect(error ?? undefined).toBeUndefined();
  await expect.poll(() => messages.map(([, data]) => String(data))).toEqual(['first', 'of the subscriber']);
});

test('a subscriber that hears of a message in fragments may send the next one', async () => {
  const { client, served } = await openPair(pair);
  const messages = record(client, ['message']);
  onFirst('wsimd:websocket:messageCompression', () => served.send('of the subscriber'));
  served.send('part 1, ', { fin: false });
  served.send('part 2');
  await expect.poll(() => messages.map(([, data]) => String(data))).toEqual(['part 1, part 2', 'of the subscriber']);
});
