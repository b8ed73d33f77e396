// src/web/: WebSockets over pairs of byte streams, both ends ours: messages, backpressure, every way to end.

import { describe, expect, it } from 'vitest';
import { PerMessageDeflate } from '../../../src/deflate/index.js';
import { createRequest } from '../../../src/handshake/client.js';
import { encodeLatin1 } from '../../../src/handshake/head.js';
import { ProtocolError } from '../../../src/protocol/errors.js';
import {
  acceptWebSocket,
  type ByteSocket,
  type ByteStreams,
  connectWebSocket,
  type Message,
} from '../../../src/web/index.js';
import { randomBytes } from '../../support/inputs/random.js';
import { KERNEL_NAMES } from '../../support/oracles/replay.js';
import { connectedStreams } from './memory-streams.js';

const URL = 'ws://example.com/chat';

async function open(options: Parameters<typeof acceptWebSocket>[1] = {}, highWaterMark?: number) {
  const [near, far] = connectedStreams(highWaterMark);
  const server = acceptWebSocket(far, options);
  const client = connectWebSocket(near, { url: URL });
  const [openServer, openClient] = await Promise.all([server.opened, client.opened]);
  return { server, client, openServer, openClient };
}

async function readAll(readable: ReadableStream<Message>): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of readable as ReadableStream<Message> & AsyncIterable<Message>) messages.push(message);
  return messages;
}

function sameAs(a: Message | undefined, b: Message): boolean {
  return typeof a === 'string' || typeof b === 'string' ? a === b : a !== undefined && Buffer.compare(a, b) === 0;
}

/** A client that writes bytes of its own behind a right request, and what the server answers to it. */
async function rawClient(options: Parameters<typeof acceptWebSocket>[1] = {}) {
  const [near, far] = connectedStreams(4);
  const server = acceptWebSocket(far, options);
  const writer = near.writable.getWriter();
  const reader = near.readable.getReader();
  await writer.write(encodeLatin1(createRequest({ url: URL }).head));
  await reader.read();
  return { server, writer, reader, ...(await server.opened) };
}

/** What a server of ours answers to a request. */
async function answerTo(request: Uint8Array): Promise<Uint8Array> {
  const [near, far] = connectedStreams(4);
  const server = acceptWebSocket(far);
  await near.writable.getWriter().write(request);
  const { value } = await near.readable.getReader().read();
  await server.opened;
  return value!;
}

/** Streams as a socket that reads into a buffer, whose peer has always gone by the time it is ended. */
function socketOver({ readable, writable }: ByteStreams): ByteSocket {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  return {
    async read(target) {
      const { value } = await reader.read();
      if (value === undefined) return null;
      target.set(value);
      return value.length;
    },
    async write(bytes) {
      await writer.write(bytes.slice());
      return bytes.length;
    },
    async closeWrite() {
      await writer.close();
      throw new Error('not connected');
    },
    close() {
      throw new Error('not connected');
    },
  };
}

async function rejectionOf(promise: Promise<unknown>): Promise<ProtocolError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof ProtocolError)) throw new Error(`no ProtocolError: ${String(error)}`);
  return error;
}

