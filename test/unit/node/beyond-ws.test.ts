// What a WebSocket of ours has and that of `ws` has not: cork, broadcast, heartbeat, backpressure, and a close that always ends.

import { execFileSync } from 'node:child_process';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FrameEncoder } from '../../../src/index.js';
import {
  broadcast,
  connect,
  createWebSocketStream,
  PreparedMessage,
  WebSocket,
  WebSocketServer,
} from '../../../src/node/index.js';
import { listen, open, openPair, record } from '../../support/peers/implementations.js';
import { RawClient, requestHead } from '../../support/peers/raw-client.js';
import { next } from '../../support/servers/servers.js';

const api = { WebSocket, WebSocketServer, createWebSocketStream };
const pair = { server: api, client: api };
const frames = new FrameEncoder({ role: 'client' });

/** A server, and somebody at the other end who does as the test says. */
async function openRaw(options: Parameters<typeof listen>[1] = {}) {
  const { server, port } = await listen(api, options);
  const connection = next<[WebSocket]>(server, 'connection');
  const client = new RawClient(port);
  client.send(requestHead(port));
  await client.takeHead();
  const [webSocket] = await connection;
  return { server, client, webSocket };
}

/** How many times a socket is written to. */
function countWrites(webSocket: WebSocket): { count: number } {
  const socket = webSocket._socket as Socket;
  const writes = { count: 0 };
  const { write } = socket;
  socket.write = (...args: unknown[]) => {
    writes.count++;
    return Reflect.apply(write, socket, args);
  };
  return writes;
}

describe('one write', () => {
  test('for the first message of a turn, and for all others at its end', async () => {
    const { served, client } = await openPair(pair);
    const messages = record(client, ['message']);
    const writes = countWrites(served);
    for (let i = 0; i < 100; i++) served.send(String(i));
    expect(writes.count).toBe(1);
    await new Promise((resolve) => process.nextTick(resolve));
    expect(writes.count).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(writes.count).toBe(2);
    await expect.poll(() => messages.length).toBe(100);
  });

  test('cork keeps what is sent, uncork lets it go; they count', async () => {
    const { served, client } = await openPair(pair);
    const messages = record(client, ['message']);
    const writes = countWrites(served);
    served.cork();
    served.send('a');
    served.cork();
    await new Promise((resolve) => setTimeout(resolve, 20));
    served.send('b');
    served.uncork();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([writes.count, served.bufferedAmount]).toEqual([0, 6]);
    served.uncork();
    served.uncork();
    expect(writes.count).toBe(1);
    await expect.poll(() => messages.map(([, data]) => String(data))).toEqual(['a', 'b']);
  });

  test('but not more than a buffer’s worth: what is much leaves at once', async () => {
    const { served } = await openPair(pair);
    const writes = countWrites(served);
    for (let i = 0; i < 10; i++) served.send(Buffer.alloc(100_000));
    expect(writes.count).toBeGreaterThanOrEqual(5);
  });

  test('a corked connection that ends tells who waited', async () => {
    const { served } = await openPair(pair);
    served.cork();
    const told = new Promise<unknown>((resolve) => served.send('never', resolve));
    served.terminate();
    expect(await told).toMatchObject({ code: 'WSIMD_NOT_OPEN' });
  });
});

