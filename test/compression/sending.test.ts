// src/compression/: the sending side of a connection, with node:zlib as the peer that inflates: what goes compressed and what
// does not, what the peer's window holds and ours must, prepared messages, slices and fragments, the pool.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PerMessageDeflate, type PerMessageDeflateOptions } from '../../src/compression/index.js';
import { Connection, type ConnectionOptions } from '../../src/connection.js';
import type { Role } from '../../src/frames/chunk-decoder.js';
import { type Frame, FrameDecoder } from '../../src/frames/frame-decoder.js';
import { PreparedMessage } from '../../src/frames/prepared-message.js';
import { parseExtensions } from '../../src/handshake/extensions.js';
import { DEFLATE_KERNELS } from '../support/deflate-kernels.js';
import { DeflatingPeer, InflatingPeer } from '../support/deflate-peer.js';
import { randomBytes } from '../support/random.js';
import { bytesOf, concat, Peer, stream, TEXT } from '../support/wire.js';

const NAME = 'permessage-deflate';
const OTHER = { server: 'client', client: 'server' } as const;

interface Received {
  readonly opcode: number;
  /** Of each frame, its first byte's bits. */
  readonly frames: readonly { readonly rsv1: boolean; readonly fin: boolean; readonly opcode: number }[];
  readonly isCompressed: boolean;
  readonly payload: Uint8Array;
}

/** The frames that a connection sent, as the messages that a peer makes of them. */
class Receiver {
  readonly #decoder: FrameDecoder;
  readonly #inflater: InflatingPeer;
  #frames: Frame[] = [];

  constructor(role: Role, inflater: InflatingPeer) {
    this.#decoder = new FrameDecoder({ role: OTHER[role], allowRsv1: true });
    this.#inflater = inflater;
  }

