// src/web/: WebSockets whose messages stay unread, and which end all the same.

import { describe, expect, it } from 'vitest';
import { createRequest } from '../../../src/handshake/client.js';
import { encodeLatin1 } from '../../../src/handshake/head.js';
import { acceptWebSocket, type ByteSocket, type ByteStreams } from '../../../src/web/index.js';
import { Peer, stream } from '../../support/frames/wire.js';
import { connectedStreams } from './memory-streams.js';
import { readToEnd, socketOver } from './peer-streams.js';

const peer = new Peer('server');
const CLOSE = stream(peer.close(1000));

/** A server, and its client as the bytes that it writes and gets. */
async function open(over: (streams: ByteStreams) => ByteStreams | ByteSocket, options: object = {}) {
  const [near, far] = connectedStreams(1000);
  const server = acceptWebSocket(over(far), { highWaterMark: 10, ...options });
  const writer = near.writable.getWriter();
  const reader = near.readable.getReader();
  await writer.write(encodeLatin1(createRequest({ url: 'ws://example.com/' }).head));
  await reader.read();
  const { readable } = await server.opened;
  return { server, readable, writer, reader };
}

/** Longer than the high-water mark, each in a chunk of its own. */
const TEXTS = Array.from({ length: 8 }, (_, i) => `message ${i} ${'x'.repeat(1000)}`);
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

describe.each([
  ['streams', (streams: ByteStreams): ByteStreams | ByteSocket => streams],
  ['a socket that reads into a buffer', socketOver],
] as const)('over %s, while nobody reads', (_name, over) => {
  it('our Close frame finds the peer’s behind its messages, which stay to be read', async () => {
    const { server, readable, writer, reader } = await open(over, { highWaterMark: 1500, closeTimeout: 60_000 });
    for (const text of TEXTS) void writer.write(stream(peer.text(text)));
    await settle();
    server.close({ closeCode: 1000 });
    expect((await reader.read()).value).toEqual(Uint8Array.of(0x88, 2, 1000 >> 8, 1000 & 255));
    void writer.write(CLOSE);
    void writer.close();
    expect(await server.closed).toEqual({ closeCode: 1000, reason: '' });
    expect(await readToEnd(readable)).toEqual({ messages: TEXTS });
  });

  it('a peer that floods us behind our Close frame waits for the reader again, a mebibyte later', async () => {
    const { server, readable, writer } = await open(over, { closeTimeout: 500 });
    server.close();
    let written = 0;
    const message = new Uint8Array(10_000);
    for (let i = 0; i < 3000; i++) {
      const bytes = stream(peer.binary(message));
      void writer.write(bytes).then(
        () => {
          written += bytes.length;
        },
        () => {},
      );
    }
    await expect(server.closed).rejects.toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
    // What the streams between us hold is not ours.
    const { messages } = await readToEnd(readable);
    expect(messages.length).toBeGreaterThan(100);
    expect(messages.length).toBeLessThan(120);
    expect(written).toBeGreaterThan(0);
  });

  it('a Close frame of the peer’s that ends the stream ends us', async () => {
    const { server, readable, writer } = await open(over);
    for (const text of TEXTS) void writer.write(stream(peer.text(text)));
    void writer.write(CLOSE);
    void writer.close();
    expect(await server.closed).toEqual({ closeCode: 1000, reason: '' });
    expect(await readToEnd(readable)).toEqual({ messages: TEXTS });
  });

  it.each([
    ['ends without a Close', (writer: WritableStreamDefaultWriter) => writer.close()],
    ['is cut', (writer: WritableStreamDefaultWriter) => writer.abort(new Error('reset'))],
  ])('a peer that %s is noticed; its messages come before the error', async (_how, end) => {
    const { server, readable, writer } = await open(over);
    for (const text of TEXTS) await writer.write(stream(peer.text(text)));
    await settle();
    end(writer).catch(() => {});
    await expect(server.closed).rejects.toMatchObject({ code: 'WSIMD_CONNECTION_LOST', closeCode: 1006 });
    const { messages, error } = await readToEnd(readable);
    expect(error).toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
    expect(messages).toEqual(TEXTS);
  });

  it('a peer that writes without an end is read ahead by 64 KiB at most', async () => {
    const { readable, writer } = await open(over);
    let written = 0;
    const bytes = stream(peer.binary(new Uint8Array(10_000)));
    for (let i = 0; i < 1500; i++) {
      void writer.write(bytes.slice()).then(() => {
        written++;
      });
    }
    await settle();
    await settle();
    // The streams between us take a thousand chunks.
    expect(written).toBeLessThan(1000 + 12);
    const reader = readable.getReader();
    for (let i = 0; i < 1500; i++) expect((await reader.read()).value).toHaveLength(10_000);
    expect(written).toBe(1500);
  });
});
