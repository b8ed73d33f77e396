// src/deflate/: the sending side of a connection, with node:zlib as the peer that inflates: what goes compressed and what
// does not, what the peer's window holds and ours must, prepared messages. Long messages and the pool are in sending-long.test.ts.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PerMessageDeflate } from '../../../src/deflate/index.js';
import { PreparedMessage } from '../../../src/frames/prepared-message.js';
import type { Role } from '../../../src/protocol/role.js';
import { json, sendersOn } from '../../support/frames/senders.js';
import { bytesOf, Peer, stream, TEXT } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';
import { DEFLATE_KERNELS } from '../../support/kernels/deflate-kernels.js';
import { DeflatingPeer } from '../../support/peers/deflate-peer.js';

describe.each(DEFLATE_KERNELS)('sending on the %s kernel', (kernel) => {
  const { defaults, connect } = sendersOn(kernel);

  it.each([8, 9, 10, 11, 12, 13, 14, 15])('zlib reads every message, window %i', (windowBits) => {
    for (const role of ['server', 'client'] as const) {
      for (const takeover of [true, false]) {
        const { connection, receive } = connect({ role, takeover, windowBits });
        for (let i = 0; i < 60; i++) {
          const message = i % 20 === 7 ? json(i).repeat(100) : json(i);
          connection.sendText(message);
          const [received] = receive();
          expect(received!.opcode).toBe(TEXT);
          expect(received!.isCompressed || !takeover).toBe(true);
          expect(Buffer.from(received!.payload).toString()).toBe(message);
        }
      }
    }
  });

  it('small messages get smaller with what came before', () => {
    const { connection } = connect();
    const lengths = Array.from({ length: 20 }, (_, i) => {
      connection.sendText(json(i));
      return connection.takeOutgoing().length;
    });
    const alone = connect({ takeover: false });
    alone.connection.sendText(json(19));
    expect(lengths.at(-1)).toBeLessThan(alone.connection.takeOutgoing().length / 2);
  });

  it('takes strings, bytes, and both in one context', () => {
    const { connection, receive } = connect();
    const strings = ['', 'a', 'grün 漢字 🎉', '\ud800', '漢'.repeat(22_000), 'ab'.repeat(40_000), '🎉é'.repeat(30_000)];
    for (const text of strings) {
      connection.sendText(text);
      connection.sendText(bytesOf(text));
      connection.sendBinary(bytesOf(text));
      for (const { payload } of receive()) expect(Buffer.from(payload).equals(bytesOf(text))).toBe(true);
    }
  });

  describe('what goes as it is', () => {
    it('a message below the threshold', () => {
      const { connection, receive } = connect({ deflate: defaults({ threshold: 30 }) });
      connection.sendText('a'.repeat(29));
      connection.sendText('a'.repeat(30));
      connection.sendText('é'.repeat(14));
      connection.sendText('é'.repeat(15));
      connection.sendText('漢'.repeat(9));
      connection.sendText('漢'.repeat(10));
      connection.sendBinary(new Uint8Array(29));
      connection.sendBinary(new Uint8Array(30));
      expect(receive().map(({ isCompressed }) => isCompressed)).toEqual([
        false,
        true,
        false,
        true,
        false,
        true,
        false,
        true,
      ]);
    });

    it('by default one below 8 bytes, below 128 where nothing is remembered', () => {
      for (const [takeover, least] of [
        [true, 8],
        [false, 128],
      ] as const) {
        const { connection, receive } = connect({ takeover, deflate: new PerMessageDeflate({ kernel }) });
        connection.sendText('a'.repeat(least - 1));
        connection.sendText('a'.repeat(least));
        expect(receive().map(({ isCompressed }) => isCompressed)).toEqual([false, true]);
      }
    });

    it('one that is sent so', () => {
      const { connection, receive } = connect();
      connection.sendText(json(1), { compress: false });
      connection.sendBinary(bytesOf(json(1)), { compress: false });
      connection.sendText(json(1), { compress: true });
      connection.startMessage('text', json(2), { compress: false });
      connection.sendFragment(json(3), true);
      expect(receive().map(({ isCompressed }) => isCompressed)).toEqual([false, false, true, false]);
    });

    it('one that would grow; what comes after is right, with takeover too', () => {
      for (const takeover of [true, false]) {
        for (const windowBits of [8, 10, 15]) {
          const { connection, receive } = connect({ takeover, windowBits });
          for (let i = 0; i < 40; i++) {
            const noise = randomBytes([1, 10, 100, 1000, 5000, 70_000][i % 6]!, i);
            connection.sendText(json(i));
            connection.sendBinary(noise);
            connection.sendText(json(i));
            const [before, incompressible, after] = receive();
            expect(Buffer.from(before!.payload).toString()).toBe(json(i));
            expect(Buffer.from(incompressible!.payload).equals(noise)).toBe(true);
            // A short one is let into the context: what comes next may be like it.
            const isShort = takeover && noise.length <= 2 ** Math.min(windowBits, 12) / 4;
            expect(incompressible!.isCompressed).toBe(isShort);
            expect(Buffer.from(after!.payload).toString()).toBe(json(i));
          }
        }
      }
    });

    it('not a short one where the context is kept: the next may be like it', () => {
      const { connection, receive } = connect();
      for (let i = 0; i < 10; i++) connection.sendText(`Zq7${i}`);
      expect(receive().map(({ isCompressed }) => isCompressed)).toEqual(new Array(10).fill(true));
    });

    it('keeps of the context what it did not overwrite', () => {
      const { connection } = connect();
      const message = json(1);
      connection.sendText(message);
      const first = connection.takeOutgoing().length;
      connection.sendBinary(randomBytes(3000, 1));
      expect(connection.takeOutgoing()[0]).toBe(0x82);
      connection.sendText(message);
      expect(connection.takeOutgoing().length).toBeLessThan(first / 2);
    });
  });

  it('any sequence of messages, prepared ones and incompressible ones among them', () => {
    const prepared = [json(5), json(6).repeat(200), 'x'.repeat(300)].map((text) => new PreparedMessage(text));
    const noise = [50, 3000, 40_000].map((length) => randomBytes(length, length));
    const step = fc.oneof(
      fc.record({ text: fc.nat(500) }),
      fc.record({ long: fc.nat(3) }),
      fc.record({ prepared: fc.nat(2) }),
      fc.record({ noise: fc.nat(2) }),
      fc.record({ parts: fc.array(fc.nat(300), { minLength: 2, maxLength: 4 }) }),
    );
    const setup = fc.record({
      role: fc.constantFrom<Role>('server', 'client'),
      takeover: fc.boolean(),
      windowBits: fc.constantFrom(8, 9, 12, 15),
    });
    const deflate = defaults();
    // Others deflate in between.
    const other = connect({ deflate });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), setup, (steps, options) => {
        const { connection, receive } = connect({ ...options, deflate });
        for (const one of steps) {
          let expected: Uint8Array;
          if ('text' in one) {
            connection.sendText(json(one.text));
            expected = bytesOf(json(one.text));
          } else if ('long' in one) {
            const text = json(one.long).repeat(1500);
            connection.sendText(text);
            expected = bytesOf(text);
          } else if ('prepared' in one) {
            connection.sendPrepared(prepared[one.prepared]!);
            expected = bytesOf(prepared[one.prepared]!.payload);
          } else if ('noise' in one) {
            connection.sendBinary(noise[one.noise]!);
            expected = noise[one.noise]!;
          } else {
            const [first, ...more] = one.parts.map(json);
            connection.startMessage('text', first!);
            more.forEach((part, i) => {
              other.connection.sendText(json(i));
              connection.sendFragment(part, i === more.length - 1);
            });
            expected = bytesOf(one.parts.map(json).join(''));
          }
          const [received] = receive();
          if (!Buffer.from(received!.payload).equals(expected)) throw new Error(`wrong after ${JSON.stringify(one)}`);
        }
        connection.receiveEnd();
      }),
      { numRuns: 60 },
    );
    other.connection.receiveEnd();
    expect(deflate.poolUse).toMatchObject({ usedLength: 0, contexts: 0 });
  });

  describe('prepared messages', () => {
    it('of bytes leave as bytes, and what comes after may refer to them', () => {
      const bytes = bytesOf(json(4).repeat(5));
      for (const takeover of [true, false]) {
        const { connection, receive } = connect({ deflate: defaults(), takeover });
        connection.sendText(json(1));
        connection.sendPrepared(new PreparedMessage(bytes));
        connection.sendBinary(bytes);
        const [, prepared, behind] = receive();
        expect([prepared!.opcode, prepared!.isCompressed, prepared!.payload]).toEqual([2, true, Buffer.from(bytes)]);
        expect([behind!.opcode, behind!.payload]).toEqual([2, Buffer.from(bytes)]);
      }
    });

    it('are compressed once, and each receiver reads what follows', () => {
      const deflate = defaults();
      const message = new PreparedMessage(json(3).repeat(3));
      const frames = new Set<Uint8Array>();
      for (const takeover of [true, false]) {
        for (const warm of [true, false]) {
          const { connection, receive } = connect({ deflate, takeover });
          if (warm) connection.sendText(json(1));
          connection.sendText(json(2));
          receive();
          connection.sendPrepared(message, { byReference: true });
          for (const segment of connection.takeOutgoingSegments()) frames.add(segment);
          connection.sendText(json(3));
          connection.sendPrepared(message);
          connection.sendText(json(4));
          connection.takeOutgoing();
        }
      }
      // One for windows of 2^12, one for those without takeover.
      expect(frames.size).toBe(2);
      for (const frame of frames) expect(frame[0]).toBe(0xc1);
    });

    it('leave the context in step with the peer', () => {
      for (const role of ['server', 'client'] as const) {
        const { connection, receive } = connect({ role });
        for (let i = 0; i < 30; i++) {
          connection.sendText(json(i));
          connection.sendPrepared(new PreparedMessage(json(i + 100).repeat(i % 3 === 0 ? 60 : 1)));
          connection.sendText(json(i));
          expect(receive().map(({ payload }) => Buffer.from(payload).toString())).toEqual([
            json(i),
            json(i + 100).repeat(i % 3 === 0 ? 60 : 1),
            json(i),
          ]);
        }
      }
    });

    it('go as they are if asked to, if short, or if they would grow', () => {
      const { connection, receive } = connect({ deflate: defaults({ threshold: 10 }) });
      connection.sendPrepared(new PreparedMessage(json(1), { compress: false }));
      connection.sendPrepared(new PreparedMessage('aaaaaaaaa'));
      connection.sendPrepared(new PreparedMessage(randomBytes(100, 1)));
      expect(receive().map(({ isCompressed }) => isCompressed)).toEqual([false, false, false]);
    });
  });

  it('a handler may send on any connection while messages of a chunk are delivered', () => {
    const deflate = defaults();
    const { connection, receive } = connect({ deflate });
    const other = connect({ deflate });
    const peer = new Peer('server');
    const zlib = new DeflatingPeer();
    const texts = Array.from({ length: 50 }, (_, i) => json(i));
    const ignore = () => {};
    connection.dispatch(stream(...texts.map((text) => peer.frame(TEXT, zlib.deflate(text), { rsv: 4 }))), {
      onText(text) {
        connection.sendText(text);
        other.connection.sendText(text);
      },
      onBinary: ignore,
      onPing: ignore,
      onPong: ignore,
      onClose: ignore,
      onError: (error) => expect.unreachable(error.message),
    });
    for (const received of [receive(), other.receive()]) {
      expect(received.map(({ payload }) => Buffer.from(payload).toString())).toEqual(texts);
    }
  });

  it('nothing is deflated for what is refused', () => {
    const { connection } = connect();
    expect(() => connection.sendText(5 as never)).toThrow(TypeError);
    expect(() => connection.sendBinary('x' as never)).toThrow(TypeError);
    expect(() => connection.startMessage('text', 5 as never)).toThrow(TypeError);
    expect(() => connection.sendFragment('x', true)).toThrow('no fragmented message');
    connection.receiveEnd();
    expect(() => connection.sendText(json(1))).toThrow('not open');
  });
});
