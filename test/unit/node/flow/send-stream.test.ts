// src/node/flow/send-stream.ts: one message whose parts a stream makes, at the peer's speed.

import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { WebSocket } from '../../../../src/node/index.js';
import { next } from '../../../support/servers/servers.js';
import { openPair } from './open-pair.js';

type Received = readonly [content: string, isBinary: boolean];

/** The messages that come, with those of binary type in hex. */
function received(socket: WebSocket): Received[] {
  const messages: Received[] = [];
  socket.on('message', (data, isBinary) =>
    messages.push([(data as Buffer).toString(isBinary ? 'hex' : 'utf8'), isBinary]),
  );
  return messages;
}

async function* parts<T>(...values: readonly T[]): AsyncGenerator<T> {
  for (const value of values) {
    await new Promise(setImmediate);
    yield value;
  }
}

const later = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('sendStream', () => {
  it('sends an iterable, an async iterable, a ReadableStream or a Readable as one message', async () => {
    const { client, served } = await openPair();
    const messages = received(client);
    await served.sendStream(['a', 'b', 'c']);
    await served.sendStream(parts('1', '2'));
    await served.sendStream(new Response('over the web').body!, { binary: false });
    await served.sendStream(Readable.from([Buffer.of(1), Buffer.of(2)]));
    await served.sendStream([new Blob(['of ']), 'a Blob'], { binary: false });
    await served.sendStream([1, 2]);
    await expect
      .poll(() => messages)
      .toEqual([
        ['abc', false],
        ['12', false],
        ['over the web', false],
        ['0102', true],
        ['of a Blob', false],
        ['12', false],
      ]);
  });

  it('sends an empty message for a stream without parts', async () => {
    const { client, served } = await openPair();
    const messages = received(client);
    await served.sendStream([]);
    await served.sendStream(['', ''], {});
    await expect
      .poll(() => messages)
      .toEqual([
        ['', true],
        ['', false],
      ]);
  });

  it('joins characters that lie in two strings', async () => {
    const { client, served } = await openPair();
    const messages = received(client);
    const text = 'a🙂b🎉🎊';
    await served.sendStream(parts(...text.split('')));
    await served.sendStream(['x', '\ud83d']);
    await expect
      .poll(() => messages)
      .toEqual([
        [text, false],
        ['x\ufffd', false],
      ]);
  });

  it('keeps half a character before the bytes that follow it', async () => {
    const { client, served } = await openPair();
    const message = next(client, 'message');
    await served.sendStream([
      'a\ud83d',
      new Uint8Array(0),
      Buffer.from('X'),
      '\ude00b',
      'c\ud83d',
      Buffer.alloc(0),
      '\ude00',
    ]);
    expect(String((await message)[0])).toBe('a\ufffdX\ufffdbc\u{1f600}');
  });

  it('works both ways, compressed or not', async () => {
    const { client, served } = await openPair({ perMessageDeflate: true }, { perMessageDeflate: { threshold: 0 } });
    const [ofClient, ofServer] = [received(served), received(client)];
    const lines = Array.from({ length: 200 }, (_, i) => `line ${i} of many lines\n`);
    await client.sendStream(parts(...lines));
    await served.sendStream(lines, { compress: false });
    await expect.poll(() => [ofClient, ofServer]).toEqual([[[lines.join(''), false]], [[lines.join(''), false]]]);
  });

  it('reads the stream no faster than the peer reads', async () => {
    const { client, served } = await openPair({}, { maxPayload: 100_000_000 });
    client.pause();
    const part = Buffer.alloc(64 * 1024, 7);
    let made = 0;
    const source = function* () {
      for (; made < 800; made++) yield part;
    };
    const done = served.sendStream(source());
    let before = -1;
    while (before !== made) {
      before = made;
      await later(100);
    }
    expect(made).toBeLessThan(400);
    expect(served.bufferedAmount).toBeLessThan(500_000);
    const message = next(client, 'message');
    client.resume();
    await done;
    expect((await message)[0]).toHaveLength(800 * part.length);
  });

  it('lets other messages wait behind it, and pings pass', async () => {
    const { client, served } = await openPair();
    const messages = received(client);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const source = async function* () {
      yield 'one ';
      await held;
      yield 'message';
    };
    const first = served.sendStream(source());
    const second = served.sendStream(['second']);
    served.send('third');
    const pong = next(served, 'pong');
    await later(30);
    expect(messages).toEqual([]);
    served.ping('between');
    expect(String((await pong)[0])).toBe('between');
    served.close(1000);
    release();
    await Promise.all([first, second]);
    const [code] = await next<[number]>(client, 'close');
    expect([messages, code]).toEqual([
      [
        ['one message', false],
        ['second', false],
        ['third', false],
      ],
      1000,
    ]);
  });

  it('waits behind a Blob that was sent before', async () => {
    const { client, served } = await openPair();
    const messages = received(client);
    served.send(new Blob(['blob']), { binary: false });
    await served.sendStream(['stream']);
    await expect.poll(() => messages.map(([content]) => content)).toEqual(['blob', 'stream']);
  });

  it('finishes the message when the peer closes in the middle of it', async () => {
    const { client, served } = await openPair();
    const messages = received(client);
    const source = async function* () {
      yield 'a';
      client.close(1000);
      await later(50);
      yield 'b';
    };
    await served.sendStream(source());
    const [code] = await next<[number]>(client, 'close');
    expect([messages, code]).toEqual([[['ab', false]], 1000]);
  });
});

