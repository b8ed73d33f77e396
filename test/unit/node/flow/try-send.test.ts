// src/node/flow/: `trySend` says what happened to a message, and `drained` waits until all has left.

import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { PreparedMessage, WebSocket } from '../../../../src/node/index.js';
import { next, startServer } from '../../../support/servers/servers.js';
import { fill, openPair } from './open-pair.js';

const MESSAGE = Buffer.alloc(100_000, 1);
const LIMIT = 500_000;

describe('trySend', () => {
  it('says "sent" for a message that the system takes, and it arrives', async () => {
    const { client, served } = await openPair();
    const message = next(client, 'message');
    expect(served.trySend('hello')).toEqual({ status: 'sent', bufferedAmount: 0 });
    expect(String((await message)[0])).toBe('hello');
    const binary = next(client, 'message');
    served.trySend('as bytes', { binary: true });
    expect((await binary)[1]).toBe(true);
  });

  it('says "queued" and how much is pending while the peer does not read, and the message arrives later', async () => {
    const { client, served } = await openPair();
    client.pause();
    const count = fill(served, MESSAGE);
    const before = served.bufferedAmount;
    const result = served.trySend('behind');
    expect(result).toEqual({ status: 'queued', bufferedAmount: before + 8 });
    expect(served.bufferedAmount).toBe(result.bufferedAmount);
    const lengths: number[] = [];
    client.on('message', (data) => lengths.push((data as Buffer).length));
    client.resume();
    await served.drained();
    await expect.poll(() => lengths.length).toBe(count + 1);
    expect(lengths.at(-1)).toBe(6);
    expect(served.trySend('x').status).toBe('sent');
  });

  it('says "queued" while corked', async () => {
    const { served } = await openPair();
    served.cork();
    expect(served.trySend('hello')).toEqual({ status: 'queued', bufferedAmount: 7 });
    served.uncork();
    expect(served.bufferedAmount).toBe(0);
  });

  it('says "dropped" beyond maxBackpressure, by the same limit and with the same event as send', async () => {
    const { client, served } = await openPair({ maxBackpressure: LIMIT, backpressurePolicy: 'drop' });
    client.pause();
    fill(served, MESSAGE);
    while (served.bufferedAmount <= LIMIT) served.send(MESSAGE);
    const dropped: unknown[] = [];
    served.on('dropped', (data, isBinary) => dropped.push(data, isBinary));
    const { bufferedAmount } = served;
    expect(served.trySend('x')).toEqual({ status: 'dropped', bufferedAmount });
    expect(dropped).toEqual(['x', false]);
    expect(served.readyState).toBe(WebSocket.OPEN);
  });

  it('says "dropped" when it cuts the connection, and once that is closed', async () => {
    const { client, served } = await openPair({ maxBackpressure: LIMIT });
    client.pause();
    fill(served, MESSAGE);
    while (served.bufferedAmount <= LIMIT) served.send(MESSAGE);
    const errors: unknown[] = [];
    served.on('error', (error) => errors.push(error));
    const closed = next(served, 'close');
    expect(served.trySend('x').status).toBe('dropped');
    expect(errors).toMatchObject([{ code: 'WSIMD_BACKPRESSURE' }]);
    await closed;
    expect(served.trySend('x').status).toBe('dropped');
  });

  it('throws as send does: while connecting, and for what cannot be sent', async () => {
    const { url, stop } = await startServer();
    const client = new WebSocket(url);
    expect(() => client.trySend('x')).toThrow('WebSocket is not open: readyState 0 (CONNECTING)');
    await next(client, 'open');
    expect(() => client.trySend(Symbol('x') as never)).toThrow(TypeError);
    client.terminate();
    await stop();
  });

  it('goes through a `send` that a program has put in place of ours', async () => {
    const { served } = await openPair();
    const seen: unknown[] = [];
    served.send = (data: unknown) => void seen.push(data);
    expect(served.trySend('x').status).toBe('sent');
    expect(seen).toEqual(['x']);
  });
});

describe('drained', () => {
  it('resolves at once where nothing is pending', async () => {
    const { served } = await openPair();
    served.send('x');
    await expect(served.drained()).resolves.toBeUndefined();
  });

  it.each([
    ['gathered for the end of the turn', (served: WebSocket) => served.send('x')],
    ['prepared', (served: WebSocket) => served.sendPrepared(new PreparedMessage('x'))],
  ])('resolves only when the system has what is %s', async (_what, send) => {
    const pairs = await Promise.all(Array.from({ length: 5 }, () => openPair()));
    const before = pairs.map(({ served }) => (served._socket as Socket).bytesWritten);
    for (const { served } of pairs) for (let i = 0; i < 3; i++) send(served);
    await Promise.all(pairs.map(({ served }) => served.drained()));
    const written = pairs.map(({ served }, i) => (served._socket as Socket).bytesWritten - before[i]!);
    expect(written).toEqual([9, 9, 9, 9, 9]);
  });

  it('goes on waiting if a listener for `drain` sends more', async () => {
    const { client, served } = await openPair();
    const socket = served._socket as Socket;
    client.pause();
    fill(served, MESSAGE);
    served.once('drain', () => ['1', '2', '3'].map((text) => served.send(text)));
    const wait = served.drained();
    client.resume();
    await wait;
    const written = socket.bytesWritten;
    await new Promise(setImmediate);
    expect(socket.bytesWritten).toBe(written);
  });

  it('resolves when the peer has read, for all who wait, without a listener for each', async () => {
    const { client, served } = await openPair();
    client.pause();
    fill(served, MESSAGE);
    const done: number[] = [];
    const waits = Array.from({ length: 20 }, (_, i) => served.drained().then(() => done.push(i)));
    expect(served.listenerCount('drain')).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(done).toEqual([]);
    client.resume();
    await Promise.all(waits);
    expect(done).toHaveLength(20);
    expect(served.bufferedAmount).toBe(0);
    expect([served.listenerCount('drain'), served.listenerCount('close')]).toEqual([0, 1]);
  });

  it('rejects if the connection ends before, and when it has ended', async () => {
    const { client, served } = await openPair();
    client.pause();
    fill(served, MESSAGE);
    const wait = served.drained();
    client.terminate();
    await expect(wait).rejects.toMatchObject({ code: 'WSIMD_NOT_OPEN' });
    await expect(served.drained()).rejects.toMatchObject({ code: 'WSIMD_NOT_OPEN' });
  });

  it('ends with its signal, and only that wait does', async () => {
    const { client, served } = await openPair();
    client.pause();
    fill(served, MESSAGE);
    const controller = new AbortController();
    const [aborted, other] = [served.drained({ signal: controller.signal }), served.drained()];
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await expect(served.drained({ signal: controller.signal })).rejects.toThrow('enough');
    client.resume();
    await expect(other).resolves.toBeUndefined();
  });
});