describe('broadcast', () => {
  test('goes to all that are open, framed once', async () => {
    const { server, url } = await listen(api);
    const clients = await Promise.all(Array.from({ length: 5 }, () => open(api, url)));
    await expect.poll(() => server.clients.size).toBe(5);
    const received = clients.map((client) => record(client, ['message']));
    const [first] = server.clients;
    first?.close();
    expect(broadcast(server.clients, 'text')).toBe(4);
    expect(broadcast(server.clients, Buffer.from('bytes'))).toBe(4);
    expect(broadcast(server.clients, Buffer.from('text of bytes'), { binary: false })).toBe(4);
    expect(broadcast(server.clients, new PreparedMessage('prepared'))).toBe(4);
    await expect.poll(() => received.filter((messages) => messages.length === 4).length).toBe(4);
    expect(received.find((messages) => messages.length === 4)).toEqual([
      ['message', Buffer.from('text'), false],
      ['message', Buffer.from('bytes'), true],
      ['message', Buffer.from('text of bytes'), false],
      ['message', Buffer.from('prepared'), false],
    ]);
    expect(() => broadcast(server.clients, new Blob(['x']))).toThrow(TypeError);
  });

  test('from clients too, each with a key of its own', async () => {
    const { served, client } = await openPair(pair);
    const messages = record(served, ['message']);
    expect(broadcast([client, client], 'twice')).toBe(2);
    await expect.poll(() => messages.length).toBe(2);
  });
});

describe('what is written where it lies', () => {
  /** The buffers that a socket is given, and how many hand-overs to the system they make. */
  function watchWrites(webSocket: WebSocket): { buffers: Uint8Array[]; uncorks: number } {
    const socket = webSocket._socket as Socket;
    const seen = { buffers: [] as Uint8Array[], uncorks: 0 };
    const { write, uncork } = socket;
    socket.write = (...args: unknown[]) => {
      seen.buffers.push(args[0] as Uint8Array);
      return Reflect.apply(write, socket, args);
    };
    socket.uncork = () => {
      seen.uncorks++;
      return Reflect.apply(uncork, socket, []);
    };
    return seen;
  }

  test('several broadcasts of a turn: the first leaves at once, the others together, and long ones are not copied', async () => {
    const { served, client } = await openPair(pair);
    const messages = record(client, ['message']);
    const seen = watchWrites(served);
    const first = new PreparedMessage('first');
    const second = new PreparedMessage('second'.repeat(1000));
    const done: string[] = [];
    served.sendPrepared(first, () => done.push('first'));
    served.sendPrepared(second);
    served.send('third', () => done.push('third'));
    served.sendPrepared(first);
    // Nothing is in the way of what is gathered.
    expect([seen.buffers.length, served.bufferedAmount]).toEqual([1, 0]);
    await expect.poll(() => done).toEqual(['first', 'third']);
    expect([seen.buffers[0] === first.serverFrame, seen.buffers[1] === second.serverFrame]).toEqual([true, true]);
    expect([seen.buffers.length, seen.uncorks, served.bufferedAmount]).toEqual([3, 1, 0]);
    const expected = ['first', 'second'.repeat(1000), 'third', 'first'];
    await expect.poll(() => messages.map(([, data]) => String(data))).toEqual(expected);
  });

  test('a long message of a server, between short ones, in order', async () => {
    const { served, client } = await openPair(pair);
    const messages = record(client, ['message']);
    const seen = watchWrites(served);
    const long = Buffer.alloc(128 * 1024, 'long');
    const done: number[] = [];
    served.send('before', () => done.push(1));
    served.send(long, () => done.push(2));
    served.send(long.subarray(1), () => done.push(3));
    served.send(long, { binary: false }, () => done.push(4));
    served.send(new SharedArrayBuffer(200_000), () => done.push(5));
    served.send('behind', () => done.push(6));
    await expect.poll(() => done).toEqual([1, 2, 3, 4, 5, 6]);
    expect(seen.buffers.filter((buffer) => buffer === long).length).toBe(2);
    await expect.poll(() => messages.length).toBe(6);
    const lengths = messages.map(([, data, isBinary]) => [(data as Buffer).length, isBinary]);
    expect(lengths).toEqual([
      [6, false],
      [131072, true],
      [131071, true],
      [131072, false],
      [200_000, true],
      [6, false],
    ]);
    expect(long.equals(messages[1]?.[1] as Buffer) && long.equals(messages[3]?.[1] as Buffer)).toBe(true);
  });

  test('a client masks a copy', async () => {
    const { served, client } = await openPair(pair);
    const messages = record(served, ['message']);
    const long = Buffer.alloc(200_000, 'long');
    client.send(long);
    long.fill(0);
    await expect.poll(() => messages.length).toBe(1);
    expect(Buffer.alloc(200_000, 'long').equals(messages[0]?.[1] as Buffer)).toBe(true);
  });

  test('whoever sent what had not left is told when the connection is cut', async () => {
    const { served } = await openPair(pair);
    const errors: unknown[] = [];
    const socket = served._socket;
    served.send('at once');
    served.sendPrepared(new PreparedMessage('x'), (error) => errors.push(error));
    socket?.destroy();
    await expect.poll(() => errors.length).toBe(1);
    expect([errors[0] instanceof Error, served.bufferedAmount]).toEqual([true, 0]);
  });
});