describe.each(KERNEL_NAMES)('a WebSocket over streams, on the %s kernel', (kernel) => {
  it('echoes texts and bytes of all lengths in order, and ends cleanly', async () => {
    const { client, server, openClient, openServer } = await open({ kernel });
    const sent: Message[] = ['', 'grün', '漢字'.repeat(40_000)];
    for (const length of [0, 1, 125, 126, 65_535, 65_536, 300_000]) sent.push(randomBytes(length, length));
    const echo = openServer.readable.pipeTo(openServer.writable);
    const received = readAll(openClient.readable);
    const writer = openClient.writable.getWriter();
    for (const message of sent) await writer.write(message);
    await writer.write(Uint8Array.of(0, 1, 2, 3).subarray(1, 3));
    await writer.write(Uint16Array.of(0x0201).buffer);
    await writer.write(new DataView(Uint8Array.of(0, 1, 2).buffer, 1));
    // Messages and a Close frame that come together have no echo: the connection is closed before the pipe is given them.
    await new Promise((resolve) => setTimeout(resolve, 10));
    client.close({ closeCode: 4001, reason: 'enough' });
    // Echoes that were on their way when we closed come too.
    const wanted = [...sent, ...Array.from({ length: 3 }, () => Uint8Array.of(1, 2))];
    expect((await received).map((message, i) => sameAs(wanted[i], message))).toEqual(wanted.map(() => true));
    expect(await client.closed).toEqual({ closeCode: 4001, reason: 'enough' });
    expect(await server.closed).toEqual({ closeCode: 4001, reason: 'enough' });
    await echo.catch(() => {});
  });
});

