// The limits of a connection's and a handshake's time, and of the number of connections: src/node/socket/timers.ts,
// src/node/operate/pending-handshakes.ts, `maxConnections` and `handshakeTimeout` of a server.

import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { Peer, wire } from '../../../support/frames/wire.js';
import { RawClient, requestHead } from '../../../support/peers/raw-client.js';
import { startHttp } from '../../../support/servers/http.js';
import { startForRawClients } from '../../../support/servers/raw-connections.js';
import { next } from '../../../support/servers/servers.js';

const peer = new Peer('server');

function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}

async function start(options: Partial<WebSocketServerOptions> = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  onTestFinished(() => void server.shutdown({ timeout: 0 }));
  await next(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

function rawClient(port: number): RawClient {
  const client = new RawClient(port);
  onTestFinished(() => void client.socket.destroy());
  return client;
}

async function ask(port: number): Promise<{ client: RawClient; head: string; status: number }> {
  const client = rawClient(port);
  client.send(requestHead(port));
  const head = await client.takeHead();
  return { client, head, status: Number(head.slice(9, 12)) };
}

async function closeFrameOf(client: RawClient): Promise<string> {
  const [first, length = 0] = await client.take(2);
  expect(first).toBe(0x88);
  const payload = await client.take(length);
  return `${payload.readUInt16BE(0)} ${payload.subarray(2)}`;
}

describe('idleTimeout', () => {
  test('closes with 1001 a connection without messages, whatever pings come', async () => {
    fakeTimers();
    const open = await startForRawClients({ idleTimeout: 1000 });
    const { client, webSocket } = await open();
    vi.advanceTimersByTime(750);
    const ping = next(webSocket, 'ping');
    client.send(wire(peer.ping('?')));
    await ping;
    await client.take(3);
    vi.advanceTimersByTime(249);
    expect(webSocket.readyState).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await closeFrameOf(client)).toBe('1001 idleTimeout');
    client.send(wire(peer.close(1001)));
    await client.closed;
  });

  test('messages in either direction put the end off', async () => {
    fakeTimers();
    const open = await startForRawClients({ idleTimeout: 1000 });
    const { client, webSocket } = await open();
    vi.advanceTimersByTime(800);
    const message = next(webSocket, 'message');
    client.send(wire(peer.text('here')));
    await message;
    vi.advanceTimersByTime(1000);
    expect(webSocket.readyState).toBe(1);
    webSocket.send('and there');
    vi.advanceTimersByTime(1000);
    expect(webSocket.readyState).toBe(1);
    vi.advanceTimersByTime(1000);
    expect(webSocket.readyState).toBe(2);
  });

  test('a message that takes longer than that to come is no idleness', async () => {
    fakeTimers();
    const open = await startForRawClients({ idleTimeout: 1000 });
    const { client, webSocket } = await open();
    const frame = wire(peer.binary(new Uint8Array(50_000)));
    const { bytesRead } = webSocket._socket as never as { bytesRead: number };
    for (let at = 0; at < 40_000; at += 10_000) {
      client.send(frame.subarray(at, at + 10_000));
      await expect
        .poll(() => (webSocket._socket as never as { bytesRead: number }).bytesRead - bytesRead)
        .toBe(at + 10_000);
      vi.advanceTimersByTime(900);
      expect(webSocket.readyState).toBe(1);
    }
    vi.advanceTimersByTime(1250);
    expect(webSocket.readyState).toBe(2);
  });

  test('frames and fragments that the program has made are messages, too', async () => {
    fakeTimers();
    const open = await startForRawClients({ idleTimeout: 1000 });
    const { webSocket } = await open();
    const sends = [
      () => webSocket._sender!.sendFrame([Buffer.from([0x01, 2]), Buffer.from('hi')]),
      () => webSocket._sender!.sendFrame([Buffer.from([0x80, 2]), Buffer.from('ho')]),
      () => webSocket.send('a', { fin: false }),
      () => webSocket.send('b', { fin: false }),
    ];
    for (const send of sends) {
      vi.advanceTimersByTime(900);
      expect(webSocket.readyState).toBe(1);
      send();
    }
    expect(webSocket.stats().messagesSent).toBe(1);
    vi.advanceTimersByTime(900);
    expect(webSocket.readyState).toBe(1);
    vi.advanceTimersByTime(1250);
    expect(webSocket.readyState).toBe(2);
  });

  test('a source of sendStream that pauses holds the end off, and a peer that does not read does not', async () => {
    fakeTimers();
    const open = await startForRawClients({ idleTimeout: 1000 });
    const { client, webSocket } = await open();
    let give: (part: Buffer) => void = () => {};
    const source = (async function* () {
      for (;;) yield await new Promise<Buffer>((resolve) => (give = resolve));
    })();
    const sending = webSocket.sendStream(source).catch((error: unknown) => error);
    webSocket.on('error', () => {});
    await new Promise((resolve) => setImmediate(resolve));
    give(Buffer.from('part'));
    await client.take(6);
    vi.advanceTimersByTime(10_000);
    expect(webSocket.readyState).toBe(1);
    client.socket.pause();
    give(Buffer.alloc(20_000_000));
    await expect.poll(() => webSocket.stats().buffered).toBeGreaterThan(0);
    await new Promise((resolve) => setImmediate(resolve));
    const { buffered } = webSocket.stats();
    vi.advanceTimersByTime(2000);
    expect(webSocket.stats().buffered).toBe(buffered);
    expect(webSocket.readyState).toBe(2);
    webSocket.terminate();
    expect(await sending).toBeInstanceOf(Error);
  });

  test('the time stands still while the program has paused the connection', async () => {
    fakeTimers();
    const open = await startForRawClients({ idleTimeout: 1000 });
    const { webSocket } = await open();
    webSocket.pause();
    vi.advanceTimersByTime(10_000);
    expect(webSocket.readyState).toBe(1);
    webSocket.resume();
    vi.advanceTimersByTime(1250);
    expect(webSocket.readyState).toBe(2);
  });
});

describe('maxLifetime', () => {
  test('closes with 1001, however busy the connection is', async () => {
    fakeTimers();
    const open = await startForRawClients({ maxLifetime: 10_000, lifetimeJitter: 0 });
    const { client, webSocket } = await open();
    vi.advanceTimersByTime(9999);
    expect(webSocket.readyState).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await closeFrameOf(client)).toBe('1001 maxLifetime');
  });

  test('is shorter by a random share, so that connections do not end together', async () => {
    fakeTimers();
    const open = await startForRawClients({ maxLifetime: 10_000, lifetimeJitter: 0.5 });
    const webSockets: WebSocket[] = [];
    for (let i = 0; i < 20; i++) webSockets.push((await open()).webSocket);
    const isOpen = () => webSockets.filter(({ readyState }) => readyState === 1).length;
    vi.advanceTimersByTime(4999);
    expect(isOpen()).toBe(20);
    vi.advanceTimersByTime(2500);
    // Between them, all of 20 fall into one half with a chance of one in half a million.
    expect(isOpen()).toBeGreaterThan(0);
    expect(isOpen()).toBeLessThan(20);
    vi.advanceTimersByTime(2501);
    expect(isOpen()).toBe(0);
  });

  test('its timers end with the connection', async () => {
    fakeTimers();
    const open = await startForRawClients({ maxLifetime: 10_000, idleTimeout: 1000, heartbeat: { interval: 500 } });
    const { client, webSocket } = await open();
    expect(vi.getTimerCount()).toBe(3);
    const closed = next(webSocket, 'close');
    client.socket.destroy();
    await closed;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('maxConnections', () => {
  test('further requests get 503 with Retry-After, until there is room', async () => {
    const { server, port } = await start({ maxConnections: 2 });
    const first = await ask(port);
    await ask(port);
    const third = await ask(port);
    expect(third.status).toBe(503);
    expect(third.head).toContain('\r\nRetry-After: 10\r\n');
    const closed = next([...server.clients][0]!, 'close');
    first.client.socket.destroy();
    await closed;
    expect((await ask(port)).status).toBe(101);
    expect((await ask(port)).status).toBe(503);
  });

  test('is kept where verifyClient takes its time', async () => {
    const answers: ((isAccepted: boolean) => void)[] = [];
    const { port } = await start({
      maxConnections: 1,
      verifyClient: () => new Promise<boolean>((resolve) => answers.push(resolve)),
    });
    const both = [ask(port), ask(port)];
    await expect.poll(() => answers.length).toBe(2);
    for (const answer of answers) answer(true);
    expect((await Promise.all(both)).map(({ status }) => status).sort()).toEqual([101, 503]);
  });

  test.each([0, null, Number.POSITIVE_INFINITY])('%s is no limit', async (maxConnections) => {
    const { port } = await start({ maxConnections });
    expect((await ask(port)).status).toBe(101);
  });
});

describe('handshakeTimeout', () => {
  test.each(['', 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: webso'])(
    'a client that sends %j and no more is cut, by a server of ours',
    async (bytes) => {
      const { port } = await start({ handshakeTimeout: 200 });
      const client = rawClient(port);
      const before = performance.now();
      client.send(bytes);
      await client.closed;
      expect(performance.now() - before).toBeGreaterThan(150);
      expect(performance.now() - before).toBeLessThan(5000);
      if (bytes !== '') expect(String(client.received)).toMatch(/^HTTP\/1.1 408 /);
      expect((await ask(port)).status).toBe(101);
    },
  );

  test.each(['on a server of ours', 'with noServer'])('a program that does not decide: 503, %s', async (where) => {
    const options = { handshakeTimeout: 100, verifyClient: () => new Promise<boolean>(() => {}) };
    let port: number;
    if (where === 'with noServer') {
      const http = await startHttp();
      const server = new WebSocketServer({ ...options, noServer: true });
      http.httpServer.on('upgrade', (request, socket, head) => server.handleUpgrade(request, socket, head, () => {}));
      port = http.port;
    } else {
      ({ port } = await start(options));
    }
    expect((await ask(port)).status).toBe(503);
  });

  test('a listener for wsClientError that does not answer: the socket is cut', async () => {
    const { server, port } = await start({ handshakeTimeout: 100 });
    server.on('wsClientError', () => {});
    const client = rawClient(port);
    client.send(requestHead(port).replace('Version: 13', 'Version: 8'));
    await client.closed;
    expect(client.received).toHaveLength(0);
  });

  test('a handshake that is done in time leaves no timer', async () => {
    fakeTimers();
    const { server, port } = await start({ handshakeTimeout: 10_000, verifyClient: async () => true });
    expect((await ask(port)).status).toBe(101);
    expect(vi.getTimerCount()).toBe(0);
    expect(server.clients.size).toBe(1);
  });

  test('a client that resets the connection while the program thinks leaves none either', async () => {
    fakeTimers();
    let isAsked = false;
    const { port } = await start({
      handshakeTimeout: 10_000,
      verifyClient: () => {
        isAsked = true;
        return new Promise<boolean>(() => {});
      },
    });
    const client = rawClient(port);
    client.send(requestHead(port));
    await expect.poll(() => isAsked).toBe(true);
    expect(vi.getTimerCount()).toBe(1);
    client.socket.resetAndDestroy();
    await expect.poll(() => vi.getTimerCount()).toBe(0);
  });
});

describe('a client that ends its side before it is answered', () => {
  test('is cut at once while verifyClient thinks, and not pending any more', async () => {
    let isAsked = false;
    const { server, port } = await start({
      verifyClient: () => {
        isAsked = true;
        return new Promise<boolean>(() => {});
      },
    });
    const client = rawClient(port);
    client.send(requestHead(port));
    await expect.poll(() => isAsked).toBe(true);
    expect(server.stats().pendingHandshakes).toBe(1);
    client.socket.end();
    await client.closed;
    expect(client.received).toHaveLength(0);
    expect(server.stats().pendingHandshakes).toBe(0);
  });
});

describe('a shouldHandle that returns a promise, where others share the HTTP server', () => {
  async function startShared(isOther: boolean) {
    const { httpServer, port } = await startHttp();
    const options = { server: httpServer, handshakeTimeout: 100 };
    const server = new WebSocketServer(options);
    let answer: (isForUs: boolean) => void = () => {};
    server.shouldHandle = () => new Promise<boolean>((resolve) => (answer = resolve));
    if (isOther)
      httpServer.on('upgrade', (_, socket) => setTimeout(() => socket.end('HTTP/1.1 204 No Content\r\n\r\n'), 300));
    // An error listener says that the other one has taken the request.
    httpServer.on('upgrade', (_, socket) => isOther && socket.on('error', () => {}));
    onTestFinished(() => void server.shutdown({ timeout: 0 }));
    return { server, port, answer: (isForUs: boolean) => answer(isForUs) };
  }

  test('is pending, and gets 503 after handshakeTimeout; a later answer has no effect', async () => {
    const { server, port, answer } = await startShared(false);
    const asked = ask(port);
    await expect.poll(() => server.stats().pendingHandshakes).toBe(1);
    expect((await asked).status).toBe(503);
    answer(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.stats()).toMatchObject({
      ...{ pendingHandshakes: 0, connections: 0, refused: { 503: 1 }, limits: { handshakeTimeout: 1 } },
    });
  });

  test('is left to another listener that has taken the request', async () => {
    const { server, port } = await startShared(true);
    expect((await ask(port)).status).toBe(204);
    expect(server.stats()).toMatchObject({ pendingHandshakes: 0, refused: {} });
  });

  test('ends with a shutdown', async () => {
    const { server, port } = await startShared(false);
    const asked = ask(port);
    await expect.poll(() => server.stats().pendingHandshakes).toBe(1);
    await server.shutdown();
    expect((await asked).status).toBe(503);
  });
});

test.each([
  ['idleTimeout', [0, -1, 2 ** 31, Number.NaN, '1000']],
  ['maxLifetime', [0, -1, 2 ** 31, Number.NaN, '1000']],
  ['lifetimeJitter', [-0.1, 1.1, Number.NaN, null]],
  ['maxConnections', [-1, 0.5, Number.NaN, '10']],
  ['handshakeTimeout', [0, -1, 2 ** 31, Number.NaN, '1000']],
])('%s: values without a meaning are refused in the constructor', (name, values) => {
  for (const value of values) {
    expect(() => new WebSocketServer({ noServer: true, [name]: value })).toThrow(
      expect.objectContaining({ name: 'RangeError', message: expect.stringContaining(name) }),
    );
  }
});
