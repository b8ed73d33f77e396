// The option `messageLifetime` of the core: what a handler gets is right while it runs, and its memory serves again afterwards.

import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { isLent } from '../../../../src/bytes/lent-buffers.js';
import { Connection } from '../../../../src/connection.js';
import { PerMessageDeflate } from '../../../../src/deflate/index.js';
import { parseExtensions } from '../../../../src/handshake/extensions.js';
import { collectInto, type MessageEvent } from '../../../../src/messages/handler.js';
import { MessageDecoder } from '../../../../src/messages/receive/message-decoder.js';
import { BINARY, Peer, stream } from '../../../support/frames/wire.js';
import { randomBytes } from '../../../support/inputs/random.js';
import { KERNEL_NAMES } from '../../../support/oracles/replay.js';

const peer = new Peer('server');
const LENGTHS = [0, 1, 100, 3000, 40_000, 64 * 1024, 70_000, 300_000, 2_000_000];
const payloads = LENGTHS.map((length) => Buffer.from(randomBytes(length, length)));
const bytes = stream(...payloads.map((payload) => peer.binary(payload)));

describe.each(KERNEL_NAMES)('on the %s kernel', (kernel) => {
  const options = { role: 'server', kernel, textAs: 'bytes', messageLifetime: 'listener' } as const;

  /** Feeds the stream in chunks, each in memory of its own, or as bytes that have been read into the arena. */
  function feed(
    decoder: MessageDecoder,
    how: 'chunks' | 'received',
    length: number,
    onBinary: (data: Uint8Array) => void,
  ) {
    const handler = { ...collectInto([]), onBinary };
    for (let at = 0; at < bytes.length; at += length) {
      const chunk = bytes.slice(at, at + length);
      if (how === 'chunks') {
        decoder.dispatch(chunk, handler);
      } else {
        decoder.receiveBuffer.set(chunk);
        decoder.dispatchReceived(chunk.length, handler);
      }
    }
  }

  test.each([
    ['received', 64 * 1024, true],
    ['received', 16_392, true],
    ['received', 1000, true],
    ['chunks', 5_000_000, false],
    ['chunks', 16_392, true],
  ] as const)('%s of %i bytes: each message is whole while its handler runs', (how, length, ownsChunks) => {
    for (const messageLifetime of ['listener', 'listener-checked'] as const) {
      let i = 0;
      feed(new MessageDecoder({ ...options, ownsChunks, messageLifetime }), how, length, (data) => {
        expect(Buffer.compare(data, payloads[i]!)).toBe(0);
        i++;
      });
      expect(i).toBe(payloads.length);
    }
  });

  test('the memory of messages that were read in place serves again', () => {
    const decoder = new MessageDecoder(options);
    const memories = new Set<ArrayBufferLike>();
    for (let round = 0; round < 5; round++) {
      feed(decoder, 'received', 16_392, (data) => {
        if (data.length > 0 && data.length <= 1024 * 1024) {
          expect(isLent(data)).toBe(true);
          memories.add(data.buffer);
        }
      });
    }
    // One of each length class, and one more while a message grows.
    expect(memories.size).toBeLessThan(10);
  });

  test('checked: a view that was kept shows 0xdb, also of the only message of a chunk', () => {
    const decoder = new MessageDecoder({ ...options, messageLifetime: 'listener-checked' });
    const kept: Uint8Array[] = [];
    const handler = { ...collectInto([]), onBinary: (data: Uint8Array) => void kept.push(data) };
    decoder.dispatch(stream(peer.binary(payloads[2]!)), handler);
    decoder.dispatch(stream(peer.binary(payloads[2]!), peer.binary(payloads[3]!)), handler);
    decoder.dispatch(stream(peer.text('text')), { ...handler, onTextBytes: (data) => void kept.push(data) });
    expect(kept.map(({ length }) => length)).toEqual([100, 100, 3000, 4]);
    for (const view of kept) expect(view.every((byte) => byte === 0xdb)).toBe(true);
  });

  test('a handler that decodes on another connection, or sends the message, changes nothing of it', () => {
    const outer = new Connection(options);
    const inner = new Connection(options);
    const echo = new Connection({ role: 'client', kernel });
    const handler = {
      ...collectInto([]),
      onBinary: (data: Uint8Array) => {
        inner.receive(stream(peer.binary(randomBytes(data.length, 5))));
        outer.sendBinary(data);
        expect(payloads.some((payload) => payload.equals(data))).toBe(true);
      },
    };
    outer.receiveBuffer.set(bytes.subarray(0, 60_000));
    outer.dispatchReceived(60_000, handler);
    const echoed = echo.receive(outer.takeOutgoing());
    expect(echoed.map((event) => (event.type === 'binary' ? event.data.length : -1))).toEqual([
      0, 1, 100, 3000, 40_000,
    ]);
    for (const [i, event] of echoed.entries()) {
      if (event.type === 'binary') expect(Buffer.compare(event.data, payloads[i]!)).toBe(0);
    }
  });

  test('the only message of a chunk stays while its handler has another one of that length decoded', () => {
    const [outer, inner] = [new MessageDecoder(options), new MessageDecoder(options)];
    const receive = (decoder: MessageDecoder, payload: Uint8Array, onBinary: (data: Uint8Array) => void) => {
      const frame = stream(peer.binary(payload));
      decoder.receiveBuffer.set(frame);
      decoder.dispatchReceived(frame.length, { ...collectInto([]), onBinary });
    };
    let calls = 0;
    receive(outer, payloads[3]!, (data) => {
      receive(inner, randomBytes(data.length, 6), () => calls++);
      expect(Buffer.compare(data, payloads[3]!)).toBe(0);
      calls++;
    });
    expect(calls).toBe(2);
  });

  test('a handler that throws gets what is behind it later, unchanged', () => {
    const decoder = new MessageDecoder(options);
    const seen: Buffer[] = [];
    const handler = {
      ...collectInto([]),
      onBinary: (data: Uint8Array) => {
        seen.push(Buffer.from(data));
        if (seen.length === 1) throw new Error('of a handler');
      },
    };
    decoder.receiveBuffer.set(bytes.subarray(0, 60_000));
    expect(() => decoder.dispatchReceived(60_000, handler)).toThrow('of a handler');
    const other = new MessageDecoder(options);
    other.receiveBuffer.set(bytes.subarray(0, 60_000));
    other.dispatchReceived(60_000, collectInto([]));
    decoder.dispatch(new Uint8Array(0), handler);
    expect(seen.map((data, i) => data.equals(payloads[i]!))).toEqual([true, true, true, true, true]);
  });

  describe.each(['listener', 'listener-checked'] as const)(
    '%s: a message that is sent by reference',
    (messageLifetime) => {
      const LENGTH = 300_000;
      const payload = (seed: number) => Buffer.from(randomBytes(LENGTH, seed));
      const endsWith = (segments: readonly Uint8Array[], end: Buffer) =>
        Buffer.concat(segments).subarray(-LENGTH).equals(end);

      /** Receives a message of this content, as bytes in the arena. */
      function receive(connection: Connection, seed: number, onBinary: (data: Uint8Array) => void): void {
        const frame = stream(peer.binary(payload(seed)));
        for (let at = 0; at < frame.length; at += 60_000) {
          const part = frame.subarray(at, at + 60_000);
          connection.receiveBuffer.set(part);
          connection.dispatchReceived(part.length, { ...collectInto([]), onBinary });
        }
      }

      test('keeps its memory until each transport has written it, and no longer', () => {
        const [first, second] = [new Connection({ ...options, messageLifetime }), new Connection(options)];
        const memories: ArrayBufferLike[] = [];
        const pass = (seed: number, ...receivers: readonly Connection[]) =>
          receive(first, seed, (data) => {
            memories.push(data.buffer);
            for (const each of receivers) each.sendBinary(data, { byReference: true });
          });
        pass(1, first, second);
        const [ours, theirs] = [first.takeOutgoingSegments(), second.takeOutgoingSegments()];
        pass(2);
        for (const segments of [ours, theirs]) expect(endsWith(segments, payload(1))).toBe(true);
        for (const segment of ours) first.releaseOutgoing(segment);
        pass(3);
        expect(endsWith(theirs, payload(1))).toBe(true);
        for (const segment of theirs) second.releaseOutgoing(segment);
        // Once too often.
        for (const segment of theirs) second.releaseOutgoing(segment);
        pass(4);
        pass(5);
        expect(memories[1]).not.toBe(memories[0]);
        expect(memories[2]).toBe(memories[1]);
        expect(memories.slice(3)).toEqual([memories[0], memories[0]]);
      });
    },
  );

  test('a compressed message that takes several turns is overwritten as well', () => {
    const deflate = new PerMessageDeflate();
    const compression = deflate.forServer(deflate.answer(parseExtensions('permessage-deflate')));
    const checked = { ...options, inTurns: true, messageLifetime: 'listener-checked' } as const;
    const connection = new Connection(checked, compression);
    const message = Buffer.alloc(3_000_000, 'text that repeats ');
    const deflated = deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
    const seen: Uint8Array[] = [];
    const handler = {
      ...collectInto([]),
      onBinary(data: Uint8Array) {
        expect(Buffer.compare(data, message)).toBe(0);
        seen.push(data);
      },
    };
    connection.dispatch(stream(peer.frame(BINARY, deflated, { rsv: 4 })), handler);
    expect(connection.hasPendingInput).toBe(true);
    while (connection.hasPendingInput) connection.continue(handler);
    expect(seen.map((data) => data.every((byte) => byte === 0xdb))).toEqual([true]);
  });

  test('events are copies', () => {
    const events: MessageEvent[] = new MessageDecoder({ ...options, messageLifetime: 'listener-checked' }).decode(
      stream(peer.binary(payloads[3]!), peer.text('text')),
    );
    expect(events[0]).toEqual({ type: 'binary', data: new Uint8Array(payloads[3]!) });
    expect(events[1]).toEqual({ type: 'textBytes', bytes: new Uint8Array(Buffer.from('text')) });
  });
});

test('the option has three values', () => {
  const other = { role: 'server', messageLifetime: 'borrowed' as 'listener' } as const;
  expect(() => new MessageDecoder(other)).toThrow('messageLifetime');
});
