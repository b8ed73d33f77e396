// Frameworks of web standards on Node that are given our server: Hono with its adapter for Node, and h3 with crossws.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve, upgradeWebSocket } from '@hono/node-server';
import crossws, { type NodeOptions } from 'crossws/adapters/node';
import { defineWebSocketHandler, H3 } from 'h3';
import { Hono } from 'hono';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer } from '../../../src/node/index.js';
import { IMPLEMENTATIONS } from '../../support/peers/implementations.js';
import { next } from '../../support/servers/servers.js';

/** What both programs do: the same for every client of a test. */
interface Started {
  readonly url: string;
  readonly log: string[];
}

function endWithTest(httpServer: Server, wss: WebSocketServer): void {
  onTestFinished(() => {
    for (const client of wss.clients) client.terminate();
    httpServer.closeAllConnections();
    httpServer.close();
  });
}

async function startHono(): Promise<Started> {
  const log: string[] = [];
  const app = new Hono();
  app.get('/page', (context) => context.text('a page'));
  app.get('/no', (context) => context.text('no', 403));
  app.get(
    '/chat/:room',
    upgradeWebSocket((context) => ({
      onOpen: (_event, webSocket) => webSocket.send(`welcome to ${context.req.param('room')}`),
      onMessage: ({ data }, webSocket) => webSocket.send(data as string | ArrayBuffer),
      onClose: ({ code, reason }) => void log.push(`close ${code} ${reason}`),
    })),
  );
  const wss = new WebSocketServer({ noServer: true });
  // Under `exactOptionalPropertyTypes` its type takes no server of `@types/ws` either.
  const websocket = { server: wss as never };
  const httpServer = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', websocket }) as Server;
  endWithTest(httpServer, wss);
  if (!httpServer.listening) await next(httpServer, 'listening');
  return { url: `127.0.0.1:${(httpServer.address() as AddressInfo).port}`, log };
}

async function startH3(): Promise<Started> {
  const log: string[] = [];
  const app = new H3();
  app.get('/no', () => new Response('no', { status: 403 }));
  app.get(
    '/chat/:room',
    defineWebSocketHandler((event) => ({
      open: (peer) => void peer.send(`welcome to ${event.context.params?.room}`),
      message: (peer, message) => void peer.send(message.rawData),
      close: (_peer, { code, reason }) => void log.push(`close ${code} ${reason}`),
    })),
  );
  const wss = new WebSocketServer({ noServer: true });
  const resolve: NodeOptions['resolve'] = async (request) =>
    ((await app.fetch(request as Request)) as Response & { crossws: object }).crossws;
  const adapter = crossws({ wss: wss as never, resolve });
  const httpServer = createServer();
  httpServer.on('upgrade', (request, socket, head) => void adapter.handleUpgrade(request, socket, head));
  endWithTest(httpServer, wss);
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  return { url: `127.0.0.1:${(httpServer.address() as AddressInfo).port}`, log };
}

describe.each([
  ['Hono', startHono],
  ['h3', startH3],
])('%s', (_name, start) => {
  test.each(IMPLEMENTATIONS)('messages and a close, with the client of %s', async (_name, { WebSocket: Client }) => {
    const { url, log } = await start();
    const client: WebSocket = new Client(`ws://${url}/chat/blue`);
    onTestFinished(() => client.terminate());
    expect(String((await next<[Buffer]>(client, 'message'))[0])).toBe('welcome to blue');
    const text = next<[Buffer, boolean]>(client, 'message');
    client.send('text');
    expect(String((await text)[0])).toBe('text');
    const binary = next<[Buffer, boolean]>(client, 'message');
    client.send(Buffer.from([1, 2, 3]));
    expect(await binary).toEqual([Buffer.from([1, 2, 3]), true]);
    client.close(4000, 'thanks');
    await next(client, 'close');
    await expect.poll(() => log).toEqual(['close 4000 thanks']);
  });
});

test('Hono answers pages beside, and refuses what is not for a WebSocket', async () => {
  const { url } = await startHono();
  expect(await (await fetch(`http://${url}/page`)).text()).toBe('a page');
  const refused = new IMPLEMENTATIONS[1]![1].WebSocket(`ws://${url}/no`);
  expect(String((await next(refused, 'error'))[0])).toContain('403');
});
