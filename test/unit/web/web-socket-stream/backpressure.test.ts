// src/web/: how much a WebSocket over streams reads ahead, and how many writes the messages of one turn take.

import { describe, expect, it } from 'vitest';
import { acceptWebSocket, type ByteStreams, connectWebSocket } from '../../../../src/web/index.js';
import { connectedStreams } from '../memory-streams.js';
import { open, readAll, URL } from './open.js';

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

it('a highWaterMark of 0 lets a message come for each pending read', async () => {
  const { openClient, openServer } = await open({ highWaterMark: 0 });
  const writer = openClient.writable.getWriter();
  const reader = openServer.readable.getReader();
  const reads = Array.from({ length: 3 }, () => reader.read());
  for (const text of ['first', 'second', 'third', 'fourth']) await writer.write(text);
  expect((await Promise.all(reads)).map(({ value }) => value)).toEqual(['first', 'second', 'third']);
  expect((await reader.read()).value).toBe('fourth');
});
