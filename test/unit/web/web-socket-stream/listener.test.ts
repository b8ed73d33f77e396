// src/web/: WebSockets whose messages go to a listener (`onMessage`), and `send`.

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { PerMessageDeflate } from '../../../../src/deflate/index.js';
import {
  acceptWebSocket,
  type ByteStreams,
  connectWebSocket,
  type Message,
  type WebSocketStream,
  type WebSocketStreamOptions,
} from '../../../../src/web/index.js';
import { join, Peer, stream, wire } from '../../../support/frames/wire.js';
import { randomBytes } from '../../../support/inputs/random.js';
import { KERNEL_NAMES } from '../../../support/oracles/replay.js';
import { connectedStreams } from '../memory-streams.js';
import { socketOver } from '../peer-streams.js';
import { open, rawClient, readAll, rejectionOf, sameAs, URL } from './open.js';

const peer = new Peer('server');
const ROLES = ['server', 'client'] as const;
type Listener = (message: Message, socket: WebSocketStream) => void | PromiseLike<void>;

const echo: Listener = (message, socket) => socket.send(message);

/** Streams, and the chunks that are written to them. */
function counted({ readable, writable }: ByteStreams, writes: Uint8Array[]): ByteStreams {
  const inner = writable.getWriter();
  return {
    readable,
    writable: new WritableStream({
      async write(bytes) {
        writes.push(bytes);
        await inner.write(bytes);
      },
      close: () => inner.close(),
      abort: (reason) => inner.abort(reason),
    }),
  };
}

/** A WebSocket with a listener, a peer with streams, and what each write of the first had. */
async function openListening(
  role: (typeof ROLES)[number],
  onMessage: Listener,
  { peerOptions = {}, ...options }: WebSocketStreamOptions & { readonly peerOptions?: WebSocketStreamOptions } = {},
) {
  const [near, far] = connectedStreams(1000);
  const writes: Uint8Array[] = [];
  const [socket, other] =
    role === 'server'
      ? [
          acceptWebSocket(counted(far, writes), { ...options, onMessage }),
          connectWebSocket(near, { url: URL, ...peerOptions }),
        ]
      : [
          connectWebSocket(counted(near, writes), { url: URL, ...options, onMessage }),
          acceptWebSocket(far, peerOptions),
        ];
  const [, atPeer] = await Promise.all([socket.opened, other.opened]);
  writes.length = 0;
  return { socket, other, ...atPeer, writes };
}

/** A listener that waits for each message until it is let on, and what it has been given. */
function slowListener() {
  const messages: Message[] = [];
  let letOn: () => void = () => {};
  const onMessage: Listener = (message) => {
    messages.push(message);
    return new Promise((resolve) => {
      letOn = resolve;
    });
  };
  return { messages, onMessage, letOn: () => letOn() };
}

describe.each(KERNEL_NAMES)('on the %s kernel', (kernel) => {
  it.each(ROLES)('the listener of a %s gets texts and bytes of all lengths in order', async (role) => {
    for (const perMessageDeflate of [undefined, new PerMessageDeflate()]) {
      const options: WebSocketStreamOptions = { kernel, ...(perMessageDeflate && { perMessageDeflate }) };
      const { socket, other, readable, writable } = await openListening(role, echo, {
        ...options,
        peerOptions: options,
      });
      const sent: Message[] = ['', 'grün', '漢字'.repeat(40_000), 'the same words '.repeat(1000)];
      for (const length of [0, 1, 125, 126, 65_535, 65_536, 300_000]) sent.push(randomBytes(length, length));
      const reader = readable.getReader();
      const writing = (async () => {
        const writer = writable.getWriter();
        for (const message of sent) await writer.write(message);
      })();
      for (const message of sent) expect(sameAs((await reader.read()).value, message)).toBe(true);
      await writing;
      other.close({ closeCode: 4001, reason: 'enough' });
      expect(await socket.closed).toEqual({ closeCode: 4001, reason: 'enough' });
    }
  });

  it('it gets fragmented messages whole, with pings between the fragments', async () => {
    const messages: Message[] = [];
    const { server, writer, reader } = await rawClient({ kernel, onMessage: (message) => void messages.push(message) });
    const bytes = stream(
      peer.text('a', { fin: false }),
      peer.ping('!'),
      peer.continuation('b', { fin: false }),
      peer.continuation('c'),
      peer.binary([1], { fin: false }),
      peer.continuation([2]),
    );
    for (const byte of bytes) await writer.write(Uint8Array.of(byte));
    expect((await reader.read()).value).toEqual(Uint8Array.of(0x8a, 1, 0x21));
    await vi.waitFor(() => expect(messages).toEqual(['abc', Uint8Array.of(1, 2)]));
    server.close();
  });
});

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