describe('opening', () => {
  it('tells of path, subprotocol and headers on both sides', async () => {
    const [near, far] = connectedStreams();
    const server = acceptWebSocket(far, { protocols: ['b'], headers: [['X-Served-By', 'test']] });
    const client = connectWebSocket(near, { url: `${URL}?x=1`, protocols: ['a', 'b'], headers: [['X-Me', 'you']] });
    const { request, protocol } = await server.opened;
    const opened = await client.opened;
    expect([request.path, request.headers.get('x-me'), protocol]).toEqual(['/chat?x=1', 'you', 'b']);
    expect([opened.protocol, opened.extensions, opened.response.headers.get('x-served-by')]).toEqual(['b', '', 'test']);
  });

  it('takes frames that come in one chunk with the handshake', async () => {
    const [near, far] = connectedStreams(4);
    const server = acceptWebSocket(far);
    const head = encodeLatin1(createRequest({ url: URL }).head);
    const frames = Uint8Array.of(0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69, 0x88, 0x80, 0, 0, 0, 0);
    const writer = near.writable.getWriter();
    await writer.write(new Uint8Array([...head, ...frames]));
    expect(await readAll((await server.opened).readable)).toEqual(['hi']);
    await writer.close();
    expect(await server.closed).toEqual({ closeCode: 1005, reason: '' });
  });

  it('takes a head that comes byte by byte', async () => {
    const [near, far] = connectedStreams(4);
    const server = acceptWebSocket(far);
    const writer = near.writable.getWriter();
    for (const byte of encodeLatin1(createRequest({ url: URL }).head)) await writer.write(Uint8Array.of(byte));
    expect((await server.opened).request.path).toBe('/chat');
  });

  it.each([
    ['streams', (streams: ByteStreams) => streams],
    ['a socket that reads into a buffer', socketOver],
  ] as const)('a client takes frames that come with the response, over %s', async (_name, over) => {
    for (const frames of [[], [0x81, 2, 0x68, 0x69]]) {
      const [near, far] = connectedStreams(4);
      const client = connectWebSocket(over(near), { url: URL });
      const { value } = await far.readable.getReader().read();
      const writer = far.writable.getWriter();
      await writer.write(new Uint8Array([...(await answerTo(value!)), ...frames]));
      const { readable } = await client.opened;
      await writer.write(Uint8Array.of(0x88, 0));
      await writer.close();
      expect(await readAll(readable)).toEqual(frames.length > 0 ? ['hi'] : []);
      expect(await client.closed).toEqual({ closeCode: 1005, reason: '' });
    }
  });

  it('answers what is no request with 400', async () => {
    const [near, far] = connectedStreams(4);
    const server = acceptWebSocket(far);
    await near.writable.getWriter().write(encodeLatin1('GET /chat HTTP/1.1\r\nno header\r\n\r\n'));
    const { value } = await near.readable.getReader().read();
    expect(new TextDecoder().decode(value)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await rejectionOf(server.opened)).status).toBe(400);
  });

  it.each([
    ['streams', (streams: ByteStreams) => streams],
    ['a socket that reads into a buffer', socketOver],
  ] as const)('skips interim responses, over %s', async (_name, over) => {
    for (const isApart of [false, true]) {
      const [near, far] = connectedStreams(4);
      const client = connectWebSocket(over(near), { url: URL });
      const { value } = await far.readable.getReader().read();
      const answer = await answerTo(value!);
      const writer = far.writable.getWriter();
      const early = encodeLatin1('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n');
      if (isApart) await writer.write(early);
      await writer.write(new Uint8Array([...(isApart ? [] : early), ...answer]));
      expect((await client.opened).protocol).toBe('');
    }
  });

  it('refuses a request that breaks the rules, with an answer', async () => {
    const [near, far] = connectedStreams(4);
    const server = acceptWebSocket(far);
    await near.writable.getWriter().write(encodeLatin1('POST / HTTP/1.1\r\nHost: a\r\n\r\n'));
    const { value } = await near.readable.getReader().read();
    expect(new TextDecoder().decode(value)).toMatch(/^HTTP\/1\.1 405 .*\r\nAllow: GET\r\n/);
    const error = await rejectionOf(server.opened);
    expect([error.code, error.status]).toEqual(['WSIMD_BAD_METHOD', 405]);
    expect(await rejectionOf(server.closed)).toBe(error);
  });

  it('rejects what the caller rejects, with the status that it gives', async () => {
    const [near, far] = connectedStreams(4);
    const server = acceptWebSocket(far, {
      refuse: async ({ path }) =>
        path === '/chat' ? { status: 401, headers: [['WWW-Authenticate', 'Basic']] } : undefined,
    });
    const client = connectWebSocket(near, { url: URL });
    expect(await rejectionOf(client.opened)).toMatchObject({ code: 'WSIMD_UNEXPECTED_STATUS' });
    expect(await rejectionOf(server.opened)).toMatchObject({ code: 'WSIMD_REFUSED', status: 401 });
  });

  it('refuses an origin that is not its own', async () => {
    const [near, far] = connectedStreams(4);
    const server = acceptWebSocket(far);
    connectWebSocket(near, { url: URL, origin: 'https://evil.example' });
    expect(await rejectionOf(server.opened)).toMatchObject({ code: 'WSIMD_BAD_ORIGIN', status: 403 });
  });

  it('gives up after its time, on both sides', async () => {
    const [near, far] = connectedStreams(4);
    const client = connectWebSocket(near, { url: URL, handshakeTimeout: 20 });
    expect((await rejectionOf(client.opened)).code).toBe('WSIMD_HANDSHAKE_TIMEOUT');
    const server = acceptWebSocket(connectedStreams(4)[1], { handshakeTimeout: 20 });
    expect((await rejectionOf(server.opened)).code).toBe('WSIMD_HANDSHAKE_TIMEOUT');
    expect((await rejectionOf(server.closed)).code).toBe('WSIMD_HANDSHAKE_TIMEOUT');
    void far;
  });

  it('gives up when it is told to, by signal or close()', async () => {
    const abort = new AbortController();
    const client = connectWebSocket(connectedStreams(4)[0], { url: URL, signal: abort.signal });
    abort.abort(new Error('changed my mind'));
    await expect(client.opened).rejects.toThrow('changed my mind');
    const other = connectWebSocket(connectedStreams(4)[0], { url: URL });
    other.close();
    expect((await rejectionOf(other.opened)).code).toBe('WSIMD_NOT_OPEN');
    const late = connectWebSocket(connectedStreams(4)[0], { url: URL, signal: AbortSignal.abort(new Error('late')) });
    await expect(late.opened).rejects.toThrow('late');
  });

  it('fails when the transport ends during the handshake', async () => {
    const [near, far] = connectedStreams(4);
    const server = acceptWebSocket(far);
    await near.writable.getWriter().close();
    expect((await rejectionOf(server.opened)).code).toBe('WSIMD_CONNECTION_LOST');
  });

  it('does not take streams that somebody else reads', () => {
    const [near] = connectedStreams();
    near.readable.getReader();
    expect(() => acceptWebSocket(near)).toThrow(TypeError);
  });
});

