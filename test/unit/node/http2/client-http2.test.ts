// src/node/http2/client-http2.ts: attempts on a stream of HTTP/2 that are given up at any point, and the headers that
// go along.

import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { type ClientHttp2Session, connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from '../../../../src/node/index.js';
import { record } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';

/** A server, and a connection to it that knows what it offers. */
async function start() {
  const http2Server = createServer({ settings: { enableConnectProtocol: true } });
  const server = new WebSocketServer({ server: http2Server });
  await new Promise<void>((resolve) => http2Server.listen(0, '127.0.0.1', resolve));
  const { port } = http2Server.address() as AddressInfo;
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  onTestFinished(() => {
    session.destroy();
    http2Server.close();
  });
  await next(session, 'remoteSettings');
  return { server, session, url: `ws://127.0.0.1:${port}/` };
}

function attempt(url: string, session: ClientHttp2Session) {
  const client = new WebSocket(url, { session });
  return { client, events: record(client, ['open', 'error', 'close']), closed: next(client, 'close') };
}

const ABORTED = [
  ['error', expect.objectContaining({ code: 'WSIMD_HANDSHAKE_ABORTED' })],
  ['close', 1006, Buffer.alloc(0)],
];

test('the connection goes before the request has left: an error that says so, and a close', async () => {
  const { session, url } = await start();
  const { events, closed } = attempt(url, session);
  session.destroy();
  await closed;
  expect(events).toEqual([
    ['error', expect.objectContaining({ code: 'WSIMD_NO_CONNECT', message: expect.stringContaining('was closed') })],
    ['close', 1006, Buffer.alloc(0)],
  ]);
});

test('given up before the request has left: the stream is cut, and holds up no end of the connection', async () => {
  const { server, session, url } = await start();
  const { client, events, closed } = attempt(url, session);
  client.terminate();
  await closed;
  const ended = next(session, 'close');
  session.close();
  await ended;
  expect(events).toEqual(ABORTED);
  await expect.poll(() => server.clients.size).toBe(0);
});

test('given up while the answer is there but not told of: it does not open', async () => {
  const { server, session, url } = await start();
  const first = new WebSocket(url, { session });
  const { client, events, closed } = attempt(url, session);
  // Both answers come in one chunk.
  first.on('open', () => client.terminate());
  await closed;
  expect(events).toEqual(ABORTED);
  expect(first.readyState).toBe(WebSocket.OPEN);
  await expect.poll(() => server.clients.size).toBe(1);
});

test('a header of several lines', async () => {
  const { server, session, url } = await start();
  const connection = next<[WebSocket, { headers: Record<string, string> }]>(server, 'connection');
  const client = new WebSocket(url, { session, headers: { 'X-Many': ['a', 'b'], 'X-Number': 1 } });
  await next(client, 'open');
  expect((await connection)[1].headers).toMatchObject({ 'x-many': 'a, b', 'x-number': '1' });
});

describe('headers that the caller adds', () => {
  const open = async (headers: OutgoingHttpHeaders) => {
    const { server, session, url } = await start();
    const connection = next<[WebSocket, IncomingMessage]>(server, 'connection');
    const client = new WebSocket(url, { session, headers });
    const events = record(client, ['error', 'close']);
    await Promise.race([next(client, 'open'), next(client, 'close')]);
    return { client, events, request: client.readyState === WebSocket.OPEN ? (await connection)[1] : undefined };
  };

  test.each([
    ['Keep-Alive', 'timeout=5'],
    ['TE', 'gzip'],
    ['te', 'trailers'],
    ['Proxy-Connection', 'keep-alive'],
    ['Transfer-Encoding', 'chunked'],
    ['HTTP2-Settings', 'AAMAAABkAAQAAP__'],
    ['Connection', 'close'],
    ['Upgrade', 'h2c'],
    ['Content-Length', '5'],
  ])('and that are about a connection are left out: %s', async (name, value) => {
    const { request } = await open({ [name]: value, 'X-Other': 'y' });
    expect(request?.headers).toMatchObject({ 'x-other': 'y' });
    expect(Object.keys(request!.headers)).not.toContain(name.toLowerCase());
  });

  const WRONG: OutgoingHttpHeaders[] = [
    { 'X-User': 'a\r\nb' },
    { 'X-User': ['a', 'b\r\nc'] },
    { 'X-User': 'a\0' },
    { 'X-User': '\u010d\u010a' },
    { 'a b': 'c' },
    { '': 'c' },
    { 'a\r\nb': 'c' },
    { ':path': '/admin' },
    { ':authority': 'internal' },
    { ':method': 'GET', ':scheme': 'https', ':protocol': 'x' },
  ];
  test.each(WRONG)('and that are not well-formed throw as over HTTP/1.1: %j', async (headers) => {
    const { session, url } = await start();
    const errors = [{ session }, {}].map((options) => {
      try {
        new WebSocket(url, { headers, ...options });
      } catch (error) {
        return error as NodeJS.ErrnoException;
      }
      return undefined;
    });
    expect(errors[0]).toBeInstanceOf(TypeError);
    expect(errors[0]?.code).toMatch(/^ERR_INVALID_(?:HTTP_TOKEN|CHAR)$/);
    expect(errors[0]?.code).toBe(errors[1]?.code);
    expect(errors[0]?.message).toBe(errors[1]?.message);
  });

  test('and that HTTP/2 has once only: an error and a close, not an exception out of nowhere', async () => {
    const { events } = await open({ 'content-type': ['a', 'b'] });
    expect(events).toEqual([
      ['error', expect.objectContaining({ code: 'ERR_HTTP2_HEADER_SINGLE_VALUE' })],
      ['close', 1006, Buffer.alloc(0)],
    ]);
  });
});
