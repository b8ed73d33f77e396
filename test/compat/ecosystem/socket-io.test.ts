// socket.io and engine.io with our server as their `wsEngine`, and with our client under theirs: rooms, acknowledgements, binary,
// namespaces, the upgrade from polling, reconnects.

import { Server as EngineServer } from 'engine.io';
import { Socket as EngineClient } from 'engine.io-client';
import { Server } from 'socket.io';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from '../../../src/node/index.js';
import { startHttp } from '../../support/servers/http.js';
import { next } from '../../support/servers/servers.js';

/** Counts what becomes a WebSocket of ours. */
class CountingServer extends WebSocketServer {
  static count = 0;
  override handleUpgrade(...args: Parameters<WebSocketServer['handleUpgrade']>): void {
    CountingServer.count++;
    super.handleUpgrade(...args);
  }
}

async function startSocketIo(): Promise<{ server: Server; port: number }> {
  const { httpServer, port } = await startHttp();
  const server = new Server(httpServer, { wsEngine: CountingServer, pingInterval: 200 });
  onTestFinished(async () => {
    await server.close();
  });
  return { server, port };
}

/** A client of socket.io; `upgrades` come after polling. */
async function connectTo(
  port: number,
  path = '',
  options: Partial<ManagerOptions & SocketOptions> = {},
): Promise<Socket> {
  const client = io(`http://127.0.0.1:${port}${path}`, { transports: ['websocket'], forceNew: true, ...options });
  onTestFinished(() => void client.disconnect());
  await next(client as never, 'connect');
  return client;
}

