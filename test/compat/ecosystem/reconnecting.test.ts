// Clients that are given a WebSocket class: y-websocket's provider and reconnecting-websocket, with ours, through the end of a
// server and the beginning of the next.

import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { broadcast, type RawData, WebSocket, WebSocketServer } from '../../../src/node/index.js';
import { next } from '../../support/servers/servers.js';

interface Reconnecting {
  readonly readyState: number;
  readonly OPEN: number;
  send(text: string): void;
  close(): void;
}
// Its types are those of no module.
const ReconnectingWebSocket: new (url: string, protocols: string[], options: object) => Reconnecting = createRequire(
  import.meta.url,
)('reconnecting-websocket');

async function start(port = 0): Promise<{ server: WebSocketServer; port: number; stop: () => Promise<void> }> {
  const server = new WebSocketServer({ port, host: '127.0.0.1' });
  await next(server, 'listening');
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const client of server.clients) client.terminate();
    });
  onTestFinished(stop);
  return { server, port: (server.address() as AddressInfo).port, stop };
}

test('y-websocket: documents of two clients become one, also after a break', async () => {
  // A server that passes on what one says to all others, also to those that come later, is enough: each answers the others'
  // questions for what is missing.
  const relay = (server: WebSocketServer) => {
    const said: RawData[] = [];
    server.on('connection', (socket) => {
      for (const data of said) socket.send(data);
      socket.on('message', (data, isBinary) => {
        expect(isBinary).toBe(true);
        said.push(data);
        const others = [...server.clients].filter((other) => other !== socket);
        broadcast(others, data);
      });
    });
  };
  const { server, port, stop } = await start();
  relay(server);
  const documents = [new Y.Doc(), new Y.Doc()];
  for (const document of documents) {
    const provider = new WebsocketProvider(`ws://127.0.0.1:${port}`, 'room', document, {
      WebSocketPolyfill: WebSocket as never,
      disableBc: true,
      maxBackoffTime: 20,
    });
    onTestFinished(() => provider.destroy());
  }
  const texts = documents.map((document) => document.getText('text'));
  await expect.poll(() => server.clients.size).toBe(2);
  texts[0]!.insert(0, 'grün');
  await expect.poll(() => texts[1]!.toString()).toBe('grün');
  await stop();
  texts[1]!.insert(4, ' und blau');
  const again = await start(port);
  relay(again.server);
  await expect.poll(() => texts[0]!.toString()).toBe('grün und blau');
});

test('reconnecting-websocket: what is sent meanwhile arrives', async () => {
  const { server, port, stop } = await start();
  const heard: string[] = [];
  const listen = (to: WebSocketServer) =>
    to.on('connection', (socket) => socket.on('message', (data) => heard.push(String(data))));
  listen(server);
  const client = new ReconnectingWebSocket(`ws://127.0.0.1:${port}`, [], {
    WebSocket,
    minReconnectionDelay: 10,
    maxReconnectionDelay: 20,
  });
  onTestFinished(() => client.close());
  client.send('before the first');
  await expect.poll(() => heard).toEqual(['before the first']);
  await stop();
  await expect.poll(() => client.readyState).not.toBe(client.OPEN);
  client.send('meanwhile');
  const again = await start(port);
  listen(again.server);
  await expect.poll(() => heard).toEqual(['before the first', 'meanwhile']);
});
