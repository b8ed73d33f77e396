// src/connection.ts and src/messages/receive/message-decoder.ts: what is decoded and waits to be delivered is little, and is counted.

import { describe, expect, it } from 'vitest';
import { CHUNK_CAPACITY } from '../../../assembly/shared/layout.js';
import { Connection } from '../../../src/connection.js';
import type { ConnectionOptions } from '../../../src/connection-options.js';
import { PerMessageDeflate } from '../../../src/deflate/per-message-deflate.js';
import { parseExtensions } from '../../../src/handshake/extensions.js';
import { collectInto, type MessageEvent, type MessageHandler, QUEUED_OVERHEAD } from '../../../src/messages/handler.js';
import { MessageDecoder } from '../../../src/messages/receive/message-decoder.js';
import { spend } from '../../../src/messages/turn.js';
import { BINARY, Peer, PING, PONG, stream, TEXT, type WireFrame } from '../../support/frames/wire.js';

/** More than a turn. */
const LONG = 10_000_000;
/** Bytes that the deliveries of one connection may take that were decoded and wait for the next turn. */
const MOST_QUEUED_LENGTH = 1024 * (QUEUED_OVERHEAD + 2);

type Kernel = 'wasm' | 'portable';

const peer = () => new Peer('server');

function connect(kernel: Kernel, options: Partial<ConnectionOptions> = {}): Connection {
  const offer = parseExtensions('permessage-deflate; client_no_context_takeover; server_no_context_takeover');
  const compression = new PerMessageDeflate({ kernel }).forServer(offer);
  return new Connection({ role: 'server', kernel, inTurns: true, ...options }, compression);
}

/** As many of these frames as 64 KiB hold. */
function chunkOf(frame: WireFrame): { chunk: Uint8Array; count: number } {
  const count = Math.floor(CHUNK_CAPACITY / stream(frame).length);
  return { chunk: stream(...new Array<WireFrame>(count).fill(frame)), count };
}

/** Collects, and has the first delivery take more than a turn. */
function slowCollector(events: MessageEvent[]): MessageHandler {
  const handler = collectInto(events);
  const slow = <Value>(collect: (value: Value) => void) => {
    return (value: Value) => {
      if (events.length === 0) spend(LONG);
      collect(value);
    };
  };
  return {
    ...handler,
    onText: slow(handler.onText),
    onBinary: slow(handler.onBinary),
    onPing: slow(handler.onPing),
    onPong: slow(handler.onPong),
  };
}

describe.each(['wasm', 'portable'] as const)('deliveries that wait, on the %s kernel', (kernel) => {
  it.each([
    ['texts', () => peer().frame(TEXT, 'ab')],
    ['empty binary messages', () => peer().frame(BINARY, '')],
    ['pongs', () => peer().frame(PONG, '')],
    ['pings', () => peer().frame(PING, '')],
    ['compressed messages', () => peer().frame(BINARY, Uint8Array.of(0), { rsv: 4 })],
  ])('are few, the rest stays bytes, and both are counted: %s', (_what, frame) => {
    for (const ownsChunks of [true, false]) {
      const connection = connect(kernel, { ownsChunks });
      const { chunk, count } = chunkOf(frame());
      const events: MessageEvent[] = [];
      const handler = slowCollector(events);
      connection.dispatch(chunk.slice(), handler);
      expect(events.length).toBe(1);
      const queued = 1024 * (chunk.length / count);
      expect(connection.bufferedLength).toBeGreaterThan(chunk.length - queued);
      expect(connection.bufferedLength).toBeLessThan(chunk.length + MOST_QUEUED_LENGTH);
      while (connection.hasPendingInput) connection.continue(handler);
      expect([events.length, connection.bufferedLength]).toEqual([count, 0]);
    }
  });

  it('are hardly any when the turn was spent on deliveries alone', () => {
    const connection = connect(kernel);
    const { chunk, count } = chunkOf(peer().frame(TEXT, ''));
    const events: MessageEvent[] = [];
    connection.dispatch(chunk.slice(), collectInto(events));
    expect(events.length).toBeLessThan(count);
    const left = chunk.length - (events.length * chunk.length) / count;
    expect(connection.bufferedLength).toBeGreaterThanOrEqual(left);
    expect(connection.bufferedLength).toBeLessThan(left + 4 * QUEUED_OVERHEAD);
  });

  it('count behind a handler that threw', () => {
    const connection = connect(kernel);
    const events: MessageEvent[] = [];
    const handler = collectInto(events);
    const onText = () => {
      throw new Error('thrown');
    };
    const chunk = stream(...new Array(11).fill(peer().frame(TEXT, 'ab')));
    expect(() => connection.dispatch(chunk, { ...handler, onText })).toThrow('thrown');
    expect(connection.bufferedLength).toBe(10 * (QUEUED_OVERHEAD + 2));
    connection.continue(handler);
    expect([events.length, connection.bufferedLength]).toEqual([10, 0]);
  });

  it('are made before the rest of a long chunk is decoded, without turns too, and in order', () => {
    for (const ownsChunks of [true, false]) {
      const decoder = new MessageDecoder({ role: 'server', kernel, ownsChunks });
      const frames = Array.from({ length: 30_000 }, (_, i) => peer().frame(TEXT, String(i)));
      const chunk = stream(...frames);
      const texts: string[] = [];
      let positionAtFirst = 0;
      const handler: MessageHandler = {
        ...collectInto([]),
        onText: (text) => {
          if (texts.push(text) === 1) {
            positionAtFirst = decoder.position;
            decoder.dispatch(stream(peer().frame(TEXT, 'nested')), handler);
          }
          if (text === '100' || text === '20000') throw new Error('thrown');
        },
      };
      expect(() => decoder.dispatch(chunk.slice(), handler)).toThrow('thrown');
      expect(positionAtFirst).toBeLessThanOrEqual(CHUNK_CAPACITY);
      expect(decoder.bufferedLength).toBeGreaterThan(chunk.length - CHUNK_CAPACITY);
      decoder.dispatch(stream(peer().frame(TEXT, 'later')), { ...handler, onText: (text) => texts.push(text) });
      expect(decoder.hasPendingInput).toBe(false);
      expect(texts).toEqual([...frames.keys()].map(String).concat('nested', 'later'));
    }
  });
});
