// What all connections of a server hold together, and listeners that throw at every message: neither grows without an end.

import type { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { HeldBudget, type Holder } from '../../../../src/node/server/held-budget.js';
import { Peer, stream, wire } from '../../../support/frames/wire.js';
import { RawClient, requestHead } from '../../../support/peers/raw-client.js';

const peer = new Peer('server');
const KIB = 1024;

async function start(options: Partial<WebSocketServerOptions> = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  await new Promise((resolve) => server.on('listening', resolve));
  const { port } = server.address() as { port: number };
  const clients: RawClient[] = [];
  onTestFinished(() => {
    for (const { socket } of clients) socket.destroy();
    server.close();
  });
  return {
    server,
    async open() {
      const connected = new Promise<WebSocket>((resolve) =>
        server.once('connection', (webSocket) => resolve(webSocket)),
      );
      const client = new RawClient(port);
      clients.push(client);
      client.send(requestHead(port));
      await client.takeHead();
      return { client, webSocket: await connected };
    },
  };
}

/** The first `sent` bytes of a frame that claims this length, by default one byte more. */
function partOfMessage(sent: number, claimed = sent + 1): Uint8Array {
  return wire(peer.binary(new Uint8Array(sent), { claimed: BigInt(claimed) }));
}

test('of many half-sent messages the longest has to go: 1013, an error, a cut; the others go on', async () => {
  const { open } = await start({ maxHeldLength: 400 * KIB });
  const lengths = [100, 150, 90];
  const all = [];
  for (const length of lengths) {
    const { client, webSocket } = await open();
    const error = new Promise<Error>((resolve) => webSocket.on('error', resolve));
    client.send(partOfMessage(length * KIB));
    all.push({ client, webSocket, error });
  }
  const [first, most, third] = all;
  const late = await open();
  const closed = new Promise<number>((resolve) => most!.webSocket.on('close', resolve));
  late.client.send(partOfMessage(100 * KIB));
  expect(await most!.error).toMatchObject({ code: 'WSIMD_TOO_MUCH_HELD', closeCode: 1013 });
  expect(await closed).toBe(1006);
  await most!.client.closed;
  expect([...most!.client.received]).toEqual([0x88, 2, 1013 >> 8, 1013 & 255]);

  for (const { webSocket } of [first!, third!, late]) expect(webSocket.readyState).toBe(1);
});

test('memory is charged as it is allocated: a short part of a long message counts as the buffer that was made for it', async () => {
  const { open } = await start({ maxHeldLength: 400 * KIB });
  const { client, webSocket } = await open();
  const error = new Promise<Error>((resolve) => webSocket.on('error', resolve));
  client.send(partOfMessage(40 * KIB, 700 * KIB));
  expect(await error).toMatchObject({ code: 'WSIMD_TOO_MUCH_HELD' });
});

test('deliveries that wait for their turn are charged until they are made', async () => {
  const { open } = await start({ maxHeldLength: 100 * KIB, allowSynchronousEvents: false });
  const { client, webSocket } = await open();
  const message = stream(peer.binary(new Uint8Array(20 * KIB)));
  let messages = 0;
  webSocket.on('message', () => messages++);
  for (let i = 1; i <= 4; i++) {
    client.send(stream(...Array.from({ length: 3 }, () => peer.binary(new Uint8Array(20 * KIB)))));
    await expect.poll(() => messages).toBe(3 * i);
  }
  const error = new Promise<Error>((resolve) => webSocket.on('error', resolve));
  // In one chunk, as a socket that has been paused gets it.
  (webSocket._socket as Socket).push(Buffer.concat(Array.from({ length: 8 }, () => message)));
  expect(await error).toMatchObject({ code: 'WSIMD_TOO_MUCH_HELD' });
  await client.closed;
  expect(messages).toBe(13);
});

test('what is whole, or gone, is charged no more', async () => {
  const { open } = await start({ maxHeldLength: 100 * KIB });
  for (let i = 0; i < 10; i++) {
    const { client, webSocket } = await open();
    const message = new Promise((resolve) => webSocket.on('message', resolve));
    const bytes = stream(peer.binary(new Uint8Array(60 * KIB)));
    client.send(bytes.subarray(0, 50 * KIB));
    await new Promise(setImmediate);
    client.send(bytes.subarray(50 * KIB));
    await message;
    const closed = new Promise((resolve) => webSocket.on('close', resolve));
    client.send(bytes.subarray(0, 50 * KIB));
    await new Promise(setImmediate);
    client.socket.destroy();
    await closed;
  }
});

test('the charges', () => {
  const gone: string[] = [];
  const holder = (name: string): Holder => ({ evict: (limit) => gone.push(`${name} ${limit}`) });
  const [a, b, c] = [holder('a'), holder('b'), holder('c')];
  const budget = new HeldBudget(3000);
  budget.charge(a, 100);
  budget.charge(b, 1000);
  budget.charge(a, 400);
  expect([budget.total, gone]).toEqual([400 + 1000 + 2 * 512, []]);
  budget.charge(c, 100);
  expect([budget.total, gone]).toEqual([500 + 2 * 512, ['b 3000']]);
  budget.charge(a, 0);
  budget.charge(b, 0);
  expect(budget.total).toBe(612);
  // Alone too much.
  budget.charge(a, 10_000);
  expect([budget.total, gone]).toEqual([612, ['b 3000', 'a 3000']]);
});

test('0 is no limit, and a client has none', async () => {
  const { open } = await start({ maxHeldLength: 0 });
  const { client, webSocket } = await open();
  client.send(partOfMessage(500 * KIB));
  client.send(stream());
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(webSocket.readyState).toBe(1);
});

test('a listener that throws at every message: no more is read than it has been told of', async () => {
  const { open } = await start();
  const before = process.listeners('uncaughtException');
  let thrown = 0;
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', () => thrown++);
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  });
  const { client, webSocket } = await open();
  let messages = 0;
  webSocket.on('message', () => {
    messages++;
    throw new Error('from a listener');
  });
  // 40 MB, more than the system holds of a connection.
  const flood = stream(...Array.from({ length: 2000 }, () => peer.text('m')));
  for (let length = 0; length < 40_000_000; length += flood.length) client.send(flood);
  await expect.poll(() => thrown, { timeout: 30_000 }).toBeGreaterThan(1000);
  expect(messages - thrown).toBeLessThanOrEqual(1);
  expect(client.socket.writableLength).toBeGreaterThan(10_000_000);
  webSocket.removeAllListeners('message');
  const closed = new Promise((resolve) => webSocket.on('close', resolve));
  webSocket.terminate();
  await closed;
});
