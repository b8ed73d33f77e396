// src/web/: `send`, from a listener and beside it.

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { PerMessageDeflate } from '../../../../src/deflate/index.js';
import { acceptWebSocket, connectWebSocket } from '../../../../src/web/index.js';
import { connectedStreams } from '../memory-streams.js';
import { socketOver } from '../peer-streams.js';
import { echo, type Listener, openListening, ROLES } from './listening.js';
import { open, readAll, URL } from './open.js';

describe('what is sent', () => {
  const TEXTS = Array.from({ length: 16 }, (_, i) => `message ${i}`);

  it.each([
    ['at once', echo],
    ['at once, by an async listener', async (message, socket) => void socket.send(message)],
    [
      'behind a promise',
      async (message, socket) => {
        await undefined;
        socket.send(message);
      },
    ],
    [
      'to the writable',
      (_message, socket) => {
        void socket.opened.then(({ writable }) => {
          const writer = writable.getWriter();
          void writer.write('x');
          writer.releaseLock();
        });
      },
    ],
  ] satisfies [string, Listener][])('by the listener %s leaves in one write for a chunk', async (_how, onMessage) => {
    for (const role of ROLES) {
      const { readable, writable, writes } = await openListening(role, onMessage);
      const writer = writable.getWriter();
      await Promise.all(TEXTS.map((text) => writer.write(text)));
      const reader = readable.getReader();
      for (const _ of TEXTS) expect((await reader.read()).done).toBe(false);
      expect(writes).toHaveLength(1);
    }
  });

  it('by the listener while messages are queued leaves without another chunk', async () => {
    const { readable, writable } = await openListening('server', async (message, socket) => {
      socket.send(message);
      await turn();
    });
    const writer = writable.getWriter();
    await Promise.all(TEXTS.map((text) => writer.write(text)));
    const reader = readable.getReader();
    for (const text of TEXTS) expect((await reader.read()).value).toBe(text);
  });

  it('at once by the listener is written before any promise is settled', async () => {
    const { writable, writes, socket } = await openListening('server', (message, each) => {
      each.send(message);
      queueMicrotask(() => writes.push(Uint8Array.of(0)));
    });
    await writable.getWriter().write('hello');
    await vi.waitFor(() => expect(writes).toHaveLength(2));
    expect(writes[0]).toEqual(Uint8Array.of(0x81, 5, ...new TextEncoder().encode('hello')));
    socket.close();
  });

  it('at once by the listener is given to a socket before it is read from again', async () => {
    const [near, far] = connectedStreams(1000);
    const calls: string[] = [];
    const inner = socketOver(far);
    const server = acceptWebSocket(
      {
        ...inner,
        read(target) {
          calls.push('read');
          return inner.read(target);
        },
        write(bytes) {
          calls.push('write');
          return inner.write(bytes);
        },
      },
      { onMessage: echo },
    );
    const client = connectWebSocket(near, { url: URL });
    const [{ readable, writable }] = await Promise.all([client.opened, server.opened]);
    await turn();
    calls.length = 0;
    await writable.getWriter().write('hello');
    expect((await readable.getReader().read()).value).toBe('hello');
    expect(calls).toEqual(['write', 'read']);
  });

  it('by others in one turn leaves in one write, as a copy', async () => {
    const { socket, readable, writes } = await openListening('server', () => {});
    const bytes = Uint8Array.of(0, 1, 2, 3);
    expect([socket.send('text'), socket.send(bytes), socket.send(bytes.subarray(1, 2).slice().buffer)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    socket.send(new DataView(bytes.buffer, 2, 1));
    bytes.fill(9);
    socket.close();
    const messages = await readAll(readable);
    expect(messages).toEqual(['text', Uint8Array.of(0, 1, 2, 3), Uint8Array.of(1), Uint8Array.of(2)]);
    expect(writes).toHaveLength(1);
  });

  it('makes its sender wait above 64 KiB, until the transport has taken it', async () => {
    const [near, far] = connectedStreams(1);
    let letThrough: () => void = () => {};
    const slow = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    const inner = far.writable.getWriter();
    let isSlow = false;
    const writable = new WritableStream<Uint8Array>({
      async write(bytes) {
        if (isSlow) await slow;
        await inner.write(bytes);
      },
    });
    const socket = acceptWebSocket({ readable: far.readable, writable }, { onMessage: () => {} });
    const client = connectWebSocket(near, { url: URL });
    const [{ readable }] = await Promise.all([client.opened, socket.opened]);
    isSlow = true;
    expect([socket.send(new Uint8Array(60_000)), socket.bufferedAmount]).toEqual([undefined, 60_004]);
    const taken = socket.send(new Uint8Array(10_000));
    expect(taken).toBeInstanceOf(Promise);
    expect(socket.bufferedAmount).toBe(70_008);
    let isTaken = false;
    void taken?.then(() => {
      isTaken = true;
    });
    await turn();
    expect([isTaken, socket.bufferedAmount]).toEqual([false, 70_008]);
    letThrough();
    const reader = readable.getReader();
    for (const length of [60_000, 10_000]) expect((await reader.read()).value).toHaveLength(length);
    await taken;
    expect(socket.bufferedAmount).toBe(0);
  });

  it('is compressed unless it says otherwise', async () => {
    const perMessageDeflate = new PerMessageDeflate();
    const { socket, readable, writes } = await openListening('server', () => {}, {
      perMessageDeflate,
      peerOptions: { perMessageDeflate },
    });
    const text = 'again and again '.repeat(1000);
    socket.send(text);
    await turn();
    socket.send(text, { compress: false });
    const reader = readable.getReader();
    expect([(await reader.read()).value, (await reader.read()).value]).toEqual([text, text]);
    expect(writes.map(({ length }) => length > text.length)).toEqual([false, true]);
  });

  it('works without a listener too', async () => {
    const { server, openClient } = await open();
    server.send('hello');
    expect((await openClient.readable.getReader().read()).value).toBe('hello');
  });

  it('before the handshake is done, behind close() or behind a failure is refused', async () => {
    const [near, far] = connectedStreams(4);
    const client = connectWebSocket(near, { url: URL });
    expect(() => client.send('early')).toThrow(expect.objectContaining({ code: 'WSIMD_NOT_OPEN' }));
    expect([client.isOpen, client.bufferedAmount]).toEqual([false, 0]);
    const server = acceptWebSocket(far);
    await Promise.all([client.opened, server.opened]);
    expect([client.isOpen, server.isOpen]).toEqual([true, true]);
    expect(() => client.send(5 as never)).toThrow(TypeError);
    client.close();
    expect(() => client.send('late')).toThrow(expect.objectContaining({ code: 'WSIMD_NOT_OPEN' }));
    await server.closed;
    expect(() => server.send('late')).toThrow(expect.objectContaining({ code: 'WSIMD_NOT_OPEN' }));
    expect([client.isOpen, server.isOpen]).toEqual([false, false]);
    const failed = connectWebSocket(connectedStreams(4)[0], { url: URL, handshakeTimeout: 1 });
    await failed.opened.catch(() => {});
    expect(() => failed.send('late')).toThrow(expect.objectContaining({ code: 'WSIMD_NOT_OPEN' }));
  });
});