describe('a stream that fails', () => {
  it('before its first part leaves the connection as it is', async () => {
    const { client, served } = await openPair();
    const messages = received(client);
    const source = async function* () {
      yield '';
      throw new Error('no such file');
    };
    await expect(served.sendStream(source())).rejects.toThrow('no such file');
    served.send('still open');
    await expect.poll(() => messages).toEqual([['still open', false]]);
  });

  it('later ends the connection, so that the part is not taken for the whole, and what waited behind it fails', async () => {
    const { client, served } = await openPair();
    const messages = received(client);
    const errors: unknown[] = [];
    served.on('error', (error) => errors.push(error));
    const source = async function* () {
      yield 'half';
      await later(20);
      throw new Error('disk failed');
    };
    const sending = served.sendStream(source());
    const behind = new Promise((resolve) => served.send('behind', resolve));
    const closed = next(client, 'close');
    await expect(sending).rejects.toThrow('disk failed');
    expect(await behind).toMatchObject({ message: 'disk failed' });
    expect((await closed)[0]).toBe(1006);
    expect([messages, errors]).toEqual([[], [expect.objectContaining({ message: 'disk failed' })]]);
  });

  it('rejects with the reason of its signal, at once, and closes the source', async () => {
    const { client, served } = await openPair();
    const controller = new AbortController();
    let isClosed = false;
    const source: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => {
        let count = 0;
        return {
          next: () => (count++ === 0 ? Promise.resolve({ done: false, value: 'x' }) : new Promise(() => {})),
          return: async () => {
            isClosed = true;
            return { done: true, value: undefined };
          },
        };
      },
    };
    const sending = served.sendStream(source, { signal: controller.signal });
    await later(20);
    const closed = next(client, 'close');
    controller.abort(new Error('enough'));
    await expect(sending).rejects.toThrow('enough');
    expect(isClosed).toBe(true);
    expect((await closed)[0]).toBe(1006);
  });

  it('takes a signal that came before, or while it waits for its turn, without harm to the connection', async () => {
    const { client, served } = await openPair();
    const messages = received(client);
    await expect(served.sendStream(['x'], { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow(
      'before',
    );
    const first = served.sendStream(parts('a', 'b'));
    const controller = new AbortController();
    const second = served.sendStream(['never'], { signal: controller.signal });
    controller.abort(new Error('while it waits'));
    await expect(second).rejects.toThrow('while it waits');
    await first;
    served.send('last');
    await expect
      .poll(() => messages)
      .toEqual([
        ['ab', false],
        ['last', false],
      ]);
  });

  it('rejects when the connection is lost, though the source never ends', async () => {
    const { client, served } = await openPair();
    const errors: unknown[] = [];
    served.on('error', (error) => errors.push(error));
    const source = async function* () {
      yield 'x';
      await new Promise(() => {});
    };
    const sending = served.sendStream(source());
    await later(20);
    client.terminate();
    await expect(sending).rejects.toMatchObject({ code: 'WSIMD_NOT_OPEN' });
    expect(errors).toEqual([]);
    await expect(served.sendStream(['x'])).rejects.toMatchObject({ code: 'WSIMD_NOT_OPEN' });
  });

  it('rejects inside a fragmented message of the program', async () => {
    const { client, served } = await openPair();
    const messages = received(client);
    served.send('a', { fin: false });
    await expect(served.sendStream(['x'])).rejects.toMatchObject({ code: 'WSIMD_MESSAGE_OPEN' });
    served.send('b');
    await expect.poll(() => messages).toEqual([['ab', false]]);
  });

  it('throws for what is no stream, and while connecting', async () => {
    const { client, served } = await openPair();
    for (const source of ['text', Buffer.of(1), 5, null, {}]) {
      expect(() => served.sendStream(source as never)).toThrow(TypeError);
    }
    expect(() => served.sendStream([], { highWaterMark: -1 })).toThrow(RangeError);
    const second = new WebSocket(client.url);
    expect(() => second.sendStream(['x'])).toThrow('CONNECTING');
    second.on('error', () => {});
    second.terminate();
    await next(second, 'close');
  });
});
