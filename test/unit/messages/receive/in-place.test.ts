// src/messages/receive/message-decoder.ts: a message in one frame that is longer than what the arena takes at once, but lies
// whole in the chunk that came, stays where it is. What surrounds it, and what is no such message, is as ever.

import { describe, expect, it } from 'vitest';
import { CHUNK_CAPACITY } from '../../../../assembly/shared/layout.js';
import { lend, takeBack } from '../../../../src/bytes/lent-buffers.js';
import type { MessageEvent } from '../../../../src/messages/handler.js';
import { MessageDecoder, type MessageDecoderOptions } from '../../../../src/messages/receive/message-decoder.js';
import { Peer, stream } from '../../../support/frames/wire.js';
import { randomBytes } from '../../../support/inputs/random.js';
import { KERNEL_NAMES } from '../../../support/oracles/replay.js';

const LENGTHS = [CHUNK_CAPACITY - 14, CHUNK_CAPACITY - 13, CHUNK_CAPACITY, 3 * CHUNK_CAPACITY + 1, 1_000_003];
const LONG = 2 * CHUNK_CAPACITY + 100;

/** Bytes in the middle of a buffer, as a pool hands them out. */
function pooled(bytes: Uint8Array): Uint8Array {
  const pool = new Uint8Array(bytes.length + 64);
  pool.set(bytes, 5);
  return pool.subarray(5, 5 + bytes.length);
}

function binariesOf(events: readonly MessageEvent[]): Uint8Array[] {
  return events.flatMap((event) => (event.type === 'binary' ? [event.data] : []));
}

describe.each(KERNEL_NAMES)('long messages that came in one chunk, on the %s kernel', (kernel) => {
  const decoderFor = (options: Partial<MessageDecoderOptions> = {}) => {
    const decoder = new MessageDecoder({ role: 'server', kernel, ...options });
    expect(decoder.kernelName).toBe(kernel);
    return decoder;
  };
  const server = new Peer('server');
  const client = new Peer('client');
  const payload = randomBytes(LONG, 1);

  it.each(LENGTHS)('a binary message of %i bytes is a part of the chunk, in its place between the others', (length) => {
    const bytes = randomBytes(length, length);
    const chunk = pooled(stream(server.text('before'), server.binary(bytes), server.text('behind'), server.ping('p')));
    const events = decoderFor().decode(chunk);
    expect(events.map(({ type }) => type)).toEqual(['text', 'binary', 'text', 'ping']);
    const [data] = binariesOf(events);
    expect(data?.buffer).toBe(chunk.buffer);
    expect(Buffer.compare(data ?? chunk, bytes)).toBe(0);
  });

  it('a client, to whom nothing comes masked, gets it in the same way', () => {
    const chunk = stream(client.binary(payload), client.binary([1]));
    const [data, small] = binariesOf(decoderFor({ role: 'client' }).decode(chunk));
    expect(data?.buffer).toBe(chunk.buffer);
    expect(Buffer.compare(data ?? chunk, payload)).toBe(0);
    expect(small).toEqual(Uint8Array.of(1));
  });

  it('a Buffer comes out of a Buffer', () => {
    const [data] = binariesOf(decoderFor().decode(Buffer.from(stream(server.binary(payload)))));
    expect(Buffer.isBuffer(data)).toBe(true);
  });

  it('several in one chunk do not get into each other', () => {
    const others = [2, 3, 4].map((seed) => randomBytes(LONG + seed, seed));
    const events = decoderFor().decode(stream(...others.map((bytes) => server.binary(bytes))));
    expect(binariesOf(events).map((data, i) => Buffer.compare(data, others[i]!))).toEqual([0, 0, 0]);
  });

  it('a text is delivered as a string, or as bytes in their place', () => {
    const text = 'ä'.repeat(LONG);
    expect(decoderFor().decode(stream(server.text(text)))).toEqual([{ type: 'text', text }]);
    const chunk = stream(server.text(text));
    const [event] = decoderFor({ textAs: 'bytes' }).decode(chunk);
    if (event?.type !== 'textBytes') throw new Error('no text');
    expect(event.bytes.buffer).toBe(chunk.buffer);
    expect(Buffer.from(event.bytes).toString()).toBe(text);
  });

  it('a text that is bad in its last byte is not delivered', () => {
    const text = Buffer.alloc(LONG, 'a');
    text[LONG - 1] = 0xff;
    const events = decoderFor({ textAs: 'bytes' }).decode(stream(server.binary(payload), server.text(text)));
    expect(events.map((event) => (event.type === 'error' ? event.error.code : event.type))).toEqual([
      'binary',
      'WSIMD_INVALID_UTF8',
    ]);
  });

  it('what goes on in a further chunk is gathered, and what follows it in that chunk can stay again', () => {
    const all = stream(server.binary(payload), server.binary(payload));
    const cut = CHUNK_CAPACITY + 7;
    const decoder = decoderFor();
    expect(decoder.decode(all.slice(0, cut))).toEqual([]);
    const rest = all.slice(cut);
    const [gathered, inPlace] = binariesOf(decoder.decode(rest));
    expect(Buffer.compare(gathered ?? rest, payload)).toBe(0);
    expect(Buffer.compare(inPlace ?? rest, payload)).toBe(0);
    expect(gathered?.buffer).not.toBe(rest.buffer);
    expect(inPlace?.buffer).toBe(rest.buffer);
    expect(decoder.bufferedLength).toBe(0);
  });

  it('fragments are gathered', () => {
    const chunk = stream(server.binary(payload, { fin: false }), server.continuation(payload), server.binary(payload));
    const [message, single] = binariesOf(decoderFor().decode(chunk));
    expect(Buffer.compare(message ?? chunk, Buffer.concat([payload, payload]))).toBe(0);
    expect(Buffer.compare(single ?? chunk, payload)).toBe(0);
  });

  it('a chunk that is not ours stays as it is', () => {
    const chunk = stream(server.binary(payload));
    const before = chunk.slice();
    const [data] = binariesOf(decoderFor({ ownsChunks: false }).decode(chunk));
    expect(Buffer.compare(data ?? chunk, payload)).toBe(0);
    expect(Buffer.compare(chunk, before)).toBe(0);
  });

  it('pieces are pieces', () => {
    const events = decoderFor({ deliver: 'pieces' }).decode(stream(server.binary(payload)));
    const pieces = events.flatMap((event) => (event.type === 'piece' ? [event.data] : []));
    expect(pieces.length).toBe(events.length);
    expect(Buffer.compare(Buffer.concat(pieces), payload)).toBe(0);
  });
});

