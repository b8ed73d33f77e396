// src/web/: WebSockets whose messages go to a listener (`onMessage`).

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { PerMessageDeflate } from '../../../../src/deflate/index.js';
import type { Message, WebSocketStreamOptions } from '../../../../src/web/index.js';
import { join, Peer, stream, wire } from '../../../support/frames/wire.js';
import { randomBytes } from '../../../support/inputs/random.js';
import { KERNEL_NAMES } from '../../../support/oracles/replay.js';
import { echo, type Listener, openListening, ROLES } from './listening.js';
import { rawClient, readAll, rejectionOf, sameAs } from './open.js';

const peer = new Peer('server');
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
