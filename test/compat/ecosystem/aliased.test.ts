// Packages that ask for `ws` by its name and get `wsimd/node`: @fastify/websocket, express-ws, isomorphic-ws, socket.io's client.

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import type * as wsimd from '../../../src/node/index.js';
import { asked, requireAliased } from '../../support/peers/alias-ws.js';
import { IMPLEMENTATIONS } from '../../support/peers/implementations.js';
import { next } from '../../support/servers/servers.js';

type WebSocket = wsimd.WebSocket;

describe('@fastify/websocket', () => {
  interface Fastify {
    register(plugin: unknown, options?: object): Promise<void>;
    get(path: string, options: object, handler: (socket: WebSocket, request: { query: object }) => void): void;
    addHook(name: string, hook: (request: object) => Promise<void>): void;
    listen(options: object): Promise<string>;
    close(): Promise<void>;
    injectWS(path: string): Promise<WebSocket>;
    readonly websocketServer: wsimd.WebSocketServer;
  }

  async function start(): Promise<{ app: Fastify; url: string }> {
    const fastify = requireAliased('fastify') as () => Fastify;
    const plugin = requireAliased('@fastify/websocket');
    expect(asked).toContain('ws');
    const app = fastify();
    await app.register(plugin, { options: { maxPayload: 100_000 } });
    app.get('/echo', { websocket: true }, (socket, request) => {
      socket.send(JSON.stringify(request.query));
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    app.get(
      '/refused',
      {
        websocket: true,
        preValidation: async (_request: object, reply: { code(n: number): { send(): void } }) => reply.code(401).send(),
      },
      () => {},
    );
    const address = await app.listen({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => app.close());
    return { app, url: address.replace('http', 'ws') };
  }

  test.each(IMPLEMENTATIONS)('routes, hooks, the end of the server; the client of %s', async (_name, { WebSocket }) => {
    const { app, url } = await start();
    const client = new WebSocket(`${url}/echo?a=1`);
    expect(String((await next(client, 'message'))[0])).toBe('{"a":"1"}');
    const echo = next<[Buffer, boolean]>(client, 'message');
    client.send(Buffer.from([1, 2]));
    expect(await echo).toEqual([Buffer.from([1, 2]), true]);
    const refused = new WebSocket(`${url}/refused`);
    expect(String((await next(refused, 'error'))[0])).toContain('401');
    const lost = new WebSocket(`${url}/nowhere`);
    expect(String((await next(lost, 'error'))[0])).toContain('404');
    const closed = next<[number]>(client, 'close');
    await app.close();
    expect((await closed)[0]).toBe(1005);
    await expect.poll(() => app.websocketServer.clients.size).toBe(0);
  });
});

describe('express-ws', () => {
  test.each(IMPLEMENTATIONS)('routes, parameters, getWss; the client of %s', async (_name, { WebSocket }) => {
    const express = requireAliased('express') as () => object;
    const expressWs = requireAliased('express-ws') as (app: object) => {
      app: {
        ws(path: string, handler: (socket: WebSocket, request: { params: { name: string } }) => void): void;
        listen(port: number, host: string, listening: () => void): Server;
      };
      getWss(): wsimd.WebSocketServer;
    };
    const { app, getWss } = expressWs(express());
    app.ws('/echo/:name', (socket, { params }) => {
      socket.on('message', (data) => {
        for (const client of getWss().clients) client.send(`${params.name}: ${String(data)}`);
      });
    });
    const server = await new Promise<Server>((resolve) => {
      const listening: Server = app.listen(0, '127.0.0.1', () => resolve(listening));
    });
    onTestFinished(() => {
      for (const client of getWss().clients) client.terminate();
      server.close();
    });
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const [first, second] = [new WebSocket(`${url}/echo/first`), new WebSocket(`${url}/echo/second`)];
    await Promise.all([next(first, 'open'), next(second, 'open')]);
    const messages = Promise.all([next(first, 'message'), next(second, 'message')]);
    first.send('grün');
    expect((await messages).map(([data]) => String(data))).toEqual(['first: grün', 'first: grün']);
    first.close();
    second.close();
    await expect.poll(() => getWss().clients.size).toBe(0);
  });
});

describe('isomorphic-ws', () => {
  test('is our class, and a client as in a browser', async () => {
    const isomorphic = requireAliased('isomorphic-ws') as typeof wsimd.WebSocket;
    const { WebSocketServer, createWebSocketStream } = isomorphic;
    expect(isomorphic).toBe((requireAliased('wsimd/node') as typeof wsimd.WebSocket).WebSocket);
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => void server.close());
    server.on('connection', (socket) => {
      const stream: Duplex = createWebSocketStream(socket);
      stream.pipe(stream);
    });
    await next(server, 'listening');
    const socket = new isomorphic(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    socket.binaryType = 'arraybuffer';
    const message = new Promise<unknown>((resolve) => {
      socket.onopen = () => socket.send(Uint8Array.of(1, 2, 3));
      socket.onmessage = ({ data }) => resolve(data);
    });
    expect(Buffer.from((await message) as ArrayBuffer)).toEqual(Buffer.from([1, 2, 3]));
    const closed = new Promise<{ code: number; wasClean: boolean }>((resolve) => {
      socket.onclose = resolve;
    });
    socket.close(1000);
    expect(await closed).toMatchObject({ code: 1000, wasClean: true });
  });
});

describe('socket.io and its client', () => {
  test('both on ours: the client asks for ws too', async () => {
    const before = asked.length;
    const { Server } = requireAliased('socket.io') as typeof import('socket.io');
    const { io } = requireAliased('socket.io-client') as typeof import('socket.io-client');
    expect(asked.length).toBeGreaterThan(before);
    const httpServer = (requireAliased('node:http') as typeof import('node:http')).createServer();
    const server = new Server(httpServer);
    await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
    server.on('connection', (socket) => {
      socket.on('echo', (data: unknown, done: (data: unknown) => void) => done(data));
    });
    const client = io(`http://127.0.0.1:${(httpServer.address() as AddressInfo).port}`, { transports: ['websocket'] });
    onTestFinished(async () => {
      client.disconnect();
      await server.close();
    });
    await next(client as never, 'connect');
    const bytes = Buffer.from([9, 8, 7]);
    expect(await client.timeout(5000).emitWithAck('echo', { bytes })).toEqual({ bytes });
    expect(Reflect.get(client.io.engine.transport, 'ws')).toBeInstanceOf(
      (requireAliased('wsimd/node') as typeof wsimd.WebSocket).WebSocket,
    );
  });
});
