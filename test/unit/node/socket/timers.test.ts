// src/node/socket/timers.ts and heartbeat.ts: no connection ends for silence while what the peer has sent lies unread.

import { Duplex } from 'node:stream';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Heartbeat } from '../../../../src/node/socket/heartbeat.js';
import { Peer, wire } from '../../../support/frames/wire.js';
import { startForRawClients } from '../../../support/servers/raw-connections.js';
import { next } from '../../../support/servers/servers.js';
import { openPair } from '../flow/open-pair.js';
import { LateBlob } from './writes/late-blob.js';

const peer = new Peer('server');
const later = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

describe('a heartbeat', () => {
  test('waits while the program has paused the connection, and cuts a silent peer afterwards', async () => {
    const open = await startForRawClients({ heartbeat: { interval: 40 } });
    const { client, webSocket } = await open();
    webSocket.pause();
    client.send(wire(peer.pong('')));
    await later(300);
    expect(client.socket.destroyed).toBe(false);
    expect(webSocket.readyState).toBe(1);
    const pong = next(webSocket, 'pong');
    webSocket.resume();
    await pong;
    await next(webSocket, 'close');
  });

  /** A heartbeat with a clock of its own. @returns whether it has cut the connection after so many milliseconds more */
  function startHeartbeat() {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const outgoing = { isPingHeld: false };
    const alive = { sendPing() {}, socket: new Duplex(), isHeldBack: false, outgoing, endFor: vi.fn() };
    const heartbeat = new Heartbeat({ interval: 100 }, alive);
    const isCutAfter = async (time: number) => {
      vi.advanceTimersByTime(time);
      await new Promise((resolve) => setImmediate(resolve));
      return alive.endFor.mock.calls.length > 0;
    };
    return { heartbeat, alive, isCutAfter };
  }

  test('waits once more where reading went on just before its verdict', async () => {
    const { heartbeat, alive, isCutAfter } = startHeartbeat();
    alive.isHeldBack = true;
    expect(await isCutAfter(199)).toBe(false);
    alive.isHeldBack = false;
    heartbeat.readOn();
    expect(await isCutAfter(1)).toBe(false);
    expect(await isCutAfter(99)).toBe(false);
    expect(await isCutAfter(1)).toBe(true);
  });

  test('gives the peer the whole timeout once a ping has left that the program held back, and no longer', async () => {
    const { alive, isCutAfter } = startHeartbeat();
    const isCutWithin = async (time: number) => {
      for (let i = 0; i < time; i += 10) if (await isCutAfter(10)) return true;
      return false;
    };
    alive.outgoing.isPingHeld = true;
    expect(await isCutWithin(340)).toBe(false);
    alive.outgoing.isPingHeld = false;
    expect(await isCutWithin(100)).toBe(false);
    // It was out, so this holds back only another one.
    alive.outgoing.isPingHeld = true;
    expect(await isCutWithin(100)).toBe(true);
  });

  test('does not cut a peer that answers, while the program has corked the connection or a Blob is being read', async () => {
    const { client, served } = await openPair({ heartbeat: { interval: 40 } });
    const pings: unknown[] = [];
    client.on('ping', () => pings.push(0));
    served.cork();
    await later(250);
    served.uncork();
    const blob = new LateBlob();
    served.send(blob as never);
    const message = next(client, 'message');
    pings.length = 0;
    await later(250);
    blob.settle(new ArrayBuffer(4));
    await message;
    await expect.poll(() => pings.length).toBeGreaterThan(2);
    expect(served.readyState).toBe(served.OPEN);
  });

  test('cuts a dead peer although the program pauses again and again', async () => {
    const { heartbeat, isCutAfter } = startHeartbeat();
    let time = 0;
    while (time < 1000 && !(await isCutAfter(10))) {
      heartbeat.readOn();
      time += 10;
    }
    expect(time).toBeLessThan(400);
  });
});

test('idleTimeout starts again when the program resumes the connection', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const open = await startForRawClients({ idleTimeout: 400 });
  const { webSocket } = await open();
  vi.advanceTimersByTime(350);
  // Between two checks.
  webSocket.pause();
  webSocket.resume();
  vi.advanceTimersByTime(350);
  expect(webSocket.readyState).toBe(1);
  vi.advanceTimersByTime(100);
  expect(webSocket.readyState).toBe(2);
});

test('idleTimeout does not start again for pings that wait for a turn of their own', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const open = await startForRawClients({ idleTimeout: 400, allowSynchronousEvents: false });
  const { client, webSocket } = await open();
  for (let i = 0; i < 5; i++) {
    let pings = 0;
    const bothHandled = new Promise((resolve) => webSocket.on('ping', () => ++pings === 2 && resolve(undefined)));
    client.send(Buffer.concat([wire(peer.ping('1')), wire(peer.ping('2'))]));
    await bothHandled;
    await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(100);
  }
  expect(webSocket.readyState).toBe(2);
});
