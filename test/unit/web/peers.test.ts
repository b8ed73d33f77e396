// src/web/ over the sockets of Node, with `ws` at the other end: as streams (Duplex.toWeb), and in the shape that Deno's have.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { acceptWebSocket, type ByteSocket, type ByteStreams, connectWebSocket } from '../../../src/web/index.js';
import { randomBytes } from '../../support/inputs/random.js';

const MESSAGES = ['', 'grün', '漢字'.repeat(30_000), ...[0, 125, 126, 65_536, 1_000_000].map((n) => randomBytes(n, n))];

// Node's types of its own streams and those of the DOM differ in nothing that is used here.
const streamsOf = (socket: Socket) => Duplex.toWeb(socket) as ByteStreams;

/** Reads and writes what fits, as a socket of Deno does; `buffers` has what it was given to read into. */
class SocketOfNode implements ByteSocket {
  readonly #socket: Socket;
  readonly buffers = new Set<ArrayBufferLike>();
  #wake: () => void = () => {};
  isClosed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    for (const event of ['readable', 'end', 'error', 'close']) socket.on(event, () => this.#wake());
  }
  async read(target: Uint8Array): Promise<number | null> {
    this.buffers.add(target.buffer);
    for (;;) {
      const bytes: Buffer | null = this.#socket.read(Math.min(target.length, this.#socket.readableLength || 1));
      if (bytes !== null) {
        // Earlier bytes are overwritten, so that a holder of them notices.
        target.fill(0xee);
        target.set(bytes);
        return bytes.length;
      }
      if (this.#socket.errored) throw this.#socket.errored;
      if (this.#socket.readableEnded) return null;
      if (this.#socket.destroyed) throw new Error('closed');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
  async write(bytes: Uint8Array): Promise<number> {
    const part = bytes.slice(0, 10_000);
    await new Promise<void>((resolve, reject) =>
      this.#socket.write(part, (error) => (error ? reject(error) : resolve())),
    );
    return part.length;
  }
  async closeWrite(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.end(resolve));
  }
  close(): void {
    if (this.isClosed) throw new Error('closed twice');
    this.isClosed = true;
    this.#socket.destroy();
  }
}

/** A message as a string that is quickly compared. */
const comparable = (message: unknown) =>
  typeof message === 'string'
    ? message
    : createHash('sha256')
        .update(message as Uint8Array)
        .digest('hex');

it('a socket that reads into a buffer is given one that grows as it is filled, is closed once, and not used while locked', async () => {
  const sockets: SocketOfNode[] = [];
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    sockets.push(new SocketOfNode(socket));
    const { readable, writable } = await acceptWebSocket(sockets.at(-1)!).opened;
    readable.pipeTo(writable).catch(() => {});
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    perMessageDeflate: false,
  });
  await once(client, 'open');
  for (const length of [10, 100, 1000]) {
    client.send(randomBytes(length, 1));
    await once(client, 'message');
  }
  expect(sockets[0]!.buffers.size).toBe(1);
  const long = randomBytes(3_000_000, 2);
  client.send(long);
  expect(comparable((await once(client, 'message'))[0])).toBe(comparable(long));
  expect([...sockets[0]!.buffers].map(({ byteLength }) => byteLength)).toEqual([4096, 8192, 16_384, 32_768, 65_536]);
  client.close();
  await once(client, 'close');
  await expect.poll(() => sockets[0]!.isClosed, { timeout: 30_000 }).toBe(true);

  const { readable, writable } = new TransformStream<Uint8Array>();
  const methods = { read: async () => null, write: async () => 0, closeWrite: async () => {}, close: () => {} };
  readable.getReader();
  expect(() => acceptWebSocket({ ...methods, readable, writable })).toThrow(TypeError);
});

describe.each([
  ['streams', streamsOf],
  ['a socket that reads into a buffer', (socket: Socket) => new SocketOfNode(socket)],
] as const)('a WebSocket over %s', (_, transportOf) => {
  it('as a server: ws sends, is echoed, closes', async () => {
    const closed: unknown[] = [];
    const server = createServer({ allowHalfOpen: true }, async (socket) => {
      const webSocket = acceptWebSocket(transportOf(socket), { protocols: ['echo'] });
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
    const client = connectWebSocket(transportOf(socket), { url: `ws://127.0.0.1:${port}/` });
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
    const client = connectWebSocket(transportOf(socket), { url: `ws://127.0.0.1:${port}/` });
    await expect(client.opened).rejects.toThrow();
    await expect(client.closed).rejects.toThrow();
  });
});
