// src/node/socket/turns.ts with link.ts and outgoing.ts: whatever one connection asks for, others are served in between, and its
// own messages come in order, whatever happens meanwhile. Counted in steps, never in time.

import { expect, onTestFinished, test } from 'vitest';
import { spend } from '../../../../src/messages/turn.js';
import { type WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { awaitTurn } from '../../../../src/node/socket/turns.js';
import { BINARY, concat, Peer, stream, wire } from '../../../support/frames/wire.js';
import { deflateAlone } from '../../../support/kernels/inflating.js';
import { RawClient, requestHead } from '../../../support/peers/raw-client.js';
import { next } from '../../../support/servers/servers.js';

const MIB = 1024 * 1024;
const peer = new Peer('server');
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Each 1 MiB long, and some bytes by which they are told apart; 1 KiB on the wire. */
const LONG = Array.from({ length: 12 }, (_, i) =>
  wire(peer.frame(BINARY, deflateAlone(Buffer.alloc(MIB + i)), { rsv: 4 })),
);
const LENGTHS = LONG.map((_, i) => MIB + i);

async function start(options: Partial<WebSocketServerOptions> = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true, ...options });
  await next(server, 'listening');
  const { port } = server.address() as { port: number };
  onTestFinished(() => void server.close());
  return async (lines: string[] = []) => {
    const connection = next<[WebSocket]>(server, 'connection');
    const client = new RawClient(port);
    onTestFinished(() => void client.socket.destroy());
    client.send(requestHead(port, { lines }));
    await client.takeHead();
    const [webSocket] = await connection;
    return { client, webSocket };
  };
}

const DEFLATE = ['Sec-WebSocket-Extensions: permessage-deflate'];

/** An honest connection: as many echoes, one after the other, as come until `end`. */
async function countEchoes(open: Awaited<ReturnType<typeof start>>, end: Promise<unknown>): Promise<number> {
  const { client, webSocket } = await open();
  webSocket.on('message', (data) => webSocket.send(data));
  let hasEnded = false;
  void end.then(() => {
    hasEnded = true;
  });
  let count = 0;
  for (; !hasEnded; count++) {
    client.send(wire(peer.binary('honest')));
    await client.take(2 + 6);
  }
  return count;
}

test.each<Partial<WebSocketServerOptions>>([{}, { directReads: true }])(
  'messages that inflate to much leave room for others between any two of them: %o',
  async (options) => {
    const open = await start(options);
    const { client, webSocket } = await open(DEFLATE);
    const lengths: number[] = [];
    const all = new Promise<void>((resolve) => {
      webSocket.on('message', (data: Buffer) => {
        lengths.push(data.length);
        if (lengths.length === LONG.length) resolve();
      });
    });
    client.send(concat(...LONG));
    expect(await countEchoes(open, all)).toBeGreaterThan(LONG.length / 2);
    expect(lengths).toEqual(LENGTHS);
  },
);

test('long answers to short requests leave one slice at a time, the Close behind them, with room for others', async () => {
  const open = await start();
  const { client, webSocket } = await open(DEFLATE);
  const answer = Buffer.from(Array.from({ length: MIB }, (_, i) => 97 + ((i * i * 31) % 16)));
  const pending: number[] = [];
  webSocket.on('message', () => {
    webSocket.send(answer);
    pending.push(webSocket.bufferedAmount);
  });
  client.socket.on('data', () => {});
  const closed = next<[number]>(webSocket, 'close');
  client.send(stream(...new Array(5).fill(peer.text('big')), peer.close(1000)));
  const [echoes, [closeCode]] = await Promise.all([countEchoes(open, closed), closed]);
  expect(closeCode).toBe(1000);
  // 16 slices each.
  expect(echoes).toBeGreaterThan(5 * 4);
  // One after the other: what is asked for is never all in memory.
  expect(pending.length).toBe(5);
  expect(Math.max(...pending)).toBeLessThan(2 * MIB);
  expect(client.received.subarray(-4)).toEqual(Buffer.from([0x88, 0x02, 0x03, 0xe8]));
});

test('what is pending waits while the connection is paused, and comes behind that, in order', async () => {
  const open = await start();
  const { client, webSocket } = await open(DEFLATE);
  const lengths: number[] = [];
  webSocket.on('message', (data: Buffer) => {
    lengths.push(data.length);
    if (lengths.length % 4 === 1) webSocket.pause();
  });
  client.send(concat(...LONG));
  for (let stop = 1; stop < LONG.length; stop += 4) {
    while (lengths.length < stop) await turn();
    // What the turn that was under way still had.
    for (let i = 0; i < 20; i++) await turn();
    const { length } = lengths;
    expect(length).toBeLessThan(stop + 3);
    for (let i = 0; i < 20; i++) await turn();
    expect(lengths.length).toBe(length);
    webSocket.resume();
  }
  while (lengths.length < LONG.length) await turn();
  expect(lengths).toEqual(LENGTHS);
});

test.each<[string, Partial<WebSocketServerOptions>]>([
  ['by default', {}],
  ['with direct reads', { directReads: true }],
  ['one event a turn', { allowSynchronousEvents: false }],
])('all that had arrived comes before the end, whatever ends the connection: %s', async (_, options) => {
  const open = await start(options);
  for (const end of ['terminate', 'pause and terminate', 'reset', 'FIN', 'close'] as const) {
    const { client, webSocket } = await open(DEFLATE);
    const events: (number | string)[] = [];
    webSocket.on('error', () => {});
    webSocket.on('close', (code) => events.push(`close ${code}`));
    webSocket.on('message', (data: Buffer) => {
      events.push(data.length);
      if (events.length !== 2) return;
      if (end === 'pause and terminate') webSocket.pause();
      if (end.includes('terminate')) webSocket.terminate();
      if (end === 'close') webSocket.close(3000);
      if (end === 'reset') client.socket.resetAndDestroy();
      if (end === 'FIN') client.socket.end();
    });
    client.send(concat(...LONG, ...(end === 'close' ? [stream(peer.close(3000))] : [])));
    while (webSocket.readyState !== 3) await turn();
    expect(events, end).toEqual([...LENGTHS, end === 'close' ? 'close 3000' : 'close 1006']);
  }
});

test('turns are taken in order, two in a turn of the event loop, and one that throws keeps none', async () => {
  const taken: string[] = [];
  const takers = ['a', 'b', 'c', 'd', 'e'].map((name) => {
    let left = name === 'a' ? 3 : 1;
    const taker = {
      takeTurn: () => {
        taken.push(name);
        spend(1_000_000);
        if (--left > 0) awaitTurn(taker);
        if (name === 'b') throw new Error('of a listener');
      },
    };
    return taker;
  });
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const uncaught: string[] = [];
  process.on('uncaughtException', (error) => void uncaught.push(error.message));
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  for (const taker of takers) awaitTurn(taker);
  const counts: number[] = [];
  while (taken.length < 7) {
    const before = taken.length;
    await turn();
    counts.push(taken.length - before);
  }
  expect(taken.join('')).toBe('abcdeaa');
  expect(Math.max(...counts)).toBe(2);
  expect(uncaught).toEqual(['of a listener']);
});
