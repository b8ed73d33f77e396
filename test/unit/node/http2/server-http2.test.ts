// src/node/http2/server-http2.ts: CONNECTs on an HTTP/2 server that ask for something else, and several WebSocketServers on
// one.

import {
  connect,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
} from 'node:http2';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { next } from '../../../support/servers/servers.js';
import { makeCertificate } from '../../../support/servers/tls.js';

const settings = { enableConnectProtocol: true };
const CONNECT = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/' };

async function start(http2Server: Http2Server | Http2SecureServer, ...options: Partial<WebSocketServerOptions>[]) {
  const servers = options.map((own) => new WebSocketServer({ ...own, server: http2Server }));
  await new Promise<void>((resolve) => http2Server.listen(0, '127.0.0.1', resolve));
  const { port } = http2Server.address() as AddressInfo;
  const isSecure = 'setSecureContext' in http2Server;
  const session = connect(`${isSecure ? 'https' : 'http'}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  session.on('error', () => {});
  onTestFinished(() => {
    session.destroy();
    http2Server.close();
  });
  await next(session, 'remoteSettings');
  const answer = async (headers: Record<string, string>): Promise<IncomingHttpHeaders> => {
    const stream = session.request(headers, { endStream: false });
    stream.on('error', () => {});
    const [response] = await next<[IncomingHttpHeaders]>(stream, 'response');
    stream.destroy();
    return response;
  };
  return { servers, session, port, answer };
}

test('an extended CONNECT for another protocol: 501 where nobody else listens, else theirs', async () => {
  const http2Server = createServer({ settings });
  const { answer } = await start(http2Server, {});
  const headers = { ...CONNECT, ':protocol': 'connect-udp', ':authority': 'x' };
  expect((await answer(headers))[':status']).toBe(501);
  http2Server.on('stream', (stream, { ':protocol': protocol }) => {
    if (protocol === 'connect-udp') stream.respond({ ':status': 299 });
  });
  expect((await answer(headers))[':status']).toBe(299);
});

test('a CONNECT to a host is left to who listens for such', async () => {
  const http2Server = createServer({ settings });
  http2Server.on('request', () => {});
  const { answer } = await start(http2Server, {});
  const headers = { ':method': 'CONNECT', ':authority': 'example.com:443' };
  expect((await answer(headers))[':status']).toBe(405);
  http2Server.on('connect', (_request, response) => response.writeHead(299).end());
  expect((await answer(headers))[':status']).toBe(299);
});

test('a CONNECT of HTTP/1.1 on the same port: the connection ends', async () => {
  const http2Server = createSecureServer({ ...makeCertificate(), settings, allowHTTP1: true });
  http2Server.on('request', (_request, response) => response.end());
  const { port } = await start(http2Server, {});
  const request = httpsRequest({
    ...{ host: '127.0.0.1', port, method: 'CONNECT', path: 'example.com:443' },
    ...{ rejectUnauthorized: false, agent: false },
  });
  request.end();
  expect((await next<[{ code: string }]>(request, 'error'))[0].code).toBe('ECONNRESET');
});

test('several WebSocketServers on one: each takes its path, and the last refuses what is nobody’s', async () => {
  const { servers, session, port } = await start(createServer({ settings }), { path: '/a' }, { path: '/b' });
  for (const [i, path] of ['/a', '/b?c'].entries()) {
    const connection = next(servers[i]!, 'connection');
    const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, { session });
    onTestFinished(() => client.terminate());
    await next(client, 'open');
    await connection;
  }
  const nowhere = new WebSocket(`ws://127.0.0.1:${port}/c`, { session });
  expect(String((await next(nowhere, 'error'))[0])).toContain('Unexpected server response: 400');
  expect(servers.map(({ clients }) => clients.size)).toEqual([1, 1]);
});

test('a server without a path takes what another leaves', async () => {
  const { servers, session, port } = await start(createServer({ settings }), { path: '/a' }, {});
  const connection = next(servers[1]!, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${port}/elsewhere`, { session });
  onTestFinished(() => client.terminate());
  await next(client, 'open');
  await connection;
  expect(servers.map(({ clients }) => clients.size)).toEqual([0, 1]);
});

test.each([
  ['http', 'example.com', 'example.com', 200],
  ['http', 'example.com', 'EXAMPLE.com:80', 200],
  ['https', 'example.com:443', 'example.com', 200],
  ['http', 'example.com:8080', 'example.com', 400],
  ['http', 'example.com', 'example.com:443', 400],
  ['http', 'evil.example', 'intranet.example', 400],
])('over %s, :authority %s and host %s: %i', async (scheme, authority, host, status) => {
  const seen: unknown[] = [];
  const verifyClient: WebSocketServerOptions['verifyClient'] = ({ req }) => {
    seen.push(req.headers.host);
    return true;
  };
  const { answer } = await start(createServer({ settings }), { origin: 'same-origin', verifyClient });
  const origin = `${scheme}://${authority}`;
  const headers = { ...CONNECT, ':scheme': scheme, ':authority': authority, host, origin };
  const response = await answer({ ...headers, 'sec-websocket-version': '13' });
  expect([response[':status'], seen]).toEqual([status, status === 200 ? [host] : []]);
});
