// `wsimd proxy --http2`, started as a program, between clients of `ws` and our servers of node:http2.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createSecureServer, createServer, type Http2SecureServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { WebSocketServer } from '../../../../src/node/index.js';
import { randomBytes } from '../../../support/inputs/random.js';
import { ofType } from '../../../support/programs/inspected.js';
import { startProxy } from '../../../support/servers/proxy.js';
import { next } from '../../../support/servers/servers.js';
import { makeCertificate } from '../../../support/servers/tls.js';
import { startWs } from '../../../support/servers/ws.js';

interface Echo {
  readonly port: number;
  /** The HTTP versions of the requests. */
  readonly versions: string[];
  readonly requests: { readonly url: string | undefined; readonly headers: Record<string, unknown> }[];
}

/** Echoes; answers /closed with 403. */
async function startEcho(server: Http2Server | Http2SecureServer): Promise<Echo> {
  const echo: Echo = { port: 0, versions: [], requests: [] };
  const sockets = new WebSocketServer({
    server,
    perMessageDeflate: { threshold: 0 },
    handleProtocols: () => 'chat',
    verifyClient: ({ req }, done) => done(req.url !== '/closed', 403, 'no'),
  });
  sockets.on('connection', (socket, request) => {
    echo.versions.push(request.httpVersion);
    echo.requests.push({ url: request.url, headers: request.headers });
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  server.listen(0, '127.0.0.1');
  await next(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    server.close();
  });
  return { ...echo, port: (server.address() as AddressInfo).port };
}

function startSecure(enableConnectProtocol: boolean): { echo: Promise<Echo>; ca: string } {
  const certificate = makeCertificate();
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-http2-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, certificate.cert);
  const server = createSecureServer({
    ...certificate,
    allowHTTP1: true,
    settings: enableConnectProtocol ? { enableConnectProtocol } : {},
  });
  return { echo: startEcho(server), ca };
}

async function chat(url: string): Promise<void> {
  const socket = new WebSocket(url, ['chat'], {
    perMessageDeflate: { threshold: 0 },
    headers: { Cookie: 'a=b', 'X-Kept': 'as it was' },
  });
  onTestFinished(() => socket.terminate());
  await next(socket, 'open');
  expect(socket.protocol).toBe('chat');
  expect(socket.extensions).toContain('permessage-deflate');
  const bytes = Buffer.from(randomBytes(1_000_000, 1));
  for (const data of ['hello', bytes]) {
    socket.send(data);
    const [echoed] = (await next(socket, 'message')) as [Buffer];
    expect(echoed.equals(Buffer.from(data))).toBe(true);
  }
  const closed = next(socket, 'close') as Promise<[number, Buffer]>;
  socket.close(4000, 'done');
  const [closeCode, reason] = await closed;
  expect([closeCode, String(reason)]).toEqual([4000, 'done']);
}

it.each([
  ['2.0', true],
  ['1.1', false],
])('to a server of TLS, HTTP/%s as it offers', async (version, enableConnectProtocol) => {
  const { echo, ca } = startSecure(enableConnectProtocol);
  const { port, versions, requests } = await echo;
  const proxy = await startProxy('--json', '--http2', '--ca', ca, `wss://localhost:${port}`);
  await chat(`${proxy.url}path?q=1`);
  expect(versions).toEqual([version]);
  expect(requests[0]!.url).toBe('/path?q=1');
  expect(requests[0]!.headers).toMatchObject({ cookie: 'a=b', 'x-kept': 'as it was' });
  const authority = version === '2.0' ? ':authority' : 'host';
  expect(requests[0]!.headers[authority]).toBe(`localhost:${port}`);
  await expect.poll(() => ofType(proxy.told, 'note').map(({ text }) => text)).toContain('the connection is over');
  expect(ofType(proxy.told, 'response')[0]!.startLine).toMatch(/^HTTP\/1\.1 101 /);
  expect(ofType(proxy.told, 'message').map(({ payload }) => (payload as { text?: string }).text)).toContain('hello');
  expect(ofType(proxy.told, 'violation')).toEqual([]);
});

it('without TLS, to a server of HTTP/2; its refusals reach the client', async () => {
  const { port, versions } = await startEcho(createServer({ settings: { enableConnectProtocol: true } }));
  const proxy = await startProxy('--json', '--http2', `ws://127.0.0.1:${port}`);
  await chat(proxy.url);
  expect(versions).toEqual(['2.0']);
  const refused = new WebSocket(`${proxy.url}closed`);
  const [error] = (await next(refused, 'error')) as [Error];
  expect(error.message).toBe('Unexpected server response: 403');
});

it('without TLS, a server that speaks HTTP/1.1 only gives a 502 that says so', async () => {
  const { url } = await startWs();
  const proxy = await startProxy('--json', '--http2', url);
  const refused = new WebSocket(proxy.url);
  const [error] = (await next(refused, 'error')) as [Error];
  expect(error.message).toBe('Unexpected server response: 502');
  await expect
    .poll(() =>
      ofType(proxy.told, 'note')
        .map(({ text }) => text)
        .join(),
    )
    .toContain('cannot connect to');
});
