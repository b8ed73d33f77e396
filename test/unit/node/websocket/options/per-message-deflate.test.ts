// src/node/websocket/options/per-message-deflate.ts: the option, in the words of ws and in ours, on either side; what a send can say;
// that nothing is held when a connection has gone. That peers understand what is compressed is tested in test/interop.

import type { IncomingMessage } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as ws from 'ws';
import { PerMessageDeflate } from '../../../../../src/deflate/index.js';
import { broadcast, type PerMessageDeflateOption, WebSocket, WebSocketServer } from '../../../../../src/node/index.js';
import { next } from '../../../../support/servers/servers.js';

const TEXT = 'the same words, again and again; '.repeat(20);

async function start(perMessageDeflate?: PerMessageDeflateOption) {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    ...(perMessageDeflate === undefined ? {} : { perMessageDeflate }),
  });
  server.on('connection', (webSocket) => {
    webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
  });
  await next(server, 'listening');
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return { server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** The extensions that our client and our server agree on. */
async function agree(atServer?: PerMessageDeflateOption, atClient?: PerMessageDeflateOption): Promise<string> {
  const { url } = await start(atServer);
  const client = new WebSocket(url, atClient === undefined ? {} : { perMessageDeflate: atClient });
  await next(client, 'open');
  return client.extensions;
}

describe('who agrees', () => {
  test('a client offers by default, a server accepts only when told to', async () => {
    expect(await agree()).toBe('');
    expect(await agree(true)).toMatch(/^permessage-deflate/);
    expect(await agree(true, false)).toBe('');
    expect(await agree({ threshold: 0 }, { level: 'fastest' })).toMatch(/^permessage-deflate/);
  });

  test('equal options share one memory, a PerMessageDeflate is taken as it is', async () => {
    const deflate = new PerMessageDeflate();
    const { url, server } = await start(deflate);
    const clients = [new WebSocket(url, { perMessageDeflate: deflate }), new WebSocket(url)];
    await Promise.all(clients.map((client) => next(client, 'open')));
    // Ours with it in two directions on both sides, the other's on the server's.
    expect(deflate.poolUse.contexts).toBe(6);
    for (const client of clients) client.terminate();
    await expect.poll(() => server.clients.size).toBe(0);
    expect(deflate.poolUse).toMatchObject({ contexts: 0, usedLength: 0 });
  });

  test('options out of range are refused at once', () => {
    expect(() => new WebSocketServer({ noServer: true, perMessageDeflate: { serverMaxWindowBits: 16 } })).toThrow(
      RangeError,
    );
    expect(() => new WebSocket('ws://127.0.0.1:1', { perMessageDeflate: { level: 'best' as 'fastest' } })).toThrow(
      TypeError,
    );
  });
});

describe('the words of ws', () => {
  const offered = async (perMessageDeflate: PerMessageDeflateOption): Promise<string> => {
    const server = new ws.WebSocketServer({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => server.close());
    await next(server, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { perMessageDeflate });
    const [, request] = await next<[unknown, { headers: Record<string, string> }]>(server, 'connection');
    client.on('error', () => {});
    client.terminate();
    return request.headers['sec-websocket-extensions'] ?? '';
  };

  test.each([
    [{}, 'permessage-deflate; client_max_window_bits'],
    [{ clientMaxWindowBits: true }, 'permessage-deflate; client_max_window_bits'],
    [{ serverNoContextTakeover: true }, 'permessage-deflate; server_no_context_takeover; client_max_window_bits'],
    [{ clientNoContextTakeover: true }, 'permessage-deflate; client_no_context_takeover; client_max_window_bits'],
    [{ serverMaxWindowBits: 10 }, 'permessage-deflate; server_max_window_bits=10; client_max_window_bits'],
  ])('a client told %j offers %s', async (options, header) => {
    expect(await offered(options)).toBe(header);
  });

  test.each([
    [{}, 'permessage-deflate; client_max_window_bits=12'],
    [{ serverNoContextTakeover: true }, 'permessage-deflate; server_no_context_takeover; client_max_window_bits=12'],
    [{ clientNoContextTakeover: true }, 'permessage-deflate; client_no_context_takeover; client_max_window_bits=12'],
    [{ clientMaxWindowBits: 9 }, 'permessage-deflate; client_max_window_bits=9'],
    [{ zlibDeflateOptions: { level: 9 }, concurrencyLimit: 1 }, 'permessage-deflate; client_max_window_bits=12'],
  ])('a server told %j answers %s', async (options, header) => {
    const { url } = await start(options);
    const client = new ws.WebSocket(url);
    const [[{ headers }]] = await Promise.all([next<[IncomingMessage]>(client, 'upgrade'), next(client, 'open')]);
    expect(headers['sec-websocket-extensions']).toBe(header);
    client.terminate();
  });
});

describe('on a connection', () => {
  /** Bytes that come from our server for a message, by a client of ws. */
  async function lengthOf(send: (webSocket: WebSocket) => void): Promise<number> {
    const { server, url } = await start({ threshold: 0 });
    const client = new ws.WebSocket(url);
    const [webSocket] = await next<[WebSocket]>(server, 'connection');
    await next(client, 'open');
    const before = (client as ws.WebSocket & { _socket: { bytesRead: number } })._socket.bytesRead;
    send(webSocket);
    const [data] = await next<[Buffer]>(client, 'message');
    expect(String(data)).toBe(TEXT);
    return (client as ws.WebSocket & { _socket: { bytesRead: number } })._socket.bytesRead - before;
  }

  test('send, sendPrepared and broadcast compress; compress: false does not', async () => {
    expect(await lengthOf((webSocket) => webSocket.send(TEXT))).toBeLessThan(100);
    expect(await lengthOf((webSocket) => broadcast([webSocket], TEXT))).toBeLessThan(100);
    expect(await lengthOf((webSocket) => webSocket.send(TEXT, { compress: false }))).toBe(4 + TEXT.length);
  });

  test('fragments of a message are compressed as one', async () => {
    const length = await lengthOf((webSocket) => {
      webSocket.send(TEXT.slice(0, 100), { fin: false });
      webSocket.send(TEXT.slice(100), { fin: true });
    });
    expect(length).toBeLessThan(120);
  });

  test('a long message leaves in slices, what is sent behind it behind it, and its callback comes then', async () => {
    const { url } = await start(true);
    const client = new WebSocket(url, { textAs: 'string' });
    await next(client, 'open');
    const long = Array.from({ length: 100_000 }, (_, i) => `line ${i} ${(i * 7919) % 1000}`).join('\n');
    const order: string[] = [];
    let turns = 0;
    const count = () => {
      turns++;
      if (order.length === 0) setImmediate(count);
    };
    setImmediate(count);
    client.send(long, () => order.push('long'));
    client.send('short', () => order.push('short'));
    expect(client.bufferedAmount).toBeGreaterThan(long.length / 2);
    const received: unknown[] = [];
    client.on('message', (data) => received.push(data));
    await expect.poll(() => received.length, { timeout: 20_000 }).toBe(2);
    expect([received[0] === long, received[1]]).toEqual([true, 'short']);
    expect(order).toEqual(['long', 'short']);
    expect(turns).toBeGreaterThan(5);
    expect(client.bufferedAmount).toBe(0);
  });

  test('what a connection was about to send in slices is told that it did not leave', async () => {
    const { url } = await start(true);
    const client = new WebSocket(url);
    await next(client, 'open');
    const told = new Promise<unknown>((resolve) => client.send('x'.repeat(10_000_000), resolve));
    client.terminate();
    expect(await told).toBeInstanceOf(Error);
  });

  test('over HTTP/2 it is agreed on and works in the same way', async () => {
    const http2Server = createHttp2Server({ settings: { enableConnectProtocol: true } });
    const server = new WebSocketServer({ server: http2Server, perMessageDeflate: { threshold: 0 } });
    server.on('connection', (webSocket) => webSocket.on('message', (data) => webSocket.send(data, { binary: false })));
    await new Promise<void>((resolve) => http2Server.listen(0, '127.0.0.1', resolve));
    const { port } = http2Server.address() as AddressInfo;
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    onTestFinished(() => {
      session.destroy();
      http2Server.close();
    });
    const client = new WebSocket(`ws://127.0.0.1:${port}`, { session, textAs: 'string' });
    await next(client, 'open');
    expect(client.extensions).toMatch(/^permessage-deflate/);
    client.send(TEXT);
    expect((await next(client, 'message'))[0]).toBe(TEXT);
    client.close();
    await next(client, 'close');
  });
});