describe('socket.io on our server', () => {
  test('events, acknowledgements both ways, binary inside objects', async () => {
    const { server, port } = await startSocketIo();
    const before = CountingServer.count;
    server.on('connection', (socket) => {
      socket.on('add', (a: number, b: number, done: (sum: number) => void) => done(a + b));
      socket.on('bytes', (data: { name: string; bytes: Buffer }, done: (answer: unknown) => void) =>
        done({ name: data.name.toUpperCase(), isBuffer: Buffer.isBuffer(data.bytes), reversed: data.bytes.reverse() }),
      );
    });
    const connection = next<[import('socket.io').Socket]>(server as never, 'connection');
    const client = await connectTo(port);
    const [served] = await connection;
    expect(CountingServer.count).toBe(before + 1);
    expect(await client.timeout(5000).emitWithAck('add', 2, 3)).toBe(5);
    const answer = await client.timeout(5000).emitWithAck('bytes', { name: 'grün', bytes: Buffer.from([1, 2, 3]) });
    expect(answer).toEqual({ name: 'GRÜN', isBuffer: true, reversed: Buffer.from([3, 2, 1]) });
    client.on('ask', (question: string, done: (answer: string) => void) => done(`${question}: yes`));
    expect(await served.timeout(5000).emitWithAck('ask', 'there?')).toBe('there?: yes');
    const large = Buffer.alloc(500_000, 'large');
    const echo = await client.timeout(5000).emitWithAck('bytes', { name: '', bytes: large });
    expect(echo.reversed.length).toBe(large.length);
    // Longer than the interval of pings: the connection stays.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(client.connected).toBe(true);
  });

  test('rooms, broadcast but the sender, namespaces', async () => {
    const { server, port } = await startSocketIo();
    server.on('connection', (socket) => {
      socket.on('join', async (room: string, done: () => void) => {
        await socket.join(room);
        done();
      });
      socket.on('say', (room: string, text: string) => void socket.to(room).emit('said', text));
    });
    server.of('/admin').on('connection', (socket) => void socket.emit('welcome', 'admin'));
    const clients = await Promise.all([1, 2, 3].map(() => connectTo(port)));
    const heard: string[][] = clients.map(() => []);
    clients.forEach((client, i) => {
      client.on('said', (text: string) => heard[i]!.push(text));
    });
    await Promise.all(clients.slice(0, 2).map((client) => client.emitWithAck('join', 'red')));
    clients[0]!.emit('say', 'red', 'hello red');
    server.emit('said', 'to all');
    server.to('red').emit('said', Buffer.from('binary to red').toString());
    await expect.poll(() => heard.map((texts) => texts.length)).toEqual([2, 3, 1]);
    expect(heard[1]).toContain('hello red');
    expect(heard[2]).toEqual(['to all']);
    const admin = io(`http://127.0.0.1:${port}/admin`, { transports: ['websocket'], forceNew: true });
    onTestFinished(() => void admin.disconnect());
    expect(await next(admin as never, 'welcome')).toEqual(['admin']);
  });

  test('a broadcast is framed once, and each socket sends the frame as it is', async () => {
    const { server, port } = await startSocketIo();
    const packets: unknown[] = [];
    const sent: unknown[] = [];
    server.of('/chat').on('connection', ({ conn }) => {
      conn.on('packetCreate', ({ options }: { options?: { wsPreEncodedFrame?: unknown } }) => {
        if (options?.wsPreEncodedFrame !== undefined) packets.push(options.wsPreEncodedFrame);
      });
      const socket: unknown = Reflect.get(conn.transport, 'socket');
      if (!(socket instanceof WebSocket)) throw new Error('not a WebSocket of ours');
      const sender = socket._sender!;
      const { sendFrame } = sender;
      sender.sendFrame = (frames, callback) => {
        sent.push(frames);
        sendFrame.call(sender, frames, callback);
      };
    });
    const clients = await Promise.all([1, 2].map(() => connectTo(port, '/chat')));
    const heard = clients.map((client) => next(client as never, 'said'));
    server.of('/chat').compress(false).emit('said', 'to all: grün');
    expect(await Promise.all(heard)).toEqual([['to all: grün'], ['to all: grün']]);
    expect(packets).toHaveLength(2);
    expect(packets[0]).toBeInstanceOf(Array);
    expect(packets[1]).toBe(packets[0]);
    expect(sent).toEqual([packets[0], packets[0]]);
  });

  test('from polling it upgrades to a WebSocket', async () => {
    const { server, port } = await startSocketIo();
    const before = CountingServer.count;
    server.on('connection', (socket) =>
      socket.on('echo', (data: unknown, done: (data: unknown) => void) => done(data)),
    );
    const client = await connectTo(port, '', { transports: ['polling', 'websocket'] });
    await expect.poll(() => client.io.engine.transport.name).toBe('websocket');
    expect(CountingServer.count).toBe(before + 1);
    expect(await client.timeout(5000).emitWithAck('echo', 'over the WebSocket')).toBe('over the WebSocket');
  });

  test('a connection that breaks is made anew, and one that is ended stays so', async () => {
    const { server, port } = await startSocketIo();
    const client = await connectTo(port, '', { reconnectionDelay: 10, reconnectionDelayMax: 20 });
    const first = client.id;
    const reasons: string[] = [];
    server.on('connection', (socket) => void socket.on('disconnect', (reason) => reasons.push(reason)));
    const again = next(client as never, 'connect');
    const gone = next(client as never, 'disconnect');
    for (const socket of server.sockets.sockets.values()) socket.conn.transport.close();
    await gone;
    await again;
    expect(client.id).not.toBe(first);
    await expect.poll(() => server.sockets.sockets.size).toBe(1);
    server.disconnectSockets();
    expect((await next(client as never, 'disconnect'))[0]).toBe('io server disconnect');
    await expect.poll(() => reasons).toEqual(['server namespace disconnect']);
  });
});

describe('engine.io on our server', () => {
  test('text and binary of both kinds, and the close', async () => {
    const { httpServer, port } = await startHttp();
    const engine = new EngineServer({ wsEngine: CountingServer, perMessageDeflate: true });
    engine.attach(httpServer);
    onTestFinished(() => {
      engine.close();
      httpServer.close();
    });
    engine.on('connection', (socket) => {
      socket.on('message', (data: string | Buffer) => socket.send(data));
    });
    const client = new EngineClient(`ws://127.0.0.1:${port}`, { transports: ['websocket'] });
    client.binaryType = 'nodebuffer' as never;
    await next(client as never, 'open');
    for (const data of ['text', Buffer.from([1, 2, 3])]) {
      const message = next<[unknown]>(client as never, 'message');
      client.send(data as string);
      expect((await message)[0]).toEqual(data);
    }
    const closed = next(client as never, 'close');
    client.close();
    await closed;
    await expect.poll(() => engine.clientsCount).toBe(0);
  });
});

test('our own classes are what ran', () => {
  expect(CountingServer.count).toBeGreaterThan(5);
  expect(WebSocket.Server).toBe(WebSocketServer);
});
