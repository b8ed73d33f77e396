// The option `http2: 'auto'` of a client: HTTP/2 where the server takes WebSockets on it, HTTP/1.1 where it does not.

import { createSecureServer, type Http2SecureServer, type SecureServerOptions } from 'node:http2';
import { createServer as createHttpsServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { type ClientOptions, connect, WebSocket, WebSocketServer } from '../../../../src/node/index.js';
import { record } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';
import { makeCertificate } from '../../../support/servers/tls.js';

const certificate = makeCertificate();
const CLIENT = { ca: certificate.cert, http2: 'auto' } as const;

/** The protocols that the TLS connections of a server have chosen, in order. */
const chosen: unknown[] = [];
afterEach(() => void chosen.splice(0));

async function listen(server: Server | Http2SecureServer): Promise<string> {
  const sockets = new Set<TLSSocket>();
  server.on('secureConnection', (socket: TLSSocket) => {
    chosen.push(socket.alpnProtocol);
    sockets.add(socket.on('close', () => sockets.delete(socket)));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `wss://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function http2Server(options: SecureServerOptions): Http2SecureServer {
  return createSecureServer({ ...certificate, ...options });
}

/** A server of ours that sends back each message and the version of HTTP that the client came by. */
function echo(server: Server | Http2SecureServer): WebSocketServer {
  const wss = new WebSocketServer({ server });
  wss.on('connection', (webSocket, request) => {
    webSocket.on('message', (data) => webSocket.send(`${request.httpVersion} ${data}`));
  });
  return wss;
}

async function ask(url: string, options: ClientOptions = {}): Promise<string> {
  const client = await connect(url, { ...CLIENT, ...options });
  const answer = next<[Buffer]>(client, 'message');
  client.send('hello');
  const text = String((await answer)[0]);
  client.close(1000);
  const { wasClean } = await client.closed;
  return `${text} ${wasClean}`;
}

const CONNECT = { settings: { enableConnectProtocol: true } };

test('a server that takes WebSockets on HTTP/2 gets one on a connection that ends with it', async () => {
  const server = http2Server({ ...CONNECT, allowHTTP1: true });
  echo(server);
  const url = await listen(server);
  const sessions: unknown[] = [];
  server.on('session', (session) => session.on('close', () => sessions.push('closed')));
  expect(await ask(url)).toBe('2.0 hello true');
  expect(chosen).toEqual(['h2']);
  await expect.poll(() => sessions).toEqual(['closed']);
});

test('a server without HTTP/2 is asked by HTTP/1.1 on the same connection', async () => {
  const server = createHttpsServer(certificate);
  echo(server);
  expect(await ask(await listen(server))).toBe('1.1 hello true');
  expect(chosen).toHaveLength(1);
});

test('a server that takes no WebSockets on HTTP/2 is asked by HTTP/1.1 on another connection', async () => {
  const server = http2Server({ allowHTTP1: true });
  echo(server);
  expect(await ask(await listen(server))).toBe('1.1 hello true');
  expect(chosen).toEqual(['h2', false]);
});

test('a refusal on HTTP/2 is asked for again by HTTP/1.1, and its redirect followed', async () => {
  const server = http2Server({ ...CONNECT, allowHTTP1: true });
  echo(server);
  server.prependListener('stream', (stream, headers) => {
    if (headers[':path'] === '/old') stream.respond({ ':status': 307, location: '/' }, { endStream: true });
  });
  server.prependListener('upgrade', (request, socket) => {
    if (request.url === '/old') socket.end('HTTP/1.1 307 Elsewhere\r\nLocation: /\r\nConnection: close\r\n\r\n');
  });
  const url = await listen(server);
  expect(await ask(`${url}old`, { followRedirects: true })).toBe('2.0 hello true');
});

test.each<[string, ClientOptions]>([
  ['default', { http2: undefined }],
  ['null', { http2: null }],
  ['false', { http2: false }],
  ['with finishRequest', { finishRequest: (request) => request.end() }],
])('HTTP/1.1 only: %s', async (_why, options) => {
  const server = http2Server({ ...CONNECT, allowHTTP1: true });
  echo(server);
  expect(await ask(await listen(server), options)).toBe('1.1 hello true');
});

test('ws: URLs are asked by HTTP/1.1', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => void server.close());
  await next(server, 'listening');
  const client = await connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, CLIENT);
  client.terminate();
});

test('errors of the connection are errors of the client', async () => {
  const server = createHttpsServer(certificate);
  echo(server);
  const url = await listen(server);
  await expect(connect(url, { http2: 'auto' })).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  expect(() => new WebSocket(url, { http2: 'yes' as 'auto' })).toThrow(/http2/);
  expect(() => new WebSocket(url, { ...CLIENT, headers: { 'bad name': 'x' } })).toThrow(TypeError);
});

test.each(['handshakeTimeout', 'terminate'])('an attempt on a server that does not answer ends: %s', async (by) => {
  const server = createTcpServer(() => {});
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `wss://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const client = new WebSocket(url, { ...CLIENT, ...(by === 'terminate' ? {} : { handshakeTimeout: 30 }) });
  const events = record(client, ['error', 'close']);
  const closed = next(client, 'close');
  if (by === 'terminate') client.terminate();
  await closed;
  const code = by === 'terminate' ? 'WSIMD_HANDSHAKE_ABORTED' : 'WSIMD_HANDSHAKE_TIMEOUT';
  expect(events).toEqual([
    ['error', expect.objectContaining({ code })],
    ['close', 1006, Buffer.alloc(0)],
  ]);
});

test('terminated between the connection and its answer, a client leaves no connection behind', async () => {
  const server = http2Server({ ...CONNECT, allowHTTP1: true });
  const url = await listen(server);
  let streams = 0;
  server.on('stream', () => void streams++);
  const client = new WebSocket(url, CLIENT);
  client.on('error', () => {});
  const session = await new Promise<import('node:http2').ServerHttp2Session>((resolve) =>
    server.once('session', resolve),
  );
  const closed = next(session, 'close');
  client.terminate();
  await closed;
  expect(streams).toBeLessThanOrEqual(1);
  expect(chosen).toEqual(['h2']);
});
