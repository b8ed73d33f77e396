// src/node/socket/link.ts and spaced-delivery.ts: what a connection does between its Close frame and its end, and deliveries that a
// listener changes while they wait.

import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Peer, stream, wire } from '../../../support/frames/wire.js';
import { IMPLEMENTATIONS, openPair, type Pair } from '../../../support/peers/implementations.js';
import { startForRawClients } from '../../../support/servers/raw-connections.js';
import { next } from '../../../support/servers/servers.js';

const peer = new Peer('server');
const CLOSE_1000 = [0x88, 2, 1000 >> 8, 1000 & 255];

test('a heartbeat sends no ping behind a Close', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const open = await startForRawClients({ heartbeat: { interval: 1000 } });
  const { client, webSocket } = await open();
  const pong = next(webSocket, 'pong');
  vi.advanceTimersByTime(1000);
  expect([...(await client.take(2))]).toEqual([0x89, 0]);
  client.send(wire(peer.pong('')));
  await pong;
  webSocket.close(1000);
  expect([...(await client.take(4))]).toEqual(CLOSE_1000);
  vi.advanceTimersByTime(1000);
  client.send(wire(peer.close(1000)));
  await client.closed;
  expect(client.received).toHaveLength(0);
});

test('a connection that has sent a Close frame and holds most is cut, without a second Close frame', async () => {
  const open = await startForRawClients({ maxHeldLength: 100_000 });
  const most = await open();
  most.client.send(wire(peer.binary(new Uint8Array(80_000), { claimed: 90_000n })));
  await expect.poll(() => (most.webSocket._socket as Socket).bytesRead).toBeGreaterThan(80_000);
  const late = await open();
  const error = next<[Error]>(most.webSocket, 'error');
  most.webSocket.close(1000);
  expect([...(await most.client.take(4))]).toEqual(CLOSE_1000);
  late.client.send(wire(peer.binary(new Uint8Array(70_000), { claimed: 80_000n })));
  expect((await error)[0]).toMatchObject({ code: 'WSIMD_TOO_MUCH_HELD' });
  await most.client.closed;
  expect(most.client.received).toHaveLength(0);
  expect(late.webSocket.readyState).toBe(1);
});

/** What listeners throw from now on, to the end of the test. */
function takeThrown(): string[] {
  const before = process.listeners('uncaughtException');
  const thrown: string[] = [];
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error.message));
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  });
  return thrown;
}

/** A connection, whose `events` end with its close, and what listeners throw. */
async function openTold() {
  const thrown = takeThrown();
  const open = await startForRawClients();
  const opened = await open();
  const events: string[] = [];
  opened.webSocket.on('close', (code: number) => events.push(`close ${code}`));
  return { ...opened, events, thrown };
}

test('a listener that cuts the connection and throws: the error is the process’s, and nothing comes behind it', async () => {
  const { client, webSocket, events, thrown } = await openTold();
  webSocket.on('message', (data: unknown) => {
    events.push(String(data));
    webSocket.terminate();
    throw new Error('from a listener');
  });
  client.send(wire(peer.text('last')));
  await client.closed;
  await expect.poll(() => events).toEqual(['last', 'close 1006']);
  await new Promise(setImmediate);
  expect([events, thrown]).toEqual([['last', 'close 1006'], ['from a listener']]);
});

test('a connection that is cut while it pauses: what had come is delivered though listeners throw, then it closes', async () => {
  const { client, webSocket, events, thrown } = await openTold();
  webSocket.on('message', (data: unknown) => {
    events.push(String(data));
    if (String(data) !== 'c') throw new Error(`at ${String(data)}`);
  });
  webSocket.pause();
  client.send(stream(peer.text('a'), peer.text('b'), peer.text('c'), peer.text('d')));
  await expect.poll(() => (webSocket._socket as Socket).readableLength).toBeGreaterThan(0);
  webSocket.terminate();
  await expect.poll(() => events).toEqual(['a', 'b', 'c', 'd', 'close 1006']);
  expect(thrown).toEqual(['at a', 'at b', 'at d']);
});

test('a listener that throws and cuts: the messages behind it come before the end', async () => {
  const { client, webSocket, events, thrown } = await openTold();
  webSocket.on('message', (data: unknown) => {
    events.push(String(data));
    if (String(data) === 'c') return;
    webSocket.terminate();
    throw new Error(`at ${String(data)}`);
  });
  client.send(stream(peer.text('a'), peer.text('b'), peer.text('c')));
  await expect.poll(() => events).toEqual(['a', 'b', 'c', 'close 1006']);
  expect(thrown).toEqual(['at a', 'at b']);
});

describe.each(IMPLEMENTATIONS)('%s, with allowSynchronousEvents: false', (_name, api) => {
  const pair: Pair = { server: api, client: api };

  test('a pause in a listener holds until resume', async () => {
    const { client, served } = await openPair(pair, {}, { allowSynchronousEvents: false });
    const messages: string[] = [];
    client.on('message', (data) => {
      messages.push(String(data));
      client.pause();
    });
    served.send('one');
    await expect.poll(() => messages).toEqual(['one']);
    const flushed = new Promise((resolve) => served.send('two', resolve));
    await flushed;
    for (let i = 0; i < 50; i++) await new Promise(setImmediate);
    expect(messages).toEqual(['one']);
    client.resume();
    await expect.poll(() => messages).toEqual(['one', 'two']);
  });

  test('a binaryType that is set while messages wait is theirs', async () => {
    const { client, served } = await openPair(pair, {}, { allowSynchronousEvents: false });
    client.binaryType = 'fragments';
    const messages: unknown[] = [];
    client.on('message', (data) => {
      messages.push(data);
      client.binaryType = 'nodebuffer';
    });
    for (const parts of ['ab', 'cd']) {
      served.send(Buffer.from(parts[0]!), { fin: false });
      served.send(Buffer.from(parts[1]!));
    }
    await expect.poll(() => messages).toEqual([[Buffer.from('a'), Buffer.from('b')], Buffer.from('cd')]);
  });
});

test('texts as strings, one a turn', async () => {
  const { client, served } = await openPair(
    { server: IMPLEMENTATIONS[1]![1], client: IMPLEMENTATIONS[1]![1] },
    {},
    { allowSynchronousEvents: false, textAs: 'string' },
  );
  const messages: unknown[] = [];
  client.on('message', (data) => messages.push(data));
  served.cork();
  served.send('one');
  served.send('grün');
  served.uncork();
  await expect.poll(() => messages).toEqual(['one', 'grün']);
});
