// src/node/socket/link.ts and socket-events.ts: chunks that wait until a turn's reading is done, and those that go past the
// stream of a socket.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { Peer, stream, wire } from '../../../support/frames/wire.js';
import { openPair, PAIRS } from '../../../support/peers/implementations.js';
import { RawClient, requestHead } from '../../../support/peers/raw-client.js';
import { startForRawClients } from '../../../support/servers/raw-connections.js';
import { next } from '../../../support/servers/servers.js';

const peer = new Peer('server');
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Connections of one server, each with what happens on it; `arrive` does what Node does with what it has read. */
async function start(options: Partial<WebSocketServerOptions> = {}) {
  const openRaw = await startForRawClients({ directReads: false, ...options });
  const events: string[] = [];
  return {
    events,
    open: async (name = '') => {
      const { client, webSocket } = await openRaw();
      const socket = webSocket._socket as Socket;
      webSocket.on('message', (data: Buffer) => events.push(name + String(data).slice(0, 8)));
      webSocket.on('close', (code: number) => events.push(`${name}close ${code}`));
      const arrive = (bytes: Uint8Array | null) => socket.push(bytes === null ? null : Buffer.from(bytes));
      return { client, webSocket, socket, arrive };
    },
  };
}

test('what several sockets have is read before any of it is handed on', async () => {
  const { events, open } = await start();
  const [a, b] = [await open('a'), await open('b')];
  a.arrive(stream(peer.text('1'), peer.text('2')));
  b.arrive(wire(peer.text('1')));
  expect(events).toEqual([]);
  await turn();
  expect(events).toEqual(['a1', 'a2', 'b1']);
});

test('a long chunk is handed on at once, and so is what comes of a message under way', async () => {
  const { events, open } = await start();
  const { arrive } = await open();
  arrive(wire(peer.text('l'.repeat(32 * 1024))));
  expect(events).toEqual(['llllllll']);
  const bytes = wire(peer.text('m'.repeat(100)));
  arrive(bytes.subarray(0, 50));
  await turn();
  arrive(bytes.subarray(50));
  expect(events).toEqual(['llllllll', 'mmmmmmmm']);
});

test('of a second chunk in a turn only that one waits, long or short', async () => {
  const { events, open } = await start();
  const { arrive } = await open();
  arrive(wire(peer.text('1')));
  arrive(wire(peer.text('2'.repeat(40_000))));
  expect(events).toEqual(['1']);
  arrive(wire(peer.text('3')));
  expect(events).toEqual(['1', '22222222']);
  await turn();
  expect(events).toEqual(['1', '22222222', '3']);
});

test('a pause holds what waits, and what comes behind it stays behind it', async () => {
  const { events, open } = await start();
  const { arrive, webSocket } = await open();
  arrive(wire(peer.text('1')));
  webSocket.pause();
  arrive(wire(peer.text('2')));
  await turn();
  expect(events).toEqual([]);
  webSocket.resume();
  await expect.poll(() => events).toEqual(['1', '2']);
});

test('a pause that is over in the same turn holds nothing', async () => {
  const { events, open } = await start();
  const { arrive, webSocket } = await open();
  arrive(wire(peer.text('1')));
  webSocket.pause();
  webSocket.resume();
  arrive(wire(peer.text('2')));
  await turn();
  await turn();
  expect(events).toEqual(['1', '2']);
});

test('a pause of the socket itself holds what waits too', async () => {
  const { events, open } = await start();
  const { arrive, socket } = await open();
  arrive(wire(peer.text('1')));
  socket.pause();
  await turn();
  expect(events).toEqual([]);
  socket.resume();
  await expect.poll(() => events).toEqual(['1']);
});

