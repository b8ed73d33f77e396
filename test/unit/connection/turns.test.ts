// src/connection.ts with `inTurns`: whatever a peer sends, no call does more than a turn's worth of work, what is left goes on in
// order, and all that is delivered is what a connection without turns delivers.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEADER_COST } from '../../../assembly/shared/deflate-layout.js';
import { Connection } from '../../../src/connection.js';
import type { ConnectionOptions } from '../../../src/connection-options.js';
import { PerMessageDeflate } from '../../../src/deflate/per-message-deflate.js';
import { parseExtensions } from '../../../src/handshake/extensions.js';
import { collectInto, type MessageEvent, type MessageHandler } from '../../../src/messages/handler.js';
import { spentTurns } from '../../../src/messages/turn.js';
import { ProtocolError } from '../../../src/protocol/errors.js';
import { BINARY, bytesOf, concat, Peer, stream, TEXT } from '../../support/frames/wire.js';
import { BitWriter, deflateAlone } from '../../support/kernels/inflating.js';

const MIB = 1024 * 1024;
/** A call may go beyond its turn by the step that it has begun. */
const MOST_TURNS = 2.5;
const NO_TAKEOVER = 'permessage-deflate; client_no_context_takeover; server_no_context_takeover';

type Kernel = 'wasm' | 'portable';

function connect(
  kernel: Kernel,
  options: Partial<ConnectionOptions> = {},
  deflate = new PerMessageDeflate({ kernel }),
) {
  const compression = deflate.forServer(parseExtensions(NO_TAKEOVER));
  return new Connection({ role: 'server', kernel, inTurns: true, maxMessageLength: 64 * MIB, ...options }, compression);
}

const peer = () => new Peer('server');
const compressed = (opcode: number, payload: Uint8Array) => peer().frame(opcode, payload, { rsv: 4 });

/** Gives a connection a chunk, and turns until nothing is pending. @returns what was delivered, and in how many turns */
function feed(connection: Connection, chunk: Uint8Array) {
  const events: MessageEvent[] = [];
  const handler = collectInto(events);
  const perTurn: number[] = [];
  const take = (step: () => void) => {
    const before = events.length;
    step();
    expect(spentTurns()).toBeLessThan(MOST_TURNS);
    perTurn.push(events.length - before);
  };
  take(() => connection.dispatch(chunk.slice(), handler));
  while (connection.hasPendingInput) take(() => connection.continue(handler));
  return { events, turns: perTurn.length, perTurn };
}

/** Blocks with codes of their own that hold nothing, 12 bytes each. */
function emptyBlocks(count: number): Uint8Array {
  const writer = new BitWriter();
  // Eight blocks end at a byte's border; 257 literals and lengths, 1 distance; codes of one bit for 1 and for 18, which repeats zeros.
  for (let i = 0; i < 8; i++) {
    writer
      .number(0, 1)
      .number(2, 2)
      .number(0, 5)
      .number(0, 5)
      .number(18 - 4, 4);
    for (const symbol of [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1]) {
      writer.number(symbol === 1 || symbol === 18 ? 1 : 0, 3);
    }
    // Literal 0 and the end of the block have codes of one bit, and so has the distance.
    writer
      .codes('0')
      .codes('1')
      .number(138 - 11, 7)
      .codes('1')
      .number(117 - 11, 7)
      .codes('0')
      .codes('0')
      .codes('1');
  }
  const unit = writer.bytes();
  const blocks = new Uint8Array((unit.length * count) / 8 + 1);
  for (let at = 0; at + unit.length < blocks.length; at += unit.length) blocks.set(unit, at);
  return blocks;
}

