// The options, methods and events of a WebSocketServer: the same with `ws` and with ours, in every pairing. `verifyClient` is in
// verify-client.test.ts.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { WebSocket, WebSocketServerOptions } from '../../../../src/node/index.js';
import {
  IMPLEMENTATIONS,
  isOurs,
  listen,
  open,
  openPair,
  PAIRS,
  record,
} from '../../../support/peers/implementations.js';
import { KEY, RawClient, requestHead } from '../../../support/peers/raw-client.js';
import { startHttp } from '../../../support/servers/http.js';
import { next } from '../../../support/servers/servers.js';
import { refusal } from './refusal.js';

describe.each(PAIRS)('%s', (_name, pair) => {
  const { WebSocketServer } = pair.server;

  test('port, host, backlog, callback, listening, address', async () => {
    let calls = 0;
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 5 }, () => calls++);
    const events = record(server, ['listening']);
    await next(server, 'listening');
    expect([calls, events.length]).toEqual([1, 1]);
    const { address, family, port } = server.address() as AddressInfo;
    expect([address, family, port > 0]).toEqual(['127.0.0.1', 'IPv4', true]);
    const closed = next(server, 'close');
    let callbacks = 0;
    server.close(() => callbacks++);
    await closed;
    expect([server.address(), callbacks]).toEqual([null, 1]);
    const error = await new Promise<Error | undefined>((resolve) => server.close(resolve));
    expect(error?.message).toMatch(/not running/);
  });

  test('a plain request is answered with 426', async () => {
    const { port } = await listen(pair.server);
    const response = await fetch(`http://127.0.0.1:${port}`);
    expect([response.status, await response.text()]).toEqual([426, 'Upgrade Required']);
  });

  test('error: of the server below', async () => {
    const { port } = await listen(pair.server);
    const server = new WebSocketServer({ port, host: '127.0.0.1' });
    expect((await next<[NodeJS.ErrnoException]>(server, 'error'))[0].code).toBe('EADDRINUSE');
  });

  test.each<[string, WebSocketServerOptions]>([
    ['none of them', {}],
    ['port and server', { port: 0, server: createServer() }],
    ['port and noServer', { port: 0, noServer: true }],
    ['server and noServer', { server: createServer(), noServer: true }],
  ])('of port, server and noServer: %s', (_what, options) => {
    expect(() => new WebSocketServer(options)).toThrow(TypeError);
  });

  test('server: somebody else’s, which goes on', async () => {
    const { httpServer, url } = await startHttp((_request, response) => response.end('plain'));
    const server = new WebSocketServer({ server: httpServer });
    const connection = next<[WebSocket, IncomingMessage]>(server, 'connection');
    const client = await open(pair.client, `${url}/a?b`);
    const [served, request] = await connection;
    expect([request.url, server.clients.has(served)]).toEqual(['/a?b', true]);
    const events = record(server, ['close']);
    server.close();
    expect(client.readyState).toBe(client.OPEN);
    expect(httpServer.listening).toBe(true);
    const closed = next(server, 'close');
    client.close();
    await closed;
    expect([events.length, httpServer.listenerCount('upgrade')]).toEqual([1, 0]);
  });

  test('noServer and handleUpgrade: whoever calls it emits connection, or does not', async () => {
    const { httpServer, url, port } = await startHttp((_request, response) => response.end('plain'));
    const first = new WebSocketServer({ noServer: true });
    const second = new WebSocketServer({ noServer: true });
    const connections = record(first, ['connection']);
    httpServer.on('upgrade', (request, socket, head) => {
      if (request.url === '/none') socket.destroy();
      const server = request.url === '/first' ? first : second;
      server.handleUpgrade(request, socket, head, (webSocket, sameRequest) => {
        expect(sameRequest).toBe(request);
        webSocket.send(`from ${request.url}`);
      });
    });
    for (const path of ['/first', '/second']) {
      const client = new pair.client.WebSocket(url + path);
      expect(String((await next(client, 'message'))[0])).toBe(`from ${path}`);
    }
    expect([first.clients.size, second.clients.size, connections.length]).toEqual([1, 1, 0]);
    expect(() => first.address()).toThrow();
    for (const server of [first, second]) {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const client of server.clients) client.terminate();
      await closed;
    }
    const late = new RawClient(port);
    late.send(requestHead(port, { target: '/first' }));
    await late.closed;
    expect(late.received.toString()).toMatch(/^HTTP\/1\.1 503 /);
  });

  test('handleUpgrade twice with one socket throws', async () => {
    const { httpServer, url } = await startHttp((_request, response) => response.end('plain'));
    const server = new WebSocketServer({ noServer: true });
    const thrown = new Promise<unknown>((resolve) => {
      httpServer.on('upgrade', (request, socket, head) => {
        server.handleUpgrade(request, socket, head, () => {});
        try {
          server.handleUpgrade(request, socket, head, () => {});
        } catch (error) {
          resolve(error);
        }
      });
    });
    const client = new pair.client.WebSocket(url);
    client.on('error', () => {});
    expect(await thrown).toBeInstanceOf(Error);
    client.terminate();
  });

  test('path, and shouldHandle to be overridden', async () => {
    const { url } = await listen(pair.server, { path: '/chat' });
    await open(pair.client, `${url}/chat?with=query`);
    expect((await refusal(new pair.client.WebSocket(`${url}/other`))).statusCode).toBe(400);

    class Picky extends WebSocketServer {
      override shouldHandle(request: IncomingMessage): boolean {
        return request.headers['x-magic'] === 'yes';
      }
    }
    const picky = await listen({ ...pair.server, WebSocketServer: Picky as typeof WebSocketServer });
    await open(pair.client, picky.url, [], { headers: { 'X-Magic': 'yes' } });
    expect((await refusal(new pair.client.WebSocket(picky.url))).statusCode).toBe(400);
  });

  test.each([undefined, null, '', '/chat'])('the property path is no copy of the option (%s)', (path) => {
    const server = new pair.server.WebSocketServer({ noServer: true, path: path as string });
    expect(['path' in server, server.path, server.options.path]).toEqual([false, undefined, path]);
  });

  test.each<object>([
    {},
    { noServer: false },
    { noServer: true, port: 0 },
    { noServer: true, server: {} },
    { port: 0, server: {} },
    { noServer: true, server: 'none' },
  ])('%j: not one source of requests, whatever else is wrong', (options) => {
    expect(() => new pair.server.WebSocketServer(options)).toThrow(
      new TypeError('One and only one of the "port", "server", or "noServer" options must be specified'),
    );
  });

  test('options that are null are not there', async () => {
    const none = { perMessageDeflate: null, handleProtocols: null, verifyClient: null, path: null, host: null };
    const { url } = await listen(pair.server, none as object);
    const options = { perMessageDeflate: null, generateMask: null, finishRequest: null, origin: null, headers: null };
    const client = new pair.client.WebSocket(url, options as object);
    await next(client, 'open');
    client.send('masked');
    expect([client.extensions, client.readyState]).toEqual(['', client.OPEN]);
    client.terminate();
  });

  test('handleProtocols, or the first', async () => {
    const asked: unknown[] = [];
    const { url } = await listen(pair.server, {
      handleProtocols: (protocols, request) => {
        asked.push([...protocols], request.url);
        return protocols.has('b') ? 'b' : false;
      },
    });
    expect((await open(pair.client, `${url}/p`, ['a', 'b'])).protocol).toBe('b');
    expect(asked).toEqual([['a', 'b'], '/p']);
    expect((await open(pair.client, url)).protocol).toBe('');
    expect(asked.length).toBe(2);
    const none = new pair.client.WebSocket(url, ['c']);
    expect((await next<[Error]>(none, 'error'))[0]).toBeInstanceOf(Error);
    const { url: first } = await listen(pair.server);
    expect((await open(pair.client, first, ['x', 'y'])).protocol).toBe('x');
  });

  test('clientTracking', async () => {
    const tracked = await openPair(pair);
    expect([...tracked.server.clients]).toEqual([tracked.served]);
    tracked.client.close();
    await next(tracked.served, 'close');
    expect(tracked.server.clients.size).toBe(0);
    const { httpServer, url } = await startHttp((_request, response) => response.end('plain'));
    const server = new WebSocketServer({ server: httpServer, clientTracking: false });
    const connection = next<[WebSocket]>(server, 'connection');
    const client = await open(pair.client, url);
    await connection;
    expect(server.clients).toBeUndefined();
    const closed = next(server, 'close');
    server.close();
    await closed;
    expect(client.readyState).toBe(client.OPEN);
  });

  test('headers: looked at and added to', async () => {
    const { server, url } = await listen(pair.server);
    server.on('headers', (headers, request) => {
      expect(headers[0]).toBe('HTTP/1.1 101 Switching Protocols');
      expect(headers).toContain('Upgrade: websocket');
      headers.push(`X-Path: ${request.url}`, 'Set-Cookie: a=1', 'Set-Cookie: b=2');
    });
    const client = new pair.client.WebSocket(`${url}/h`);
    const opened = next(client, 'open');
    const [response] = await next<[IncomingMessage]>(client, 'upgrade');
    expect([response.headers['x-path'], response.headers['set-cookie']]).toEqual(['/h', ['a=1', 'b=2']]);
    await opened;
    client.terminate();
  });

  test('WebSocket: a class of the user’s', async () => {
    class Named extends pair.server.WebSocket {
      readonly label = 'mine';
      whoAmI(): string {
        return `${this.label} ${this.readyState}`;
      }
    }
    const { url, server } = await listen(pair.server, { WebSocket: Named as typeof WebSocket });
    const connection = next<[Named]>(server, 'connection');
    await open(pair.client, url);
    const [served] = await connection;
    expect([served instanceof Named, served.whoAmI()]).toEqual([true, 'mine 1']);
  });

  test('maxPayload: longer messages fail with 1009', async () => {
    for (const sendsFragments of [false, true]) {
      const { client, served } = await openPair(pair, { maxPayload: 10 });
      const events = record(served, ['message', 'error', 'close']);
      const closed = next<[number]>(client, 'close');
      client.send('x'.repeat(10));
      if (sendsFragments) client.send('x'.repeat(6), { fin: false });
      client.send('x'.repeat(sendsFragments ? 5 : 11));
      expect((await closed)[0]).toBe(1009);
      await expect.poll(() => events.map(([name]) => name)).toEqual(['message', 'error', 'close']);
      expect(events[1]?.[1]).toMatchObject({ code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' });
    }
  });

  test('maxPayload 0 is no limit', async () => {
    const { client, served } = await openPair(pair, { maxPayload: 0 });
    const message = next<[Buffer]>(served, 'message');
    client.send(Buffer.alloc(101 * 1024 * 1024));
    expect((await message)[0].length).toBe(101 * 1024 * 1024);
  });

  test('maxFragments: more fail with 1008', async () => {
    const { client, served } = await openPair(pair, { maxFragments: 3 });
    const events = record(served, ['message', 'error', 'close']);
    const closed = next<[number]>(client, 'close');
    for (const fin of [false, false, true]) client.send('x', { fin });
    for (const fin of [false, false, false, false]) client.send('y', { fin });
    expect((await closed)[0]).toBe(1008);
    await expect.poll(() => events.map(([name]) => name)).toEqual(['message', 'error', 'close']);
    expect(events[1]?.[1]).toMatchObject({ code: 'WS_ERR_TOO_MANY_BUFFERED_PARTS' });
  });

  test('skipUTF8Validation', async () => {
    const { client, served } = await openPair(pair, { skipUTF8Validation: true });
    const message = next<[Buffer, boolean]>(served, 'message');
    client.send(Buffer.from([0xff, 0x61]), { binary: false });
    expect(await message).toEqual([Buffer.from([0xff, 0x61]), false]);
  });

  test('several servers on one HTTP server, each with its own path in the hands of one listener', async () => {
    const { httpServer, url } = await startHttp((_request, response) => response.end('plain'));
    const servers = new Map(['/foo', '/bar'].map((path) => [path, new WebSocketServer({ noServer: true })]));
    for (const [path, server] of servers) server.on('connection', (webSocket) => webSocket.send(`this is ${path}`));
    httpServer.on('upgrade', (request, socket, head) => {
      const server = servers.get(request.url ?? '');
      if (server === undefined) socket.destroy();
      else server.handleUpgrade(request, socket, head, (webSocket) => server.emit('connection', webSocket, request));
    });
    for (const path of servers.keys()) {
      const client = new pair.client.WebSocket(url + path);
      expect(String((await next(client, 'message'))[0])).toBe(`this is ${path}`);
      client.terminate();
    }
    const lost = new pair.client.WebSocket(`${url}/baz`);
    expect((await next<[Error]>(lost, 'error'))[0].message).toMatch(/socket hang up/);
  });
});

