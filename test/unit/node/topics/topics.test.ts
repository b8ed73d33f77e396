// subscribe and publish of a server and its WebSockets, beside what programs put on these themselves.

import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createWebSocketStream, WebSocket, WebSocketServer } from '../../../../src/node/index.js';
import { listen, open, record } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';

const api = { WebSocket, WebSocketServer, createWebSocketStream };

/** A server, and clients with what each has received. */
async function openMany(count: number, options: Parameters<typeof listen>[1] = {}, clientOptions = {}) {
  const { server, url } = await listen(api, options);
  const served: WebSocket[] = [];
  const clients: WebSocket[] = [];
  const received: unknown[][][] = [];
  for (let i = 0; i < count; i++) {
    const connection = next<[WebSocket]>(server, 'connection');
    const client = await open(api, url, [], clientOptions);
    received.push(record(client, ['message']));
    clients.push(client);
    served.push((await connection)[0]);
  }
  const texts = () => received.map((messages) => messages.map(([, data]) => String(data)));
  return { server, url, served, clients, received, texts };
}

/** Does something once a turn until it throws this. @returns how often */
async function countUntilThrown(work: () => void, text: string): Promise<number> {
  for (let count = 1; ; count++) {
    try {
      work();
    } catch (error) {
      expect((error as Error).message).toBe(text);
      return count;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('publish', () => {
  test('of a server goes to all subscribers, of a WebSocket to all but itself', async () => {
    const { server, served, texts } = await openMany(3);
    const [a, b] = served as [WebSocket, WebSocket, WebSocket];
    expect([a.subscribe('room'), a.subscribe('room'), b.subscribe('room')]).toEqual([true, true, true]);
    expect([server.subscriberCount('room'), server.subscriberCount('none')]).toEqual([2, 0]);
    expect(server.publish('room', 'grün')).toBe(5);
    expect([a.publish('room', 'from a'), served[2]!.publish('room', 'from c')]).toEqual([6, 6]);
    expect([server.publish('none', 'x'), served[2]!.publish('none', 'x')]).toEqual([0, 0]);
    await expect.poll(texts).toEqual([['grün', 'from c'], ['grün', 'from a', 'from c'], []]);
    expect([a.isSubscribed('room'), a.subscriptions]).toEqual([true, ['room']]);
    expect([a.unsubscribe('room'), a.unsubscribe('room'), a.isSubscribed('room'), a.subscriptions]).toEqual([
      true,
      false,
      false,
      [],
    ]);
    expect(a.publish('room', '')).toBe(0);
    b.unsubscribe('room');
    expect(a.publish('room', 'to nobody')).toBe(0);
  });

  test('takes what send takes, but no Blob, and options as an object', async () => {
    const { server, served, received } = await openMany(1);
    served[0]!.subscribe('room');
    server.publish('room', 7);
    server.publish('room', Buffer.from('bytes'));
    server.publish('room', new Uint16Array([1]).buffer);
    server.publish('room', Buffer.from('text'), { binary: false });
    server.publish('room', 'binary', { binary: true, compress: false });
    await expect.poll(() => received[0]!.length).toBe(5);
    expect(received[0]).toEqual([
      ['message', Buffer.from('7'), false],
      ['message', Buffer.from('bytes'), true],
      ['message', Buffer.from([1, 0]), true],
      ['message', Buffer.from('text'), false],
      ['message', Buffer.from('binary'), true],
    ]);
    expect(() => server.publish('room', new Blob(['x']))).toThrow(TypeError);
    expect(() => Reflect.apply(server.publish, server, ['room', 'x', true])).toThrow(/an object such as/);
    expect(() => Reflect.apply(server.publish, server, [1, 'x'])).toThrow(TypeError);
    expect(() => Reflect.apply(served[0]!.subscribe, served[0], [])).toThrow(TypeError);
  });

  test('leaves with all else of the turn, in order: the first at once, the rest in one write', async () => {
    const { server, served, texts } = await openMany(2);
    for (const socket of served) socket.subscribe('room');
    let writes = 0;
    const socket = served[0]!._socket as Socket;
    const handle = (socket as Socket & { _handle: { writeBuffer(...args: unknown[]): unknown } })._handle;
    for (const name of ['writeBuffer', 'writev', 'writeLatin1String', 'writeUtf8String'] as const) {
      const write = Reflect.get(handle, name) as (...args: unknown[]) => unknown;
      Reflect.set(handle, name, (...args: unknown[]) => {
        writes++;
        return Reflect.apply(write, handle, args);
      });
    }
    for (let i = 0; i < 5; i++) {
      served[0]!.send(`sent ${i}`);
      server.publish('room', `published ${i}`);
    }
    await expect
      .poll(texts)
      .toEqual([
        Array.from({ length: 5 }, (_, i) => [`sent ${i}`, `published ${i}`]).flat(),
        Array.from({ length: 5 }, (_, i) => `published ${i}`),
      ]);
    expect(writes).toBe(2);
  });
});

describe('a connection that ends', () => {
  test.each([
    ['by the peer', (_: WebSocket, client: WebSocket) => client.close()],
    ['by us', (served: WebSocket) => served.close()],
    ['cut by the peer', (_: WebSocket, client: WebSocket) => client.terminate()],
    ['cut by us', (served: WebSocket) => served.terminate()],
  ])('%s leaves all topics before its close listeners run', async (_, end) => {
    const { server, served, clients, texts } = await openMany(2);
    const [socket, other] = served as [WebSocket, WebSocket];
    for (const topic of ['a', 'b', 'c']) socket.subscribe(topic);
    other.subscribe('a');
    // Programs remove listeners; nothing of ours hangs on them.
    socket.removeAllListeners('close');
    const closed = new Promise<unknown>((resolve) => {
      socket.on('close', () => {
        const publishes = [socket.publish('a', 'from a closed one'), server.publish('a', 'gone')];
        resolve([socket.subscriptions, socket.subscribe('d'), server.subscriberCount('b'), publishes]);
      });
    });
    end(socket, clients[0]!);
    expect(await closed).toEqual([[], false, 0, [0, 4]]);
    await expect.poll(() => texts()[1]).toEqual(['gone']);
    expect(server.subscriberCount('a')).toBe(1);
  });
});

test('a slow subscriber loses messages by its own limits, the others get all at once', async () => {
  const { server, served, clients, received } = await openMany(2, {
    maxBackpressure: 1_000_000,
    backpressurePolicy: 'drop',
  });
  for (const socket of served) socket.subscribe('room');
  const [slow] = clients as [WebSocket];
  slow.pause();
  const dropped = record(served[0]!, ['dropped']);
  served[0]!.on('dropped', () => served[0]!.unsubscribe('unrelated'));
  for (let i = 0; i < 100; i++) {
    server.publish('room', Buffer.alloc(100_000, i), { binary: i % 2 === 0 });
    await expect.poll(() => received[1]!.length, { interval: 2 }).toBe(i + 1);
  }
  expect(dropped.length).toBeGreaterThan(10);
  expect(new Set(dropped.map(([, data, isBinary]) => `${(data as Buffer)[0]! % 2} ${isBinary}`))).toEqual(
    new Set(['0 true', '1 false']),
  );
  slow.resume();
  await expect.poll(() => received[0]!.length).toBe(100 - dropped.length);
});

test('a listener that throws, publishes and leaves takes nothing from the others', async () => {
  const { server, served, clients, received } = await openMany(3, {
    maxBackpressure: 200_000,
    backpressurePolicy: 'drop',
  });
  const [slow] = served as [WebSocket];
  for (const socket of served) socket.subscribe('room');
  clients[0]!.pause();
  slow.once('dropped', () => {
    slow.unsubscribe('room');
    server.publish('room', 'in a listener');
    throw new Error('from a listener');
  });
  const count = await countUntilThrown(() => server.publish('room', Buffer.alloc(100_000)), 'from a listener');
  await expect.poll(() => received.slice(1).map(({ length }) => length)).toEqual([count + 1, count + 1]);
  expect(received[1]!.at(-1)).toEqual(['message', Buffer.from('in a listener'), false]);
  expect(server.subscriberCount('room')).toBe(2);
});

test('a listener that throws keeps nothing from other processes', async () => {
  const { server, served, clients } = await openMany(1, { maxBackpressure: 1000, backpressurePolicy: 'drop' });
  let relayed = 0;
  await server.useRelay({ publish: () => relayed++, subscribe() {} });
  clients[0]!.pause();
  served[0]!.subscribe('room');
  served[0]!.on('dropped', () => {
    throw new Error('from a listener');
  });
  const count = await countUntilThrown(() => server.publish('room', Buffer.alloc(100_000)), 'from a listener');
  expect(relayed).toBe(count);
});

describe('what programs have under these names', () => {
  test('can be assigned, and is nothing that we call', async () => {
    const { server, url } = await listen(api);
    const connection = next<[WebSocket]>(server, 'connection');
    const client = await open(api, url);
    const [socket] = await connection;
    const messages = record(client, ['message']);
    socket.subscribe('room');
    const own = new Map();
    const wrong = () => {
      throw new Error('called');
    };
    const names = ['subscribe', 'unsubscribe', 'isSubscribed', 'publish'];
    for (const name of names) Reflect.set(socket, name, wrong);
    for (const name of ['subscriberCount', 'setPrimer']) Reflect.set(server, name, wrong);
    expect(Reflect.set(socket, 'subscriptions', own)).toBe(true);
    expect(Reflect.get(socket, 'subscriptions')).toBe(own);
    expect(server.publish('room', 'x')).toBe(1);
    await expect.poll(() => messages.length).toBe(1);
    client.close();
    await next(socket, 'close');
    expect(server.publish('room', 'x')).toBe(0);
  });

  test('can be fields and methods of classes', async () => {
    class Member extends WebSocket {
      override subscriptions: string[] = ['mine'];
      override subscribe = (): boolean => false;
      override publish(): number {
        return -1;
      }
    }
    class Hall extends WebSocketServer<typeof Member> {
      override publish(): number {
        return -2;
      }
    }
    const server = new Hall({ port: 0, WebSocket: Member });
    await next(server, 'listening');
    const connection = next<[Member]>(server, 'connection');
    const client = await open(api, `ws://localhost:${(server.address() as { port: number }).port}`);
    const [socket] = await connection;
    expect([socket.subscriptions, socket.subscribe(), socket.publish(), server.publish()]).toEqual([
      ['mine'],
      false,
      -1,
      -2,
    ]);
    expect(WebSocket.prototype.subscribe.call(socket, 'room')).toBe(true);
    client.terminate();
    await next(socket, 'close');
    expect(server.subscriberCount('room')).toBe(0);
    server.close();
  });
});

test('a client has no topics', async () => {
  const { clients } = await openMany(1);
  const [client] = clients as [WebSocket];
  expect(client.subscriptions).toEqual([]);
  for (const call of [
    () => client.subscribe('x'),
    () => client.unsubscribe('x'),
    () => client.isSubscribed('x'),
    () => client.publish('x', 'y'),
  ]) {
    expect(call).toThrow('topics are for the WebSockets of a server');
  }
});

test('topics are those of one server', async () => {
  const [one, other] = [await openMany(1), await openMany(1)];
  one.served[0]!.subscribe('room');
  other.served[0]!.subscribe('room');
  one.server.publish('room', 'one');
  other.server.publish('room', 'other');
  await expect.poll(() => [one.texts(), other.texts()]).toEqual([[['one']], [['other']]]);
});

test('a primer comes first', async () => {
  const { server, served, texts } = await openMany(2);
  served[0]!.subscribe('room');
  server.setPrimer('room', 'primer');
  served[1]!.subscribe('room');
  server.publish('room', '1');
  await expect.poll(texts).toEqual([['1'], ['primer', '1']]);
  server.setPrimer('room', undefined);
  expect(() => server.setPrimer('room', new Blob([]))).toThrow(TypeError);
});