/** What a connection with a pause at the first message does with a second and the end of the stream, all in one turn. */
test.each([
  ['by the listener of the first', true],
  ['by somebody else', false],
])('a pause holds the end of the stream back with what waits: %s', async (_name, isInListener) => {
  const { events, open } = await start();
  const { arrive, webSocket, client } = await open();
  webSocket.on('message', (data: Buffer) => {
    events.push(`state ${webSocket.readyState}`);
    webSocket.send(String(data));
    if (isInListener && String(data) === '1') webSocket.pause();
  });
  arrive(wire(peer.text('1')));
  if (isInListener) arrive(wire(peer.text('2')));
  else webSocket.pause();
  arrive(null);
  for (let i = 0; i < 5; i++) await turn();
  expect(events).toEqual(isInListener ? ['1', 'state 1'] : []);
  webSocket.resume();
  const all = isInListener ? ['1', '2'] : ['1'];
  await expect.poll(() => events).toEqual([...all.flatMap((text) => [text, 'state 1']), 'close 1006']);
  const answers = all.flatMap((text) => [0x81, 1, text.charCodeAt(0)]);
  expect([...(await client.take(answers.length))]).toEqual(answers);
});

test.each([
  ['a listener that throws', {}, true],
  ['a listener that pauses', {}, false],
  ['one delivery a turn', { allowSynchronousEvents: false }, undefined],
])(
  'a Close in a chunk that waits is answered, the end of the stream behind it: %s',
  async (_name, options, doesThrow) => {
    const { events, open } = await start(options);
    const { arrive, webSocket, client } = await open();
    webSocket.on('message', () => {
      if (doesThrow === true) throw new Error('from a listener');
      if (doesThrow !== false) return;
      webSocket.pause();
      setTimeout(() => webSocket.resume(), 20);
    });
    arrive(wire(peer.text('1')));
    const second = () => arrive(wire(peer.close(1001)));
    if (doesThrow === true) expect(second).toThrow('from a listener');
    else second();
    arrive(null);
    await expect.poll(() => events).toEqual(['1', 'close 1001']);
    expect([...(await client.take(4))]).toEqual([0x88, 2, 1001 >> 8, 1001 & 255]);
  },
);

test('what arrived behind the message whose listener cuts the connection is not delivered', async () => {
  const { events, open } = await start();
  const { arrive, webSocket } = await open();
  webSocket.on('message', () => webSocket.terminate());
  arrive(wire(peer.text('1')));
  arrive(wire(peer.text('2')));
  await expect.poll(() => events).toEqual(['1', 'close 1006']);
  await turn();
  expect(events).toHaveLength(2);
});

test('the end of a stream behind a chunk that waits: its message, then the end', async () => {
  const { events, open } = await start();
  const { arrive, webSocket } = await open();
  const states: number[] = [];
  webSocket.on('message', () => states.push(webSocket.readyState));
  arrive(wire(peer.text('last')));
  arrive(null);
  await expect.poll(() => events).toEqual(['last', 'close 1006']);
  expect(states).toEqual([webSocket.OPEN]);
});

test('a Close that waits, and the end of the stream behind it: a clean end', async () => {
  const { events, open } = await start();
  const { arrive } = await open();
  arrive(stream(peer.text('last'), peer.close(1001)));
  arrive(null);
  await expect.poll(() => events).toEqual(['last', 'close 1001']);
});

test('a connection that is cut while a chunk waits delivers it, paused or not, before it closes', async () => {
  const { events, open } = await start();
  const [a, b] = [await open('a'), await open('b')];
  a.arrive(wire(peer.text('last')));
  a.webSocket.terminate();
  await expect.poll(() => events).toEqual(['alast', 'aclose 1006']);
  b.arrive(wire(peer.text('last')));
  b.webSocket.pause();
  b.arrive(wire(peer.text('more')));
  await turn();
  b.socket.destroy();
  await expect.poll(() => events.slice(2)).toEqual(['blast', 'bmore', 'bclose 1006']);
});

test('a listener that throws at a chunk that waited: what is behind it comes, in order', async () => {
  const { events, open } = await start();
  const { arrive, webSocket } = await open();
  webSocket.on('message', (data: Buffer) => {
    if (String(data) === '1') throw new Error('from a listener');
  });
  arrive(stream(peer.text('1'), peer.text('2')));
  expect(() => arrive(wire(peer.text('3')))).toThrow('from a listener');
  expect(events).toEqual(['1']);
  await expect.poll(() => events).toEqual(['1', '2', '3']);
  arrive(wire(peer.text('4')));
  await expect.poll(() => events).toEqual(['1', '2', '3', '4']);
});