describe.each(['wasm', 'portable'] as const)('a connection in turns, on the %s kernel', (kernel) => {
  it('inflates one message of blocks that hold nothing in many turns', () => {
    const count = 20_000;
    const chunk = stream(compressed(TEXT, emptyBlocks(count)), peer().frame(TEXT, 'behind'));
    const { events, turns } = feed(connect(kernel), chunk);
    expect(events).toEqual([
      { type: 'text', text: '' },
      { type: 'text', text: 'behind' },
    ]);
    expect(turns).toBeGreaterThan((count * HEADER_COST) / 50_000);
  });

  it('delivers messages of 1 MiB that come as 1 KiB a few at a time', () => {
    const message = compressed(BINARY, deflateAlone(Buffer.alloc(MIB)));
    const { events, perTurn } = feed(connect(kernel), stream(...new Array(20).fill(message)));
    expect(events.map((event) => event.type === 'binary' && event.data.length)).toEqual(new Array(20).fill(MIB));
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(2);
    expect(perTurn.length).toBeGreaterThan(20);
  });

  it('delivers short messages a few thousand at a time', () => {
    const chunk = stream(...new Array(30_000).fill(peer().frame(BINARY, '')));
    const { events, perTurn } = feed(connect(kernel), chunk);
    expect(events.length).toBe(30_000);
    expect(Math.max(...perTurn)).toBeLessThan(6000);
  });

  it.each([
    ['empty fragments', '', 0],
    ['fragments of one byte', 'x', 0],
    ['empty fragments of a compressed message', '', 4],
  ])('counts fragments that bring next to nothing: %s', (_what, payload, rsv) => {
    const connection = connect(kernel);
    const handler = collectInto([]);
    connection.dispatch(stream(peer().frame(BINARY, payload, { fin: false, rsv })), handler);
    const chunk = stream(...new Array(10_000).fill(peer().frame(0, payload, { fin: false })));
    connection.dispatch(chunk.slice(), handler);
    expect(spentTurns()).toBeGreaterThan(0.99);
    expect(spentTurns()).toBeLessThan(1.2);
    // Four chunks in one read: each call does no more than a turn.
    connection.dispatch(concat(chunk, chunk, chunk, chunk), handler);
    expect(spentTurns()).toBeLessThan(1.2);
    expect(connection.hasPendingInput).toBe(true);
  });

  it('counts the answers to pings', () => {
    const { events, perTurn } = feed(connect(kernel), stream(...new Array(1000).fill(peer().ping(''))));
    expect(events.length).toBe(1000);
    expect(Math.max(...perTurn)).toBeLessThan(500);
  });

  it('counts what a handler sends: long messages that are asked for in few bytes', () => {
    const connection = connect(kernel);
    const answer = Buffer.alloc(MIB, 'some text that gets shorter');
    let delivered = 0;
    const handler: MessageHandler = {
      ...collectInto([]),
      onText: () => {
        delivered++;
        connection.sendBinary(answer, { inSlices: true });
      },
    };
    connection.dispatch(stream(...new Array(5).fill(peer().frame(TEXT, 'big'))), handler);
    for (let expected = 1; expected <= 5; expected++) {
      expect(delivered).toBe(expected);
      expect(connection.hasPendingInput).toBe(expected < 5);
      connection.continue(handler);
    }
  });

  it('delivers a long message in pieces as it is inflated, texts validated as they grow', () => {
    const text = 'Ünïcödé, which is two bytes a character here and there. '.repeat(40_000);
    const pieces = { deliver: 'pieces', textAs: 'bytes' } as const;
    const { events, perTurn } = feed(connect(kernel, pieces), stream(compressed(TEXT, deflateAlone(bytesOf(text)))));
    const parts = events.map((event) => (event.type === 'piece' ? event : undefined)!);
    expect(Buffer.concat(parts.map(({ data }) => data)).toString()).toBe(text);
    expect(parts.map(({ isFirst }) => isFirst)).toEqual(parts.map((_, i) => i === 0));
    expect(parts.map(({ isLast }) => isLast)).toEqual(parts.map((_, i) => i === parts.length - 1));
    expect(perTurn.filter((count) => count > 0).length).toBeGreaterThan(1);

    const bad = Buffer.from(text);
    bad[bad.length >> 1] = 0xff;
    const failed = feed(connect(kernel, pieces), stream(compressed(TEXT, deflateAlone(bad)), peer().frame(TEXT, 'x')));
    expect(failed.events.at(-1)).toMatchObject({ type: 'error', error: { code: 'WSIMD_INVALID_UTF8' } });
    const valid = failed.events.slice(0, -1).map((event) => (event.type === 'piece' ? event.data.length : 0));
    expect(valid.length).toBeGreaterThan(1);
    expect(valid.reduce((sum, length) => sum + length)).toBeLessThanOrEqual(bad.length >> 1);
  });

  it('stops a message that grows beyond the limit as it grows, and delivers nothing behind it', () => {
    const connection = connect(kernel, { maxMessageLength: 3 * MIB });
    const bomb = compressed(BINARY, deflateAlone(Buffer.alloc(40 * MIB)));
    const fine = compressed(BINARY, deflateAlone(Buffer.alloc(3 * MIB)));
    const { events, turns } = feed(connection, stream(fine, bomb, fine, peer().close(1000)));
    expect(events.map(({ type }) => type)).toEqual(['binary', 'error']);
    expect(events[1]).toMatchObject({ error: { code: 'WSIMD_MESSAGE_TOO_LONG' } });
    expect(turns).toBeLessThan(80);
    expect([connection.hasPendingInput, connection.bufferedLength, connection.state]).toEqual([false, 0, 'closed']);
  });

  it('keeps messages of connections that take turns apart, with takeover and without', () => {
    for (const takeover of [true, false]) {
      const deflate = new PerMessageDeflate({ kernel });
      const extensions = parseExtensions(takeover ? 'permessage-deflate' : NO_TAKEOVER);
      const ends = [1, 2, 3].map((seed) => {
        const connection = new Connection({ role: 'server', kernel, inTurns: true }, deflate.forServer(extensions));
        // All of it in one read of the kernel's, and not used up in one turn.
        const text = Array.from({ length: 150_000 }, (_, i) => `${seed * (i % 7919)} `).join('');
        const events: MessageEvent[] = [];
        const handler = collectInto(events);
        return { connection, text, events, handler, chunk: stream(compressed(TEXT, deflateAlone(bytesOf(text)))) };
      });
      for (const { connection, chunk, handler } of ends) connection.dispatch(chunk, handler);
      expect(ends.map(({ connection }) => connection.hasPendingInput)).toEqual([true, true, true]);
      expect(ends[0]!.connection.bufferedLength).toBeGreaterThan(64 * 1024);
      while (ends.some(({ connection }) => connection.hasPendingInput)) {
        for (const { connection, handler } of ends) {
          connection.continue(handler);
          connection.sendText(
            'an answer of so many characters that it is deflated, in between, where input lies'.repeat(9),
          );
        }
      }
      for (const { events, text } of ends) expect(events).toEqual([{ type: 'text', text }]);
    }
  });

  it('delivers what a connection without turns delivers, however the bytes are cut', { timeout: 60_000 }, () => {
    const frames = fc.oneof(
      fc.nat({ max: 400_000 }).map((length) => compressed(BINARY, deflateAlone(Buffer.alloc(length, 'ab')))),
      fc.nat({ max: 400_000 }).map((length) => compressed(TEXT, deflateAlone(Buffer.alloc(length, 'é')))),
      fc.nat({ max: 70_000 }).map((length) => peer().frame(BINARY, Buffer.alloc(length, 7))),
      fc.constant(peer().ping('?')),
      fc.constant(compressed(TEXT, Uint8Array.of(0x07))),
      fc.constant(peer().close(1000)),
    );
    const inputs = fc.tuple(fc.array(frames, { maxLength: 8 }), fc.nat({ max: 100_000 }), fc.boolean());
    fc.assert(
      fc.property(inputs, ([parts, cut, ownsChunks]) => {
        const bytes = stream(...parts);
        const plain = collect(connect(kernel, { inTurns: false }), [bytes]);
        const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)];
        expect(collect(connect(kernel, { ownsChunks }), chunks)).toEqual(plain);
        expect(connect(kernel, { ownsChunks }).receive(bytes.slice()).map(summarize)).toEqual(plain);
      }),
      { numRuns: 60 },
    );
  });

  it('discards what is pending when it is ended or failed', () => {
    for (const end of ['receiveEnd', 'fail'] as const) {
      const deflate = new PerMessageDeflate({ kernel });
      const connection = connect(kernel, {}, deflate);
      const events: MessageEvent[] = [];
      const message = compressed(BINARY, deflateAlone(Buffer.alloc(8 * MIB)));
      connection.dispatch(stream(message, message), collectInto(events));
      expect(connection.hasPendingInput).toBe(true);
      if (end === 'receiveEnd') expect(connection.receiveEnd()).toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
      else connection.fail(new ProtocolError('WSIMD_TOO_MUCH_HELD'));
      connection.continue(collectInto(events));
      expect([events, connection.hasPendingInput, connection.bufferedLength]).toEqual([[], false, 0]);
      // The kernel is others' again.
      const { events: others } = feed(connect(kernel, {}, deflate), stream(message));
      expect(others.length).toBe(1);
    }
  });
});

/** What comes of chunks, each given before the one before has been worked off. Binary data by its length. */
function collect(connection: Connection, chunks: readonly Uint8Array[]): object[] {
  const events: MessageEvent[] = [];
  const handler = collectInto(events);
  for (const chunk of chunks) connection.dispatch(chunk.slice(), handler);
  while (connection.hasPendingInput) connection.continue(handler);
  return events.map(summarize);
}

function summarize(event: MessageEvent): object {
  if (event.type === 'binary') return { length: event.data.length };
  return event.type === 'text' ? { characters: event.text.length } : { type: event.type };
}
