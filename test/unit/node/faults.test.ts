// Peers that do not behave: each ends with the right event and the right close code, and memory goes back to where it was.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { FrameEncoder } from '../../../src/index.js';
import { WebSocket } from '../../../src/node/index.js';
import { type Api, listen, open, record, WAYS_TO_READ } from '../../support/peers/implementations.js';
import { RawClient, requestHead } from '../../support/peers/raw-client.js';
import { next } from '../../support/servers/servers.js';

const frames = new FrameEncoder({ role: 'client' });
const MIB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Bytes that live, in MiB, once all that can be collected has been. */
async function memory(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / MIB;
}

async function openRawWith(api: Api, options: Parameters<typeof listen>[1] = {}) {
  const { server, port, url } = await listen(api, options);
  const connection = next<[WebSocket]>(server, 'connection');
  const client = new RawClient(port);
  client.send(requestHead(port));
  await client.takeHead();
  const [webSocket] = await connection;
  expect(webSocket.readsDirectly).toBe(api === WAYS_TO_READ[0]![1]);
  const events = record(webSocket, ['message', 'error', 'close']);
  return { server, client, webSocket, events, url };
}

const GONE = ['close', 1006, Buffer.alloc(0)];

describe.each(WAYS_TO_READ)('read %s', (_name, api) => {
  const openRaw = (options?: Parameters<typeof listen>[1]) => openRawWith(api, options);

  describe('a peer that stalls', () => {
    test('in mid-header: nothing is claimed for what the header says, and the heartbeat finds it out', async () => {
      const { client, events } = await openRaw({ heartbeat: { interval: 50 } });
      // 16 MiB, says the header of which half is there; and then, whole, that of a message of 90 MiB.
      client.send(Uint8Array.of(0x82, 0xff, 0, 0));
      await expect.poll(() => events).toEqual([GONE]);
      const second = await openRaw({ heartbeat: { interval: 100 } });
      const before = await memory();
      second.client.send(Uint8Array.of(0x82, 0xff, 0, 0, 0, 0, 5, 0xa0, 0, 0, 1, 2, 3, 4, 0));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect((await memory()) - before).toBeLessThan(2);
      await expect.poll(() => second.events).toEqual([GONE]);
    });

    test('in mid-handshake: nobody is kept from connecting, and close ends', async () => {
      const server = new api.WebSocketServer({ port: 0, host: '127.0.0.1' });
      await next(server, 'listening');
      const { port } = server.address() as import('node:net').AddressInfo;
      const stalled = new RawClient(port);
      stalled.send(requestHead(port).slice(0, 40));
      const client = await open(api, `ws://127.0.0.1:${port}`);
      client.close();
      await next(client, 'close');
      stalled.socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    });

    test('and does not read the Close: the timeout ends it, with what was queued', async () => {
      const { client, webSocket, events } = await openRaw({ closeTimeout: 100 });
      client.socket.pause();
      webSocket.send(Buffer.alloc(20 * MIB));
      webSocket.close(1000);
      await expect.poll(() => events).toEqual([GONE]);
    });

    test('half-open: it ends its side without a Close and does not read', async () => {
      const { client, webSocket, events } = await openRaw({ closeTimeout: 100 });
      client.socket.pause();
      webSocket.send(Buffer.alloc(20 * MIB));
      client.socket.end();
      await expect.poll(() => events).toEqual([GONE]);
    });
  });

  test('a peer that stops reading while 100 MB are queued for it: they are freed when it goes', async () => {
    const { client, webSocket, events, url } = await openRaw();
    const before = await memory();
    client.socket.pause();
    let failed = 0;
    for (let i = 0; i < 100; i++) {
      webSocket.send(Buffer.alloc(1_000_000, i), (error) => {
        if (error) failed++;
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(webSocket.bufferedAmount).toBeGreaterThan(80_000_000);
    // Others are served all the while.
    const other = await open(api, url);
    const pong = next(other, 'pong');
    other.ping();
    await pong;
    client.socket.resetAndDestroy();
    await expect.poll(() => events).toEqual([GONE]);
    await expect.poll(() => failed).toBeGreaterThan(80);
    expect(webSocket.bufferedAmount).toBe(0);
    expect((await memory()) - before).toBeLessThan(10);
  });

  describe('a peer that resets', () => {
    test.each<[string, (client: RawClient, webSocket: WebSocket) => Promise<void>, unknown[]]>([
      ['at rest', async () => {}, [GONE]],
      ['in mid-message', async (client) => client.send(frames.encodeText('x'.repeat(1000)).subarray(0, 500)), [GONE]],
      ['between fragments', async (client) => client.send(frames.encode(1, 'x', { fin: false })), [GONE]],
      [
        'in mid-close: we have sent a Close',
        async (client, webSocket) => {
          webSocket.close(1000);
          await client.take(4);
        },
        [GONE],
      ],
      [
        'in mid-close: it has',
        async (client) => {
          client.send(frames.encodeClose(1000, 'bye'));
          await client.take(7);
        },
        [['close', 1000, Buffer.from('bye')]],
      ],
    ])('%s', async (_what, before, expected) => {
      const { server, client, webSocket, events } = await openRaw();
      await before(client, webSocket);
      client.socket.resetAndDestroy();
      await expect.poll(() => events).toEqual(expected);
      expect([webSocket.readyState, server.clients.size]).toEqual([WebSocket.CLOSED, 0]);
    });

    test('in mid-handshake, at every byte of the request', async () => {
      const { server, port, url } = await listen(api);
      const request = requestHead(port);
      for (let cut = 1; cut <= request.length; cut += 7) {
        const client = new RawClient(port);
        await new Promise((resolve) => client.socket.once('connect', resolve));
        client.send(request.slice(0, cut));
        client.socket.resetAndDestroy();
      }
      const client = await open(api, url);
      await expect.poll(() => server.clients.size).toBe(1);
      expect(client.readyState).toBe(WebSocket.OPEN);
    });
  });

  test('10,000 connections opened and dropped leave nothing behind', async () => {
    const { server, port } = await listen(api);
    let closes = 0;
    server.on('connection', (webSocket) => {
      webSocket.on('message', (data) => webSocket.send(data));
      webSocket.on('close', () => closes++);
    });
    const head = Buffer.from(requestHead(port));
    const message = frames.encodeText('hello');
    const batch = async (count: number) => {
      const clients = Array.from({ length: count }, () => new RawClient(port));
      for (const client of clients) client.send(Buffer.concat([head, message]));
      await Promise.all(clients.map((client) => client.takeHead()));
      for (const [i, client] of clients.entries()) {
        if (i % 3 === 0) client.socket.resetAndDestroy();
        else if (i % 3 === 1) client.socket.destroy();
        else client.send(frames.encodeClose(1000));
      }
      await Promise.all(clients.map((client) => client.closed));
    };
    await batch(500);
    await expect.poll(() => closes).toBe(500);
    const before = await memory();
    for (let done = 500; done < 10_000; done += 500) await batch(500);
    await expect.poll(() => closes).toBe(10_000);
    expect(server.clients.size).toBe(0);
    expect((await memory()) - before).toBeLessThan(5);
    // Long work, on a busy machine.
  }, 600_000);

  test('the request in one packet with the first frames, and byte by byte', async () => {
    const { server, port } = await listen(api);
    const messages: string[] = [];
    server.on('connection', (webSocket) => webSocket.on('message', (data) => messages.push(String(data))));
    const all = Buffer.concat([
      Buffer.from(requestHead(port)),
      frames.encodeText('one'),
      frames.encodeText('two'),
      frames.encodeClose(1000),
    ]);
    const whole = new RawClient(port);
    whole.send(all);
    await whole.closed;
    const slow = new RawClient(port);
    for (const byte of all) {
      slow.send(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await slow.closed;
    expect(messages).toEqual(['one', 'two', 'one', 'two']);
  });
});