describe('a listener that fails', () => {
  const HOW: [string, (error: unknown) => Listener][] = [
    [
      'throws',
      (error) => () => {
        throw error;
      },
    ],
    [
      'rejects',
      (error) => async () => {
        throw error;
      },
    ],
    [
      'rejects later',
      (error) => async () => {
        await turn();
        throw error;
      },
    ],
  ];

  it.each(HOW)('and %s closes with 1011; closed rejects with its error, and it gets no more', async (_how, failing) => {
    for (const role of ROLES) {
      for (const error of [new Error('mine'), undefined]) {
        const messages: Message[] = [];
        const fail = failing(error);
        const { socket, other, writable } = await openListening(role, (message, each) => {
          messages.push(message);
          return fail(message, each);
        });
        const writer = writable.getWriter();
        for (const text of ['a', 'b', 'c']) void writer.write(text).catch(() => {});
        expect(await other.closed).toMatchObject({ closeCode: 1011 });
        const reason = await socket.closed.then(
          () => 'fulfilled',
          (cause: unknown) => cause,
        );
        expect(reason).toBe(error);
        expect(messages).toEqual(['a']);
      }
    }
  });

  it('has sent what it sent before', async () => {
    const { readable, writable, other } = await openListening('server', (message, socket) => {
      socket.send(message);
      throw new Error('mine');
    });
    void writable.getWriter().write('hello');
    expect(await readAll(readable)).toEqual(['hello']);
    expect(await other.closed).toMatchObject({ closeCode: 1011 });
  });

  it('while the peer has to wait still tells it why', async () => {
    let fail: (error: Error) => void = () => {};
    const onMessage = () =>
      new Promise<void>((_, reject) => {
        fail = reject;
      });
    const { server, writer, reader } = await rawClient({ onMessage, highWaterMark: 1 });
    await writer.write(stream(peer.text('a'), peer.text('b')));
    await turn();
    fail(new Error('mine'));
    expect((await reader.read()).value).toEqual(Uint8Array.of(0x88, 2, 1011 >> 8, 1011 & 255));
    await writer.write(stream(peer.close(1011)));
    await expect(server.closed).rejects.toThrow('mine');
  });

  it('because a message came too late to be answered has not failed', async () => {
    const messages: Message[] = [];
    const { server, writer } = await rawClient({
      onMessage: async (message, socket) => {
        messages.push(message);
        await turn();
        socket.send(message);
      },
    });
    await writer.write(stream(peer.text('a'), peer.text('b'), peer.close(1000)));
    await vi.waitFor(() => expect(messages).toEqual(['a', 'b']));
    void writer.close();
    expect(await server.closed).toEqual({ closeCode: 1000, reason: '' });
  });

  it('because another WebSocket is closed has failed', async () => {
    const { server: closed } = await rawClient();
    closed.close();
    const { server, writer } = await rawClient({ onMessage: (message) => closed.send(message), closeTimeout: 50 });
    await writer.write(stream(peer.text('a')));
    expect((await rejectionOf(server.closed)).code).toBe('WSIMD_NOT_OPEN');
  });
});

it.each(ROLES)('the listener of a %s can close', async (role) => {
  const messages: Message[] = [];
  const { socket, other, readable, writable } = await openListening(role, (message, each) => {
    messages.push(message);
    each.send(message);
    if (message === 'bye') each.close({ closeCode: 4002, reason: 'as you wish' });
  });
  const writer = writable.getWriter();
  // The last one comes in the same chunk, and is answered too late.
  for (const text of ['hello', 'bye', 'more']) void writer.write(text).catch(() => {});
  expect(await readAll(readable)).toEqual(['hello', 'bye']);
  const info = { closeCode: 4002, reason: 'as you wish' };
  expect([await socket.closed, await other.closed]).toEqual([info, info]);
  expect(messages).toEqual(['hello', 'bye', 'more']);
});

it('there is nothing to read beside a listener', async () => {
  const { server, readable } = await rawClient({ onMessage: () => {} });
  await expect(readable.getReader().read()).rejects.toThrow(TypeError);
  expect(server.isOpen).toBe(true);
});

describe('a peer that floods', () => {
  it('and does not read makes us hold little, if the listener returns what send returns', async () => {
    let most = 0;
    const { server, writer, reader } = await rawClient({
      onMessage: (message, socket) => {
        const taken = socket.send(message);
        most = Math.max(most, socket.bufferedAmount);
        return taken;
      },
      closeTimeout: 50,
    });
    const frame = wire(peer.binary(new Uint8Array(10_000)));
    let written = 0;
    for (let i = 0; i < 2000; i++)
      writer.write(frame.slice()).then(
        () => written++,
        () => {},
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(written).toBeLessThan(100);
    expect(most).toBeGreaterThan(64 * 1024);
    expect(most).toBeLessThan(300 * 1024);
    await reader.cancel();
    await expect(server.closed).rejects.toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
  });

  it.each([
    ['returns nothing', (): void => {}],
    ['returns promises', async (): Promise<void> => {}],
  ])('with empty messages does not hold up the event loop if the listener %s', async (_what, onMessage) => {
    await flood(onMessage);
  });

  it('with empty messages does not hold up the event loop if all of them are queued', async () => {
    let letOn: () => void = () => {};
    const first = new Promise<void>((resolve) => {
      letOn = resolve;
    });
    await flood(
      () => first,
      () => letOn(),
    );
  });

  /** @param onRead is called once all has been read */
  async function flood(onMessage: () => void | Promise<void>, onRead = () => {}): Promise<void> {
    const COUNT = 60_000;
    const frame = wire(peer.text(''));
    let handed = 0;
    const { server, writer, reader } = await rawClient({
      onMessage: () => {
        handed++;
        return onMessage();
      },
    });
    void writer.write(join([...Array.from({ length: COUNT }, () => frame), wire(peer.ping())]));
    const pong = reader.read().then(onRead);
    let [most, before] = [0, 0];
    while (handed < COUNT) {
      await turn();
      most = Math.max(most, handed - before);
      before = handed;
    }
    await pong;
    // A turn is good for 5,000.
    expect(most).toBeLessThan(12_000);
    server.close();
  }
});