describe('backpressure', () => {
  it('stops reading from the transport while messages stay unread', async () => {
    const [near, far] = connectedStreams(0);
    let taken = 0;
    const counted: ByteStreams = {
      writable: far.writable,
      readable: far.readable.pipeThrough(
        new TransformStream({
          transform(chunk, controller) {
            taken += chunk.length;
            controller.enqueue(chunk);
          },
        }),
      ),
    };
    const server = acceptWebSocket(counted, { highWaterMark: 10_000 });
    const client = connectWebSocket(near, { url: URL });
    const [{ readable }, { writable }] = await Promise.all([server.opened, client.opened]);
    const writer = writable.getWriter();
    let written = 0;
    const writing = (async () => {
      for (let i = 0; i < 2000; i++) {
        await writer.write(new Uint8Array(1000));
        written++;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 100));
    // What is under way: the water mark, a chunk or two in the streams, and what the client gathers.
    expect(written).toBeLessThan(500);
    expect(taken).toBeLessThan(400_000);
    const reader = readable.getReader();
    for (let i = 0; i < 2000; i++) expect(((await reader.read()).value as Uint8Array).length).toBe(1000);
    await writing;
  });

  it('lets many small messages leave in few chunks while the transport is slow', async () => {
    const chunks: number[] = [];
    const [near, far] = connectedStreams(1);
    const slow = new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        chunks.push(chunk.length);
        await new Promise((resolve) => setTimeout(resolve, 5));
        controller.enqueue(chunk);
      },
    });
    void slow.readable.pipeTo(near.writable).catch(() => {});
    const client = connectWebSocket({ readable: near.readable, writable: slow.writable }, { url: URL });
    const server = acceptWebSocket(far);
    const [{ writable }, { readable }] = await Promise.all([client.opened, server.opened]);
    const writer = writable.getWriter();
    const all = Array.from({ length: 1000 }, (_, i) => writer.write(`message ${i}`));
    const reader = readable.getReader();
    for (let i = 0; i < 1000; i++) expect((await reader.read()).value).toBe(`message ${i}`);
    await Promise.all(all);
    expect(chunks.length).toBeLessThan(20);
  });
});