describe('heartbeat', () => {
  test('a peer that answers lives, one that does not is cut', async () => {
    const heartbeat = { interval: 40, timeout: 30 };
    const { client, webSocket } = await openRaw({ heartbeat });
    const closed = next(webSocket, 'close');
    expect(await client.take(2)).toEqual(Buffer.from([0x89, 0]));
    expect(await closed).toEqual([1006, Buffer.alloc(0)]);

    const answering = await openPair(pair, { heartbeat });
    const pings = record(answering.client, ['ping']);
    await expect.poll(() => pings.length).toBeGreaterThanOrEqual(4);
    expect(answering.served.readyState).toBe(WebSocket.OPEN);
  });

  test('whatever comes is a sign of life, a client has one too', async () => {
    const { server, url } = await listen(api, { autoPong: false });
    const connection = next<[WebSocket]>(server, 'connection');
    const client = await open(api, url, [], { heartbeat: { interval: 40 } });
    const [served] = await connection;
    const timer = setInterval(() => served.send('alive'), 10);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(client.readyState).toBe(WebSocket.OPEN);
    clearInterval(timer);
    expect(await next(client, 'close')).toEqual([1006, Buffer.alloc(0)]);
  });

  test('an answer that has come is heard, however long the process was busy', async () => {
    const heartbeat = { interval: 40, timeout: 20 };
    const { client, webSocket } = await openRaw({ heartbeat });
    let pongs = 0;
    webSocket.on('pong', () => pongs++);
    client.socket.on('data', () => {
      client.send(frames.encodePong());
      for (const start = performance.now(); performance.now() - start < 100; ) {}
    });
    await expect.poll(() => pongs).toBeGreaterThanOrEqual(3);
    expect(webSocket.readyState).toBe(WebSocket.OPEN);
  });

  test.each([{ interval: 0 }, { interval: 10, timeout: 20 }, { interval: 10, timeout: 0 }, { interval: Number.NaN }])(
    'no heartbeat: %j',
    (heartbeat) => {
      expect(() => new WebSocketServer({ noServer: true, heartbeat })).toThrow(RangeError);
    },
  );
});

