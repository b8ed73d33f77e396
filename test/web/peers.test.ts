// src/web/ over the sockets of Node (Duplex.toWeb), with `ws` at the other end.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { acceptWebSocket, type ByteStreams, connectWebSocket } from '../../src/web/index.js';
import { randomBytes } from '../support/random.js';

const MESSAGES = ['', 'grün', '漢字'.repeat(30_000), ...[0, 125, 126, 65_536, 1_000_000].map((n) => randomBytes(n, n))];

// Node's types of its own streams and those of the DOM differ in nothing that is used here.
const streamsOf = (socket: Socket) => Duplex.toWeb(socket) as ByteStreams;
/** A message as a string that is quickly compared. */
const comparable = (message: unknown) =>
  typeof message === 'string'
    ? message
    : createHash('sha256')
        .update(message as Uint8Array)
        .digest('hex');

describe('a WebSocket over the streams of a Node socket', () => {
  it('as a server: ws sends, is echoed, closes', async () => {
    const closed: unknown[] = [];
    const server = createServer(async (socket) => {
      const webSocket = acceptWebSocket(streamsOf(socket), { protocols: ['echo'] });
      const { readable, writable } = await webSocket.opened;
      readable.pipeTo(writable).catch(() => {});
      closed.push(await webSocket.closed);
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, 'echo', {
      perMessageDeflate: false,
    });
    const received: unknown[] = [];
    client.on('message', (data: Buffer, isBinary) => {
      received.push(comparable(isBinary ? data : data.toString()));
      if (received.length === MESSAGES.length) client.close(4000, 'bye');
    });
    await once(client, 'open');
    expect(client.protocol).toBe('echo');
    const pong = once(client, 'pong');
    client.ping('?');
    for (const message of MESSAGES) client.send(message);
    const [closeCode, reason] = await once(client, 'close');
    await pong;
    expect([closeCode, String(reason)]).toEqual([4000, 'bye']);
    expect(received).toEqual(MESSAGES.map(comparable));
    await expect.poll(() => closed).toEqual([{ closeCode: 4000, reason: 'bye' }]);
  });

  it('as a client: is echoed by ws, and closes', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => server.close());
    await once(server, 'listening');
    const closes: unknown[] = [];
    server.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      socket.on('close', (code, reason) => closes.push([code, String(reason)]));
    });
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    const client = connectWebSocket(streamsOf(socket), { url: `ws://127.0.0.1:${port}/` });
    const { readable, writable } = await client.opened;
    const writer = writable.getWriter();
    const reader = readable.getReader();
    for (const message of MESSAGES) {
      await writer.write(message);
      expect(comparable((await reader.read()).value)).toEqual(comparable(message));
    }
    client.close({ closeCode: 4001, reason: 'done' });
    expect((await reader.read()).done).toBe(true);
    expect(await client.closed).toEqual({ closeCode: 4001, reason: 'done' });
    await expect.poll(() => closes).toEqual([[4001, 'done']]);
  });

  it('a socket that is reset is a connection lost', async () => {
    const server = createServer((socket) => {
      socket.once('data', () => socket.resetAndDestroy());
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const client = connectWebSocket(streamsOf(socket), { url: `ws://127.0.0.1:${port}/` });
    await expect(client.opened).rejects.toThrow();
    await expect(client.closed).rejects.toThrow();
  });
});
