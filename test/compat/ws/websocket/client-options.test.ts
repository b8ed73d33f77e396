// The options and events of a client: the same with `ws` and with ours, in every pairing.

import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, type ClientRequest, createServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { IMPLEMENTATIONS, isOurs, listen, open, PAIRS, record } from '../../../support/peers/implementations.js';
import { startHttp } from '../../../support/servers/http.js';
import { next } from '../../../support/servers/servers.js';
import { startAnswering, switching } from '../../../support/servers/tcp.js';
import { makeCertificate } from '../../../support/servers/tls.js';

const startSilent = () => startAnswering(() => {});
const startSwitching = (change = (response: string) => response) =>
  startAnswering((socket, { accept }) => void socket.write(change(switching(accept))));

describe.each(PAIRS)('%s', (_name, pair) => {
  const { WebSocket } = pair.client;

  /** The request of a client with these options, as the server saw it. */
  async function requestOf(path: string, ...rest: unknown[]): Promise<IncomingMessage> {
    const { server, url } = await listen(pair.server);
    const connection = next<[unknown, IncomingMessage]>(server, 'connection');
    const client = Reflect.construct(WebSocket, [url + path, ...rest]);
    const opened = next(client, 'open');
    onTestFinished(() => client.terminate());
    const [, request] = await connection;
    await opened;
    return request;
  }

  test('headers, origin, protocols in each of the places where they may stand', async () => {
    const options = { headers: { 'X-One': '1', 'x-two': ['2', '3'], 'X-Number': 4 }, origin: 'http://o.example' };
    for (const args of [
      [['a', 'b'], options],
      [undefined, { ...options, protocols: ['a', 'b'] }],
      [{ ...options, protocols: ['a', 'b'] }],
    ]) {
      const { headers } = await requestOf('/', ...args);
      expect(headers).toMatchObject({
        'x-one': '1',
        'x-two': '2, 3',
        'x-number': '4',
        origin: 'http://o.example',
        'sec-websocket-version': '13',
        upgrade: 'websocket',
      });
      expect(headers['sec-websocket-protocol']?.replace(' ', '')).toBe('a,b');
    }
    expect((await requestOf('/', 'single')).headers['sec-websocket-protocol']).toBe('single');
  });

  test('the headers of a request that is passed on do not spoil the handshake', async () => {
    const headers = {
      connection: 'keep-alive',
      upgrade: 'h2c',
      'sec-websocket-key': 'x',
      'sec-websocket-version': '8',
    };
    const request = await requestOf('/', { headers });
    expect([request.headers.upgrade, request.headers['sec-websocket-version']]).toEqual(['websocket', '13']);
  });

  test('Host of the caller’s, credentials of the URL, auth', async () => {
    expect((await requestOf('/', { headers: { Host: 'other.example' } })).headers.host).toBe('other.example');
    expect((await requestOf('/', { auth: 'user:pass' })).headers.authorization).toBe(`Basic ${btoa('user:pass')}`);
    const { server, url } = await listen(pair.server);
    const connection = next<[unknown, IncomingMessage]>(server, 'connection');
    await open(pair.client, url.replace('//', '//us%65r:p%40ss@'));
    expect((await connection)[1].headers.authorization).toBe(`Basic ${btoa('user:p@ss')}`);
  });

  test('addresses: URL objects, http:, https:, no path', async () => {
    const { url } = await listen(pair.server);
    expect((await open(pair.client, new URL(url).href)).url).toBe(`${url}/`);
    const client = new WebSocket(new URL(url.replace('ws:', 'http:')));
    await next(client, 'open');
    expect(client.url).toBe(`${url}/`);
    client.terminate();
  });

  test.each(['', 'nonsense', 'ftp://127.0.0.1', 'ws://127.0.0.1/#fragment', 'ws+unix:'])(
    'no address: %j is a SyntaxError',
    (address) => {
      expect(() => new WebSocket(address)).toThrow(SyntaxError);
    },
  );

  test('subprotocols that are none, or twice the same', () => {
    for (const protocols of [['a', 'a'], ['a b'], [''], 'a,b', [null], 5]) {
      expect(() => new WebSocket('ws://127.0.0.1:1', protocols as string[])).toThrow(SyntaxError);
    }
  });

  test('protocolVersion', async () => {
    expect((await requestOf('/', { protocolVersion: 13 })).headers['sec-websocket-version']).toBe('13');
    expect(() => new WebSocket('ws://127.0.0.1:1', { protocolVersion: 12 })).toThrow(RangeError);
  });

  test('wss:, with ca and with rejectUnauthorized', async () => {
    const certificate = makeCertificate();
    const httpsServer = createHttpsServer({ ...certificate });
    const server = new pair.server.WebSocketServer({ server: httpsServer, verifyClient: ({ secure }) => secure });
    await new Promise<void>((resolve) => httpsServer.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const client of server.clients) client.terminate();
      httpsServer.close();
    });
    const { port } = httpsServer.address() as AddressInfo;
    await open(pair.client, `wss://localhost:${port}`, [], { ca: certificate.cert });
    const { url } = await open(pair.client, `https://127.0.0.1:${port}`, [], { rejectUnauthorized: false });
    expect(url).toBe(`wss://127.0.0.1:${port}/`);
    const refused = new WebSocket(`wss://127.0.0.1:${port}`);
    expect((await next<[NodeJS.ErrnoException]>(refused, 'error'))[0].code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
  });

  test('ws+unix:', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wsimd-ipc-'));
    const path = join(folder, 'socket');
    const httpServer = createServer();
    const server = new pair.server.WebSocketServer({ server: httpServer });
    await new Promise<void>((resolve) => httpServer.listen(path, resolve));
    onTestFinished(() => {
      for (const client of server.clients) client.terminate();
      httpServer.close();
      rmSync(folder, { recursive: true });
    });
    expect(server.address()).toBe(path);
    for (const [tail, target] of [
      ['', '/'],
      [':/chat?room=1', '/chat?room=1'],
    ]) {
      const connection = next<[unknown, IncomingMessage]>(server, 'connection');
      const client = await open(pair.client, `ws+unix:${path}${tail}`);
      expect((await connection)[1].url).toBe(target);
      expect(client.url).toBe(`ws+unix:${path}${tail}`);
    }
  });

  test('agent, createConnection', async () => {
    const { url } = await listen(pair.server);
    let created = 0;
    class Counting extends Agent {
      override createConnection(...args: never[]): never {
        created++;
        return Reflect.apply(Reflect.get(Agent.prototype, 'createConnection'), this, args) as never;
      }
    }
    await open(pair.client, url, [], { agent: new Counting() });
    expect(created).toBe(1);
    let options: { port?: unknown } = {};
    await open(pair.client, url, [], {
      createConnection: (given: object) => {
        options = given;
        return connectSocket(given as never);
      },
    });
    expect(String(options.port)).toBe(new URL(url).port);
  });

  test('finishRequest sets headers late, and ends the request', async () => {
    const { server, url } = await listen(pair.server);
    const connection = next<[unknown, IncomingMessage]>(server, 'connection');
    let same: unknown;
    const client = new WebSocket(url, {
      finishRequest: (request, webSocket) => {
        same = webSocket;
        setImmediate(() => {
          request.setHeader('X-Late', 'yes');
          request.end();
        });
      },
    });
    const opened = next(client, 'open');
    expect((await connection)[1].headers['x-late']).toBe('yes');
    await opened;
    expect(same).toBe(client);
    client.terminate();
  });

  test('open, upgrade: in order, and what came with the answer is delivered to who listens at open', async () => {
    const { server, url } = await listen(pair.server);
    server.on('connection', (webSocket) => webSocket.send('early'));
    const client = new WebSocket(url);
    const events = record(client, ['upgrade', 'open']);
    const message = new Promise((resolve) => client.on('open', () => client.on('message', resolve)));
    expect(String(await message)).toBe('early');
    expect(events.map(([name]) => name)).toEqual(['upgrade', 'open']);
    expect(events[0]?.[1]).toMatchObject({ statusCode: 101 });
    client.terminate();
  });
});

