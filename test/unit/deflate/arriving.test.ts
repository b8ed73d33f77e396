// Compressed messages that are delivered in pieces (`deliver: 'pieces'`) are inflated while they arrive, however their frames and chunks are
// cut, and whatever other connections inflate in between.

import { constants } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Connection } from '../../../src/connection.js';
import type { ConnectionOptions } from '../../../src/connection-options.js';
import { PerMessageDeflate } from '../../../src/deflate/index.js';
import { parseExtensions } from '../../../src/handshake/extensions.js';
import { collectInto, type MessageEvent } from '../../../src/messages/handler.js';
import { BINARY, bytesOf, concat, join, Peer, stream, TEXT, type WireFrame, wire } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';
import { DEFLATE_KERNELS } from '../../support/kernels/deflate-kernels.js';
import { DeflatingPeer } from '../../support/peers/deflate-peer.js';

const MIB = 1024 * 1024;
const TAKEOVER = 'permessage-deflate';
const NO_TAKEOVER = 'permessage-deflate; client_no_context_takeover; server_no_context_takeover';
const RSV1 = { rsv: 4 };
/** What ends each part of a message that is flushed. */
const FLUSHED = Uint8Array.of(0, 0, 0xff, 0xff);
/** What an unfinished message holds of the kernel's, at most. */
const KEPT_LENGTH = 40_000;

const peer = new Peer('server');

/** The frames of a message that is cut at these places. */
function fragments(opcode: number, payload: Uint8Array, cuts: readonly number[]): WireFrame[] {
  const places = [...cuts.map((cut) => cut % (payload.length + 1)).sort((a, b) => a - b), payload.length];
  let start = 0;
  return places.map((end, i) => {
    const part = payload.subarray(start, end);
    start = end;
    const fin = i === places.length - 1;
    return i === 0 ? peer.frame(opcode, part, { ...RSV1, fin }) : peer.continuation(part, { fin });
  });
}

/** The messages in these events: pieces joined, and in one piece if they came so. */
function messagesOf(events: readonly MessageEvent[]): Buffer[] {
  const messages: Buffer[] = [];
  let parts: Uint8Array[] = [];
  for (const event of events) {
    if (event.type === 'text') messages.push(Buffer.from(event.text));
    else if (event.type === 'binary') messages.push(Buffer.from(event.data));
    else if (event.type === 'piece') {
      expect(event.isFirst).toBe(parts.length === 0);
      parts.push(event.data);
      if (event.isLast) messages.push(Buffer.from(join(parts)));
      if (event.isLast) parts = [];
    } else expect.unreachable();
  }
  expect(parts).toEqual([]);
  return messages;
}

const lengthOf = (events: readonly MessageEvent[]) =>
  events.reduce((sum, event) => sum + (event.type === 'piece' ? event.data.length : 0), 0);

