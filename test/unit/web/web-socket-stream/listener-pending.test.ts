// src/web/inbox/listener-inbox.ts: messages that come while a promise of the listener's is pending.

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { acceptWebSocket, type ByteStreams, connectWebSocket } from '../../../../src/web/index.js';
import { Peer, stream } from '../../../support/frames/wire.js';
import { connectedStreams } from '../memory-streams.js';
import { socketOver } from '../peer-streams.js';
import { slowListener } from './listening.js';
import { rawClient, rejectionOf, URL } from './open.js';

const peer = new Peer('server');
describe('a listener whose promise is pending', () => {
  it.each([
    ['streams', (streams: ByteStreams) => streams],
    ['a socket that reads into a buffer', socketOver],
  ] as const)('stops reading from %s, and gets every message later', async (_name, over) => {
    const [near, far] = connectedStreams(0);
    let taken = 0;
    const readable = far.readable.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          taken += chunk.length;
          controller.enqueue(chunk);
        },
      }),
    );
    const { messages, onMessage, letOn } = slowListener();
    const server = acceptWebSocket(over({ readable, writable: far.writable }), { highWaterMark: 10_000, onMessage });
    const client = connectWebSocket(near, { url: URL });
    const [, { writable }] = await Promise.all([server.opened, client.opened]);
    const writer = writable.getWriter();
    let written = 0;
    const writing = (async () => {
      for (let i = 0; i < 2000; i++) {
        await writer.write(new Uint8Array(1000).fill(i));
        written++;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(messages).toHaveLength(1);
    expect(written).toBeLessThan(500);
    expect(taken).toBeLessThan(400_000);
    while (messages.length < 2000) {
      letOn();
      await turn();
    }
    await writing;
    // A buffer that is read into again shows through in none of them.
    expect(messages.every((message, i) => (message as Uint8Array).every((byte) => byte === (i & 255)))).toBe(true);
    server.close();
  });

  it('gets one message at a time, however many come in a chunk', async () => {
    const { messages, onMessage, letOn } = slowListener();
    const { writer } = await rawClient({ onMessage });
    await writer.write(stream(...['a', 'b', 'c'].map((text) => peer.text(text))));
    for (const wanted of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
      await turn();
      expect(messages).toEqual(wanted);
      letOn();
    }
  });

  it('holds up no ping, and is found by unreadTimeout', async () => {
    const { messages, onMessage } = slowListener();
    const options = { onMessage, highWaterMark: 10, unreadTimeout: 100, closeTimeout: 50 };
    const { server, writer, reader } = await rawClient(options);
    await writer.write(stream(peer.text('a'), peer.ping('!')));
    expect((await reader.read()).value).toEqual(Uint8Array.of(0x8a, 1, 0x21));
    await writer.write(stream(peer.text('more than ten units')));
    expect((await reader.read()).value).toEqual(Uint8Array.of(0x88, 2, 1008 >> 8, 1008 & 255));
    expect((await rejectionOf(server.closed)).code).toBe('WSIMD_UNREAD');
    expect(messages).toEqual(['a']);
  });

  it('does not hold up `closed`, and gets what came before the Close frame', async () => {
    const { messages, onMessage, letOn } = slowListener();
    const { server, writer } = await rawClient({ onMessage });
    await writer.write(stream(peer.text('a'), peer.text('b'), peer.close(4000)));
    void writer.close();
    expect(await server.closed).toEqual({ closeCode: 4000, reason: '' });
    expect(messages).toEqual(['a']);
    letOn();
    await turn();
    expect(messages).toEqual(['a', 'b']);
  });

  it('with a highWaterMark of 0 gets message after message', async () => {
    const { messages, onMessage, letOn } = slowListener();
    const { server, writer } = await rawClient({ onMessage, highWaterMark: 0 });
    for (const text of ['a', 'b', 'c']) await writer.write(stream(peer.text(text)));
    for (const wanted of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
      await vi.waitFor(() => expect(messages).toEqual(wanted));
      letOn();
    }
    server.close();
  });
});
