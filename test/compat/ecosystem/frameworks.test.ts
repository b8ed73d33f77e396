// Frameworks and clients that ask for `ws` by its name and get `wsimd/node`: NestJS, `fastify.injectWS`, http-proxy-middleware, MQTT.js,
// puppeteer-core. And nock, which puts its own functions in the place of those of node:http.

import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import type * as wsimd from '../../../src/node/index.js';
import { asked, requireAliased } from '../../support/peers/alias-ws.js';
import { next } from '../../support/servers/servers.js';

const ours = requireAliased('wsimd/node') as typeof wsimd;

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function openClient(url: string, protocols: string[] = []): Promise<wsimd.WebSocket> {
  const client = new ours.WebSocket(url, protocols);
  onTestFinished(() => client.terminate());
  await next(client, 'open');
  return client;
}

test('NestJS: a gateway with a path, on the port of the application', { timeout: 60_000 }, async () => {
  requireAliased('reflect-metadata');
  const common = requireAliased('@nestjs/common') as typeof import('@nestjs/common');
  const { NestFactory } = requireAliased('@nestjs/core') as typeof import('@nestjs/core');
  const sockets = requireAliased('@nestjs/websockets') as typeof import('@nestjs/websockets');
  const { WsAdapter } = requireAliased('@nestjs/platform-ws') as typeof import('@nestjs/platform-ws');
  const before = asked.length;
  const connected: unknown[] = [];
  class Gateway {
    handleConnection(client: unknown): void {
      connected.push(client);
    }
    add(_client: unknown, numbers: number[]): object {
      return { event: 'sum', data: numbers.reduce((sum, number) => sum + number, 0) };
    }
  }
  // What the decorators do, which this file cannot have.
  sockets.WebSocketGateway({ path: '/sums' })(Gateway);
  const descriptor = Object.getOwnPropertyDescriptor(Gateway.prototype, 'add')!;
  sockets.SubscribeMessage('add')(Gateway.prototype, 'add', descriptor);
  class AppModule {}
  common.Module({ providers: [Gateway] })(AppModule);
  const app = await NestFactory.create(AppModule, { logger: false });
  app.useWebSocketAdapter(new WsAdapter(app));
  await app.listen(0, '127.0.0.1');
  onTestFinished(() => app.close());
  expect(asked.length).toBeGreaterThan(before);
  const { port } = app.getHttpServer().address() as AddressInfo;
  const client = await openClient(`ws://127.0.0.1:${port}/sums`);
  expect(connected[0]).toBeInstanceOf(ours.WebSocket);
  const message = next<[Buffer]>(client, 'message');
  client.send(JSON.stringify({ event: 'add', data: [1, 2, 3] }));
  expect(JSON.parse(String((await message)[0]))).toEqual({ event: 'sum', data: 6 });
  const lost = new ours.WebSocket(`ws://127.0.0.1:${port}/elsewhere`);
  await next(lost, 'error');
});

