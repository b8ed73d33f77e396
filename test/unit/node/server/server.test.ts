// src/node/server/server.ts: which requests are accepted, and how the others are answered.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FrameEncoder, type ProtocolError } from '../../../../src/index.js';
import { WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { ACCEPT, KEY, RawClient, requestHead } from '../../../support/peers/raw-client.js';
import { next, startServer } from '../../../support/servers/servers.js';

async function start(options: Parameters<typeof startServer>[0] = {}) {
  const running = await startServer(options);
  onTestFinished(() => running.stop());
  return running;
}

async function ask(port: number, request: string) {
  const client = new RawClient(port);
  client.send(request);
  const head = await client.takeHead();
  return { client, head, status: Number(head.slice(9, 12)) };
}

describe('WebSocketServer', () => {
  test('answers with 101, the accept key, and nothing that was not asked for', async () => {
    const { port } = await start();
    const { head } = await ask(port, requestHead(port, { lines: ['Sec-WebSocket-Extensions: permessage-deflate'] }));
    expect(head.split('\r\n')).toEqual([
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${ACCEPT}`,
      '',
      '',
    ]);
  });

  test('takes a request byte by byte, with frames right behind it', async () => {
    const { port } = await start();
    const client = new RawClient(port);
    const frame = new FrameEncoder({ role: 'client' }).encodeText('hi');
    for (const byte of Buffer.concat([Buffer.from(requestHead(port)), frame])) client.send(Uint8Array.of(byte));
    await client.takeHead();
    expect((await client.take(4)).toString('latin1')).toBe('\x81\x02hi');
  });

  test('requests as they are in use', async () => {
    const { port } = await start();
    const request = `GET ws://127.0.0.1:${port}/chat HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection:Upgrade\r\nUpgrade:WebSocket\r\nSec-WebSocket-Key:${KEY}\r\nSec-WebSocket-Version:13\r\n\r\n`;
    expect((await ask(port, request)).status).toBe(101);
    const list = requestHead(port).replace('Connection: Upgrade', 'Connection: keep-alive,  upgrade');
    expect((await ask(port, list)).status).toBe(101);
  });

  test.each<[string, (head: string) => string, number, string]>([
    ['no key', (head) => head.replace(/Sec-WebSocket-Key.*\r\n/, ''), 400, 'Sec-WebSocket-Key'],
    ['two keys', (head) => head.replace(/(Sec-WebSocket-Key.*\r\n)/, '$1$1'), 400, 'Sec-WebSocket-Key'],
    ['a short key', (head) => head.replace(KEY, 'c2hvcnQ='), 400, 'Sec-WebSocket-Key'],
    ['version 8', (head) => head.replace('Version: 13', 'Version: 8'), 426, 'Sec-WebSocket-Version'],
    ['POST', (head) => head.replace('GET', 'POST'), 405, 'GET'],
    ['another upgrade', (head) => head.replace('Upgrade: websocket', 'Upgrade: h2c'), 400, 'Upgrade'],
    ['a foreign origin', (head) => head.replace('\r\n\r\n', '\r\nOrigin: https://evil.example\r\n\r\n'), 403, 'Origin'],
  ])('%s is refused', async (_what, change, status, text) => {
    const running = await start({ origin: 'same-origin' });
    const { client, head, status: answered } = await ask(running.port, change(requestHead(running.port)));
    expect(answered).toBe(status);
    if (status === 426) expect(head).toContain('Sec-WebSocket-Version: 13\r\n');
    await client.closed;
    expect(client.received.toString()).toContain(text);
    expect(running.server.clients.size).toBe(0);
  });

  test('wsClientError: a listener answers the request itself', async () => {
    const running = await start();
    const heard = next<[ProtocolError, Duplex, IncomingMessage]>(running.server, 'wsClientError');
    const client = new RawClient(running.port);
    client.send(requestHead(running.port).replace('Version: 13', 'Version: 7'));
    const [error, socket, request] = await heard;
    expect([error.code, error.status, request.url]).toEqual(['WSIMD_BAD_VERSION', 426, '/']);
    socket.end('HTTP/1.1 418 No\r\n\r\n');
    expect(await client.takeHead()).toBe('HTTP/1.1 418 No\r\n\r\n');
  });

  test('origins and subprotocols as the options say', async () => {
    const { port } = await start({
      origin: ['https://app.example'],
      requireOrigin: true,
      handleProtocols: (protocols) => (protocols.has('v2') ? 'v2' : false),
    });
    const lines = ['Origin: https://app.example', 'Sec-WebSocket-Protocol: v0, v1, v2'];
    const { head } = await ask(port, requestHead(port, { lines }));
    expect(head).toContain('Sec-WebSocket-Protocol: v2\r\n');
    expect((await ask(port, requestHead(port))).status).toBe(403);
  });

  test('pages of all origins are accepted, unless only those of the same are', async () => {
    const any = await start();
    const anywhere = requestHead(any.port, { lines: ['Origin: https://example.com'] });
    expect((await ask(any.port, anywhere)).status).toBe(101);
    const { port } = await start({ origin: 'same-origin' });
    const own = requestHead(port, { lines: [`Origin: http://127.0.0.1:${port}`] });
    expect((await ask(port, own)).status).toBe(101);
    const foreign = requestHead(port, { lines: [`Origin: http://127.0.0.1:${port + 1}`] });
    expect((await ask(port, foreign)).status).toBe(403);
  });

  test('other paths are 400, or left to another server on the same port', async () => {
    const httpServer = createServer();
    const chat = new WebSocketServer({ server: httpServer, path: '/chat' });
    await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const server of [chat, feed]) for (const client of server?.clients ?? []) client.terminate();
      httpServer.close();
    });
    const { port } = httpServer.address() as AddressInfo;
    let feed: WebSocketServer | undefined;
    expect((await ask(port, requestHead(port, { target: '/feed' }))).status).toBe(400);
    expect((await ask(port, requestHead(port, { target: '/chat?a=1' }))).status).toBe(101);
    feed = new WebSocketServer({ server: httpServer, path: '/feed' });
    expect((await ask(port, requestHead(port, { target: '/neither' }))).status).toBe(400);
    expect((await ask(port, requestHead(port, { target: '/feed' }))).status).toBe(101);
    expect((await ask(port, requestHead(port, { target: `http://127.0.0.1:${port}/chat` }))).status).toBe(101);
    expect([chat.clients.size, feed.clients.size]).toEqual([2, 1]);
  });

  test('with a port it listens itself, answers plain requests, and says when it is closed', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await next(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect([response.status, response.headers.get('upgrade')]).toEqual([426, 'websocket']);
    const { client } = await ask(port, requestHead(port));
    const closed = next(server, 'close');
    server.close();
    server.close();
    expect(server.clients.size).toBe(1);
    client.send(new FrameEncoder({ role: 'client' }).encodeClose(1001));
    expect(await client.take(4)).toEqual(Buffer.from([0x88, 2, 1001 >> 8, 1001 & 0xff]));
    await closed;
    expect(server.address()).toBeNull();
    const again = await new Promise<Error | undefined>((resolve) => server.close(resolve));
    expect(again?.message).toContain('not running');
  });

  test('a port in use is an error event', async () => {
    const { port } = await start();
    const server = new WebSocketServer({ port, host: '127.0.0.1' });
    const [error] = await next<[NodeJS.ErrnoException]>(server, 'error');
    expect(error.code).toBe('EADDRINUSE');
  });

  test('noServer: the caller hands over; a closed server takes nothing', async () => {
    const server = new WebSocketServer({ noServer: true });
    const httpServer = createServer().on('upgrade', (...upgrade) => server.handleUpgrade(...upgrade, () => {}));
    await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      httpServer.close();
    });
    const { port } = httpServer.address() as AddressInfo;
    const { client } = await ask(port, requestHead(port));
    expect(server.clients.size).toBe(1);
    expect(() => server.address()).toThrow('noServer');
    for (const webSocket of server.clients) webSocket.terminate();
    await client.closed;
    const closed = next(server, 'close');
    server.close();
    await closed;
    const late = new RawClient(port);
    late.send(requestHead(port));
    await late.closed;
    expect(late.received.toString()).toMatch(/^HTTP\/1\.1 503 /);
  });

  test.each<[string, WebSocketServerOptions]>([
    ['nothing', {}],
    ['port and noServer', { port: 0, noServer: true }],
  ])('%s is no source of requests', (_what, options) => {
    expect(() => new WebSocketServer(options)).toThrow(TypeError);
  });
});