describe('messages of one turn', () => {
  /** Both ends, and how many bytes each write of either end had. */
  async function openCounted() {
    const [near, far] = connectedStreams(1000);
    const writes: Record<'client' | 'server', number[]> = { client: [], server: [] };
    const counted = ({ readable, writable }: ByteStreams, of: 'client' | 'server'): ByteStreams => {
      const inner = writable.getWriter();
      return {
        readable,
        writable: new WritableStream({
          async write(bytes) {
            writes[of].push(bytes.length);
            await inner.write(bytes);
          },
        }),
      };
    };
    const server = acceptWebSocket(counted(far, 'server'));
    const client = connectWebSocket(counted(near, 'client'), { url: URL });
    const [atServer, atClient] = await Promise.all([server.opened, client.opened]);
    writes.client.length = 0;
    writes.server.length = 0;
    return { writes, client, atServer, atClient };
  }

  it.each([
    [
      'written without waiting',
      (writer: WritableStreamDefaultWriter, texts: string[]) => Promise.all(texts.map((text) => writer.write(text))),
    ],
    [
      'written one by one',
      async (writer: WritableStreamDefaultWriter, texts: string[]) => {
        for (const text of texts) await writer.write(text);
      },
    ],
    [
      'written as the stream is ready',
      async (writer: WritableStreamDefaultWriter, texts: string[]) => {
        for (const text of texts) {
          await writer.ready;
          void writer.write(text);
        }
      },
    ],
  ])('leave the client in one write when they are %s, and come back in one through a pipe', async (_how, write) => {
    const { writes, client, atServer, atClient } = await openCounted();
    atServer.readable.pipeTo(atServer.writable).catch(() => {});
    const texts = Array.from({ length: 16 }, (_, i) => `message ${i}`);
    await write(atClient.writable.getWriter(), texts);
    const reader = atClient.readable.getReader();
    for (const text of texts) expect((await reader.read()).value).toBe(text);
    expect([writes.client.length, writes.server.length]).toEqual([1, 1]);
    client.close();
  });

  it('and a Close frame behind them leave in order, in one write', async () => {
    const { writes, client, atServer, atClient } = await openCounted();
    const writer = atClient.writable.getWriter();
    void writer.write('first');
    await writer.write('second');
    client.close({ closeCode: 4000 });
    expect(await readAll(atServer.readable)).toEqual(['first', 'second']);
    expect(writes.client).toHaveLength(1);
  });

  it('make the writer wait above 64 KiB only', async () => {
    const [near, far] = connectedStreams(4);
    let letThrough: () => void = () => {};
    const slow = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    const inner = near.writable.getWriter();
    let isOpen = false;
    const writable = new WritableStream<Uint8Array>({
      async write(bytes) {
        if (isOpen) await slow;
        await inner.write(bytes);
      },
    });
    const server = acceptWebSocket(far);
    const client = connectWebSocket({ readable: near.readable, writable }, { url: URL });
    const [{ writable: messages }] = await Promise.all([client.opened, server.opened]);
    isOpen = true;
    const writer = messages.getWriter();
    let taken = 0;
    for (let i = 0; i < 20; i++) void writer.write(new Uint8Array(10_000)).then(() => taken++);
    await new Promise((resolve) => setTimeout(resolve, 20));
    // The first write has 70 KB, or what came before it began; as much is gathered behind it.
    expect(taken).toBeGreaterThanOrEqual(6);
    expect(taken).toBeLessThan(16);
    expect(writer.desiredSize).toBeLessThan(0);
    letThrough();
    await writer.ready;
    expect(taken).toBe(20);
  });
});

