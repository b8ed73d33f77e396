// Requests as programs hand them to `handleUpgrade`: with headers rewritten, made by hand, with `rawHeaders` of another form; and
// sockets that they hand to a WebSocket themselves. What a request came from is its `headers`, as with `ws`.

import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { WebSocket, WebSocketServer, WebSocketServerOptions } from '../../../../src/node/index.js';
import { type Api, IMPLEMENTATIONS, isOurs } from '../../../support/peers/implementations.js';
import { RawClient, requestHead } from '../../../support/peers/raw-client.js';
import { next } from '../../../support/servers/servers.js';

/** A server that does something to each request before it upgrades it. */
async function startUpgrading(
  api: Api,
  change: (request: IncomingMessage) => IncomingMessage,
  options: WebSocketServerOptions = {},
): Promise<{ server: WebSocketServer; port: number; url: string }> {
  const httpServer = createServer({ requireHostHeader: false });
  const server = new api.WebSocketServer({ ...options, noServer: true });
  httpServer.on('upgrade', (request, socket, head) => {
    server.handleUpgrade(change(request), socket, head, (webSocket, asked) => {
      server.emit('connection', webSocket, asked);
    });
  });
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    httpServer.closeAllConnections();
    httpServer.close();
  });
  const { port } = httpServer.address() as AddressInfo;
  return { server, port, url: `ws://127.0.0.1:${port}` };
}

/** Two streams, each of which reads what the other writes. */
function duplexPair(): [Duplex, Duplex] {
  const make = (other: () => Duplex): Duplex =>
    new Duplex({
      read() {},
      write(chunk, _encoding, callback) {
        other().push(chunk);
        callback();
      },
      final(callback) {
        other().push(null);
        callback();
      },
    });
  const a: Duplex = make(() => b);
  const b: Duplex = make(() => a);
  return [a, b];
}