describe.each(IMPLEMENTATIONS)('%s', (_name, api) => {
  const { WebSocket } = api;

  test('unexpected-response: the answer is for who listens; else it is an error', async () => {
    const { host } = await startHttp((_request, response) =>
      response.writeHead(401, { 'WWW-Authenticate': 'Basic' }).end('who are you?'),
    );
    const client = new WebSocket(`ws://${host}`);
    const [request, response] = await next<[ClientRequest, IncomingMessage]>(client, 'unexpected-response');
    expect([response.statusCode, response.headers['www-authenticate'], client.readyState]).toEqual([401, 'Basic', 0]);
    let body = '';
    for await (const chunk of response) body += chunk;
    expect(body).toBe('who are you?');
    const ended = record(client, ['error', 'close']);
    request.destroy();
    client.terminate();
    await expect.poll(() => ended.map(([name]) => name)).toEqual(['error', 'close']);

    const deaf = new WebSocket(`ws://${host}`);
    const events = record(deaf, ['error', 'close']);
    await next(deaf, 'close');
    expect(String(events[0]?.[1])).toBe('Error: Unexpected server response: 401');
    expect(events[1]).toEqual(['close', 1006, Buffer.alloc(0)]);
  });

  test.each<[string, (response: string) => string]>([
    ['a wrong accept key', (response) => response.replace(/Accept: .*/, 'Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')],
    ['another upgrade', (response) => response.replace('Upgrade: websocket', 'Upgrade: h2c')],
    ['a subprotocol not offered', (response) => response.replace('\r\n\r\n', '\r\nSec-WebSocket-Protocol: x\r\n\r\n')],
    ['an extension not offered', (response) => response.replace('\r\n\r\n', '\r\nSec-WebSocket-Extensions: x\r\n\r\n')],
  ])('%s is an error and a close', async (_what, change) => {
    const url = await startSwitching(change);
    const client = new WebSocket(url);
    const events = record(client, ['open', 'error', 'close']);
    await next(client, 'close');
    expect(events.map(([name]) => name)).toEqual(['error', 'close']);
    expect(client.readyState).toBe(WebSocket.CLOSED);
  });

  test('a server that chooses none of the subprotocols offered', async () => {
    const client = new WebSocket(await startSwitching(), ['a']);
    expect(await next(client, 'error')).toEqual([expect.any(Error)]);
  });

  test('close from a listener of upgrade', async () => {
    const client = new WebSocket(await startSwitching());
    const events = record(client, ['open', 'error', 'close']);
    client.on('upgrade', () => client.terminate());
    await next(client, 'close');
    expect(events.map(([name]) => name)).toEqual(['error', 'close']);
  });

  test('handshakeTimeout', async () => {
    const client = new WebSocket(await startSilent(), { handshakeTimeout: 50 });
    const events = record(client, ['error', 'close']);
    await next(client, 'close');
    expect(events.map(([name]) => name)).toEqual(['error', 'close']);
  });

  test('nobody there', async () => {
    const client = new WebSocket('ws://127.0.0.1:1');
    const events = record(client, ['error', 'close']);
    await next(client, 'close');
    expect(events).toEqual([
      ['error', expect.objectContaining({ code: 'ECONNREFUSED' })],
      ['close', 1006, Buffer.alloc(0)],
    ]);
  });

  test('followRedirects, redirect, maxRedirects', async () => {
    const { url } = await listen(api);
    const { host } = await startHttp((request, response) => {
      const left = Number(request.url?.slice(1));
      const location = left === 0 ? url.replace('ws:', 'http:') : `/${left - 1}`;
      response.writeHead(302, { Location: location }).end();
    });
    const client = new WebSocket(`ws://${host}/2`, { followRedirects: true });
    const redirects: string[] = [];
    client.on('redirect', (to, request) => redirects.push(`${to} ${request.path}`));
    await next(client, 'open');
    expect(redirects).toEqual([`ws://${host}/1 /1`, `ws://${host}/0 /0`, `${url}/ /`]);
    expect(client.url).toBe(`${url}/`);
    client.terminate();

    const tooMany = new WebSocket(`ws://${host}/2`, { followRedirects: true, maxRedirects: 2 });
    expect(String((await next(tooMany, 'error'))[0])).toMatch(/redirect/i);
    const unwilling = new WebSocket(`ws://${host}/0`);
    expect(String((await next(unwilling, 'error'))[0])).toMatch(/302/);
    const { host: broken } = await startHttp((_request, response) =>
      response.writeHead(302, { Location: 'ftp://x/' }).end(),
    );
    const lost = new WebSocket(`ws://${broken}`, { followRedirects: true });
    expect((await next(lost, 'error'))[0]).toBeInstanceOf(SyntaxError);
  });

  test('credentials do not follow to another host, unless somebody listens to redirect', async () => {
    const seen: (string | undefined)[][] = [];
    const { server, url } = await listen(api);
    server.on('connection', (_webSocket, { headers }) =>
      seen.push([headers.authorization, headers.cookie, headers['x-kept'] as string]),
    );
    const { host } = await startHttp((_request, response) =>
      response.writeHead(307, { Location: url.replace('ws:', 'http:') }).end(),
    );
    const options = {
      followRedirects: true,
      headers: { Authorization: 'Bearer x', Cookie: 'a=1', 'X-Kept': 'yes' },
    };
    for (const listens of [false, true]) {
      const client = new WebSocket(`ws://${host}`, options);
      if (listens) client.on('redirect', (_url, request) => request.removeHeader('cookie'));
      await next(client, 'open');
      client.terminate();
    }
    expect(seen).toEqual([
      [undefined, undefined, 'yes'],
      ['Bearer x', undefined, 'yes'],
    ]);
  });

  test('signal, as http.request takes it', async () => {
    const controller = new AbortController();
    const client = new WebSocket(await startSilent(), { signal: controller.signal });
    setTimeout(() => controller.abort(), 10);
    expect((await next<[Error]>(client, 'error'))[0].name).toBe('AbortError');
  });
});

describe.each(IMPLEMENTATIONS.filter(([, api]) => isOurs(api)))('ours: %s', (_name, { WebSocket }) => {
  test('a header that would break out of its line', () => {
    expect(() => new WebSocket('ws://127.0.0.1:1', { headers: { 'X-Bad': 'a\r\nb: c' } })).toThrow(TypeError);
    expect(() => new WebSocket('ws://127.0.0.1:1', { origin: 'a\r\nb: c' })).toThrow(TypeError);
  });

  test('handshake errors have codes', async () => {
    const client = new WebSocket(await startSwitching((response) => response.replace(/Accept: ./, 'Accept: _')));
    expect((await next<[{ code: string }]>(client, 'error'))[0].code).toBe('WSIMD_RESPONSE_ACCEPT');
  });
});
