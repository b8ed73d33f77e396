// createWebSocketStream: the same with `ws` and with ours, in every pairing.

import { createHash, randomBytes } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { openPair, PAIRS, record } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';

describe.each(PAIRS)('%s', (_name, pair) => {
  const streamOf = pair.client.createWebSocketStream;

  test('echo through pipes: every byte comes back, however slowly the peer reads', async () => {
    const { client, served } = await openPair(pair);
    const far = pair.server.createWebSocketStream(served);
    far.pipe(far);
    const near = streamOf(client);
    const sent = randomBytes(5_000_000);
    const hash = createHash('sha256');
    let length = 0;
    const all = new Promise<void>((resolve) => {
      near.on('data', (chunk: Buffer) => {
        hash.update(chunk);
        length += chunk.length;
        if (length === sent.length) resolve();
      });
    });
    Readable.from(Array.from({ length: 50 }, (_, i) => sent.subarray(i * 100_000, (i + 1) * 100_000))).pipe(near, {
      end: false,
    });
    await all;
    expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
    near.end();
    await next(near, 'close');
    await expect.poll(() => [client.readyState, served.readyState]).toEqual([3, 3]);
  });

  test('what is written before the connection is open leaves when it is', async () => {
    const { server, url } = await openPair(pair);
    const connection = next<[import('../../../../src/node/index.js').WebSocket]>(server, 'connection');
    const near = streamOf(new pair.client.WebSocket(url), { encoding: 'utf8' });
    near.write('early');
    const [served] = await connection;
    expect(String((await next(served, 'message'))[0])).toBe('early');
    near.end();
    await next(near, 'finish');
    near.resume();
    await next(near, 'end');
  });

  test('options: encoding, readableObjectMode', async () => {
    const { client, served } = await openPair(pair);
    const near = streamOf(client, { readableObjectMode: true });
    const data: unknown[] = [];
    near.on('data', (chunk) => data.push(chunk));
    served.send('text');
    served.send(Buffer.from('bytes'));
    await expect.poll(() => data).toEqual(['text', Buffer.from('bytes')]);
    expect([near.readableObjectMode, near.writableObjectMode]).toEqual([true, false]);
    near.destroy();
    await next(near, 'close');
  });

  test('the peer’s Close is the end', async () => {
    const { client, served } = await openPair(pair);
    const near = streamOf(client);
    const events = record(near, ['end', 'close', 'error']);
    near.resume();
    served.send('last');
    served.close(1000);
    await next(near, 'end');
    near.end();
    await expect.poll(() => events.map(([name]) => name)).toEqual(['end', 'close']);
  });

  test('destroy cuts the connection', async () => {
    const { client, served } = await openPair(pair);
    const near = streamOf(client);
    const events = record(near, ['end', 'close', 'error']);
    const closed = next(served, 'close');
    near.destroy(new Error('enough'));
    expect((await closed)[0]).toBe(1006);
    await expect.poll(() => events.map(([name]) => name)).toEqual(['error', 'close']);
    expect(events[0]?.[1]).toMatchObject({ message: 'enough' });
  });

  test('destroy cuts a connection that is closing', async () => {
    const { client, served } = await openPair(pair, {}, { closeTimeout: 600_000 });
    served.pause();
    const near = streamOf(client);
    near.end();
    await expect.poll(() => client.readyState).toBe(client.CLOSING);
    near.destroy();
    await next(near, 'close');
    expect(client.readyState).toBe(client.CLOSED);
    served.terminate();
  });

  test('an error of the WebSocket is one of the stream', async () => {
    const near = streamOf(new pair.client.WebSocket('ws://127.0.0.1:1'));
    const events = record(near, ['close', 'error']);
    await next(near, 'close');
    expect(events).toEqual([['error', expect.objectContaining({ code: 'ECONNREFUSED' })], ['close']]);
  });

  test('a rule that the peer breaks: the stream errs, and the Close frame still says which', async () => {
    const { client, served } = await openPair(pair);
    const near = streamOf(client);
    const closed = next<[number]>(served, 'close');
    const error = next<[{ code: string }]>(near, 'error');
    served._socket?.write(Buffer.from([0x85, 0x00]));
    expect((await error)[0].code).toBe('WS_ERR_INVALID_OPCODE');
    expect((await closed)[0]).toBe(1002);
  });

  test('in a pipeline', async () => {
    const { client, served } = await openPair(pair);
    const collected: Buffer[] = [];
    served.on('message', (data: Buffer) => collected.push(data));
    const near = streamOf(client);
    near.resume();
    await pipeline(Readable.from([Buffer.from('a'), Buffer.from('b')]), new PassThrough(), near);
    expect(Buffer.concat(collected).toString()).toBe('ab');
  });
});