describe.each(IMPLEMENTATIONS)('%s', (_name, api) => {
  test('a subprotocol that the program has changed, or taken out', async () => {
    const { url } = await startUpgrading(api, (request) => {
      if (request.url === '/changed') request.headers['sec-websocket-protocol'] = 'b';
      else delete request.headers['sec-websocket-protocol'];
      return request;
    });
    const changed = new api.WebSocket(`${url}/changed`, ['a', 'b']);
    await next(changed, 'open');
    expect(changed.protocol).toBe('b');
    const without = new api.WebSocket(`${url}/without`, ['a']);
    const [error] = await next<[Error]>(without, 'error');
    expect(error.message).toBe('Server sent no subprotocol');
    changed.terminate();
  });

  test.each<[string, (request: IncomingMessage) => object]>([
    ['without rawHeaders', ({ headers, method, url }) => ({ headers, method, url })],
    ['with rawHeaders in pairs', (request) => ({ ...plain(request), rawHeaders: Object.entries(request.headers) })],
    [
      'with numbers as values',
      (request) => ({ ...plain(request), headers: { ...request.headers, 'sec-websocket-version': 13 } }),
    ],
    ['without Host', (request) => ({ ...plain(request), headers: { ...request.headers, host: undefined } })],
  ])('a request made by hand: %s', async (_what, make) => {
    const { server, url } = await startUpgrading(api, (request) => make(request) as IncomingMessage);
    server.on('connection', (webSocket) => webSocket.send('welcome'));
    const client = new api.WebSocket(url);
    expect(String((await next<[Buffer]>(client, 'message'))[0])).toBe('welcome');
    client.terminate();
  });

  function plain({ headers, method, url, httpVersion }: IncomingMessage): object {
    return { headers, method, url, httpVersion };
  }

  test('a request without Host, which Node’s server was told to take', async () => {
    const { server, port } = await startUpgrading(api, (request) => request);
    const connection = next<[WebSocket]>(server, 'connection');
    const raw = new RawClient(port);
    raw.send(requestHead(port).replace(/^Host:.*\r\n/m, ''));
    await connection;
    expect(await raw.takeHead()).toContain(' 101 ');
  });

  test.each([false, true])('malformed extensions with compression %s', async (perMessageDeflate) => {
    const { port } = await startUpgrading(api, (request) => request, { perMessageDeflate });
    const raw = new RawClient(port);
    raw.send(requestHead(port).replace(/\r\n\r\n$/, '\r\nSec-WebSocket-Extensions: a;;b\r\n\r\n'));
    expect(await raw.takeHead()).toContain(perMessageDeflate ? ' 400 ' : ' 101 ');
  });

  test('an overridden completeUpgrade chooses other subprotocols, and no compression', async () => {
    const { server, url } = await startUpgrading(api, (request) => request, { perMessageDeflate: true });
    type Complete = (extensions: object, key: string, protocols: Set<string>, ...rest: unknown[]) => void;
    const target = server as unknown as { completeUpgrade: Complete };
    const { completeUpgrade } = target;
    const seen: unknown[] = [];
    target.completeUpgrade = function (extensions, key, protocols, ...rest) {
      seen.push(Object.keys(extensions), [...protocols], key.length);
      completeUpgrade.call(this, {}, key, new Set(['b']), ...rest);
    };
    const client = new api.WebSocket(url, ['a', 'b']);
    await next(client, 'open');
    expect(seen).toEqual([['permessage-deflate'], ['a', 'b'], 24]);
    expect([client.protocol, client.extensions]).toEqual(['b', '']);
    client.terminate();
  });

  test('a client on a stream of the program’s: new WebSocket(null), _isServer, setSocket', async () => {
    const [near, far] = duplexPair();
    const server = new api.WebSocketServer({ noServer: true });
    const client = new api.WebSocket(null as never, undefined as never, {});
    const whole = client as WebSocket & {
      _isServer: boolean;
      setSocket(socket: Duplex, head: Buffer, options: object): void;
    };
    const opened = next(client, 'open');
    near.once('data', (head: Buffer) => {
      expect(head.toString()).toContain('HTTP/1.1 101 ');
      whole._isServer = false;
      whole.setSocket(near, Buffer.alloc(0), { maxPayload: 1000 });
    });
    const headers: IncomingHttpHeaders = {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
    };
    const request = { method: 'GET', url: '/', httpVersion: '1.1', headers } as IncomingMessage;
    server.handleUpgrade(request, far, Buffer.alloc(0), (served) => {
      served.on('message', (data) => served.send(`${data}!`));
    });
    await opened;
    const echo = next<[Buffer]>(client, 'message');
    client.send('masked, as a client does');
    expect(String((await echo)[0])).toBe('masked, as a client does!');
    const failed = next<[Error & { code: string }]>(client, 'error');
    for (const served of server.clients) served.send('x'.repeat(1001));
    expect((await failed)[0].code).toBe('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
    for (const served of server.clients) served.terminate();
  });

  test('completeUpgrade by itself, and twice on one socket', async () => {
    const [near, far] = duplexPair();
    const server = new api.WebSocketServer({ noServer: true });
    const complete = (server as unknown as { completeUpgrade(...args: unknown[]): void }).completeUpgrade.bind(server);
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    const request = { method: 'GET', url: '/', headers: {} };
    const response = next<[Buffer]>(near, 'data');
    let served: WebSocket | undefined;
    const args = [{}, key, new Set(['a']), request, far, Buffer.alloc(0)];
    complete(...args, (webSocket: WebSocket) => {
      served = webSocket;
    });
    expect(String((await response)[0])).toMatch(/Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
    expect(served?.protocol).toBe('a');
    expect(() => complete(...args, () => {})).toThrow(
      'server.handleUpgrade() was called more than once with the same socket, possibly due to a misconfiguration',
    );
    served?.terminate();
  });
});

test('ours refuses a second Host, which only rawHeaders show', async () => {
  const [[, ws], [, ours]] = IMPLEMENTATIONS as [[string, Api], [string, Api]];
  expect(isOurs(ws)).toBe(false);
  const { port } = await startUpgrading(ours, (request) => request);
  const raw = new RawClient(port);
  raw.send(requestHead(port).replace(/\r\n\r\n$/, '\r\nHost: other.example\r\n\r\n'));
  expect(await raw.takeHead()).toContain(' 400 ');
});
