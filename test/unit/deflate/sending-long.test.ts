// src/deflate/: the sending side of a connection, where it takes long or much: messages in slices and fragments, and the pool
// of contexts, with node:zlib as the peer that inflates.

import { describe, expect, it } from 'vitest';
import { Connection } from '../../../src/connection.js';
import { PreparedMessage } from '../../../src/frames/prepared-message.js';
import { parseExtensions } from '../../../src/handshake/extensions.js';
import { ProtocolError } from '../../../src/protocol/errors.js';
import { json, NAME, Receiver, sendersOn } from '../../support/frames/senders.js';
import { bytesOf, Peer, stream, TEXT } from '../../support/frames/wire.js';
import { DEFLATE_KERNELS } from '../../support/kernels/deflate-kernels.js';
import { DeflatingPeer, InflatingPeer } from '../../support/peers/deflate-peer.js';

describe.each(DEFLATE_KERNELS)('sending long messages on the %s kernel', (kernel) => {
  const { defaults, connect } = sendersOn(kernel);

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

    it.each([
      ['a Uint8Array', (text: string) => new Uint8Array(Buffer.from(text))],
      ['a Buffer', (text: string) => Buffer.from(text)],
      ['a part of a longer Buffer', (text: string) => Buffer.from(`--${text}--`).subarray(2, -2)],
    ])('are copied, and so is what is sent behind them: the caller overwrites %s at once', (_kind, make) => {
      const { connection, receive } = connect();
      const send = (text: string, action: (bytes: Uint8Array) => void) => {
        const bytes = make(text);
        action(bytes);
        bytes.fill(0xee);
      };
      send(long, (bytes) => connection.sendBinary(bytes, { inSlices: true }));
      expect(connection.hasSlices).toBe(true);
      send('message', (bytes) => connection.sendBinary(bytes));
      send('text', (bytes) => connection.sendText(bytes));
      send('prepared', (bytes) => connection.sendPrepared(new PreparedMessage(bytes)));
      send('one ', (bytes) => connection.startMessage('binary', bytes));
      send('two', (bytes) => connection.sendFragment(bytes, true));
      send('ping', (bytes) => connection.ping(bytes));
      send('pong', (bytes) => connection.pong(bytes));
      while (connection.hasSlices) connection.sendNextSlice();
      const payloads = receive().map(({ payload }) => Buffer.from(payload).toString());
      // Control frames overtake.
      expect(payloads).toEqual(['ping', 'pong', long, 'message', 'text', 'prepared', 'one two']);
    });

    it('leave before the Close frame that was sent behind them', () => {
      const { connection, receive } = connect();
      connection.sendText(long, { inSlices: true });
      connection.close(1000);
      expect(connection.state).toBe('closing');
      expect(() => connection.sendText('x')).toThrow('not open');
      while (connection.hasSlices) connection.sendNextSlice();
      expect(receive().map(({ opcode }) => opcode)).toEqual([TEXT, 8]);
    });

    it('leave, with what is behind them, before the reply to a Close frame', () => {
      const { connection, deflate, receive } = connect();
      connection.sendText(long, { inSlices: true });
      connection.sendText('behind');
      connection.receive(stream(new Peer('server').close(1000)));
      expect([connection.state, connection.hasSlices]).toEqual(['closing', true]);
      expect(() => connection.sendText('too late')).toThrow(expect.objectContaining({ code: 'WSIMD_NOT_OPEN' }));
      const lengths = [];
      while (connection.hasSlices) {
        expect(connection.state).toBe('closing');
        const before = connection.pendingLength;
        connection.sendNextSlice();
        lengths.push(before - connection.pendingLength);
      }
      expect(Math.max(...lengths)).toBeLessThan(2 * sliceLength);
      expect([connection.state, connection.hasSlices, connection.pendingLength]).toEqual(['closed', false, 0]);
      const received = receive();
      expect(received.map(({ opcode }) => opcode)).toEqual([TEXT, TEXT, 8]);
      expect(received[0]!.payload.length).toBe(bytesOf(long).length);
      expect(deflate.poolUse.contexts).toBe(0);
    });

    it('leave before the Close frame that answers a broken rule', () => {
      const { connection, receive, deflate } = connect();
      connection.sendText(long, { inSlices: true });
      connection.sendText('behind');
      connection.receive(stream(new Peer('server').frame(3, '')));
      while (connection.hasSlices) connection.sendNextSlice();
      expect([connection.state, connection.pendingLength]).toEqual(['closed', 0]);
      const received = receive();
      expect(received.map(({ opcode }) => opcode)).toEqual([1, 1, 8]);
      expect(Buffer.from(received[0]!.payload).toString()).toBe(long);
      expect(deflate.poolUse.contexts).toBe(0);
    });

    it('are cut off where the caller fails the connection, and by its end', () => {
      const { connection: failing, deflate } = connect();
      failing.sendText(long, { inSlices: true });
      failing.sendText('behind');
      failing.takeOutgoing();
      failing.fail(new ProtocolError('WSIMD_TOO_MANY_PINGS'));
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
          usedLength: 32 * 1024 + 48 + 4096 + 48 + 4096,
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
});
