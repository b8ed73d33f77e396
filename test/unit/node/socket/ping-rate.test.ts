// maxPingRate: how many pings are answered, at a server and at a client, over sockets; and the bucket that counts them.

import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { PingRate } from '../../../../src/node/socket/ping-rate.js';
import { Peer, stream } from '../../../support/frames/wire.js';
import { KERNEL_NAMES } from '../../../support/oracles/replay.js';
import { startForRawClients } from '../../../support/servers/raw-connections.js';
import { next } from '../../../support/servers/servers.js';

const peer = new Peer('server');
const pings = (count: number) => stream(...Array.from({ length: count }, () => peer.ping('')));
const CLOSE_1008 = [0x88, 2, 1008 >> 8, 1008 & 255];

// For the sockets time stands still: however slow the machine, the bucket does not fill meanwhile.
beforeEach(() => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
  onTestFinished(() => now.mockRestore());
});

async function listen(options: Partial<WebSocketServerOptions> = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  await next(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  return { server, port };
}

/** A server, and a socket at the other end. */
async function openRaw(options: Partial<WebSocketServerOptions>) {
  const open = await startForRawClients(options);
  const { client, webSocket } = await open();
  const seen: string[] = [];
  webSocket.on('ping', () => seen.push('ping'));
  webSocket.on('message', (data) => seen.push(String(data)));
  webSocket.on('error', (error) => seen.push(`error ${Reflect.get(error, 'code')} ${Reflect.get(error, 'closeCode')}`));
  const closed = new Promise<number>((resolve) => webSocket.on('close', resolve));
  return { client, webSocket, seen, closed };
}

describe.each(KERNEL_NAMES)('a server on the %s kernel', (kernel) => {
  test.each([true, false])(
    'tells who pings too often 1008 and cuts it, with an error; what came before is delivered, and nothing behind (synchronous events: %s)',
    async (allowSynchronousEvents) => {
      const { client, seen, closed } = await openRaw({ kernel, maxPingRate: 5, allowSynchronousEvents });
      client.send(stream(peer.text('before'), ...Array.from({ length: 20 }, () => peer.ping('')), peer.text('behind')));
      expect(await closed).toBe(1006);
      await client.closed;
      expect(seen).toEqual(['before', ...Array(5).fill('ping'), 'error WSIMD_TOO_MANY_PINGS 1008']);
      expect([...client.received.subarray(-4)]).toEqual(CLOSE_1008);
    },
  );
});

test('1,000 at once are answered unless told otherwise, and 1,001 are not', async () => {
  const { client, seen, closed } = await openRaw({});
  client.send(pings(1000));
  expect([...(await client.take(2000))]).toEqual(Array.from({ length: 1000 }, () => [0x8a, 0]).flat());
  expect(seen).toHaveLength(1000);
  client.send(pings(1));
  expect(await closed).toBe(1006);
  expect(seen).toHaveLength(1001);
  expect(seen.at(-1)).toBe('error WSIMD_TOO_MANY_PINGS 1008');
});

test('without a limit, or with pongs that the program sends, they are not counted', async () => {
  const unlimited = await openRaw({ maxPingRate: 0 });
  unlimited.client.send(pings(5000));
  await unlimited.client.take(10_000);
  const own = await openRaw({ autoPong: false, maxPingRate: 1 });
  own.webSocket.on('ping', (payload: Buffer) => own.webSocket.pong(payload));
  own.client.send(pings(5000));
  await own.client.take(10_000);
  expect([unlimited.seen.length, own.seen.length]).toEqual([5000, 5000]);
});

test('a client counts too', async () => {
  const { server, port } = await listen();
  const connection = next<[WebSocket]>(server, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${port}`, [], { maxPingRate: 10 });
  const error = next<[Error]>(client, 'error');
  const closed = next<[number]>(client, 'close');
  const [served] = await connection;
  const told = next<[number]>(served, 'close');
  for (let i = 0; i < 11; i++) served.ping();
  expect((await error)[0]).toMatchObject({ code: 'WSIMD_TOO_MANY_PINGS', closeCode: 1008 });
  expect((await closed)[0]).toBe(1006);
  expect((await told)[0]).toBe(1008);
});

test('an error that nobody listens for ends the connection alone', async () => {
  const { client, webSocket, closed } = await openRaw({ maxPingRate: 1 });
  webSocket.removeAllListeners('error');
  client.send(pings(3));
  expect(await closed).toBe(1006);
});

test('a rate is 0 or at least 1', () => {
  for (const maxPingRate of [-1, 0.5, Number.NaN]) {
    expect(() => new WebSocketServer({ noServer: true, maxPingRate }), String(maxPingRate)).toThrow(RangeError);
  }
});

describe('the bucket', () => {
  const takeAll = (rate: PingRate, now: number) => {
    let count = 0;
    while (rate.take(now)) count++;
    return count;
  };

  test('is full at first, fills evenly, and holds no more than a second has', () => {
    const rate = new PingRate(10, 5000);
    expect(takeAll(rate, 5000)).toBe(10);
    expect(takeAll(rate, 5099)).toBe(0);
    expect(takeAll(rate, 5100)).toBe(1);
    expect(takeAll(rate, 5350)).toBe(2);
    expect(takeAll(rate, 5400)).toBe(1);
    expect(takeAll(rate, 100_000)).toBe(10);
  });

  test('lets who keeps to the rate go on for ever', () => {
    const rate = new PingRate(1000, 0);
    for (let now = 1; now < 20_000; now++) expect(rate.take(now)).toBe(true);
    expect(takeAll(rate, 20_000)).toBe(1000);
  });
});