  receive(bytes: Uint8Array): Received[] {
    const { frames, error } = this.#decoder.decodeFrames(bytes.slice());
    if (error !== undefined) throw error;
    const messages: Received[] = [];
    for (const frame of frames) {
      if (frame.opcode >= 8) {
        messages.push({ opcode: frame.opcode, frames: [frame], isCompressed: false, payload: frame.payload });
        continue;
      }
      this.#frames.push(frame);
      if (!frame.fin) continue;
      const [first] = this.#frames;
      const joined = concat(...this.#frames.map(({ payload }) => payload));
      const isCompressed = first!.rsv1;
      messages.push({
        opcode: first!.opcode,
        frames: this.#frames,
        isCompressed,
        payload: isCompressed ? this.#inflater.inflate(joined) : joined,
      });
      this.#frames = [];
    }
    return messages;
  }
}

const json = (i: number) =>
  JSON.stringify({
    type: 'update',
    id: 1000 + i,
    user: `user-${i % 13}`,
    text: `${'the quick brown fox '.slice(0, i % 19)}the quick`,
  });

describe.each(DEFLATE_KERNELS)('sending on the %s kernel', (kernel) => {
  interface Setup {
    readonly role?: Role;
    readonly takeover?: boolean;
    readonly windowBits?: number;
    readonly deflate?: PerMessageDeflate;
    readonly connection?: Partial<ConnectionOptions>;
  }

  function defaults(options: PerMessageDeflateOptions = {}): PerMessageDeflate {
    return new PerMessageDeflate({ kernel, threshold: 0, poolLength: 2 ** 21, ...options });
  }

  /** A connection, and the peer that gets what it sends. */
  function connect({
    role = 'server',
    takeover = true,
    windowBits = 15,
    deflate = defaults(),
    connection = {},
  }: Setup = {}) {
    const own = role;
    const answer =
      (takeover ? NAME : `${NAME}; ${own}_no_context_takeover`) +
      (windowBits === 15 ? '' : `; ${own}_max_window_bits=${windowBits}`);
    const extensions = parseExtensions(answer);
    const compression =
      role === 'server'
        ? deflate.forServer(extensions)!
        : deflate.forClient(extensions, parseExtensions(`${NAME}; client_max_window_bits`))!;
    expect(deflate.kernelName).toBe(kernel);
    const ours = new Connection({ role, ...connection }, compression);
    const receiver = new Receiver(role, new InflatingPeer({ takeover, windowBits }));
    return { connection: ours, deflate, receive: () => receiver.receive(ours.takeOutgoing()) };
  }

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
          frames.add(connection.framePrepared(message));
          connection.sendPrepared(message);
          connection.sendText(json(3));
          connection.sendPrepared(message);
          connection.sendText(json(4));
          // The frame that was asked for above was written first.
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

  describe('long messages', () => {
    const long = Array.from({ length: 6000 }, (_, i) => json(i)).join('\n');
    const sliceLength = (kernel === 'wasm' ? 64 : 16) * 1024;
    const sliceCount = Math.ceil(bytesOf(long).length / sliceLength);

    it('leave in one frame', () => {
      for (const takeover of [true, false]) {
        const { connection, receive } = connect({ takeover });
        for (const payload of [long, bytesOf(long)]) {
          if (typeof payload === 'string') connection.sendText(payload);
          else connection.sendBinary(payload);
          const [received] = receive();
          expect(received!.frames.length).toBe(1);
          expect(Buffer.from(received!.payload).equals(bytesOf(long))).toBe(true);
        }
        connection.sendText(json(1));
        expect(Buffer.from(receive()[0]!.payload).toString()).toBe(json(1));
      }
    });

    it.each(['fastest', 'default', 'smallest'] as const)('leave in slices that are longest at level %s', (level) => {
      const most = { wasm: [64, 64, 32], portable: [16, 16, 8] }[kernel];
      const length = most[['fastest', 'default', 'smallest'].indexOf(level)]! * 1024;
      const { connection, receive } = connect({ deflate: defaults({ level }) });
      const sent = ['x'.repeat(length), 'x'.repeat(length + 1), '€'.repeat(length / 3), '€'.repeat(length / 3 + 1)];
      for (const [i, text] of sent.entries()) {
        connection.sendText(text, { inSlices: true });
        while (connection.hasSlices) connection.sendNextSlice();
        const [received] = receive();
        expect(Buffer.from(received!.payload).toString()).toBe(text);
        expect(received!.frames.length).toBe(1 + (i % 2));
      }
    });

    it('leave in slices, in order with what is sent behind them, pings between', () => {
      for (const takeover of [true, false]) {
        const deflate = defaults();
        const { connection, receive } = connect({ takeover, deflate });
        const other = connect({ takeover, deflate });
        const data = bytesOf(long);
        const small = bytesOf('small');
        connection.sendText(json(0));
        connection.sendBinary(data, { inSlices: true });
        // Copied: the caller may change it.
        data.fill(0);
        expect(connection.hasSlices).toBe(true);
        connection.sendText(json(1));
        connection.sendBinary(small);
        small.fill(0);
        connection.sendPrepared(new PreparedMessage(json(2)));
        connection.startMessage('text', 'one ');
        connection.sendFragment('two', true);
        connection.sendText(long, { inSlices: true });
        connection.sendText(json(3));
        expect(() => connection.framePrepared(new PreparedMessage('x'))).toThrow('last fragment');
        expect(connection.pendingLength).toBeGreaterThan(2 * bytesOf(long).length - 2 * sliceLength);
        let turns = 0;
        while (connection.hasSlices) {
          other.connection.sendText(json(turns));
          connection.ping(String(turns++));
          connection.sendNextSlice();
        }
        expect(connection.pendingLength).toBe(0);
        expect(turns).toBe(2 * (sliceCount - 1));
        const received = receive();
        const data1 = received.filter(({ opcode }) => opcode < 8);
        expect(received.length - data1.length).toBe(turns);
        expect(data1.map(({ payload }) => Buffer.from(payload).toString())).toEqual([
          json(0),
          long,
          json(1),
          'small',
          json(2),
          'one two',
          long,
          json(3),
        ]);
        expect(data1[1]!.frames.length).toBe(sliceCount);
        expect(data1[1]!.frames.map(({ rsv1 }) => rsv1)).toEqual(data1[1]!.frames.map((_, i) => i === 0));
      }
    });

    it('leave before the Close that was sent behind them', () => {
      const { connection, receive } = connect();
      connection.sendText(long, { inSlices: true });
      connection.close(1000);
      expect(connection.state).toBe('closing');
      expect(() => connection.sendText('x')).toThrow('not open');
      while (connection.hasSlices) connection.sendNextSlice();
      expect(receive().map(({ opcode }) => opcode)).toEqual([TEXT, 8]);
    });

    it('leave, with what is behind them, before the reply to a Close', () => {
      const { connection, deflate, receive } = connect();
      connection.sendText(long, { inSlices: true });
      connection.sendText('behind');
      connection.receive(stream(new Peer('server').close(1000)));
      expect([connection.state, connection.hasSlices, connection.pendingLength]).toEqual(['closed', false, 0]);
      const received = receive();
      expect(received.map(({ opcode }) => opcode)).toEqual([TEXT, TEXT, 8]);
      expect(received[0]!.payload.length).toBe(bytesOf(long).length);
      expect(deflate.poolUse.contexts).toBe(0);
    });

    it('are cut off by a failure and by the end of the connection', () => {
      const { connection: failing, deflate } = connect();
      failing.sendText(long, { inSlices: true });
      failing.sendText('behind');
      failing.takeOutgoing();
      failing.receive(stream(new Peer('server').frame(3, '')));
      expect([failing.hasSlices, failing.pendingLength]).toEqual([false, 0]);
      failing.sendNextSlice();
      expect(failing.takeOutgoing()[0]).toBe(0x88);
      expect(deflate.poolUse.contexts).toBe(0);
      const { connection } = connect();
      connection.sendText(long, { inSlices: true });
      connection.receiveEnd();
      expect(connection.hasSlices).toBe(false);
    });

    it('leave whole where they are not compressed', () => {
      const { connection, receive } = connect();
      connection.sendText(long, { inSlices: true, compress: false });
      expect(connection.hasSlices).toBe(false);
      expect(receive()[0]!.frames.length).toBe(1);
      const plain = new Connection({ role: 'server' });
      plain.sendText(long, { inSlices: true });
      expect(plain.hasSlices).toBe(false);
    });
  });

  describe('the pool', () => {
    it('is used from the agreement on, and given back when the connection ends', () => {
      const deflate = defaults();
      const ends: ((connection: Connection) => void)[] = [
        (connection) => void connection.receiveEnd(),
        (connection) => void connection.receive(stream(new Peer('server').frame(3, ''))),
        (connection) => void connection.receive(stream(new Peer('server').close(1000))),
      ];
      for (const end of ends) {
        const { connection } = connect({ deflate });
        expect(deflate.poolUse).toEqual({
          usedLength: 32 * 1024 + 48 + 4096 + 48 + 2048,
          length: 2 ** 21,
          contexts: 2,
        });
        end(connection);
        expect(connection.state).toBe('closed');
        expect(deflate.poolUse).toMatchObject({ usedLength: 0, contexts: 0 });
        connection.receiveEnd();
        expect(deflate.poolUse.contexts).toBe(0);
      }
    });

    it('when it is spent, new connections agree on remembering nothing', () => {
      const deflate = defaults({ poolLength: 2 ** 20 });
      const offers = parseExtensions(NAME);
      const connections: Connection[] = [];
      let answer = deflate.answer(offers);
      while (answer[0]!.parameters.length === 0) {
        connections.push(new Connection({ role: 'server' }, deflate.forServer(answer)!));
        answer = deflate.answer(offers);
      }
      expect(connections.length).toBeGreaterThan(10);
      for (let full = false; !full; ) {
        connections.push(new Connection({ role: 'server' }, deflate.forServer(answer)!));
        answer = deflate.answer(offers);
        full = answer[0]!.parameters.length === 2;
      }
      expect(answer).toEqual(parseExtensions(`${NAME}; server_no_context_takeover; client_no_context_takeover`));
      expect(deflate.offer()).toEqual(parseExtensions(`${NAME}; server_no_context_takeover; client_max_window_bits`));
      const { connection, receive } = connect({ deflate, takeover: false });
      connection.sendText(json(1));
      expect(Buffer.from(receive()[0]!.payload).toString()).toBe(json(1));
      for (const one of connections) one.receiveEnd();
      connection.receiveEnd();
      expect(deflate.poolUse.usedLength).toBe(0);
      expect(deflate.answer(offers)).toEqual(offers);
    });

    it('if it was spent between the answer and the connection, contexts are kept elsewhere', () => {
      const deflate = defaults({ poolLength: 2 ** 20, deflateWindowBits: 15 });
      const peer = new Peer('server');
      const agreed = parseExtensions(NAME);
      const connections = Array.from({ length: 40 }, () => ({
        connection: new Connection({ role: 'server' }, deflate.forServer(agreed)!),
        zlib: new DeflatingPeer(),
        inflating: new InflatingPeer(),
      }));
      expect(deflate.poolUse.contexts).toBeLessThan(40);
      for (let i = 0; i < 20; i++) {
        for (const { connection, zlib, inflating } of connections) {
          const message = json(i).repeat(1 + 40 * (i % 2));
          const bytes = stream(peer.frame(TEXT, zlib.deflate(message), { rsv: 4 }));
          expect(connection.receive(bytes)).toEqual([{ type: 'text', text: message }]);
          connection.sendText(message);
          const [received] = new Receiver('server', inflating).receive(connection.takeOutgoing());
          expect(Buffer.from(received!.payload).toString()).toBe(message);
        }
      }
      for (const { connection } of connections) connection.receiveEnd();
      expect(deflate.poolUse.usedLength).toBe(0);
    });

    it('a slot shows the next connection nothing of the last', () => {
      const deflate = defaults();
      const first = connect({ deflate });
      const peer = new Peer('server');
      const secret = 'a secret that must stay one';
      first.connection.receive(stream(peer.frame(TEXT, new DeflatingPeer().deflate(secret), { rsv: 4 })));
      first.connection.sendText(secret);
      first.connection.receiveEnd();
      const second = connect({ deflate });
      // A match that reaches back to before the first message.
      const events = second.connection.receive(stream(peer.frame(TEXT, [0xf2, 0x00, 0x11, 0x00, 0x00], { rsv: 4 })));
      expect(events).toMatchObject([{ type: 'error', error: { code: 'WSIMD_INVALID_DEFLATE' } }]);
      const third = connect({ deflate });
      third.connection.sendText(secret);
      expect(Buffer.from(third.receive()[0]!.payload).toString()).toBe(secret);
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
