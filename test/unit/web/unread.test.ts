// src/web/: a peer that goes while its messages are not read is noticed, however many they are.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, type TestContext, vi } from 'vitest';
import { createRequest } from '../../../src/handshake/client.js';
import { encodeLatin1 } from '../../../src/handshake/head.js';
import { acceptWebSocket, type ByteStreams, type WebSocketStreamOptions } from '../../../src/web/index.js';
import { Peer, stream } from '../../support/frames/wire.js';
import { connectedStreams } from './memory-streams.js';
import { readToEnd, socketOver } from './peer-streams.js';

const HEAD = encodeLatin1(createRequest({ url: 'ws://example.com/' }).head);
const MESSAGE = new Uint8Array(16_000);
const FRAME = stream(new Peer('server').binary(MESSAGE));
/** How many messages make up 64 KiB, 300 KB, 10 MB. */
const [FEW, MORE, MANY] = [4, 19, 625];

/** What a peer does that is cut, once its messages are on their way. */
interface Client {
  readonly send: (bytes: Uint8Array) => unknown;
  readonly end: () => unknown;
  readonly fail: () => unknown;
}
interface Case {
  readonly streams: ByteStreams;
  readonly client: Client;
}

async function inMemory(): Promise<Case> {
  const [near, far] = connectedStreams(1000);
  const writer = near.writable.getWriter();
  const client = {
    send: (bytes: Uint8Array) => writer.write(bytes).catch(() => {}),
    end: () => writer.close().catch(() => {}),
    fail: () => writer.abort(new Error('reset')),
  };
  return { streams: far, client };
}

/** The client leaves the answers unread, as one that has gone does. */
async function overTcp({ onTestFinished }: TestContext): Promise<Case> {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => void [socket, accepted].map((each) => each.destroy()));
  socket.on('error', () => {});
  const client = {
    send: (bytes: Uint8Array) => socket.write(bytes),
    end: () => socket.end(),
    fail: () => socket.resetAndDestroy(),
  };
  return { streams: Duplex.toWeb(accepted) as ByteStreams, client };
}

async function open({ streams, client }: Case, isSocket: boolean, options: WebSocketStreamOptions) {
  const server = acceptWebSocket(isSocket ? socketOver(streams) : streams, { highWaterMark: 10, ...options });
  client.send(HEAD);
  const { readable } = await server.opened;
  return { server, readable };
}

describe.each([
  ['streams in memory', inMemory, false],
  ['a socket in memory that reads into a buffer', inMemory, true],
  ['TCP as streams', overTcp, false],
  ['TCP as a socket that reads into a buffer', overTcp, true],
] as const)('over %s, with messages that nobody reads', (_name, connected, isSocket) => {
  it.concurrent.for([
    ['64 KiB', FEW],
    ['300 KB', MORE],
  ] as const)(
    'the end of the peer behind %s is found within seconds, and every message can be read',
    async ([, count], context) => {
      const each = await connected(context);
      const { server, readable } = await open(each, isSocket, {});
      for (let i = 0; i < count; i++) each.client.send(FRAME.slice());
      each.client.end();
      await expect(server.closed).rejects.toMatchObject({ code: 'WSIMD_CONNECTION_LOST', closeCode: 1006 });
      const { messages, error } = await readToEnd(readable);
      expect(messages.map(({ length }) => length)).toEqual(Array.from({ length: count }, () => MESSAGE.length));
      expect(error).toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
    },
  );

  it.concurrent('the end of the peer behind 10 MB ends the connection after unreadTimeout', async (context) => {
    const each = await connected(context);
    const { server, readable } = await open(each, isSocket, { unreadTimeout: 2500, closeTimeout: 100 });
    for (let i = 0; i < MANY; i++) each.client.send(FRAME.slice());
    each.client.end();
    const begin = performance.now();
    await expect(server.closed).rejects.toMatchObject({ code: 'WSIMD_UNREAD', closeCode: 1008 });
    expect(performance.now() - begin).toBeGreaterThan(2400);
    const { messages, error } = await readToEnd(readable);
    expect(messages.length).toBeGreaterThan(0);
    expect(messages.length).toBeLessThan(10);
    expect(error).toMatchObject({ code: 'WSIMD_UNREAD' });
  });

  it.concurrent.for([
    ['64 KiB', FEW],
    ['300 KB', MORE],
    ['10 MB', MANY],
  ] as const)('a peer that is cut behind %s is noticed within unreadTimeout', async ([, count], context) => {
    const each = await connected(context);
    // Whether an end behind 10 MB is found before the time is over depends on what the streams hold.
    const unreadTimeout = count === MANY ? 3000 : 30_000;
    const { server } = await open(each, isSocket, { unreadTimeout, closeTimeout: 100 });
    for (let i = 0; i < count; i++) each.client.send(FRAME.slice());
    await new Promise((resolve) => setTimeout(resolve, 100));
    each.client.fail();
    await expect(server.closed).rejects.toMatchObject({
      code: expect.stringMatching(count === MANY ? /^WSIMD_(CONNECTION_LOST|UNREAD)$/ : /^WSIMD_CONNECTION_LOST$/),
    });
  });
});

