// The Readable of one long message, without a connection.

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MessageStream } from '../../../../../src/node/socket/reads/message-stream.js';

/** What a stream counts as beyond its bytes. */
const STREAM_LENGTH = 1536;

function makeStream(encoding?: BufferEncoding) {
  let queued = 0;
  const stream = new MessageStream({
    queued: (length) => {
      queued += length;
    },
    taken: (length) => {
      queued -= length;
    },
  });
  if (encoding !== undefined) stream.setEncoding(encoding);
  return { stream, queuedLength: () => queued };
}

async function contentOf(stream: MessageStream): Promise<string> {
  let content = '';
  for await (const part of stream) content += part;
  return content;
}

const bytes = (text: string) => Uint8Array.from(Buffer.from(text));

describe('a stream that decodes text', () => {
  it.each([
    ['data', (stream: MessageStream, add: (text: string) => void) => stream.on('data', add)],
    [
      'readable',
      (stream: MessageStream, add: (text: string) => void) =>
        stream.on('readable', () => {
          for (let text = stream.read(); text !== null; text = stream.read()) add(text);
        }),
    ],
  ])('goes on behind parts that end within a character, read with %s', async (_name, readWith) => {
    const { stream, queuedLength } = makeStream('utf8');
    let content = '';
    readWith(stream, (text) => {
      content += text;
    });
    stream.add(bytes('hello '));
    await turn();
    // Two bytes in one turn: the second is queued, and asked for where Node looks whether to read on.
    const emoji = bytes('🙂');
    stream.add(emoji.subarray(0, 1));
    stream.add(emoji.subarray(1, 2));
    await turn();
    expect(queuedLength()).toBe(0);
    stream.add(emoji.subarray(2));
    stream.add(bytes('x'.repeat(5000)));
    await turn();
    stream.add(bytes(' world'));
    stream.complete();
    await turn();
    expect(content).toBe(`hello 🙂${'x'.repeat(5000)} world`);
    expect([stream.readableEnded, queuedLength()]).toEqual([true, 0]);
  });

  it('goes on while less text is buffered than the program wants at once', async () => {
    const { stream } = makeStream('utf8');
    const texts: string[] = [];
    stream.on('readable', () => {
      const text = stream.read(10);
      if (text !== null) texts.push(text);
    });
    stream.add(bytes('ab'));
    await turn();
    const emoji = bytes('🙂');
    stream.add(emoji.subarray(0, 1));
    stream.add(emoji.subarray(1, 2));
    await turn();
    stream.add(emoji.subarray(2));
    stream.add(bytes('cdefghij'));
    await turn();
    expect(texts).toEqual(['ab🙂cdefgh']);
  });

  it.each(['utf16le', 'base64'] as const)('takes parts of a byte that the encoding %s holds back', async (encoding) => {
    const { stream } = makeStream(encoding);
    const reading = contentOf(stream);
    const content = Buffer.from('streams', 'utf16le');
    for (let i = 0; i < content.length; i += 2) {
      stream.add(content.subarray(i, i + 1));
      stream.add(content.subarray(i + 1, i + 2));
      await turn();
    }
    stream.complete();
    expect(await reading).toBe(content.toString(encoding));
  });
});

it('asks for no more parts than it has room for', () => {
  const { stream, queuedLength } = makeStream();
  for (let i = 0; i < 5; i++) stream.add(new Uint8Array(2000));
  expect(queuedLength()).toBe(10_000 + STREAM_LENGTH);
  stream.read(0);
  expect(queuedLength()).toBe(8000 + STREAM_LENGTH);
});

it('counts as more than its bytes while it holds some', async () => {
  const { stream, queuedLength } = makeStream();
  stream.add(bytes('a'));
  stream.add(bytes('b'));
  expect(queuedLength()).toBe(2 + STREAM_LENGTH);
  expect(String(stream.read())).toBe('ab');
  expect(queuedLength()).toBe(0);
  await turn();
  // It is asked for, and not queued.
  stream.add(bytes('c'));
  expect(queuedLength()).toBe(0);
  stream.add(bytes('d'));
  expect(queuedLength()).toBe(1 + STREAM_LENGTH);
  stream.destroy();
  expect(queuedLength()).toBe(0);
});