describe.each(IMPLEMENTATIONS)('%s: requests by hand', (_name, api) => {
  test.each<[string, (head: string) => string]>([
    ['no upgrade', (head) => head.replace('Upgrade: websocket', 'Upgrade: h2c')],
    ['no key', (head) => head.replace(/Sec-WebSocket-Key.*\r\n/, '')],
    ['a bad key', (head) => head.replace(KEY, 'short')],
    ['another version', (head) => head.replace('Version: 13', 'Version: 12')],
    ['a bad subprotocol', (head) => head.replace('\r\n\r\n', '\r\nSec-WebSocket-Protocol: a,,b\tc d\r\n\r\n')],
    ['another method', (head) => head.replace('GET', 'POST')],
  ])('%s: wsClientError if somebody listens, else a 4xx', async (_what, change) => {
    const { server, port } = await listen(api);
    const first = new RawClient(port);
    first.send(change(requestHead(port)));
    expect(await first.takeHead()).toMatch(/^HTTP\/1\.1 4\d\d /);
    await first.closed;
    const heard = next<[Error, import('node:net').Socket, IncomingMessage]>(server, 'wsClientError');
    const second = new RawClient(port);
    second.send(change(requestHead(port)));
    const [error, socket, request] = await heard;
    expect([error instanceof Error, request.url]).toEqual([true, '/']);
    socket.end('HTTP/1.1 418 As you like\r\n\r\n');
    expect(await second.takeHead()).toBe('HTTP/1.1 418 As you like\r\n\r\n');
    expect(server.clients.size).toBe(0);
  });

  test('a client that has gone in mid-handshake hurts nobody', async () => {
    const { port, url } = await listen(api);
    for (const cut of [10, 60, 150]) {
      const client = new RawClient(port);
      client.send(requestHead(port).slice(0, cut));
      await new Promise((resolve) => setTimeout(resolve, 10));
      client.socket.resetAndDestroy();
    }
    const client = await open(api, url);
    expect(client.readyState).toBe(client.OPEN);
  });
});

describe.each(PAIRS.filter(([, { server }]) => isOurs(server)))('ours: %s', (_name, pair) => {
  test('several servers with paths on one HTTP server', async () => {
    const { httpServer, url } = await startHttp((_request, response) => response.end('plain'));
    for (const path of ['/foo', '/bar']) {
      const server = new pair.server.WebSocketServer({ server: httpServer, path });
      server.on('connection', (webSocket) => webSocket.send(path));
    }
    for (const path of ['/foo', '/bar']) {
      const client = new pair.client.WebSocket(url + path);
      expect(String((await next(client, 'message'))[0])).toBe(path);
      client.terminate();
    }
    expect((await refusal(new pair.client.WebSocket(`${url}/baz`))).statusCode).toBe(400);
  });

  test('a header of the user’s that would break out of its line is an error, and the client is refused with 500', async () => {
    const { server, url } = await listen(pair.server, {
      verifyClient: (_info, done) => {
        expect(() => done(false, 400, 'no', { 'X-Bad': 'a\r\nX-Worse: b' })).toThrow(TypeError);
        done(true);
      },
    });
    expect((await refusal(new pair.client.WebSocket(url))).statusCode).toBe(500);
    expect(server.clients.size).toBe(0);
  });
});