it('a stream that fails is noticed at once, with 10 MB unread and no unreadTimeout', async () => {
  const each = await inMemory();
  const { server } = await open(each, false, { unreadTimeout: Number.POSITIVE_INFINITY });
  for (let i = 0; i < MANY; i++) each.client.send(FRAME.slice());
  await new Promise((resolve) => setTimeout(resolve, 20));
  // Without an unreadTimeout only the failure ends the connection.
  each.client.fail();
  await expect(server.closed).rejects.toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
});

function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}

it('the peer is told why, and can go on in time if the reader does', async () => {
  fakeTimers();
  const [near, far] = connectedStreams(1000);
  const server = acceptWebSocket(far, { highWaterMark: 40_000, unreadTimeout: 300, closeTimeout: 100 });
  const writer = near.writable.getWriter();
  const answers = near.readable.getReader();
  void writer.write(HEAD);
  await answers.read();
  const reader = (await server.opened).readable.getReader();
  for (let i = 0; i < MANY; i++) void writer.write(FRAME.slice()).catch(() => {});
  // One message at a time is less than makes room, and still reading: nothing ends within three times the time.
  for (let i = 0; i < 9; i++) {
    await vi.advanceTimersByTimeAsync(100);
    expect((await reader.read()).value).toHaveLength(MESSAGE.length);
  }
  await vi.advanceTimersByTimeAsync(700);
  expect((await answers.read()).value).toEqual(Uint8Array.of(0x88, 2, 1008 >> 8, 1008 & 255));
  await expect(server.closed).rejects.toMatchObject({ code: 'WSIMD_UNREAD' });
});

it('a peer that writes byte by byte makes us hold little more than its bytes', async () => {
  fakeTimers();
  const head = new Uint8Array(2);
  let given = 0;
  /** The request, a message longer than the mark, and another one byte by byte. */
  const readable = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        controller.enqueue(given === 0 ? HEAD : given === 1 ? FRAME.slice() : head.slice(0, 1));
        given++;
      },
    },
    { highWaterMark: 0 },
  );
  const server = acceptWebSocket({ readable, writable: new WritableStream() }, { highWaterMark: 1 });
  await server.opened;
  for (const [time, limit] of [
    [1000, 64 * 1024],
    [1500, 1024 * 1024],
  ] as const) {
    await vi.advanceTimersByTimeAsync(time);
    const most = (limit / 257 + 1) | 0;
    await expect.poll(() => given - 2).toBe(most);
    for (let i = 0; i < 10; i++) await turn();
    expect(given - 2).toBe(most);
  }
});
