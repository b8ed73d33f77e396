// src/node/flow/message-iterator.ts: `for await (const message of socket)`, and the backpressure that a slow loop makes.

import { describe, expect, it } from 'vitest';
import { WebSocket } from '../../../../src/node/index.js';
import { next } from '../../../support/servers/servers.js';
import { openPair } from './open-pair.js';

/** Takes messages until the loop ends. @param taken those so far */
async function takeAll(socket: WebSocket, taken: unknown[] = []): Promise<unknown[]> {
  for await (const message of socket) taken.push(message);
  return taken;
}

describe('for await of a WebSocket', () => {
  it('gives texts as strings and binary messages as binaryType says, and ends with the closing handshake', async () => {
    const { client, served } = await openPair();
    const early: unknown[] = [];
    const taken = takeAll(served, early);
    client.send('text');
    client.send(Buffer.of(1, 2));
    client.send('');
    await expect.poll(() => early.length).toBe(3);
    served.binaryType = 'arraybuffer';
    client.send(Buffer.of(3));
    client.close();
    expect(await taken).toEqual(['text', Buffer.of(1, 2), '', new Uint8Array([3]).buffer]);
  });

  it('works on a client from before it is open', async () => {
    const { client, served } = await openPair();
    const second = new WebSocket(client.url);
    const taken = takeAll(second);
    await next(second, 'open');
    served.send('for the first one');
    second.close();
    expect(await taken).toEqual([]);
  });

  it('stops reading while a loop is slow, so that the sender sees backpressure, and loses nothing', async () => {
    const { client, served } = await openPair();
    const count = 400;
    const message = 'x'.repeat(50_000);
    for (let i = 0; i < count; i++) client.send(`${i} ${message}`);
    const iterator = served[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toMatch(/^0 x/);
    await expect.poll(() => served.isPaused).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(served.isPaused).toBe(true);
    // 20 MB were sent: what the systems' buffers and one read hold has left.
    expect(client.bufferedAmount).toBeGreaterThan(5_000_000);
    for (let i = 1; i < count; i++) expect((await iterator.next()).value).toMatch(new RegExp(`^${i} x`));
    expect(served.isPaused).toBe(false);
    client.close();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('gives what has arrived before the end', async () => {
    const { client, served } = await openPair();
    const iterator = served[Symbol.asyncIterator]();
    for (let i = 0; i < 10; i++) client.send(String(i));
    client.close();
    const taken: unknown[] = [];
    await new Promise((resolve) => setTimeout(resolve, 50));
    for await (const message of iterator) taken.push(message);
    expect(taken).toEqual(Array.from({ length: 10 }, (_, i) => String(i)));
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('throws if the connection is lost, or the peer breaks a rule', async () => {
    const lost = await openPair();
    const taken = takeAll(lost.served);
    lost.client.terminate();
    await expect(taken).rejects.toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
    const broken = await openPair({ maxPayload: 10 });
    const tooLong = takeAll(broken.served);
    broken.client.send('x'.repeat(11));
    await expect(tooLong).rejects.toMatchObject({ code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' });
  });

  it('throws the error of a handshake that failed', async () => {
    const socket = new WebSocket('ws://127.0.0.1:1/');
    await expect(takeAll(socket)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await takeAll(socket)).toEqual([]);
  });

  it('that is left early leaves the connection open, and reading goes on', async () => {
    const { client, served } = await openPair();
    for (let i = 0; i < 10; i++) client.send(String(i));
    for await (const message of served) if (message === '3') break;
    expect(served.isPaused).toBe(false);
    expect(served.listenerCount('message')).toBe(0);
    const message = next(served, 'message');
    client.send('later');
    await expect.poll(async () => String((await message)[0])).toBe('later');
    client.close();
    await next(served, 'close');
  });

  it('does not resume what the program has paused', async () => {
    const { client, served } = await openPair();
    const iterator = served[Symbol.asyncIterator]();
    served.pause();
    client.send('x');
    const taken = iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(served.isPaused).toBe(true);
    served.resume();
    expect((await taken).value).toBe('x');
    await iterator.return!();
  });

  it('gives owned messages where listeners borrow theirs', async () => {
    const { client, served } = await openPair({ messageLifetime: 'listener-checked' });
    const taken = takeAll(served);
    for (let i = 0; i < 5; i++) client.send(Buffer.alloc(100, i));
    client.close();
    expect(await taken).toEqual(Array.from({ length: 5 }, (_, i) => Buffer.alloc(100, i)));
  });
});
