// What becomes of the streams of `streamMessages` when their message does not come to its end, or the connection ends first.

import type { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { WebSocketError, type WebSocketServerOptions } from '../../../../src/node/index.js';
import type { ProtocolError } from '../../../../src/protocol/errors.js';
import { Peer, stream as wireBytes } from '../../../support/frames/wire.js';
import { DeflatingPeer } from '../../../support/peers/deflate-peer.js';
import { next } from '../../../support/servers/servers.js';
import { openPair } from './open-pair.js';

const MEBIBYTE = 1024 * 1024;
const LENGTH = 8 * MEBIBYTE;
const peer = new Peer('server');
const later = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

type Started = [stream: Readable, isBinary: boolean];

async function contentOf(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

describe('a stream whose message does not end', () => {
  /** The stream of a message of which half has come. */
  async function half(options: object = {}, serverOptions: object = {}) {
    const pair = await openPair(serverOptions, { streamMessages: 1000, ...options });
    const started = next<Started>(pair.client, 'messageStart');
    pair.served.send(Buffer.alloc(2000, 'x'), { binary: false, fin: false });
    const [stream] = await started;
    return { ...pair, stream };
  }

  it('is destroyed with WSIMD_CONNECTION_LOST when the connection is cut, before close is emitted', async () => {
    const { client, served, stream } = await half();
    const closed = next<[number]>(client, 'close').then(([code]) => [code, stream.destroyed]);
    const reading = contentOf(stream);
    served.terminate();
    await expect(reading).rejects.toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
    expect(await closed).toEqual([1006, true]);
  });

  it('is destroyed when this end is terminated, or the peer sends a Close frame in the middle', async () => {
    const first = await half();
    const reading = contentOf(first.stream);
    first.client.terminate();
    await expect(reading).rejects.toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
    const second = await half();
    const readingSecond = contentOf(second.stream);
    second.served._socket!.write(Buffer.of(0x88, 0x02, 0x03, 0xe8));
    await expect(readingSecond).rejects.toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
  });

  it.each([
    ['invalid UTF-8', Buffer.of(0xff), 'WS_ERR_INVALID_UTF8'],
    ['more than maxPayload', Buffer.alloc(8001), 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
  ])('is destroyed with the error of the connection: %s', async (_name, rest, code) => {
    const { client, served, stream } = await half({ maxPayload: 10_000 });
    const errored = next<[Error]>(client, 'error');
    const reading = contentOf(stream);
    served.send(rest, { binary: false, fin: false });
    const [error] = await errored;
    await expect(reading).rejects.toBe(error);
    expect(error).toBeInstanceOf(WebSocketError);
    expect(error).toMatchObject({ code });
  });

  it('is destroyed with the error where maxPayload ends what a compressed message inflates to', async () => {
    const { client, served } = await openPair(
      { perMessageDeflate: { threshold: 0 } },
      { streamMessages: true, perMessageDeflate: true, maxPayload: 10 * MEBIBYTE },
    );
    const started = next<Started>(client, 'messageStart');
    served.send(Buffer.alloc(11 * MEBIBYTE));
    const [stream] = await started;
    await expect(contentOf(stream)).rejects.toMatchObject({ code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' });
  });

  it('of an unread compressed message is destroyed once the connection is cut, not filled', async () => {
    const { client, served } = await openPair(
      { perMessageDeflate: { threshold: 0 } },
      { streamMessages: true, perMessageDeflate: true, maxPayload: 0 },
    );
    const started = next<Started>(client, 'messageStart');
    served.send(Buffer.alloc(100 * MEBIBYTE));
    const [stream] = await started;
    await later(100);
    const closed = next<[number]>(client, 'close');
    client.terminate();
    await closed;
    expect(stream.destroyed).toBe(true);
    await expect(contentOf(stream)).rejects.toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
  });

  it('throws nothing without a listener for its errors', async () => {
    const { served, stream } = await half();
    const closed = next(stream, 'close');
    served.terminate();
    await closed;
    expect(stream.errored).toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
  });

  it.each([true, false])(
    'still gives all of messages that had ended before the connection did, with allowSynchronousEvents %s',
    async (allowSynchronousEvents) => {
      const { client, served } = await openPair({ streamMessages: 100, allowSynchronousEvents });
      const contents: Promise<Buffer>[] = [];
      served.on('messageStart', (stream) => contents.push(later(5).then(() => contentOf(stream))));
      const lengths = Array.from({ length: 10 }, (_, i) => 1000 + 300 * i);
      client.cork();
      for (let i = 0; i < 100; i++) client.send(Buffer.alloc(50), { fin: false });
      client.send('');
      for (const length of lengths) client.send(Buffer.alloc(length));
      client.close(1000);
      client.uncork();
      const [code] = await next<[number]>(served, 'close');
      const received = (await Promise.all(contents)).map((content) => content.length);
      expect([received, code]).toEqual([[5000, ...lengths], 1000]);
    },
  );

  it('counts against maxHeldLength', async () => {
    const { client, served } = await openPair({ streamMessages: true, maxHeldLength: 100_000 });
    const started = next<Started>(served, 'messageStart');
    const errored = next<[Error]>(served, 'error');
    client.send(Buffer.alloc(5_000_000));
    const [stream] = await started;
    const [error] = await errored;
    expect(error).toMatchObject({ code: 'WSIMD_TOO_MUCH_HELD' });
    await expect(contentOf(stream)).rejects.toMatchObject({ code: 'WSIMD_TOO_MUCH_HELD' });
  });
});

describe('messages behind a compressed one whose stream is not read', () => {
  /** A server's connection, to which a long compressed message and a short one have been sent, and what comes of them. */
  async function unread({ isClosed = false, ...options }: WebSocketServerOptions & { isClosed?: boolean } = {}) {
    const { client, served } = await openPair(
      { streamMessages: true, perMessageDeflate: true, maxPayload: 0, ...options },
      { perMessageDeflate: true },
    );
    const events: string[] = [];
    const started = next<Started>(served, 'messageStart');
    served.on('message', (data) => events.push(String(data)));
    served.on('close', (code) => events.push(`close ${code}`));
    const frames = [
      peer.binary(new DeflatingPeer().deflate(Buffer.alloc(LENGTH, 7)), { rsv: 4 }),
      peer.text('behind'),
      ...(isClosed ? [peer.close(1000)] : []),
    ];
    const end = () => client._socket!.end();
    client._socket!.write(wireBytes(...frames));
    const [unreadStream] = await started;
    unreadStream.on('error', (error: ProtocolError) => events.push(error.code));
    return { served, stream: unreadStream, events, end };
  }

  it.each([
    [1006, false, true],
    [1000, true, true],
    [1006, false, false],
    [1000, true, false],
  ])(
    'come with all of it although the peer ends the connection: %i, with its Close frame %s, allowSynchronousEvents %s',
    async (code, isClosed, allowSynchronousEvents) => {
      const { served, stream, events, end } = await unread({ isClosed, allowSynchronousEvents });
      const { _socket: socket } = served;
      end();
      await expect.poll(() => socket!.destroyed).toBe(true);
      await later(50);
      expect([events, served.stats().held > 0]).toEqual([[], true]);
      expect(await contentOf(stream)).toHaveLength(LENGTH);
      await expect.poll(() => events).toEqual(['behind', `close ${code}`]);
    },
  );

  it.each([
    ['the connection is terminated', {}],
    ['closeTimeout is over', { closeTimeout: 100 }],
  ])('are discarded with the rest of it when the peer has ended the connection and %s', async (name, options) => {
    const { served, stream, events, end } = await unread({ isClosed: true, ...options });
    const { _socket: socket } = served;
    end();
    await expect.poll(() => socket!.destroyed).toBe(true);
    if (name.endsWith('terminated')) served.terminate();
    await expect.poll(() => events).toEqual(['close 1006', 'WSIMD_CONNECTION_LOST']);
    expect(stream.destroyed).toBe(true);
  });

  it('are discarded with the rest of it when the connection is terminated before the peer ends it', async () => {
    const { served, events } = await unread({ isClosed: true });
    served.terminate();
    await expect.poll(() => events).toEqual(['close 1006', 'WSIMD_CONNECTION_LOST']);
  });
});
