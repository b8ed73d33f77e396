// The types of WebSockets with `textAs: 'string'`, beside what they deliver. Vitest checks no types: `npm run typecheck` does.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import {
  connect,
  type RawData,
  WebSocket,
  WebSocketServer,
  type WebSocketWith,
  type WebSocketWithStrings,
} from '../../../../src/node/index.js';

it('types the texts of a server, of a client of connect, and of a client of its own as strings', async () => {
  const server = new WebSocketServer<WebSocketWithStrings>({ port: 0, host: '127.0.0.1', textAs: 'string' });
  onTestFinished(() => server.close());
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => {
      if (isBinary) socket.send(data);
      else socket.send(data.toUpperCase());
    });
  });
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const connected = await connect(url, { textAs: 'string' });
  const lengths = new Promise<[string, number]>((resolve) => {
    let text = '';
    connected.on('message', (data, isBinary) => {
      if (!isBinary) text = data.padEnd(6, '!');
      else resolve([text, (data as Buffer).length]);
    });
  });
  connected.send('text');
  connected.send(Buffer.alloc(3));
  expect(await lengths).toEqual(['TEXT!!', 3]);
  connected.close();

  const client = new WebSocket(url, { textAs: 'string' }) as InstanceType<WebSocketWithStrings>;
  client.once('open', () => client.send('more'));
  const more = await new Promise<string>((resolve) => {
    client.once('message', function (data, isBinary) {
      if (!isBinary) resolve(data.slice(0, 2));
      this.close();
    });
  });
  expect(more).toBe('MO');
});

it('gives such a WebSocket to programs for other WebSockets, and data of a program', () => {
  const server = new WebSocketServer<WebSocketWithStrings<WebSocketWith<{ user: string }>>>({ noServer: true });
  server.on('connection', (socket, request) => {
    const plain: WebSocket = socket;
    socket.data = { user: `${request.url}` };
    // Written for the Buffers of `ws`: fits all the same.
    socket.on('message', (data: RawData) => plain.send(data));
    socket.on('message', function (data, isBinary) {
      if (!isBinary) this.send(data.concat(this.data.user));
    });
    socket.on('close', (code, reason) => [code.toFixed(), reason.toString()]);
    // @ts-expect-error it may be a binary message
    socket.on('message', (data) => data.toUpperCase());
  });
  const plainServer: WebSocketServer = server;
  expect(plainServer.clients.size).toBe(0);
});
