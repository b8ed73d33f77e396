// What can be sent, how, and what comes of it: the same with `ws` and with ours, in every pairing.

import { describe, expect, test } from 'vitest';
import type { WebSocket } from '../../../../src/node/index.js';
import { isOurs, openPair, PAIRS, record } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';

const bytes = Uint8Array.of(1, 2, 3, 4);

describe.each(PAIRS)('%s', (_name, pair) => {
  test.each<[string, unknown, Buffer, boolean]>([
    ['a string', 'grün', Buffer.from('grün'), false],
    ['an empty string', '', Buffer.alloc(0), false],
    ['a number', 42, Buffer.from('42'), false],
    ['a Buffer', Buffer.from('ab'), Buffer.from('ab'), true],
    ['an empty Buffer', Buffer.alloc(0), Buffer.alloc(0), true],
    ['a Uint8Array', bytes, Buffer.from(bytes), true],
    ['a part of a buffer', bytes.subarray(1, 3), Buffer.from([2, 3]), true],
    ['a Uint16Array', Uint16Array.of(0x0201, 0x0403), Buffer.from(bytes), true],
    ['a DataView', new DataView(bytes.buffer, 1, 2), Buffer.from([2, 3]), true],
    ['an ArrayBuffer', bytes.buffer, Buffer.from(bytes), true],
    ['an array of numbers', [1, 2, 3, 4], Buffer.from(bytes), true],
    ['an object with valueOf', { valueOf: () => 'ab' }, Buffer.from('ab'), true],
    ['a Blob', new Blob(['bl', 'ob']), Buffer.from('blob'), true],
    ['undefined', undefined, Buffer.alloc(0), true],
    ['null', null, Buffer.alloc(0), true],
  ])('send: %s', async (_what, data, expected, isBinary) => {
    const { served, client } = await openPair(pair);
    for (const [from, to] of [
      [client, served],
      [served, client],
    ] as const) {
      const message = next<[Buffer, boolean]>(to, 'message');
      const sent = new Promise((resolve) => from.send(data as string, resolve));
      expect(await message).toEqual([expected, isBinary]);
      expect((await sent) ?? undefined).toBeUndefined();
    }
  });

  test('send: a SharedArrayBuffer', async () => {
    const { served, client } = await openPair(pair);
    const message = next<[Buffer, boolean]>(served, 'message');
    client.send(new SharedArrayBuffer(3));
    expect(await message).toEqual([Buffer.alloc(3), true]);
  });

  test('send: what cannot be sent is a TypeError', async () => {
    const { client } = await openPair(pair);
    expect(() => client.send({} as string)).toThrow(TypeError);
    expect(() => client.send(true as never)).toThrow(TypeError);
  });

  test('send: binary, fin, compress, mask and a callback', async () => {
    const { served, client } = await openPair(pair);
    const messages = record(served, ['message']);
    const done: number[] = [];
    client.send('text as binary', { binary: true }, () => done.push(1));
    client.send(Buffer.from('bytes as text'), { binary: false }, () => done.push(2));
    client.send('one ', { fin: false });
    client.send('two ', { fin: false });
    client.ping();
    client.send('three', { fin: true }, () => done.push(3));
    client.send(Buffer.from([1]), { fin: false });
    client.send(Buffer.from([2]), { fin: true });
    client.send('not compressed', { compress: false, mask: true });
    await expect.poll(() => messages.length).toBe(5);
    expect(messages).toEqual([
      ['message', Buffer.from('text as binary'), true],
      ['message', Buffer.from('bytes as text'), false],
      ['message', Buffer.from('one two three'), false],
      ['message', Buffer.from([1, 2]), true],
      ['message', Buffer.from('not compressed'), false],
    ]);
    expect(done).toEqual([1, 2, 3]);
  });

  test('send: messages of every length, both ways', async () => {
    const { served, client } = await openPair(pair);
    served.on('message', (data, isBinary) => served.send(data, { binary: isBinary }));
    for (const size of [0, 1, 125, 126, 65535, 65536, 300_000]) {
      for (const data of [Buffer.alloc(size, 'bytes'), 'é'.repeat(size / 2)]) {
        const echoed = next<[Buffer, boolean]>(client, 'message');
        client.send(data);
        const [got, isBinary] = await echoed;
        expect([got.equals(Buffer.from(data as string)), isBinary]).toEqual([true, typeof data !== 'string']);
      }
    }
  });

  test('send: Blobs keep their place', async () => {
    const { served, client } = await openPair(pair);
    const messages = record(served, ['message', 'ping', 'close']);
    client.send(new Blob(['a']));
    client.send('b');
    client.ping('c');
    client.send(new Blob(['d']));
    expect(client.bufferedAmount).toBeGreaterThan(0);
    client.send('e');
    client.close(1000, 'f');
    await expect.poll(() => messages.length).toBe(6);
    expect(messages.map(([name, data]) => `${name} ${String(data)}`)).toEqual([
      'message a',
      'message b',
      'ping c',
      'message d',
      'message e',
      'close 1000',
    ]);
  });

  test('ping and pong: data of every kind, mask, callback; too long', async () => {
    const { served, client } = await openPair(pair, { autoPong: false }, { autoPong: false });
    const events = record(served, ['ping', 'pong']);
    const done: number[] = [];
    client.ping();
    client.ping('text', true, () => done.push(1));
    client.ping(Buffer.from('bytes'), () => done.push(2));
    client.ping(() => done.push(3));
    client.pong(7);
    client.pong('p', undefined, () => done.push(4));
    await expect.poll(() => events.length).toBe(6);
    expect(events.map(([name, data]) => `${name} ${String(data)}`)).toEqual([
      'ping ',
      'ping text',
      'ping bytes',
      'ping ',
      'pong 7',
      'pong p',
    ]);
    expect(events.every(([, data]) => Buffer.isBuffer(data))).toBe(true);
    expect(done).toEqual([1, 2, 3, 4]);
    expect(() => client.ping('x'.repeat(126))).toThrow(RangeError);
    expect(() => client.pong(Buffer.alloc(126))).toThrow(RangeError);
  });

  test('while connecting, nothing can be sent', async () => {
    const { url } = await openPair(pair);
    const client = new pair.client.WebSocket(url);
    expect(client.readyState).toBe(client.CONNECTING);
    for (const call of [() => client.send('x'), () => client.ping(), () => client.pong()]) {
      expect(call).toThrow(/readyState 0 \(CONNECTING\)/);
    }
    client.pause();
    client.resume();
    expect(client.isPaused).toBe(false);
    await next(client, 'open');
    client.terminate();
  });

  test('behind a close nothing is sent, and who asks is told', async () => {
    const { client, served } = await openPair(pair);
    const messages = record(served, ['message']);
    client.close();
    expect(client.readyState).toBe(client.CLOSING);
    const error = await new Promise<Error>((resolve) => client.send('late', (error) => resolve(error as Error)));
    expect(error.message).toMatch(/readyState 2 \(CLOSING\)/);
    await next(client, 'close');
    for (const method of ['ping', 'pong', 'send'] as const) {
      const failed = await new Promise<unknown>((resolve) => client[method]('late', resolve));
      expect(failed).toBeInstanceOf(Error);
    }
    const before = client.bufferedAmount;
    client.send('four');
    expect(client.bufferedAmount).toBe(before + 4);
    client.send('fünf');
    expect(client.bufferedAmount).toBe(before + 9);
    expect(messages).toEqual([]);
  });

  test('bufferedAmount: what the system has not taken', async () => {
    const { client, served } = await openPair(pair);
    client.pause();
    served.send(Buffer.alloc(30_000_000), () => {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(served.bufferedAmount).toBeGreaterThan(10_000_000);
    const message = next<[Buffer]>(client, 'message');
    client.resume();
    expect((await message)[0].length).toBe(30_000_000);
    await expect.poll(() => served.bufferedAmount).toBe(0);
  });

  test('pause and resume', async () => {
    const { client, served } = await openPair(pair);
    const messages = record(client, ['message']);
    client.pause();
    expect(client.isPaused).toBe(true);
    served.send('later');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(messages).toEqual([]);
    client.resume();
    expect(client.isPaused).toBe(false);
    await expect.poll(() => messages.length).toBe(1);
  });

  test('generateMask makes the key of each frame of a client', async () => {
    let calls = 0;
    const generateMask = (key: Buffer) => {
      calls++;
      key.fill(calls);
    };
    const { client, served } = await openPair(pair, { directReads: false }, { generateMask, perMessageDeflate: false });
    const wire: Buffer[] = [];
    served._socket?.prependListener('data', (chunk: Buffer) => wire.push(Buffer.from(chunk)));
    const messages = record(served, ['message']);
    client.send('ab');
    client.send('cd');
    await expect.poll(() => messages.map(([, data]) => String(data))).toEqual(['ab', 'cd']);
    expect(calls).toBe(2);
    const expected = [0x81, 0x82, 1, 1, 1, 1, 0x60, 0x63, 0x81, 0x82, 2, 2, 2, 2, 0x61, 0x66];
    expect(Buffer.concat(wire)).toEqual(Buffer.from(expected));
  });

  test('a Blob that cannot be read is an error, and both ends see 1006', async () => {
    const { client, served } = await openPair(pair);
    const blob = new Blob(['x']);
    blob.arrayBuffer = () => Promise.reject(new Error('gone'));
    const errors: unknown[] = [];
    const closes: unknown[] = [];
    const messages: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    client.on('close', (code) => closes.push(code));
    served.on('close', (code) => closes.push(code));
    served.on('message', (data) => messages.push(String(data)));
    const calls: unknown[] = [];
    client.send('before');
    client.send(blob, (error) => calls.push(error));
    client.send('behind', (error) => calls.push(error));
    await expect.poll(() => closes).toEqual([1006, 1006]);
    expect(errors).toEqual([expect.any(Error)]);
    expect(calls).toEqual([errors[0], errors[0]]);
    expect(messages).toEqual(['before']);
  });
});

describe.each(PAIRS.filter(([, { client }]) => isOurs(client)))('ours: %s', (_name, pair) => {
  test('several Uint8Arrays are one message', async () => {
    const { client, served } = await openPair(pair);
    const message = next<[Buffer, boolean]>(served, 'message');
    client.send([Buffer.from('a'), Buffer.from('b')]);
    expect(await message).toEqual([Buffer.from('ab'), true]);
  });

  test('a Blob whose socket goes meanwhile is not sent', async () => {
    const { client } = await openPair(pair);
    const errors: unknown[] = [];
    client.send(new Blob(['x']), (error) => errors.push(error));
    client.send('y', (error) => errors.push(error));
    client.terminate();
    await next(client as WebSocket, 'close');
    expect(errors).toEqual([expect.any(Error), expect.any(Error)]);
  });
});
