// src/node/operate/shutdown.ts, and `shutdown` of src/node/server/server.ts.

import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { Peer, wire } from '../../../support/frames/wire.js';
import { RawClient, requestHead } from '../../../support/peers/raw-client.js';
import { startHttp } from '../../../support/servers/http.js';
import { next } from '../../../support/servers/servers.js';

const peer = new Peer('server');
const CLOSE_1001 = [0x88, 2, 1001 >> 8, 1001 & 255];

async function start(options: Partial<WebSocketServerOptions> = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  onTestFinished(() => {
    for (const webSocket of server.clients ?? []) webSocket.terminate();
    server.close();
  });
  await next(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/** Opens a connection that answers nothing by itself. */
async function open(port: number): Promise<RawClient> {
  const client = rawClient(port);
  client.send(requestHead(port));
  await client.takeHead();
  return client;
}

function rawClient(port: number): RawClient {
  const client = new RawClient(port);
  onTestFinished(() => void client.socket.destroy());
  return client;
}

async function statusOf(client: RawClient): Promise<number> {
  return Number((await client.takeHead()).slice(9, 12));
}

describe('shutdown', () => {
  test('sends a Close frame to everyone, and is done when all have answered', async () => {
    const { server, port } = await start();
    const clients = await Promise.all(Array.from({ length: 100 }, () => open(port)));
    const closes: number[] = [];
    for (const webSocket of server.clients) webSocket.on('close', (closeCode) => closes.push(closeCode));
    const closed = next(server, 'close');
    const shutdown = server.shutdown({ code: 1012, reason: 'deploying' });
    for (const client of clients) {
      const frame = await client.take(13);
      expect([...frame.subarray(0, 4)]).toEqual([0x88, 11, 1012 >> 8, 1012 & 255]);
      expect(frame.subarray(4).toString()).toBe('deploying');
      client.send(wire(peer.close(1012)));
    }
    expect(await shutdown).toEqual({ closed: 100, cut: 0 });
    await closed;
    expect(closes).toEqual(Array.from({ length: 100 }, () => 1012));
    expect(server.clients.size).toBe(0);
    await Promise.all(clients.map((client) => client.closed));
  });

  test('sends 1001 by default, behind the messages that were sent before', async () => {
    const { server, port } = await start();
    const connected = next<[WebSocket]>(server, 'connection');
    const client = await open(port);
    const [webSocket] = await connected;
    webSocket.send('last words');
    const shutdown = server.shutdown();
    expect((await client.take(12)).toString('latin1')).toBe('\x81\x0alast words');
    expect([...(await client.take(4))]).toEqual(CLOSE_1001);
    client.send(wire(peer.close(1001)));
    expect(await shutdown).toEqual({ closed: 1, cut: 0 });
  });

  test('cuts those that do not answer in time, and says how many', async () => {
    const { server, port } = await start();
    const mute = await Promise.all(Array.from({ length: 40 }, () => open(port)));
    const polite = await open(port);
    const shutdown = server.shutdown({ timeout: 60_000 });
    await polite.take(4);
    polite.send(wire(peer.close(1001)));
    await polite.closed;
    // The shorter time counts: however slow the machine is, the polite one has answered in time.
    void server.shutdown({ timeout: 200 });
    expect(await shutdown).toEqual({ closed: 1, cut: 40 });
    await Promise.all(mute.map((client) => client.closed));
  });

  test('a second call with a shorter timeout ends it sooner, and gets the same result', async () => {
    const { server, port } = await start();
    await open(port);
    const first = server.shutdown({ timeout: 60_000 });
    expect(await server.shutdown({ timeout: 0 })).toEqual({ closed: 0, cut: 1 });
    expect(await first).toEqual({ closed: 0, cut: 1 });
  });

  test('does its work in turns: others are served between the Close frames', async () => {
    const { server, port } = await start();
    const clients = await Promise.all(Array.from({ length: 320 }, () => open(port)));
    const shutdown = server.shutdown({ timeout: 60_000 });
    let turns = 0;
    const closing = () => [...server.clients].filter(({ readyState }) => readyState !== 1).length;
    let most = 0;
    for (let before = 0; closing() < 320; turns++) {
      most = Math.max(most, closing() - before);
      before = closing();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(turns).toBeGreaterThanOrEqual(9);
    expect(most).toBeLessThanOrEqual(64);
    for (const client of clients) client.send(wire(peer.close(1001)));
    expect(await shutdown).toEqual({ closed: 320, cut: 0 });
  });

  test('a listener that throws keeps no other connection open', async () => {
    const { server, port } = await start();
    const clients = await Promise.all(Array.from({ length: 70 }, () => open(port)));
    const thrown: unknown[] = [];
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => thrown.push(error));
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
    });
    for (const webSocket of server.clients) {
      webSocket.on('close', () => {
        throw new Error('of a listener');
      });
    }
    const shutdown = server.shutdown();
    for (const client of clients) {
      await client.take(4);
      client.send(wire(peer.close(1001)));
    }
    expect(await shutdown).toEqual({ closed: 70, cut: 0 });
    await expect.poll(() => thrown.length).toBe(70);
  });

  test('takes no more connections: the port is closed', async () => {
    const { server, port } = await start();
    await open(port);
    const shutdown = server.shutdown({ timeout: 100 });
    const socket = connect(port, '127.0.0.1');
    expect(await new Promise((resolve) => socket.on('error', resolve).on('connect', resolve))).toMatchObject({
      code: 'ECONNREFUSED',
    });
    await shutdown;
  });

  test.each(['on a server of ours', 'on an HTTP server of the options', 'with noServer'])(
    'answers upgrade requests with 503, %s',
    async (where) => {
      let server: WebSocketServer;
      let port: number;
      if (where === 'on a server of ours') {
        ({ server, port } = await start());
      } else {
        const http = await startHttp();
        port = http.port;
        const isOurs = where !== 'with noServer';
        server = new WebSocketServer(isOurs ? { server: http.httpServer } : { noServer: true });
        if (!isOurs) {
          http.httpServer.on('upgrade', (request, socket, head) =>
            server.handleUpgrade(request, socket, head, (webSocket) => server.emit('connection', webSocket, request)),
          );
        }
      }
      const late = rawClient(port);
      // A request under way: the connection is there before the server stops.
      const head = requestHead(port);
      late.send(head.slice(0, 20));
      await open(port);
      const shutdown = server.shutdown({ timeout: 60_000 });
      late.send(head.slice(20));
      expect(await statusOf(late)).toBe(503);
      void server.shutdown({ timeout: 0 });
      expect(await shutdown).toEqual({ closed: 0, cut: 1 });
    },
  );

  test('leaves an HTTP server of the options open, and its other requests alone', async () => {
    const { httpServer, port } = await startHttp((_, response) => response.end('here'));
    const server = new WebSocketServer({ server: httpServer });
    expect(await server.shutdown()).toEqual({ closed: 0, cut: 0 });
    const text = await new Promise((resolve) =>
      request({ port, host: '127.0.0.1' }, (response) => response.on('data', (data) => resolve(String(data)))).end(),
    );
    expect(text).toBe('here');
    expect(httpServer.listenerCount('upgrade')).toBe(0);
  });

  test('refuses requests that verifyClient has yet to decide on, with 503', async () => {
    const { server, port } = await start({ verifyClient: () => new Promise<boolean>(() => {}) });
    const client = rawClient(port);
    client.send(requestHead(port));
    await expect.poll(() => server.stats().pendingHandshakes).toBe(1);
    const shutdown = server.shutdown();
    expect(await statusOf(client)).toBe(503);
    expect(await shutdown).toEqual({ closed: 0, cut: 0 });
  });

  test('does not wait for a request that is never finished', async () => {
    const { server, port } = await start();
    const slow = rawClient(port);
    slow.send('GET / HTTP/1.1\r\nHost: ');
    const silent = rawClient(port);
    await open(port);
    expect(await server.shutdown({ timeout: 50 })).toEqual({ closed: 0, cut: 1 });
    await Promise.all([slow.closed, silent.closed]);
  });

  test('works without clientTracking', async () => {
    const { httpServer, port } = await startHttp();
    const server = new WebSocketServer({ server: httpServer, clientTracking: false });
    const client = await open(port);
    let isClosed = false;
    server.on('close', () => {
      isClosed = true;
    });
    const shutdown = server.shutdown();
    await client.take(4);
    expect(isClosed).toBe(false);
    client.send(wire(peer.close(1001)));
    expect(await shutdown).toEqual({ closed: 1, cut: 0 });
    expect(isClosed).toBe(true);
  });

  test('after close, and close during it: close is emitted once, at the end', async () => {
    const { server, port } = await start();
    const client = await open(port);
    let closes = 0;
    server.on('close', () => closes++);
    server.close();
    const shutdown = server.shutdown();
    server.close();
    await client.take(4);
    client.send(wire(peer.close(1001)));
    expect(await shutdown).toEqual({ closed: 1, cut: 0 });
    expect(closes).toBe(1);
    expect(await server.shutdown()).toEqual({ closed: 1, cut: 0 });
  });

  test('of a server that could not listen', async () => {
    const { port } = await start();
    const server = new WebSocketServer({ host: '127.0.0.1', port });
    await next(server, 'error');
    expect(await server.shutdown()).toEqual({ closed: 0, cut: 0 });
  });

  test.each([
    [{ code: 1006 }, TypeError],
    [{ reason: 'x'.repeat(124) }, RangeError],
    [{ timeout: -1 }, RangeError],
    [{ timeout: Number.NaN }, RangeError],
  ])('%j is rejected, and nothing is closed', async (options, Class) => {
    const { server, port } = await start();
    await expect(server.shutdown(options)).rejects.toThrow(Class);
    const client = await open(port);
    expect(client.socket.destroyed).toBe(false);
  });

  test('Symbol.asyncDispose does it', async () => {
    const { server, port } = await start();
    const client = await open(port);
    const disposed = server[Symbol.asyncDispose]();
    expect([...(await client.take(4))]).toEqual(CLOSE_1001);
    client.send(wire(peer.close(1001)));
    await disposed;
    await client.closed;
  });
});

test('an HTTP server without WebSockets closes while a shutdown is done', async () => {
  const httpServer = createServer();
  const server = new WebSocketServer({ server: httpServer });
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  await server.shutdown();
  await new Promise((resolve) => httpServer.close(resolve));
});
