// Direct reads: where they take effect and where they must not, and that the socket behaves as it does otherwise. That the API
// and the faults are the same with `directReads: false` is in test/compat/ws and faults.test.ts; other Nodes: test/runtimes/direct-reads.mjs.

import { createServer, type Server } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acceptKey } from '../../../../../src/handshake/accept-key.js';
import { FrameDecoder, FrameEncoder } from '../../../../../src/index.js';
import { type ClientOptions, WebSocket, WebSocketServer } from '../../../../../src/node/index.js';
import { readInto } from '../../../../../src/node/socket/reads/direct-reads.js';
import { RawClient, requestHead } from '../../../../support/peers/raw-client.js';
import { next } from '../../../../support/servers/servers.js';
import { makeCertificate } from '../../../../support/servers/tls.js';

const ON = {};
const frames = new FrameEncoder({ role: 'client' });

/** Both ends, on an HTTP server that listens there. */
async function openOn(
  httpServer: Server,
  where: object,
  urlOf: (server: Server) => string,
  options: ClientOptions,
): Promise<{ served: WebSocket; client: WebSocket }> {
  const server = new WebSocketServer({ server: httpServer, kernel: options.kernel, directReads: options.directReads });
  await new Promise<void>((resolve) => httpServer.listen(where, resolve));
  const client = new WebSocket(urlOf(httpServer), options);
  onTestFinished(async () => {
    client.terminate();
    for (const each of server.clients) each.terminate();
    await new Promise((resolve) => httpServer.close(resolve));
  });
  const connection = next<[WebSocket]>(server, 'connection');
  await next(client, 'open');
  const [served] = await connection;
  return { served, client };
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;
const plain = (options: ClientOptions = ON) =>
  openOn(createServer(), { port: 0, host: '127.0.0.1' }, (server) => `ws://127.0.0.1:${portOf(server)}`, options);

async function echoes({ served, client }: { served: WebSocket; client: WebSocket }): Promise<void> {
  served.on('message', (data) => served.send(data));
  for (const length of [0, 3, 70_000]) {
    const message = next<[Buffer]>(client, 'message');
    client.send(Buffer.alloc(length, 7));
    expect((await message)[0].equals(Buffer.alloc(length, 7))).toBe(true);
  }
}

describe('has an effect', () => {
  test('on both ends of a TCP connection', async () => {
    const both = await plain();
    expect([both.served.readsDirectly, both.client.readsDirectly]).toEqual([true, true]);
    await echoes(both);
  });

  test('on a Unix socket', async () => {
    const path = join(tmpdir(), `wsimd-direct-${process.pid}.sock`);
    const both = await openOn(createServer(), { path }, () => `ws+unix:${path}:/`, ON);
    expect([both.served.readsDirectly, both.client.readsDirectly]).toEqual([true, true]);
    await echoes(both);
  });
});

describe('has none', () => {
  test('with directReads: false', async () => {
    const both = await plain({ directReads: false });
    expect([both.served.readsDirectly, both.client.readsDirectly]).toEqual([false, false]);
    await echoes(both);
  });

  test('on the portable kernel, whose memory could be transferred away', async () => {
    const both = await plain({ ...ON, kernel: 'portable' });
    expect([both.served.readsDirectly, both.client.readsDirectly]).toEqual([false, false]);
    await echoes(both);
  });

  test('on TLS', async () => {
    const urlOf = (server: Server) => `wss://127.0.0.1:${portOf(server)}`;
    const options = { ...ON, rejectUnauthorized: false };
    const server = createHttpsServer({ ...makeCertificate() });
    const both = await openOn(server, { port: 0, host: '127.0.0.1' }, urlOf, options);
    expect([both.served.readsDirectly, both.client.readsDirectly]).toEqual([false, false]);
    await echoes(both);
  });

  test('on HTTP/2', async () => {
    const httpServer = createHttp2Server({ settings: { enableConnectProtocol: true } });
    const server = new WebSocketServer({ server: httpServer, ...ON });
    await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
    const { port } = httpServer.address() as AddressInfo;
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    onTestFinished(() => {
      session.destroy();
      httpServer.close();
    });
    const connection = next<[WebSocket]>(server, 'connection');
    const client = new WebSocket(`ws://127.0.0.1:${port}`, { session, ...ON });
    await next(client, 'open');
    const [served] = await connection;
    expect([served.readsDirectly, client.readsDirectly]).toEqual([false, false]);
    await echoes({ served, client });
  });

  test('on what is no socket, or not as sockets of Node 20 to 26 are', async () => {
    const buffer = new Uint8Array(8);
    const onRead = () => true;
    expect(readInto(new PassThrough(), buffer, onRead)).toBe(false);
    const unconnected = new Socket();
    expect(readInto(unconnected, buffer, onRead)).toBe(false);
    class TCP {
      readonly given: Uint8Array[] = [];
      readonly useUserBuffer: unknown = (bytes: Uint8Array) => this.given.push(bytes);
      readStart(): void {}
      close(): void {}
    }
    class Other extends TCP {}
    const on = (handle: object) => readInto(new Socket({ handle } as object), buffer, onRead);
    expect(on(new Other())).toBe(false);
    expect(on(Object.assign(new TCP(), { useUserBuffer: undefined }))).toBe(false);
    const known = new TCP();
    expect([on(known), known.given]).toEqual([true, [buffer]]);
    const taken = new Socket({ handle: new TCP(), onread: { buffer, callback: onRead } } as object);
    expect(readInto(taken, buffer, onRead)).toBe(false);
  });
});

test('frames that came with the request come first, and the socket counts what it has read', async () => {
  const { server, port } = await (async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...ON });
    await next(server, 'listening');
    return { server, port: (server.address() as AddressInfo).port };
  })();
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const messages: string[] = [];
  let socket: Socket | undefined;
  server.on('connection', (webSocket) => {
    socket = webSocket._socket as Socket;
    webSocket.on('message', (data) => messages.push(String(data)));
  });
  const client = new RawClient(port);
  const request = requestHead(port);
  client.send(Buffer.concat([Buffer.from(request), frames.encodeText('one'), frames.encodeText('two')]));
  await client.takeHead();
  await expect.poll(() => messages).toEqual(['one', 'two']);
  client.send(frames.encodeText('three'));
  await expect.poll(() => messages).toEqual(['one', 'two', 'three']);
  expect(socket?.bytesRead).toBe(request.length + 9 + 9 + 11);
  client.send(frames.encodeClose(1000));
  await client.closed;
});

