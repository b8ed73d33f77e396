// src/node/server/server-answers.ts and server-http2.ts: requests that several listeners of one HTTP server might want.
// Somebody always answers, within a turn of the event loop, and no reset of such a socket is uncaught.

import type { IncomingMessage } from 'node:http';
import { createServer as createHttp2, createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { type HttpServer, listenHttp, listenHttp2, TRANSPORTS } from '../../../support/peers/askers.js';
import { watchUncaught } from '../../../support/programs/uncaught.js';
import { makeCertificate } from '../../../support/servers/tls.js';

const { WebSocketServer: OtherServer } = createRequire(import.meta.url)('ws') as {
  WebSocketServer: typeof WebSocketServer;
};
const settings = { enableConnectProtocol: true };

function serve(
  httpServer: HttpServer,
  options: Partial<WebSocketServerOptions>,
  Server: new (options: WebSocketServerOptions) => WebSocketServer = WebSocketServer,
): WebSocketServer {
  const server = new Server({ ...options, server: httpServer });
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return server;
}

describe.each(TRANSPORTS)('over %s', (transport, listen) => {
  const accepted = transport === 'HTTP/2' ? 200 : 101;
  const event = transport === 'HTTP/2' ? 'stream' : 'upgrade';

  /** A server of the path /ours, beside a listener of the program's. */
  async function share(options: Partial<WebSocketServerOptions>, theirs: (request: unknown, socket: Duplex) => void) {
    const listening = await listen();
    const server = serve(listening.httpServer, { path: '/ours', ...options });
    const sockets: Duplex[] = [];
    (listening.httpServer as NodeJS.EventEmitter).on(event, (first: unknown, second: unknown) => {
      const socket = (event === 'stream' ? first : (second as Duplex)) as Duplex;
      sockets.push(socket);
      theirs(event === 'stream' ? second : first, socket);
    });
    return { ...listening, server, sockets };
  }

  test('what nobody takes is refused with 400, whoever else listens', async () => {
    const check = watchUncaught();
    const { ask, httpServer } = await share({}, () => {});
    // A program that watches its connections has not taken any.
    for (const name of ['connection', 'secureConnection']) {
      (httpServer as NodeJS.EventEmitter).on(name, (socket: Duplex) => socket.on('error', () => {}));
    }
    // They count for nothing, of a request of HTTP/2 least of all.
    for (let i = 0; i < 3; i++) (httpServer as NodeJS.EventEmitter).on('upgrade', () => {});
    expect(await (await ask('/ours')).status).toBe(accepted);
    const asker = await ask('/third');
    expect(await asker.status).toBe(400);
    await asker.closed;
    await check();
  });

  test.each(['reset', 'end'] as const)('a client that goes at once: %s', async (how) => {
    const check = watchUncaught();
    const { ask, sockets } = await share({}, (_request, socket) => {
      // It is there before anybody has refused.
      process.nextTick(() => socket.destroy(new Error('ECONNRESET')));
    });
    const asker = await ask('/third');
    asker[how]();
    await asker.closed;
    await expect.poll(() => sockets.every(({ destroyed }) => destroyed)).toBe(true);
    await check();
  });

  test('a listener that takes a request within the turn, or listens for its errors while it thinks, has it', async () => {
    const check = watchUncaught();
    const answer = (socket: Duplex) => {
      if (event === 'stream') (socket as ServerHttp2Stream).respond({ ':status': 299 });
      socket.end(event === 'stream' ? '' : 'HTTP/1.1 299 Theirs\r\n\r\n');
    };
    const { ask } = await share({}, async (request, socket) => {
      const path = (request as IncomingMessage).url ?? (request as Record<string, string>)[':path'];
      if (path === '/at-once') answer(socket);
      if (path === '/soon') {
        for (let i = 0; i < 10; i++) await undefined;
        answer(socket);
      }
      if (path === '/later') {
        socket.on('error', () => {});
        setTimeout(() => answer(socket), 30);
      }
    });
    for (const path of ['/at-once', '/soon', '/later'])
      expect([path, await (await ask(path)).status]).toEqual([path, 299]);
    await check();
  });

  test('servers that decide later: the one that wants a request has it, else the last to decide refuses it', async () => {
    const check = watchUncaught();
    const { httpServer, ask } = await listen();
    class Deciding extends WebSocketServer {
      override async shouldHandle(request: IncomingMessage): Promise<boolean> {
        await new Promise((resolve) => setTimeout(resolve, Number(this.options.path)));
        if (request.url === '/fails') throw new Error('the database is down');
        return request.url === `/${this.options.path}`;
      }
    }
    const servers = ['10', '40'].map((path) => serve(httpServer, { path }, Deciding));
    expect(await (await ask('/10')).status).toBe(accepted);
    expect(await (await ask('/40')).status).toBe(accepted);
    expect(await (await ask('/neither')).status).toBe(400);
    expect(await (await ask('/fails')).status).toBe(500);
    await check();
    expect(servers.map(({ clients }) => clients.size)).toEqual([1, 1]);
  });

  test('of two that want every request the first has it, and neither throws', async () => {
    const check = watchUncaught();
    const { httpServer, ask } = await listen();
    const servers = [serve(httpServer, {}), serve(httpServer, {})];
    expect(await (await ask()).status).toBe(accepted);
    await check();
    expect(servers.map(({ clients }) => clients.size)).toEqual([1, 0]);
  });
});

test('beside a server of ws on the same HTTP server each has its path', async () => {
  const check = watchUncaught();
  const { httpServer, ask } = await listenHttp();
  const theirs = new OtherServer({ noServer: true });
  onTestFinished(() => {
    for (const client of theirs.clients) client.terminate();
  });
  httpServer.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url === '/theirs') theirs.handleUpgrade(request, socket, head, () => {});
  });
  const ours = serve(httpServer, { path: '/ours' });
  for (const path of ['/theirs', '/ours']) expect(await (await ask(path)).status).toBe(101);
  expect(await (await ask('/third')).status).toBe(400);
  expect([theirs.clients.size, ours.clients.size]).toEqual([1, 1]);
  await check();
});

test('with a listener for ordinary requests, a CONNECT over HTTP/2 for a foreign path is refused', async () => {
  const check = watchUncaught();
  const httpServer = createSecureServer({ ...makeCertificate(), settings, allowHTTP1: true });
  httpServer.on('request', (_request, response) => response.end('plain'));
  httpServer.on('upgrade', () => {});
  const { ask } = await listenHttp2(httpServer, 'https');
  serve(httpServer, { path: '/ours' });
  expect(await (await ask('/third')).status).toBe(400);
  expect(await (await ask('/ours')).status).toBe(200);
  await check();
});

test('CONNECTs that no WebSocketServer judges are answered by one of several', async () => {
  const check = watchUncaught();
  const httpServer = createHttp2({ settings });
  const { ask } = await listenHttp2(httpServer);
  for (const path of ['/a', '/b']) serve(httpServer, { path });
  expect(await (await ask('/a', [':protocol: connect-udp'])).status).toBe(501);
  httpServer.on('request', () => {});
  const host = await ask('/a', [':protocol: websocket']);
  expect(await host.status).toBe(200);
  await check();
});

test('a server that another listener closes while a request is being handed round answers 503', async () => {
  const check = watchUncaught();
  const { httpServer, ask } = await listenHttp();
  httpServer.on('upgrade', () => server.close());
  const server = serve(httpServer, {});
  expect(await (await ask()).status).toBe(503);
  await check();
});
