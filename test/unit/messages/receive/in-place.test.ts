// src/messages/receive/message-decoder.ts: a message in one frame that is longer than what the arena takes at once, but lies
// whole in the chunk that came, stays where it is. What surrounds it, and what is no such message, is as ever.

import { describe, expect, it } from 'vitest';
import { CHUNK_CAPACITY } from '../../../../assembly/shared/layout.js';
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