test('a paused one delivers nothing, not even the end; it comes when it goes on', async () => {
  const { served, client } = await plain();
  const messages: string[] = [];
  served.on('message', (data) => messages.push(String(data)));
  served.pause();
  client.send('while it is paused');
  client.close(1000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([messages, served.readyState]).toEqual([[], WebSocket.OPEN]);
  const closed = next(served, 'close');
  served.resume();
  await closed;
  expect(messages).toEqual(['while it is paused']);
});

test('a client that pauses as it opens gets what came with the response first, and nothing before it goes on', async () => {
  const answer = new FrameEncoder({ role: 'server' });
  const server = createTcpServer((socket) => {
    socket.once('data', async (request: Buffer) => {
      const key = /Sec-WebSocket-Key: (.+)\r\n/i.exec(request.toString('latin1'))![1]!;
      const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
      const head = [...lines, `Sec-WebSocket-Accept: ${acceptKey(key)}`, '\r\n'].join('\r\n');
      const long = answer.encodeText('l'.repeat(1000));
      // The first bytes of a frame come with the response, its rest and another one later.
      socket.write(Buffer.concat([Buffer.from(head), long.subarray(0, 600)]));
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.write(Buffer.concat([long.subarray(600), answer.encodeText('second')]));
      socket.resume();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, ON);
  onTestFinished(() => {
    client.terminate();
    server.close();
  });
  const received: string[] = [];
  client.on('message', (data) => void received.push(String(data).slice(0, 6)));
  client.on('error', (error) => void received.push(error.message));
  client.on('open', () => client.pause());
  await next(client, 'open');
  expect(client.readsDirectly).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(received).toEqual([]);
  client.resume();
  await expect.poll(() => received).toEqual(['llllll', 'second']);
});

test('a paused one reads ahead to its high-water mark, and notices a reset', async () => {
  const { served, client } = await plain();
  const socket = served._socket as Socket;
  const received: number[] = [];
  served.on('message', (data: Buffer) => received.push(data.length));
  served.pause();
  const lengths = [1000, 40_000, 200_000, 5];
  for (const length of lengths) client.send(Buffer.alloc(length, 7));
  await expect.poll(() => socket.readableLength).toBeGreaterThanOrEqual(socket.readableHighWaterMark);
  expect(received).toEqual([]);
  served.resume();
  await expect.poll(() => received).toEqual(lengths);

  served.pause();
  client.send('never delivered, or delivered before close');
  await expect.poll(() => socket.readableLength).toBeGreaterThan(0);
  (client._socket as Socket).resetAndDestroy();
  await next(served, 'close');
});

test('listeners of the program get the bytes of the socket, and so do pipes', async () => {
  const { served, client } = await plain();
  const socket = served._socket as Socket;
  const messages: string[] = [];
  served.on('message', (data) => messages.push(String(data)));
  const seen: Buffer[] = [];
  const listen = (chunk: Buffer) => seen.push(chunk);
  const piped: Buffer[] = [];
  const target = new PassThrough().on('data', (chunk: Buffer) => piped.push(chunk));

  client.send('unseen');
  await expect.poll(() => messages).toEqual(['unseen']);
  socket.on('data', listen);
  socket.pipe(target);
  client.send('seen');
  await expect.poll(() => messages).toEqual(['unseen', 'seen']);
  await expect.poll(() => piped.length).toBe(1);
  // A header of 2 bytes, a key of 4, the payload: as it came, although it has been unmasked.
  const { frames: heard } = new FrameDecoder({ role: 'server' }).decodeFrames(Buffer.concat(seen));
  expect(heard.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['seen']);
  expect(Buffer.concat(piped)).toEqual(Buffer.concat(seen));

  socket.unpipe(target);
  socket.removeListener('data', listen);
  socket.resume();
  client.send('unseen again');
  await expect.poll(() => messages).toEqual(['unseen', 'seen', 'unseen again']);
  expect([seen.length, piped.length]).toEqual([1, 1]);
});

test('a socket with a push of its own is read through it', async () => {
  const httpServer = createServer();
  const pushed: unknown[] = [];
  httpServer.on('connection', (socket: Socket) => {
    socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
      pushed.push(chunk);
      return Readable.prototype.push.call(socket, chunk, encoding);
    };
  });
  const urlOf = (server: Server) => `ws://127.0.0.1:${portOf(server)}`;
  const { served, client } = await openOn(httpServer, { port: 0, host: '127.0.0.1' }, urlOf, ON);
  expect([served.readsDirectly, client.readsDirectly]).toEqual([false, true]);
  const message = next<[Buffer]>(served, 'message');
  client.send('hello');
  expect(String((await message)[0])).toBe('hello');
  expect(pushed.length).toBeGreaterThan(0);
});

test('what the program puts back into the socket comes before what is read', async () => {
  const { served, client } = await plain();
  const messages: string[] = [];
  served.on('message', (data) => messages.push(String(data)));
  (served._socket as Socket).unshift(Buffer.from(frames.encodeText('first')));
  client.send('second');
  await expect.poll(() => messages).toEqual(['first', 'second']);
});