/** Events as strings, made faster than hexadecimal digits. */
function summarize(events: readonly MessageEvent[]): string[] {
  return events.map((event) => {
    if (event.type === 'error') return `${event.error.code} at ${event.error.offset}`;
    if (event.type === 'text') return `text ${event.text}`;
    if (event.type === 'textBytes') return `text ${Buffer.from(event.bytes).toString()}`;
    return event.type === 'binary' ? `binary ${Buffer.from(event.data).toString('base64')}` : JSON.stringify(event);
  });
}

/** What decoders deliver that never see a long frame whole: the chunks are short. */
function deliveredBytewise(options: MessageDecoderOptions, bytes: Uint8Array): string[] {
  const decoder = new MessageDecoder({ ...options, ownsChunks: false });
  const events: MessageEvent[] = [];
  for (let at = 0; at < bytes.length; at += 1000) events.push(...decoder.decode(bytes.slice(at, at + 1000)));
  return summarize(events);
}

describe.each(KERNEL_NAMES)('long frames among others, on the %s kernel', (kernel) => {
  const LONG_FRAME = 40_000;
  const text = 'größer '.repeat(5000);
  const bad = Buffer.from(text);
  bad[bad.length - 10] = 0xff;
  const contents = (peer: Peer) => ({
    'after a ping and a text': [peer.ping('p'), peer.text('next: binary'), peer.binary(randomBytes(LONG_FRAME, 1))],
    'before a short one': [peer.binary(randomBytes(LONG_FRAME, 2)), peer.binary([1, 2, 3]), peer.pong('q')],
    texts: [peer.text(text), peer.binary(randomBytes(LONG_FRAME, 3)), peer.text('a'.repeat(80_000))],
    'in fragments': [
      peer.binary(randomBytes(LONG_FRAME, 4), { fin: false }),
      peer.ping('between'),
      peer.continuation(randomBytes(70_001, 5), { fin: false }),
      peer.continuation(randomBytes(LONG_FRAME, 6)),
      peer.binary([7]),
    ],
    'a bad text': [peer.binary(randomBytes(9000, 7)), peer.text(bad), peer.binary(randomBytes(LONG_FRAME, 8))],
    'a bad text that the arena cannot hold': [peer.text(Buffer.concat([bad, bad])), peer.binary([1])],
    'a message inside another': [
      peer.binary(randomBytes(LONG_FRAME, 9), { fin: false }),
      peer.binary(randomBytes(LONG_FRAME, 10)),
    ],
    'a reserved bit': [
      peer.binary(randomBytes(LONG_FRAME, 11)),
      peer.frame(2, randomBytes(LONG_FRAME, 12), { rsv: 2 }),
    ],
    'one that is too long': [peer.binary(randomBytes(LONG_FRAME, 13)), peer.binary(randomBytes(120_000, 14))],
    'behind a Close frame': [peer.close(1000, 'bye'), peer.binary(randomBytes(LONG_FRAME, 15))],
  });

  describe.each(['server', 'client'] as const)('to a %s', (role) => {
    const peer = new Peer(role);
    it.each(Object.entries(contents(peer)))('%s: the same at every cut, whoever owns the chunks', (_name, frames) => {
      const bytes = stream(...frames);
      const options = { role, kernel, maxMessageLength: 180_000, maxFrameLength: 110_000 } as const;
      const cuts = [0, 1, 8, 14, 8200, 33_000, 40_008, 65_550, 100_000];
      for (const more of [
        {},
        { ownsChunks: false },
        { textAs: 'bytes' },
        { messageLifetime: 'listener-checked' },
        { inTurns: true },
      ] as const) {
        const expected = deliveredBytewise({ ...options, ...more }, bytes);
        for (const cut of cuts.filter((at) => at < bytes.length)) {
          const decoder = new MessageDecoder({ ...options, ...more });
          const chunks = [bytes.slice(0, cut), bytes.slice(cut)];
          const events = chunks.flatMap((chunk) => decoder.decode(chunk));
          if (summarize(events).join() !== expected.join())
            expect.unreachable(`${JSON.stringify(more)}, cut at ${cut}`);
          if ('ownsChunks' in more) expect(Buffer.compare(Buffer.concat(chunks), bytes)).toBe(0);
        }
      }
    });
  });

  it('16 MiB in one chunk are a part of it, and a text of that length is its string', () => {
    const peer = new Peer('server');
    const payload = new Uint8Array(16 * 1024 * 1024).fill(0x61);
    const chunk = stream(peer.binary(payload));
    const [data] = binariesOf(new MessageDecoder({ role: 'server', kernel }).decode(chunk));
    expect(data?.buffer).toBe(chunk.buffer);
    expect(Buffer.compare(data ?? chunk, payload)).toBe(0);
    const [event] = new MessageDecoder({ role: 'server', kernel }).decode(stream(peer.text(payload)));
    expect(event?.type === 'text' && event.text === 'a'.repeat(payload.length)).toBe(true);
  });

  it('a long text that becomes a string is gathered in memory that is used again', () => {
    const bytes = stream(new Peer('server').text('x'.repeat(1_000_000)));
    const decoder = new MessageDecoder({ role: 'server', kernel });
    const memory = lend(1024 * 1024).fill(0);
    takeBack(memory);
    for (const chunk of [bytes.slice(0, 500_000), bytes.slice(500_000)]) {
      for (const event of decoder.decode(chunk)) expect(event.type === 'text' && event.text.length).toBe(1_000_000);
    }
    expect(memory.subarray(0, 1_000_000).every((byte) => byte === 0x78)).toBe(true);
    expect(lend(1024 * 1024)).toBe(memory);
    takeBack(memory);
    expect(decoder.bufferedLength).toBe(0);
  });
});

describe.each(KERNEL_NAMES)('short messages, one a chunk, on the %s kernel', (kernel) => {
  it('come out whole at every length around the longest whose view is kept', () => {
    const server = new Peer('server');
    for (let length = 0; length < 1100; length += length < 130 || length > 1000 ? 1 : 97) {
      const payload = randomBytes(length, length + 1);
      const decoder = new MessageDecoder({ role: 'server', kernel });
      expect(decoder.decode(pooled(stream(server.binary(payload))))).toEqual([{ type: 'binary', data: payload }]);
    }
  });

  it('also where the header came in the chunk before', () => {
    const server = new Peer('server');
    const payload = randomBytes(200, 9);
    for (let cut = 1; cut <= 8; cut++) {
      const bytes = stream(server.binary(payload));
      const decoder = new MessageDecoder({ role: 'server', kernel });
      expect(decoder.decode(bytes.slice(0, cut))).toEqual([]);
      expect(decoder.decode(bytes.slice(cut))).toEqual([{ type: 'binary', data: payload }]);
    }
  });
});