describe('@fastify/websocket', () => {
  interface Fastify {
    register(plugin: unknown, options?: object): Promise<void>;
    get(path: string, options: object, handler: (socket: wsimd.WebSocket) => void): void;
    ready(): Promise<void>;
    close(): Promise<void>;
    injectWS(path: string): Promise<wsimd.WebSocket>;
  }

  test('injectWS: a client without any socket of the system', async () => {
    const app = (requireAliased('fastify') as () => Fastify)();
    onTestFinished(() => app.close());
    await app.register(requireAliased('@fastify/websocket'));
    app.get('/echo', { websocket: true }, (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    await app.ready();
    const client = await app.injectWS('/echo');
    expect(client).toBeInstanceOf(ours.WebSocket);
    for (const text of ['one', 'x'.repeat(100_000)]) {
      const echo = next<[Buffer]>(client, 'message');
      client.send(text);
      expect(String((await echo)[0])).toBe(text);
    }
    const closed = next<[number]>(client, 'close');
    const start = performance.now();
    client.close(1000);
    expect((await closed)[0]).toBe(1000);
    // Its stream emits no \`close\` by itself, and closeTimeout is 30 seconds.
    expect(performance.now() - start).toBeLessThan(10_000);
    await expect(app.injectWS('/nowhere')).rejects.toThrow('Unexpected server response: 404');
  });
});

test('http-proxy-middleware: a server of ours behind it, a client of ours before it', async () => {
  const { createProxyMiddleware } = requireAliased('http-proxy-middleware') as typeof import('http-proxy-middleware');
  const behind = createServer();
  const server = new ours.WebSocketServer({ server: behind });
  server.on('connection', (webSocket, request) => {
    webSocket.send(`${request.url} ${webSocket.protocol}`);
    webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
  });
  const target = `http://127.0.0.1:${await portOf(behind)}`;
  const proxy = createProxyMiddleware({ target, ws: true, pathRewrite: { '^/socket': '' } });
  const front = createServer((request, response) => proxy(request as never, response as never, () => {}));
  front.on('upgrade', (request, socket, head) => proxy.upgrade!(request as never, socket as never, head));
  const client = new ours.WebSocket(`ws://127.0.0.1:${await portOf(front)}/socket/here`, ['a']);
  onTestFinished(() => client.terminate());
  expect(String((await next<[Buffer]>(client, 'message'))[0])).toBe('/here a');
  const echo = next<[Buffer]>(client, 'message');
  client.send(Buffer.alloc(200_000, 7));
  expect((await echo)[0].equals(Buffer.alloc(200_000, 7))).toBe(true);
  const closed = next<[number]>(client, 'close');
  for (const served of server.clients) served.close(4000);
  expect((await closed)[0]).toBe(4000);
});

test('MQTT.js over our client and our server: connect, subscribe, publish', async () => {
  const mqtt = requireAliased('mqtt') as typeof import('mqtt');
  const packets = requireAliased('mqtt-packet') as typeof import('mqtt-packet');
  const httpServer = createServer();
  const server = new ours.WebSocketServer({ server: httpServer, handleProtocols: () => 'mqtt' });
  // As much of a broker as it takes: what is published comes back.
  server.on('connection', (webSocket) => {
    const stream: Duplex = ours.createWebSocketStream(webSocket);
    const parser = packets.parser();
    const answer = (packet: import('mqtt-packet').Packet) => void stream.write(packets.generate(packet));
    parser.on('packet', (packet: import('mqtt-packet').Packet) => {
      if (packet.cmd === 'connect') answer({ cmd: 'connack', returnCode: 0, sessionPresent: false });
      if (packet.cmd === 'subscribe') answer({ cmd: 'suback', messageId: packet.messageId!, granted: [0] });
      if (packet.cmd === 'publish') answer({ ...packet, qos: 0, dup: false });
    });
    stream.on('data', (chunk) => parser.parse(chunk));
    stream.on('error', () => {});
  });
  const client = await mqtt.connectAsync(`ws://127.0.0.1:${await portOf(httpServer)}`, { reconnectPeriod: 0 });
  onTestFinished(() => client.endAsync(true));
  await client.subscribeAsync('topic');
  const message = next<[string, Buffer]>(client as never, 'message');
  await client.publishAsync('topic', 'a'.repeat(100_000));
  const [topic, payload] = await message;
  expect([topic, payload.length]).toEqual(['topic', 100_000]);
  expect([...server.clients].map(({ protocol }) => protocol)).toEqual(['mqtt']);
});

const CHROMIUM = '/usr/bin/chromium';

test.skipIf(!existsSync(CHROMIUM))('puppeteer-core drives Chromium over our client', { timeout: 60_000 }, async () => {
  const before = asked.length;
  const puppeteer = requireAliased('puppeteer-core') as typeof import('puppeteer-core');
  const browser = await puppeteer.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu'],
    headless: true,
  });
  onTestFinished(() => browser.close());
  expect(asked.length).toBeGreaterThan(before);
  const page = await browser.newPage();
  await page.setContent('<p>hello</p>');
  expect(await page.$eval('p', ({ textContent }) => textContent)).toBe('hello');
  expect((await page.screenshot()).length).toBeGreaterThan(1000);
});

test('nock sees the requests of our client, whenever it was loaded', async () => {
  const nock = requireAliased('nock') as typeof import('nock');
  onTestFinished(() => nock.restore());
  if (!nock.isActive()) nock.activate();
  nock('http://mocked.example').get('/socket').reply(401, 'no');
  const client = new ours.WebSocket('ws://mocked.example/socket');
  const [error] = await next<[Error]>(client, 'error');
  expect(error.message).toBe('Unexpected server response: 401');
  expect(nock.isDone()).toBe(true);
});