test('with one delivery a turn, in order all the same', async () => {
  const { events, open } = await start({ allowSynchronousEvents: false });
  const { arrive } = await open();
  arrive(stream(peer.text('1'), peer.text('2'), peer.text('3')));
  arrive(stream(peer.text('4'), peer.text('5')));
  expect(events).toEqual(['1']);
  await turn();
  arrive(wire(peer.text('6')));
  await expect.poll(() => events).toEqual(['1', '2', '3', '4', '5', '6']);
});

test('a message is handed on in the context of its own socket', async () => {
  const storage = new AsyncLocalStorage<string>();
  const { open } = await start();
  const [a, b] = [await open(), await open()];
  const seen: string[] = [];
  for (const { webSocket } of [a, b]) {
    webSocket.on('message', (data: Buffer) => seen.push(`${String(data)} in ${storage.getStore()}`));
  }
  storage.run('A', () => void a.arrive(wire(peer.text('a'))));
  storage.run('B', () => void b.arrive(wire(peer.text('b'))));
  await turn();
  expect(seen).toEqual(['a in A', 'b in B']);
});

test('messages come while a test has stopped the clock', async () => {
  const { events, open } = await start();
  const { client, webSocket } = await open();
  const message = next(webSocket, 'message');
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'setImmediate'] });
  onTestFinished(() => void vi.useRealTimers());
  client.send(wire(peer.text('1')));
  await message;
  expect(events).toEqual(['1']);
});

test('whoever else listens to the socket hears what comes', async () => {
  const { events, open } = await start();
  const { arrive, socket, client } = await open();
  expect(Object.hasOwn(socket, 'push')).toBe(true);
  const heard: Buffer[] = [];
  const listener = (chunk: Buffer) => heard.push(chunk);
  const bytes = wire(peer.text('1'));
  socket.on('data', listener);
  // As it lies there before it is decoded.
  arrive(bytes);
  expect(heard.map((chunk) => [...chunk])).toEqual([[...bytes]]);
  await expect.poll(() => events).toEqual(['1']);
  socket.off('data', listener);
  client.send(wire(peer.text('2')));
  await expect.poll(() => events).toEqual(['1', '2']);
  expect(heard).toHaveLength(1);
});

test('whoever takes the socket away from us has it', async () => {
  const { events, open } = await start();
  const { arrive, socket } = await open();
  const heard: Buffer[] = [];
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => heard.push(chunk));
  arrive(wire(peer.text('1')));
  await turn();
  expect(heard).toHaveLength(1);
  expect(events).toEqual([]);
});

test('a socket with a push of its own keeps it', async () => {
  const pushed: unknown[] = [];
  const server = new WebSocketServer({ noServer: true });
  const { createServer } = await import('node:http');
  const http = createServer();
  http.on('upgrade', (request, socket, head) => {
    socket.push = function push(this: Readable, chunk: unknown) {
      pushed.push(chunk);
      return Readable.prototype.push.call(this, chunk);
    };
    server.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('message', (data) => webSocket.send(data, { binary: false }));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void http.close());
  const { port } = http.address() as { port: number };
  const client = new RawClient(port);
  onTestFinished(() => void client.socket.destroy());
  client.send(requestHead(port));
  await client.takeHead();
  client.send(wire(peer.text('hi')));
  expect([...(await client.take(4))]).toEqual([0x81, 2, ...Buffer.from('hi')]);
  expect(pushed).toHaveLength(1);
});

test.each(PAIRS)('pauses at any place under load lose and swap nothing: %s', async (_name, pair) => {
  const { client, served } = await openPair(pair);
  const COUNT = 2000;
  const messages: number[] = [];
  served.on('message', (data: Buffer) => {
    messages.push(Number(String(data).split(' ', 1)[0]));
    if (messages.length % 37 === 0) {
      served.pause();
      setTimeout(() => served.resume(), messages.length % 2);
    }
  });
  for (let i = 0; i < COUNT; i++) {
    client.send(`${i} ${'x'.repeat(i % 50 === 0 ? 50_000 : i % 300)}`);
    if (i % 25 === 0) await turn();
  }
  await expect.poll(() => messages.length).toBe(COUNT);
  expect(messages).toEqual(Array.from({ length: COUNT }, (_, i) => i));
});