describe('backpressure', () => {
  test('drain comes when a slow peer has read', async () => {
    const { served, client } = await openPair(pair);
    client.pause();
    served.send(Buffer.alloc(20_000_000));
    await new Promise((resolve) => setImmediate(resolve));
    expect(served.bufferedAmount).toBeGreaterThan(1_000_000);
    const drained = next(served, 'drain');
    client.resume();
    await drained;
    expect(served.bufferedAmount).toBe(0);
  });

  test('maxBackpressure closes by default', async () => {
    const { client, webSocket } = await openRaw({ maxBackpressure: 1_000_000 });
    client.socket.pause();
    const events = record(webSocket, ['error', 'close', 'dropped']);
    const errors: unknown[] = [];
    for (let i = 0; i < 200 && webSocket.readyState === WebSocket.OPEN; i++) {
      webSocket.send(Buffer.alloc(100_000), (error) => error && errors.push(error));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => events.map(([name]) => name)).toEqual(['error', 'close']);
    expect(events[0]?.[1]).toMatchObject({ code: 'WSIMD_BACKPRESSURE' });
    expect(errors).toContainEqual(expect.objectContaining({ code: 'WSIMD_BACKPRESSURE' }));
    expect(webSocket.bufferedAmount).toBeLessThan(3_000_000);
  });

  test("backpressurePolicy 'drop' leaves messages out and says so; the rest arrives", async () => {
    const { served, client } = await openPair(pair, { maxBackpressure: 1_000_000, backpressurePolicy: 'drop' });
    client.pause();
    const messages = record(client, ['message']);
    const dropped = record(served, ['dropped']);
    let refused = 0;
    for (let i = 0; i < 200; i++) {
      const message = Buffer.alloc(100_000, i);
      served.send(message, (error) => {
        if ((error as { code?: string } | undefined)?.code === 'WSIMD_BACKPRESSURE') refused++;
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(served.bufferedAmount).toBeLessThan(1_500_000);
    expect(dropped.length).toBeGreaterThan(10);
    expect(dropped[0]?.[2]).toBe(true);
    await expect.poll(() => refused).toBe(dropped.length);
    client.resume();
    await expect.poll(() => messages.length).toBe(200 - dropped.length);
  });

  test('options that are none', () => {
    expect(() => new WebSocketServer({ noServer: true, backpressurePolicy: 'wait' as 'drop' })).toThrow(TypeError);
    expect(() => new WebSocketServer({ noServer: true, textAs: 'text' as 'string' })).toThrow(TypeError);
  });

  test('a flood of pings from a peer that does not read is cut', async () => {
    const { client, webSocket } = await openRaw({ maxPendingAutoPongs: 10 });
    const closed = next(webSocket, 'close');
    client.socket.pause();
    webSocket.send(Buffer.alloc(20_000_000));
    const ping = Buffer.from(frames.encodePing('x'.repeat(125)));
    for (let i = 0; i < 20; i++) client.send(ping);
    expect((await closed)[0]).toBe(1006);
  });
});

describe('a listener that throws', () => {
  test('takes no message behind it, and no other connection, along', async () => {
    const thrown: unknown[] = [];
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => thrown.push(error));
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
    });
    const first = await openPair(pair);
    const second = await openPair(pair);
    const messages = record(first.served, ['message', 'close']);
    first.served.prependListener('message', (data) => {
      if (String(data) === 'b') throw new Error('from a listener');
    });
    first.served.prependListener('close', () => {
      throw new Error('from close');
    });
    for (const text of ['a', 'b', 'c']) first.client.send(text);
    first.client.close(1000);
    second.served.on('message', (data) => second.served.send(data));
    const echoed = next(second.client, 'message');
    second.client.send('still there');
    expect(String((await echoed)[0])).toBe('still there');
    await expect.poll(() => thrown.length).toBe(2);
    expect(messages.map(([name, data]) => `${name} ${String(data)}`)).toEqual(['message a', 'message c']);
    expect(first.served.readyState).toBe(WebSocket.CLOSED);
  });
});

test('connect: a client as a promise', async () => {
  const { server, url } = await listen(api);
  server.on('connection', (webSocket) => webSocket.send('early'));
  const client = await connect(url);
  expect(String((await next(client, 'message'))[0])).toBe('early');
  client.terminate();
});

test('from CommonJS, require gives the class, as that of ws does', () => {
  const script = `
    const WebSocket = require('wsimd/node');
    const { WebSocketServer, createWebSocketStream, broadcast, connect, PreparedMessage } = WebSocket;
    const types = [WebSocketServer, createWebSocketStream, broadcast, connect, PreparedMessage, WebSocket.Server];
    console.log(typeof WebSocket, WebSocket.OPEN, types.map((type) => typeof type).join());`;
  const root = new URL('../../..', import.meta.url).pathname;
  const output = execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' });
  expect(output.trim()).toBe(`function 1 ${Array(6).fill('function').join()}`);
});
