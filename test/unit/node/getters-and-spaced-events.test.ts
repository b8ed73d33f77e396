// src/node/: getters, the events that allowSynchronousEvents: false spaces out, headers given as an array, attempts that are given up
// from inside a listener.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createWebSocketStream, WebSocket, WebSocketServer } from '../../../src/node/index.js';

/** A server that echoes, and a client of it that is open. */
async function open(options: ConstructorParameters<typeof WebSocket>[2] = {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => void server.close());
  server.on('connection', (socket) => {
    onTestFinished(() => socket.terminate());
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }));
  });
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new WebSocket(url, [], options);
  onTestFinished(() => client.terminate());
  return { server, client, url };
}

/** The code that it closes with, whatever errors come before: `once` would reject at those. */
function closeOf(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.once('close', resolve));
}

it('a server has no address before it listens', () => {
  const server = new WebSocketServer({ server: createServer() });
  expect(server.address()).toBeNull();
});

it('attributes read as they were set', async () => {
  const { client } = await open();
  await once(client, 'open');
  for (const type of ['arraybuffer', 'fragments', 'nodebuffer'] as const) {
    client.binaryType = type;
    expect(client.binaryType).toBe(type);
  }
  for (const name of ['onopen', 'onerror', 'onclose', 'onmessage'] as const) {
    expect(client[name]).toBeNull();
    const handler = () => {};
    client[name] = handler;
    expect(client[name]).toBe(handler);
  }
});

describe('with allowSynchronousEvents: false', () => {
  it.each(['nodebuffer', 'arraybuffer', 'fragments'] as const)(
    'texts, bytes, pings, pongs and the Close come in order, each after the turn of the one before, as %s',
    async (binaryType) => {
      const { server, client } = await open({ allowSynchronousEvents: false });
      const connected = once(server, 'connection');
      client.binaryType = binaryType;
      const events: string[] = [];
      let isSettled = true;
      const note = (name: string) => {
        events.push(name);
        expect.soft(isSettled, name).toBe(true);
        isSettled = false;
        process.nextTick(() => {
          isSettled = true;
        });
      };
      client.on('message', (data, isBinary) => {
        const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as ArrayBuffer);
        note(`${isBinary ? 'binary' : 'text'} ${bytes}`);
      });
      client.on('ping', (data) => note(`ping ${data}`));
      client.on('pong', (data) => note(`pong ${data}`));
      await once(client, 'open');
      const [peer] = await connected;
      peer.send('one');
      peer.send(Buffer.from('two'));
      peer.ping('three');
      peer.pong('four');
      peer.send('five', { fin: false });
      peer.send('six');
      peer.close(1000, 'seven');
      const [code, reason] = await once(client, 'close');
      expect([...events, `close ${code} ${reason}`]).toEqual([
        'text one',
        'binary two',
        'ping three',
        'pong four',
        'text fivesix',
        'close 1000 seven',
      ]);
    },
  );

  it('an error comes behind the messages before it', async () => {
    const { server, client } = await open({ allowSynchronousEvents: false });
    const connected = once(server, 'connection');
    const events: string[] = [];
    client.on('message', (data) => events.push(String(data)));
    client.on('error', (error) => events.push((error as Error & { code: string }).code));
    await once(client, 'open');
    const [peer] = await connected;
    peer._socket.write(Uint8Array.of(0x81, 1, 0x61, 0x81, 1, 0x62, 0x83, 0));
    await closeOf(client);
    expect(events).toEqual(['a', 'b', 'WS_ERR_INVALID_OPCODE']);
  });
});

it('a stream that is ended while its WebSocket connects ends it once it is open', async () => {
  const { client } = await open();
  const stream = createWebSocketStream(client);
  stream.resume();
  stream.end('last');
  await once(stream, 'close');
  expect(client.readyState).toBe(WebSocket.CLOSED);
});

it('a client that is given up in its upgrade listener does not open', async () => {
  const { client } = await open();
  const events: string[] = [];
  client.on('open', () => events.push('open'));
  client.on('error', (error) => events.push(error.message));
  client.on('upgrade', () => client.terminate());
  const code = await closeOf(client);
  expect([code, events]).toEqual([1006, ['WebSocket was closed before the connection was established']]);
});

it('headers in an array are headers, on a redirect too, where credentials stay behind', async () => {
  const { server, url } = await open();
  const seen: (string | undefined)[] = [];
  server.on('connection', (_socket, request) => {
    seen.push(request.headers['x-mine'] as string, request.headers.authorization);
  });
  const redirecting = createServer((_request, response) => response.writeHead(302).end()).on(
    'upgrade',
    (_request, socket) => {
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${url}/\r\n\r\n`);
    },
  );
  onTestFinished(() => void redirecting.close());
  redirecting.listen(0, '127.0.0.1');
  await once(redirecting, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(redirecting.address() as AddressInfo).port}`, [], {
    followRedirects: true,
    headers: ['X-Mine', 'yes', 'Authorization', 'secret'] as never,
  });
  onTestFinished(() => client.terminate());
  await once(client, 'open');
  expect(seen.slice(-2)).toEqual(['yes', undefined]);
});