describe.each(DEFLATE_KERNELS)('a compressed message in pieces, on the %s kernel', (kernel) => {
  const deflate = new PerMessageDeflate({ kernel, poolLength: MIB });
  const connect = (options: Partial<ConnectionOptions> = {}, answer = NO_TAKEOVER) =>
    new Connection(
      { role: 'server', deliver: 'pieces', maxMessageLength: 64 * MIB, ...options },
      deflate.forServer(parseExtensions(answer)),
    );

  it('is the same wherever it is cut in two, in frames and in chunks, with another message in between', () => {
    const text = `${'To be, or not to be, thåt is the question. '.repeat(4)}${'🙂'.repeat(9)}`;
    const other = peer.frame(TEXT, new DeflatingPeer().deflate('other'.repeat(9)), RSV1);
    for (const zlib of [{ level: 0 }, { level: 9 }, { strategy: constants.Z_FIXED }]) {
      const payload = new DeflatingPeer({ zlib }).deflate(text);
      const whole = stream(peer.frame(TEXT, payload, RSV1));
      for (let cut = 0; cut <= whole.length; cut++) {
        for (const answer of [TAKEOVER, NO_TAKEOVER]) {
          const connection = connect({}, answer);
          const chunks =
            cut <= payload.length
              ? fragments(TEXT, payload, [cut]).map(wire)
              : [whole.slice(0, cut - payload.length), whole.slice(cut - payload.length)];
          const events = connection.receive(chunks[0]!);
          expect(connect().receive(stream(other))).toEqual([{ type: 'text', text: 'other'.repeat(9) }]);
          events.push(...connection.receive(chunks[1]!));
          expect(messagesOf(events).map(String)).toEqual([text]);
          expect(connection.bufferedLength).toBe(0);
          connection.receiveEnd();
        }
      }
    }
  });

  it('is delivered as far as it has come: every flushed part at once', () => {
    for (const inTurns of [false, true]) {
      const connection = connect({ inTurns }, TAKEOVER);
      const zlib = new DeflatingPeer();
      const parts = Array.from({ length: 20 }, (_, i) => `part ${i} of one message, `.repeat(1 + (i % 3)));
      for (const [i, part] of parts.entries()) {
        const payload = concat(zlib.deflate(part), FLUSHED);
        const frame =
          i === 0 ? peer.frame(TEXT, payload, { ...RSV1, fin: false }) : peer.continuation(payload, { fin: false });
        expect(connection.receive(stream(frame, peer.ping(String(i))))).toEqual([
          { type: 'piece', opcode: 'text', data: bytesOf(part), isFirst: i === 0, isLast: false },
          { type: 'ping', payload: bytesOf(String(i)) },
        ]);
        expect(connection.bufferedLength).toBeGreaterThan(0);
        expect(connection.bufferedLength).toBeLessThan(KEPT_LENGTH);
      }
      expect(connection.receive(stream(peer.continuation([])))).toEqual([
        { type: 'piece', opcode: 'text', data: new Uint8Array(0), isFirst: false, isLast: true },
      ]);
      expect(connection.bufferedLength).toBe(0);
      expect(
        messagesOf(connection.receive(stream(peer.frame(TEXT, zlib.deflate(parts[3]!), RSV1)))).map(String),
      ).toEqual([parts[3]]);
      connection.receiveEnd();
    }
  });

  it('is the same for any stream of zlib, cut anywhere, with other connections in between', {
    timeout: 120_000,
  }, () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }).map((text) => Buffer.from(text)),
      fc
        .tuple(fc.string({ unit: 'binary', maxLength: 9 }), fc.nat({ max: 4000 }))
        .map(([text, n]) => Buffer.from(text.repeat(n))),
      fc.tuple(fc.nat({ max: 90_000 }), fc.nat()).map(([length, seed]) => Buffer.from(randomBytes(length, seed))),
    );
    const message = fc.record({
      parts: fc.array(part, { minLength: 1, maxLength: 4 }),
      cuts: fc.array(fc.nat(), { maxLength: 6 }),
    });
    const options = fc.record({
      level: fc.constantFrom(0, 1, 6, 9),
      strategy: fc.constantFrom(
        constants.Z_DEFAULT_STRATEGY,
        constants.Z_FIXED,
        constants.Z_HUFFMAN_ONLY,
        constants.Z_RLE,
        constants.Z_FILTERED,
      ),
      takeover: fc.boolean(),
      inTurns: fc.boolean(),
    });
    const end = fc.record({
      options,
      messages: fc.array(message, { minLength: 1, maxLength: 3 }),
      chunk: fc.oneof(fc.constant(7), fc.integer({ min: 1, max: 200_000 })),
    });
    fc.assert(
      fc.property(fc.array(end, { minLength: 1, maxLength: 3 }), (ends) => {
        const running = ends.map(({ options: { level, strategy, takeover, inTurns }, messages, chunk }) => {
          const zlib = new DeflatingPeer({ takeover, zlib: { level, strategy } });
          const frames = messages.flatMap(({ parts, cuts }) => {
            // Without takeover the parts still share a window, as one deflate stream's do.
            const flushing = takeover ? zlib : new DeflatingPeer({ zlib: { level, strategy } });
            const flushed = parts.map((bytes, i) =>
              concat(flushing.deflate(bytes), i === parts.length - 1 ? new Uint8Array(0) : FLUSHED),
            );
            return fragments(BINARY, join(flushed), cuts);
          });
          const bytes = stream(...frames);
          const size = Math.max(chunk, bytes.length >> 8);
          const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
            bytes.slice(i * size, (i + 1) * size),
          );
          const connection = connect({ inTurns }, takeover ? TAKEOVER : NO_TAKEOVER);
          const events: MessageEvent[] = [];
          return {
            connection,
            chunks,
            events,
            handler: collectInto(events),
            expected: messages.map(({ parts }) => Buffer.concat(parts)),
          };
        });
        for (
          let i = 0;
          running.some(({ chunks, connection }) => i < chunks.length || connection.hasPendingInput);
          i++
        ) {
          for (const { connection, chunks, handler } of running)
            connection.dispatch(chunks[i] ?? new Uint8Array(0), handler);
        }
        for (const { connection, events, expected } of running) {
          const received = messagesOf(events);
          expect(received.length).toBe(expected.length);
          expect(received.map((message, i) => message.equals(expected[i]!))).toEqual(expected.map(() => true));
          expect(connection.bufferedLength).toBe(0);
          connection.receiveEnd();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is refused as soon as it inflates beyond the limit, before it has ended', () => {
    for (const inTurns of [false, true]) {
      const connection = connect({ inTurns, maxMessageLength: MIB });
      const bomb = new DeflatingPeer().deflate(new Uint8Array(8 * MIB));
      const events = connection.receive(stream(...fragments(BINARY, bomb, [5000]).slice(0, 1)));
      expect(events.at(-1)).toMatchObject({
        type: 'error',
        error: { code: 'WSIMD_MESSAGE_TOO_LONG', closeCode: 1009 },
      });
      expect(lengthOf(events)).toBeLessThanOrEqual(MIB);
      expect([connection.state, connection.bufferedLength]).toEqual(['closed', 0]);
      const exact = connect({ inTurns, maxMessageLength: 8 * MIB });
      expect(lengthOf(exact.receive(stream(...fragments(BINARY, bomb, [5000]))))).toBe(8 * MIB);
      exact.receiveEnd();
    }
  });

  it.each<[string, Uint8Array, string]>([
    [
      'text that is not UTF-8',
      new DeflatingPeer().deflate(concat(bytesOf('fine so far'), [0xff, 0x41] as never)),
      'WSIMD_INVALID_UTF8',
    ],
    [
      'a block of type 3',
      concat(new DeflatingPeer().deflate('fine so far'), FLUSHED, [0x06] as never),
      'WSIMD_INVALID_DEFLATE',
    ],
    ['a distance before the start', Uint8Array.of(0xf2, 0x00, 0x11, 0x00, 0x00), 'WSIMD_INVALID_DEFLATE'],
  ])('is refused for %s before it has ended', (_name, payload, code) => {
    const connection = connect();
    const events = connection.receive(stream(peer.frame(TEXT, concat(payload, FLUSHED), { ...RSV1, fin: false })));
    expect(events.at(-1)).toMatchObject({ type: 'error', error: { code, closeCode: 1007 } });
    expect([connection.state, connection.bufferedLength]).toEqual(['closed', 0]);
  });

  it('is refused where it ends within a block or a character, and given up at a Close frame', () => {
    const payload = new DeflatingPeer().deflate('é'.repeat(50));
    const [first] = fragments(TEXT, payload, [payload.length - 3]);
    const cut = connect().receive(stream(first!, peer.continuation([])));
    expect(cut.at(-1)).toMatchObject({ type: 'error', error: { code: 'WSIMD_INVALID_DEFLATE' } });
    const character = new DeflatingPeer().deflate(Uint8Array.of(0x61, 0xc3));
    const [start, end] = fragments(TEXT, concat(character, FLUSHED), [character.length + 4]);
    const connection = connect();
    expect(lengthOf(connection.receive(stream(start!)))).toBe(2);
    expect(connection.receive(stream(end!))).toMatchObject([{ type: 'error', error: { code: 'WSIMD_INVALID_UTF8' } }]);
    const closed = connect();
    const events = closed.receive(stream(first!, peer.close(1000)));
    expect(events.at(-1)).toMatchObject({ type: 'close', closeCode: 1000 });
    expect(closed.bufferedLength).toBe(0);
  });

  it('of thirty thousand fragments of one byte comes in few pieces, and none of them empty', () => {
    const message = randomBytes(30_000, 3);
    const payload = new DeflatingPeer().deflate(message);
    const cuts = Array.from(payload, (_, i) => i);
    for (const inTurns of [false, true]) {
      const connection = connect({ inTurns });
      const events = connection.receive(join(fragments(BINARY, payload, cuts).map(wire)));
      expect(messagesOf(events)).toEqual([Buffer.from(message)]);
      // Joined as far as they came together: the fragments of a slab.
      expect(events.length).toBeLessThan(30);
      expect(events.filter((event) => event.type === 'piece' && event.data.length === 0 && !event.isLast)).toEqual([]);
      connection.receiveEnd();
    }
  });

  it('holds no more than what its turn has left of the chunk, until the next turn is taken', () => {
    const connection = connect({ inTurns: true });
    const payload = new DeflatingPeer().deflate(new Uint8Array(20 * MIB));
    const events: MessageEvent[] = [];
    const handler = collectInto(events);
    for (const frame of fragments(BINARY, payload, [1000, 15_000])) connection.dispatch(wire(frame), handler);
    expect(connection.hasPendingInput).toBe(true);
    expect(lengthOf(events)).toBeLessThan(4 * MIB);
    expect(connection.bufferedLength).toBeGreaterThan(payload.length / 2);
    expect(connection.bufferedLength).toBeLessThan(payload.length + KEPT_LENGTH + 256);
    while (connection.hasPendingInput) connection.continue(handler);
    expect(lengthOf(events)).toBe(20 * MIB);
    connection.receiveEnd();
  });

  it('leaves the kernel to others, if its connection ends within it', () => {
    const [first] = fragments(BINARY, new DeflatingPeer().deflate(randomBytes(5000, 9)), [3000]);
    const connection = connect({}, TAKEOVER);
    expect(lengthOf(connection.receive(stream(first!)))).toBeGreaterThan(2000);
    connection.receiveEnd();
    const text = peer.frame(TEXT, new DeflatingPeer().deflate('others'), RSV1);
    expect(connect().receive(stream(text))).toEqual([{ type: 'text', text: 'others' }]);
    expect(deflate.poolUse.contexts).toBe(0);
  });
});
