// src/node/client-http2.ts: attempts on a stream of HTTP/2 that are given up at any point, and headers of several lines.

import { type ClientHttp2Session, connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from '../../src/node/index.js';
import { record } from '../support/implementations.js';
import { next } from '../support/servers.js';

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
