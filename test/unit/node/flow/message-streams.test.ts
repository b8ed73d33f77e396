// The option `streamMessages`: long messages as Readables, read at the program's speed.

import { createHash, randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from '../../../../src/node/index.js';
import { next, startServer } from '../../../support/servers/servers.js';
import { makeCertificate } from '../../../support/servers/tls.js';
import { openPair } from './open-pair.js';

const MEBIBYTE = 1024 * 1024;
const later = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

type Started = [stream: Readable, isBinary: boolean];

async function contentOf(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** What comes, in order: the whole content of streams, too. */
function received(socket: WebSocket): string[] {
  const list: string[] = [];
  const named = (data: Buffer, isBinary: boolean) =>
    `${isBinary ? 'binary' : 'text'} ${data.length < 20 ? data : `of ${data.length}`}`;
  socket.on('message', (data, isBinary) => list.push(named(data as Buffer, isBinary)));
  socket.on('messageStart', async (stream, isBinary) => {
    const index = list.push('') - 1;
    list[index] = `stream: ${named(await contentOf(stream), isBinary)}`;
  });
  return list;
}

/** Writes one frame of this payload to the socket, a part at a time, as the peer reads. */
async function writeFrame(socket: WebSocket, length: number, part: Buffer, sent: (length: number) => void) {
  const { _socket: raw } = socket;
  const header = Buffer.alloc(10);
  header[0] = 0x82;
  header[1] = 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  raw!.write(header);
  for (let position = 0; position < length; position += part.length) {
    if (!raw!.write(part)) await new Promise((resolve) => raw!.once('drain', resolve));
    sent(part.length);
  }
}

function exposeGc(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

async function openSecurePair(streamMessages: boolean) {
  const { server, port, stop } = await startServer(
    { streamMessages, maxPayload: 0 },
    { certificate: makeCertificate(), echo: false },
  );
  onTestFinished(stop);
  const connection = next<[WebSocket]>(server, 'connection');
  const options = { rejectUnauthorized: false, streamMessages, maxPayload: 0 };
  const client = new WebSocket(`wss://127.0.0.1:${port}/`, options);
  onTestFinished(() => client.terminate());
  await next(client, 'open');
  const [served] = await connection;
  return { client, served };
}

describe('a message longer than memory should be', () => {
  it.each([
    ['one frame over TCP', false, false],
    ['fragments over TCP', false, true],
    ['one frame over TLS', true, false],
  ])('of 200 MB arrives as %s without being held', async (_name, isSecure, isFragmented) => {
    const gc = exposeGc();
    const options = { streamMessages: true, maxPayload: 0 };
    const { client, served } = await (isSecure ? openSecurePair(true) : openPair({}, options));
    const part = randomBytes(64 * 1024);
    const length = 200 * 16 * part.length;
    const started = next<Started>(client, 'messageStart');
    const held = () => {
      gc();
      const { arrayBuffers, heapUsed } = process.memoryUsage();
      return arrayBuffers + heapUsed;
    };
    const before = held();
    const source = function* () {
      for (let i = 0; i < length / part.length; i++) yield part;
    };
    const sending = isFragmented ? served.sendStream(source()) : writeFrame(served, length, part, () => {});
    const [stream, isBinary] = await started;
    const hash = createHash('sha256');
    let count = 0;
    let most = 0;
    for await (const chunk of stream) {
      hash.update(chunk);
      const sampled = Math.floor(count / (20 * MEBIBYTE));
      count += chunk.length;
      if (Math.floor(count / (20 * MEBIBYTE)) > sampled) most = Math.max(most, held() - before);
    }
    await sending;
    const expected = createHash('sha256');
    for (const piece of source()) expected.update(piece);
    expect([count, isBinary, hash.digest('hex')]).toEqual([length, true, expected.digest('hex')]);
    expect(most).toBeGreaterThan(0);
    // Memory of the system's writes is given back late.
    expect(most).toBeLessThan(40 * MEBIBYTE);
  });
});

describe.each([
  ['TCP', false],
  ['TLS', true],
])('backpressure over %s', (_name, isSecure) => {
  it('stops the peer while the stream is not read, and lets it go on afterwards', async () => {
    const { client, served } = await (isSecure
      ? openSecurePair(true)
      : openPair({}, { streamMessages: true, maxPayload: 0 }));
    const started = next<Started>(client, 'messageStart');
    const part = Buffer.alloc(64 * 1024, 7);
    const length = 1000 * part.length;
    let written = 0;
    const sending = writeFrame(served, length, part, (count) => {
      written += count;
    });
    const [stream] = await started;
    for (let before = -1; before !== written; ) {
      before = written;
      await later(150);
    }
    // What the buffers of the system hold on loopback, and the streams on both sides.
    expect(written).toBeLessThan(length / 2);
    expect(client.isPaused).toBe(false);
    expect(await contentOf(stream)).toHaveLength(length);
    await sending;
    expect(written).toBe(length);
  });
});

describe('streams of messages', () => {
  it('begin at the length that the option says, however the message comes; others come whole, in order', async () => {
    const { client, served } = await openPair({}, { streamMessages: 1000 });
    const list = received(client);
    served.send('short');
    served.send('x'.repeat(999));
    served.send('x'.repeat(1000));
    served.send(Buffer.alloc(999));
    served.send(Buffer.alloc(1000));
    served.send(Buffer.alloc(0));
    await served.sendStream(['a', 'b', 'c']);
    await served.sendStream([Buffer.alloc(500), Buffer.alloc(499)]);
    await served.sendStream([Buffer.alloc(500), Buffer.alloc(500)]);
    await served.sendStream(['y'.repeat(900), 'é'.repeat(50)]);
    served.send('z'.repeat(300_000));
    served.send('last');
    await expect
      .poll(() => list)
      .toEqual([
        ...['text short', 'text of 999', 'stream: text of 1000', 'binary of 999', 'stream: binary of 1000', 'binary '],
        ...['text abc', 'binary of 999', 'stream: binary of 1000', 'stream: text of 1000'],
        ...['stream: text of 300000', 'text last'],
      ]);
  });

  it('are also at a server, from 64 KiB on with true, and count as messages', async () => {
    const { client, served } = await openPair({ streamMessages: true });
    const list = received(served);
    client.send('x'.repeat(65_535));
    client.send('x'.repeat(65_536));
    client.send(Buffer.alloc(1_000_000));
    await expect.poll(() => list).toEqual(['text of 65535', 'stream: text of 65536', 'stream: binary of 1000000']);
    expect(served.stats().messagesReceived).toBe(3);
  });

  it.each([
    ['owned', true],
    ['listener-checked', true],
    ['owned', false],
  ] as const)(
    'hold what was sent, with messageLifetime %s and allowSynchronousEvents %s',
    async (messageLifetime, allowSynchronousEvents) => {
      const { client, served } = await openPair({}, { streamMessages: 1, messageLifetime, allowSynchronousEvents });
      const messages = Array.from({ length: 40 }, (_, i) => randomBytes(1 + ((i * 7919) % 200_000)));
      const streams: Readable[] = [];
      client.on('messageStart', (stream) => streams.push(stream));
      const contents: Promise<Buffer>[] = [];
      for (const message of messages) {
        served.send(message, { compress: false });
        await expect.poll(() => streams.length).toBeGreaterThan(contents.length);
        await later(1);
        contents.push(contentOf(streams.at(-1)!));
      }
      const got = await Promise.all(contents);
      expect(got.map((content, i) => content.equals(messages[i]!))).toEqual(messages.map(() => true));
    },
  );

  it('decode texts with textAs string, also where a fragment ends within a character', async () => {
    const { client, served } = await openPair({}, { streamMessages: 10, textAs: 'string' });
    const text = 'a🙂é'.repeat(20);
    const started: Started[] = [];
    client.on('messageStart', (...args) => started.push(args));
    const short = next(client, 'message');
    for (const byte of Buffer.from(text)) served.send(Buffer.of(byte), { binary: false, fin: false });
    served.send('', { binary: false, fin: true });
    served.send('sh🙂rt', { fin: false });
    served.send('!');
    expect((await short)[0]).toBe('sh🙂rt!');
    const [[stream]] = started as [Started];
    let content = '';
    for await (const part of stream) {
      expect(part).toBeTypeOf('string');
      content += part;
    }
    expect(content).toBe(text);
  });

  it('of compressed messages are inflated as they are read', async () => {
    const { client, served } = await openPair(
      { perMessageDeflate: { threshold: 0 } },
      { streamMessages: true, perMessageDeflate: true, maxPayload: 0 },
    );
    const started = next<Started>(client, 'messageStart');
    const length = 100 * MEBIBYTE;
    served.send(Buffer.alloc(length, 5));
    const [stream, isBinary] = await started;
    await expect.poll(() => client.stats().held).toBeGreaterThan(256 * 1024);
    await later(200);
    const { held } = client.stats();
    let count = 0;
    for await (const chunk of stream) count += chunk.length;
    expect([count, isBinary]).toEqual([length, true]);
    expect(held).toBeLessThan(8 * MEBIBYTE);
    expect(client.stats().bytesReceived).toBeLessThan(MEBIBYTE);
  });

  it('of a compressed message begin, and are checked, while it is sent', async () => {
    const { client, served } = await openPair(
      { streamMessages: 1000, perMessageDeflate: true },
      { perMessageDeflate: { threshold: 0 } },
    );
    const started = next<Started>(served, 'messageStart');
    client.send(Buffer.alloc(2000, 'a'), { binary: false, fin: false });
    const [stream, isBinary] = await started;
    const [content] = await next<[Buffer]>(stream, 'data');
    expect([isBinary, String(content)]).toEqual([false, 'a'.repeat(2000)]);
    const errored = next<[Error]>(served, 'error');
    stream.on('error', () => {});
    client.send(Buffer.of(0x62, 0xff, 0x62), { binary: false, fin: false });
    expect((await errored)[0]).toMatchObject({ code: 'WS_ERR_INVALID_UTF8' });
    expect(stream.errored).toMatchObject({ code: 'WS_ERR_INVALID_UTF8' });
  });

  it('of a compressed message that is not read stop the peer, and let it go on afterwards', async () => {
    const { client, served } = await openPair(
      { streamMessages: true, perMessageDeflate: true, maxPayload: 0 },
      { perMessageDeflate: { threshold: 0 } },
    );
    const started = next<Started>(served, 'messageStart');
    // Does not get smaller.
    const part = randomBytes(64 * 1024);
    const count = 800;
    let sent = 0;
    const sending = client.sendStream(
      (function* () {
        for (; sent < count; sent++) yield part;
      })(),
    );
    const [stream] = await started;
    await expect.poll(() => served.stats().held).toBeGreaterThan(256 * 1024);
    for (let before = -1; before !== sent; ) {
      before = sent;
      await later(150);
    }
    expect(sent).toBeLessThan(count / 2);
    expect(served.stats().held).toBeLessThan(2 * MEBIBYTE);
    const hash = createHash('sha256');
    for await (const chunk of stream) hash.update(chunk);
    await sending;
    const expected = createHash('sha256');
    for (let i = 0; i < count; i++) expected.update(part);
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
  });

  it('that are destroyed early discard the rest of their message and nothing else', async () => {
    const { client, served } = await openPair({}, { streamMessages: 1000 });
    const list: unknown[] = [];
    client.on('message', (data) => list.push(String(data)));
    client.once('messageStart', (stream) => {
      stream.once('data', () => stream.destroy());
      stream.on('close', () => list.push('closed'));
    });
    served.send(Buffer.alloc(5_000_000));
    served.send('behind');
    await expect.poll(() => list).toEqual(['closed', 'behind']);
  });

  it('are discarded without a listener, and where the listener throws', async () => {
    const { client, served } = await openPair({}, { streamMessages: 1000 });
    const list: unknown[] = [];
    client.on('message', (data) => list.push(String(data)));
    served.send(Buffer.alloc(5_000_000));
    served.send('behind');
    await expect.poll(() => list).toEqual(['behind']);
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const thrown: unknown[] = [];
    process.on('uncaughtException', (error) => thrown.push(error));
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException');
      for (const other of others) process.on('uncaughtException', other);
    });
    client.once('messageStart', () => {
      throw new Error('of the listener');
    });
    served.send(Buffer.alloc(5_000_000));
    served.send('behind that');
    await expect.poll(() => list).toEqual(['behind', 'behind that']);
    expect(thrown).toEqual([new Error('of the listener')]);
  });

  it('let other messages and the Close frame wait while many of them are unread', async () => {
    const { client, served } = await openPair({}, { streamMessages: 1000 });
    const streams: Readable[] = [];
    client.on('messageStart', (stream) => streams.push(stream));
    const part = Buffer.alloc(16 * 1024);
    for (let i = 0; i < 1000; i++) served.send(part);
    served.close(1000);
    for (let before = -1; before !== streams.length; ) {
      before = streams.length;
      await later(100);
    }
    expect(streams.length).toBeLessThan(40);
    const closed = next<[number]>(client, 'close');
    let count = 0;
    for (let i = 0; i < 1000; i++) {
      await expect.poll(() => streams.length, { interval: 1 }).toBeGreaterThan(i);
      count += (await contentOf(streams[i]!)).length;
    }
    expect([count, (await closed)[0]]).toEqual([1000 * part.length, 1000]);
  });

  it('hold bytes that come one by one without an object for each', async () => {
    const { client, served } = await openPair({}, { streamMessages: 1, maxFragments: 10 });
    const started = next<Started>(client, 'messageStart');
    const bytes = randomBytes(50_000);
    for (const byte of bytes) served.send(Buffer.of(byte), { fin: false });
    served.send(Buffer.of());
    const [stream] = await started;
    // A header and a byte for each, and the empty frame at the end.
    await expect.poll(() => client.stats().bytesReceived).toBe(3 * bytes.length + 2);
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    expect(parts.length).toBeLessThan(200);
  });

  it('keep a heartbeat from cutting a peer that may not send', async () => {
    const { client, served } = await openPair({}, { streamMessages: true, heartbeat: { interval: 40 } });
    const started = next<Started>(client, 'messageStart');
    served.send(Buffer.alloc(20_000_000));
    const [stream] = await started;
    await later(300);
    expect(await contentOf(stream)).toHaveLength(20_000_000);
    expect(client.readyState).toBe(WebSocket.OPEN);
  });
});

it('an idle connection is one whose streams neither grow nor are read', async () => {
  const { client, served } = await openPair({}, { streamMessages: 1000, idleTimeout: 200 });
  const started = next<Started>(client, 'messageStart');
  let isOpen = true;
  client.on('close', () => {
    isOpen = false;
  });
  for (let i = 0; i < 20; i++) {
    served.send(Buffer.alloc(1000), { fin: false });
    await later(40);
  }
  const [stream] = await started;
  expect(isOpen).toBe(true);
  served.send('');
  expect(await contentOf(stream)).toHaveLength(20_000);
  await expect.poll(() => isOpen).toBe(false);
});

it('streamMessages is true, false or a number of bytes', () => {
  for (const streamMessages of [-1, 0.5, Number.NaN, 'yes' as never, {} as never]) {
    const make = () => new WebSocketServer({ noServer: true, streamMessages });
    expect(make).toThrow('streamMessages is true, false or a number of bytes');
  }
});