describe('ending', () => {
  it('by closing the writable: a Close frame without a code', async () => {
    const { server, client, openClient, openServer } = await open();
    const messages = readAll(openServer.readable);
    const writer = openClient.writable.getWriter();
    void writer.write('last');
    await writer.close();
    expect(await messages).toEqual(['last']);
    expect(await client.closed).toEqual({ closeCode: 1005, reason: '' });
    expect(await server.closed).toEqual({ closeCode: 1005, reason: '' });
  });

  it('by cancelling the readable or aborting the writable, with the code that the reason has', async () => {
    for (const how of ['cancel', 'abort'] as const) {
      const { server, openClient } = await open();
      const reason = { closeCode: 4002, reason: 'no more' };
      await (how === 'cancel' ? openClient.readable.cancel(reason) : openClient.writable.abort(reason));
      expect(await server.closed).toEqual(reason);
    }
    const { server, openClient } = await open();
    await openClient.readable.cancel(Object.assign(new Error('x'), { closeCode: 1006 }));
    expect(await server.closed).toEqual({ closeCode: 1005, reason: '' });
  });

  it('by a reason without a code: 1000', async () => {
    const { server, client } = await open();
    client.close({ reason: 'done' });
    expect(await server.closed).toEqual({ closeCode: 1000, reason: 'done' });
  });

  it('by a reason that is no object, or is a code alone', async () => {
    for (const [reason, closeCode] of [
      [undefined, 1005],
      ['enough', 1005],
      [{ closeCode: 4002 }, 4002],
    ] as const) {
      const { server, openClient } = await open();
      await openClient.readable.cancel(reason);
      expect(await server.closed).toEqual({ closeCode, reason: '' });
    }
  });

  it('by cancelling: what comes afterwards is dropped, and the peer may still close', async () => {
    const { server, writer, readable } = await rawClient();
    await readable.cancel();
    const pong = [0x8a, 0x80, 0, 0, 0, 0];
    await writer.write(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x61, ...pong, 0x88, 0x82, 0, 0, 0, 0, 3, 232));
    void writer.close();
    expect(await server.closed).toEqual({ closeCode: 1000, reason: '' });
  });

  it('by cancelling, and then by a broken rule', async () => {
    const { server, writer, readable } = await rawClient();
    await readable.cancel();
    await writer.write(Uint8Array.of(0x83, 0x80, 0, 0, 0, 0));
    expect(await rejectionOf(server.closed)).toMatchObject({ code: 'WSIMD_RESERVED_OPCODE' });
  });

  it('by a transport that takes no more', async () => {
    const [near, far] = connectedStreams(4);
    const inner = far.writable.getWriter();
    let isBroken = false;
    const writable = new WritableStream<Uint8Array>({
      async write(bytes) {
        if (isBroken) throw new Error('gone');
        await inner.write(bytes);
      },
    });
    const server = acceptWebSocket({ readable: far.readable, writable });
    const client = connectWebSocket(near, { url: URL });
    const openServer = await server.opened;
    await client.opened;
    isBroken = true;
    openServer.writable
      .getWriter()
      .write('x')
      .catch(() => {});
    expect((await rejectionOf(server.closed)).code).toBe('WSIMD_CONNECTION_LOST');
  });

  it('after a Close frame both ways it makes no difference that the transport is reset', async () => {
    const [near, far] = connectedStreams(4);
    const reader = near.readable.getReader();
    const readable = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { value } = await reader.read();
        if (value === undefined) controller.error(new Error('reset'));
        else controller.enqueue(value);
      },
    });
    const server = acceptWebSocket(far);
    const client = connectWebSocket({ readable, writable: near.writable }, { url: URL });
    await client.opened;
    client.close({ closeCode: 4003 });
    expect(await server.closed).toEqual({ closeCode: 4003, reason: '' });
    expect(await client.closed).toEqual({ closeCode: 4003, reason: '' });
  });

  it('refuses a code that may not be sent, and stays open', async () => {
    const { client, openClient, openServer } = await open();
    expect(() => client.close({ closeCode: 1006 })).toThrow(ProtocolError);
    await openClient.writable.getWriter().write('still here');
    expect((await openServer.readable.getReader().read()).value).toBe('still here');
  });

  it('by the transport: what came is read, then 1006', async () => {
    const { server, writer, readable } = await rawClient();
    await writer.write(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x61, 0x81));
    void writer.close();
    const reader = readable.getReader();
    expect((await reader.read()).value).toBe('a');
    expect(await rejectionOf(reader.read())).toMatchObject({ code: 'WSIMD_CONNECTION_LOST', closeCode: 1006 });
    expect((await rejectionOf(server.closed)).closeCode).toBe(1006);
  });

  it('by a socket that reads into a buffer and ends: it is closed once', async () => {
    const [near, far] = connectedStreams(4);
    let closed = 0;
    const socket = {
      ...socketOver(near),
      close: () => {
        closed++;
      },
    };
    const client = connectWebSocket(socket, { url: URL });
    const { value } = await far.readable.getReader().read();
    const writer = far.writable.getWriter();
    await writer.write(await answerTo(value!));
    await client.opened;
    await writer.close();
    expect((await rejectionOf(client.closed)).code).toBe('WSIMD_CONNECTION_LOST');
    expect(closed).toBe(1);
  });

  it('by a transport that fails: its error is the cause', async () => {
    const { server, writer } = await rawClient();
    await writer.abort(new Error('reset'));
    const error = await rejectionOf(server.closed);
    expect([error.code, String(error.cause)]).toEqual(['WSIMD_CONNECTION_LOST', 'Error: reset']);
  });

  it('by a broken rule: the peer is told, nothing behind it is delivered', async () => {
    const { server, writer, reader, readable, writable } = await rawClient();
    await writer.write(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x61, 0x83, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0));
    const messages = readable.getReader();
    expect((await reader.read()).value).toEqual(Uint8Array.of(0x88, 2, 1002 >> 8, 1002 & 255));
    expect((await reader.read()).done).toBe(true);
    expect(await rejectionOf(server.closed)).toMatchObject({ code: 'WSIMD_RESERVED_OPCODE', closeCode: 1002 });
    expect(await rejectionOf(messages.read().then(() => messages.read()))).toMatchObject({ closeCode: 1002 });
    await expect(writable.getWriter().write('x')).rejects.toThrow(ProtocolError);
  });

  it('answers pings meanwhile', async () => {
    const { writer, reader } = await rawClient();
    await writer.write(Uint8Array.of(0x89, 0x81, 0, 0, 0, 0, 0x70));
    expect((await reader.read()).value).toEqual(Uint8Array.of(0x8a, 1, 0x70));
  });

  it('cuts a peer that does not answer our Close frame', async () => {
    const { server } = await rawClient({ closeTimeout: 20 });
    server.close({ closeCode: 1001 });
    expect(await rejectionOf(server.closed)).toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
  });

  it('cuts a peer that answers but does not end the transport', async () => {
    const { server, writer } = await rawClient({ closeTimeout: 20 });
    await writer.write(Uint8Array.of(0x88, 0x80, 0, 0, 0, 0));
    expect(await server.closed).toEqual({ closeCode: 1005, reason: '' });
  });

  it('tells who writes afterwards, and who writes what is no message', async () => {
    const { client, openClient } = await open();
    const writer = openClient.writable.getWriter();
    client.close();
    await client.closed;
    expect((await rejectionOf(writer.write('late'))).code).toBe('WSIMD_NOT_OPEN');
    const { openServer } = await open();
    await expect(openServer.writable.getWriter().write(5 as never)).rejects.toThrow(TypeError);
  });
});

