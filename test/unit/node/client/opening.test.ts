// src/node/client/client.ts and client-options.ts: what goes along on a redirect, and an attempt that is given up at an interim
// response. `ws` does the same.

import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { IMPLEMENTATIONS, listen, record } from '../../../support/peers/implementations.js';
import { ACCEPT } from '../../../support/peers/raw-client.js';
import { next } from '../../../support/servers/servers.js';
import { makeCertificate } from '../../../support/servers/tls.js';

const TLS_HANDSHAKE = 22;

describe.each(IMPLEMENTATIONS)('%s', (_name, api) => {
  test('a redirect from TLS to the same host without it: credentials stay behind, the Host that was asked for does not', async () => {
    const secure = createHttpsServer({ ...makeCertificate() });
    const plain = createServer();
    const server = new api.WebSocketServer({ server: plain });
    // Both on one port, so that the host is the same.
    const door = createTcpServer((socket) => {
      socket.once('data', (chunk: Buffer) => {
        socket.pause();
        socket.unshift(chunk);
        (chunk[0] === TLS_HANDSHAKE ? secure : plain).emit('connection', socket);
        process.nextTick(() => socket.resume());
      });
      socket.on('error', () => {});
    });
    onTestFinished(() => {
      for (const client of server.clients) client.terminate();
      door.close();
    });
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(door.address() as AddressInfo).port}`;
    secure.on('upgrade', (_request, socket) => {
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ws://${host}/\r\nContent-Length: 0\r\n\r\n`);
    });
    const connection = next<[unknown, { headers: Record<string, string> }]>(server, 'connection');
    const client = new api.WebSocket(`wss://${host}/`, [], {
      followRedirects: true,
      rejectUnauthorized: false,
      headers: { Authorization: 'secret', Cookie: 'a=1', Host: 'named.example', 'X-Mine': 'yes' },
    });
    const [, { headers }] = await connection;
    expect(headers).toMatchObject({ host: 'named.example', 'x-mine': 'yes' });
    expect(headers).not.toHaveProperty('authorization');
    expect(headers).not.toHaveProperty('cookie');
    await next(client, 'open');
  });

  test('a redirect to another host, where no headers were asked for', async () => {
    const { server, url } = await listen(api);
    const elsewhere = createServer().on('upgrade', (_request, socket) => {
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${url}/there\r\nContent-Length: 0\r\n\r\n`);
    });
    onTestFinished(() => void elsewhere.close());
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const connection = next<[unknown, { url: string }]>(server, 'connection');
    const client = new api.WebSocket(`ws://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`, [], {
      followRedirects: true,
    });
    expect((await connection)[1].url).toBe('/there');
    await next(client, 'open');
    expect(client.url).toBe(`${url}/there`);
    client.terminate();
  });

  test('given up at an interim response: the switch right behind it opens nothing', async () => {
    const heads = ['HTTP/1.1 103 Early Hints', '', 'HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket'];
    const answer = [...heads, 'Connection: Upgrade', `Sec-WebSocket-Accept: ${ACCEPT}`, '', ''].join('\r\n');
    let ended = () => {};
    const isCut = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const server = createTcpServer((socket) => {
      socket.once('data', () => socket.write(answer));
      socket.on('error', () => {});
      socket.on('close', () => ended());
    });
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = new api.WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, [], {
      finishRequest: (request) => {
        request.on('information', () => client.terminate());
        request.end();
      },
    });
    const events = record(client, ['open', 'error', 'close']);
    await next(client, 'close');
    await isCut;
    expect(events.map(([name]) => name)).toEqual(['error', 'close']);
    expect(client.readyState).toBe(3);
  });

  test('attributes of one that is not open yet, and the URL of one at a server', async () => {
    const { server, url } = await listen(api);
    const connection = next<[InstanceType<typeof api.WebSocket>]>(server, 'connection');
    const client = new api.WebSocket(url);
    expect([client.readyState, client.bufferedAmount, client.isPaused, client.protocol, client.extensions]).toEqual([
      ...[0, 0, false, '', ''],
    ]);
    expect(client._socket).toBeNull();
    const [served] = await connection;
    // `ws` has none there at all.
    expect(served.url ?? '').toBe('');
    if (client.readyState === 0) await next(client, 'open');
    expect(client._socket).not.toBeNull();
    client.terminate();
  });
});
