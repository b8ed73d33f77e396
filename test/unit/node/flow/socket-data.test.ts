// src/node/websocket/socket-data.ts: data of the program's own on each connection, with a type. `tsc -p tsconfig.test.json` checks the types.

import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer, type WebSocketWith } from '../../../../src/node/index.js';

it('has data of its own type on the connections of a server', async () => {
  const server = new WebSocketServer<WebSocketWith<{ user: string; count: number }>>({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  server.on('connection', (socket, request) => {
    socket.data = { user: request.url!.slice(1), count: 0 };
    // @ts-expect-error another type
    const wrong: number = socket.data.user;
    expect(wrong).toBe('ann');
    socket.on('message', function () {
      this.data.count++;
      this.send(`${this.data.user} ${this.data.count}`);
    });
  });
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = new WebSocket(`ws://127.0.0.1:${port}/ann`);
  await once(client, 'open');
  const messages = client[Symbol.asyncIterator]();
  client.send('a');
  client.send('b');
  expect([(await messages.next()).value, (await messages.next()).value]).toEqual(['ann 1', 'ann 2']);
  for (const socket of server.clients) expect(socket.data).toEqual({ user: 'ann', count: 2 });
  client.close();
  await once(client, 'close');
});