describe('permessage-deflate', () => {
  it('is agreed on, compresses both ways, and gives its memory back', async () => {
    const deflate = new PerMessageDeflate();
    const lengths: number[] = [];
    const [near, far] = connectedStreams(4);
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        lengths.push(chunk.length);
        controller.enqueue(chunk);
      },
    });
    void counted.readable.pipeTo(near.writable).catch(() => {});
    const server = acceptWebSocket(far, { perMessageDeflate: deflate });
    const client = connectWebSocket(
      { readable: near.readable, writable: counted.writable },
      { url: URL, perMessageDeflate: deflate },
    );
    const [atServer, atClient] = await Promise.all([server.opened, client.opened]);
    expect(atClient.extensions).toMatch(/^permessage-deflate/);
    expect(atServer.extensions).toBe(atClient.extensions);
    expect(deflate.poolUse.contexts).toBe(4);
    atServer.readable.pipeTo(atServer.writable).catch(() => {});
    const writer = atClient.writable.getWriter();
    const reader = atClient.readable.getReader();
    const text = 'the same words again and again '.repeat(1000);
    for (const message of [text, 'short', new Uint8Array(100_000)]) {
      void writer.write(message);
      expect(sameAs((await reader.read()).value, message)).toBe(true);
    }
    expect(lengths.slice(1).reduce((a, b) => a + b)).toBeLessThan(2000);
    client.close();
    await Promise.all([client.closed, server.closed]);
    expect(deflate.poolUse.contexts).toBe(0);
  });

  it('is not agreed on by a side that has none', async () => {
    const [near, far] = connectedStreams();
    acceptWebSocket(far);
    const { extensions } = await connectWebSocket(near, { url: URL, perMessageDeflate: new PerMessageDeflate() })
      .opened;
    expect(extensions).toBe('');
  });
});
