// src/connection.ts: how a connection begins, what it receives, the pings that it answers, and its handlers. The rest is in
// test/unit/connection/.

import { describe, expect, it, vi } from 'vitest';
import { Connection } from '../../src/connection.js';
import type { ConnectionOptions } from '../../src/connection-options.js';
import type { MessageCompression } from '../../src/messages/compression.js';
import type { MessageEvent, MessageHandler } from '../../src/messages/handler.js';
import { closeLine, facts, ROLES, sent, silentHandler, textLine } from '../support/frames/connections.js';
import { splitPoints } from '../support/frames/cuts.js';
import { bytesOf, hex, Peer, PONG, stream, TEXT } from '../support/frames/wire.js';
import { randomBytes } from '../support/inputs/random.js';
import { describeEvents, KERNEL_NAMES } from '../support/oracles/replay.js';

describe.each(ROLES)('a %s Connection', (role) => {
  const peer = new Peer(role);

  function connect(options: Partial<ConnectionOptions> = {}): Connection {
    return new Connection({ role, ...options });
  }

  it.each(KERNEL_NAMES)('begins open, with nothing to send, on the %s kernel', (kernel) => {
    expect(facts(connect({ kernel }))).toEqual({
      role,
      kernelName: kernel,
      state: 'open',
      bufferedLength: 0,
      outgoingLength: 0,
      hasReceivedClose: false,
    });
    expect(connect({ kernel }).takeOutgoing()).toHaveLength(0);
  });

  describe('receiving', () => {
    it('gives events, as the message decoder does, in any cut', () => {
      const bytes = stream(
        peer.text('a'),
        peer.binary('b'),
        peer.pong('c'),
        peer.text('d', { fin: false }),
        peer.ping('e'),
        peer.continuation('f'),
        peer.close(4000, 'g'),
      );
      const lines = ['text "a"', 'binary 62', 'pong 63', 'ping 65', 'text "df"', 'close 4000 "g"'];
      for (const point of splitPoints(bytes.length)) {
        const connection = connect();
        const chunks = [bytes.slice(0, point), bytes.slice(point)];
        expect(describeEvents(chunks.flatMap((chunk) => connection.receive(chunk)))).toEqual(lines);
        expect(sent(connection)).toEqual([`${PONG} 65`, closeLine(4000, 'g')]);
        expect(connection.state).toBe('closed');
      }
    });

    it('calls a handler with all kinds of deliveries', () => {
      const calls: string[] = [];
      const handler = new Proxy({} as MessageHandler, {
        get:
          (_target, name) =>
          (...args: unknown[]) =>
            calls.push(`${String(name)} ${args.length}`),
      });
      connect({ textAs: 'bytes' }).dispatch(
        stream(peer.text('a'), peer.binary('b'), peer.ping(), peer.pong()),
        handler,
      );
      connect({ deliver: 'pieces' }).dispatch(stream(peer.text('a', { fin: false }), peer.close()), handler);
      connect().dispatch(stream(peer.text('a'), peer.frame(3, '')), handler);
      expect(calls).toEqual([
        'onTextBytes 1',
        'onBinary 1',
        'answerPing 1',
        'onPing 1',
        'onPong 1',
        'onPiece 1',
        'answerClose 0',
        'onClose 2',
        'onText 1',
        'answerClose 0',
        'onError 1',
      ]);
    });

    it('does without the methods that a handler need not have', () => {
      const handler = silentHandler();
      connect({ textAs: 'bytes' }).dispatch(stream(peer.text('a')), handler);
      connect({ deliver: 'pieces' }).dispatch(stream(peer.text('a', { fin: false })), handler);
    });

    it('passes its options to the decoder', () => {
      const events = connect({ maxMessageLength: 3 }).receive(stream(peer.text('abcd')));
      expect(events[0]).toMatchObject({ type: 'error', error: { code: 'WSIMD_MESSAGE_TOO_LONG' } });
      const chunk = stream(peer.binary('abc'));
      const copy = chunk.slice();
      connect({ ownsChunks: false }).receive(chunk);
      expect(chunk).toEqual(copy);
      const held = connect();
      held.receive(stream(peer.text('abc', { fin: false })));
      expect(held.bufferedLength).toBe(256);
    });
  });

  describe.each(KERNEL_NAMES)('receiving in the arena, on the %s kernel', (kernel) => {
    it('delivers what it would of chunks, inside a delivery too', () => {
      const connection = connect({ kernel });
      expect(connection.kernelName).toBe(kernel);
      const bytes = stream(peer.text('in'), peer.ping('p'), peer.binary('side'));
      const lines: string[] = [];
      const receive = () => {
        connection.receiveBuffer.set(bytes);
        connection.dispatchReceived(bytes.length, handler);
      };
      const handler = silentHandler({
        onText: (text) => {
          lines.push(`text ${text}`);
          if (lines.length === 1) receive();
        },
        onBinary: (data) => lines.push(`binary ${hex(data)}`),
      });
      receive();
      const once = ['text in', `binary ${hex(bytesOf('side'))}`];
      expect(lines).toEqual([...once, ...once]);
      expect(sent(connection)).toEqual([`${PONG} 70`, `${PONG} 70`]);
    });

    it('lets the outer handler have what comes inside a delivery, and the next call another', () => {
      const connection = connect({ kernel });
      const bytes = stream(peer.text('again'));
      const [outer, inner, later]: [string[], string[], string[]] = [[], [], []];
      const receive = (handler: MessageHandler) => {
        connection.receiveBuffer.set(bytes);
        connection.dispatchReceived(bytes.length, handler);
      };
      const writeInner = silentHandler({ onText: (text) => inner.push(text) });
      const writeOuter = silentHandler({
        onText: (text) => {
          if (outer.push(text) < 3) receive(writeInner);
        },
      });
      receive(writeOuter);
      expect([outer, inner]).toEqual([['again', 'again', 'again'], []]);
      receive(silentHandler({ onText: (text) => later.push(text) }));
      expect([outer.length, later]).toEqual([3, ['again']]);
    });

    it('drops what comes after the end, but for a length that cannot be', () => {
      const connection = connect({ kernel });
      const bytes = stream(peer.text('late'), peer.close(1000));
      expect(connection.receiveEnd()).toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
      connection.receiveBuffer.set(bytes);
      const onText = vi.fn();
      connection.dispatchReceived(bytes.length, silentHandler({ onText, onClose: onText }));
      expect(onText).not.toHaveBeenCalled();
      expect(facts(connection)).toMatchObject({ state: 'closed', hasReceivedClose: false, outgoingLength: 0 });
      expect(() => connect({ kernel }).dispatchReceived(65_537, silentHandler())).toThrow(RangeError);
    });
  });

  it('separates the fragments of binary messages from the next one on, where that is asked for', () => {
    const connection = connect();
    const seen: string[][] = [];
    const handler = silentHandler({
      onBinary: (data) => seen.push([hex(data)]),
      onFragments: (fragments) => seen.push(fragments.map(hex)),
    });
    const message = stream(peer.binary('ab', { fin: false }), peer.continuation('c'));
    for (const separates of [false, true, false]) {
      connection.separatesFragments = separates;
      connection.dispatch(message.slice(), handler);
    }
    expect(seen).toEqual([['616263'], ['6162', '63'], ['616263']]);
  });

  it('has compression give up what it remembers when it ends, and when it is told to', () => {
    const release = vi.fn();
    const compression = { release } as Partial<MessageCompression> as MessageCompression;
    const ends: ((connection: Connection) => unknown)[] = [
      (connection) => connection.release(),
      (connection) => connection.receiveEnd(),
      (connection) => connection.receive(stream(peer.close(1000))),
      (connection) => connection.receive(stream(peer.frame(3, ''))),
    ];
    for (const [i, end] of ends.entries()) {
      end(new Connection({ role }, compression));
      expect(release).toHaveBeenCalledTimes(i + 1);
    }
    connect().release();
  });

  describe('pings', () => {
    it('are answered, in order, before the handler is called', () => {
      const connection = connect();
      const order: number[] = [];
      const handler = silentHandler({
        onText: (text) => connection.sendText(text),
        onPing: () => order.push(connection.outgoingLength),
      });
      connection.dispatch(stream(peer.text('a'), peer.ping('1'), peer.text('b'), peer.ping('')), handler);
      expect(order[0]).toBe(role === 'client' ? 14 : 6);
      expect(sent(connection)).toEqual([textLine('a'), `${PONG} 31`, textLine('b'), `${PONG} `]);
    });

    it('of 125 bytes are answered with all of them', () => {
      const connection = connect();
      const payload = randomBytes(125, 1);
      connection.receive(stream(peer.ping(payload)));
      expect(sent(connection)).toEqual([`${PONG} ${hex(payload)}`]);
    });

    it('are answered inside a fragmented message that is being sent', () => {
      const connection = connect();
      connection.startMessage('text', 'a');
      connection.receive(stream(peer.ping('x')));
      connection.sendFragment('b', true);
      expect(sent(connection)).toEqual([`${TEXT}- 61`, `${PONG} 78`, '0 62']);
    });

    it('are not answered where autoPong is off', () => {
      const connection = connect({ autoPong: false });
      expect(connection.receive(stream(peer.ping('x')))).toEqual([{ type: 'ping', payload: bytesOf('x') }]);
      expect(connection.outgoingLength).toBe(0);
      connection.pong('x');
      expect(sent(connection)).toEqual([`${PONG} 78`]);
    });

    it('are not answered once a Close frame has been sent', () => {
      const connection = connect();
      connection.close(1000);
      expect(describeEvents(connection.receive(stream(peer.ping('x'), peer.text('late'))))).toEqual([
        'ping 78',
        'text "late"',
      ]);
      expect(sent(connection)).toEqual([closeLine(1000)]);
    });
  });

  describe('a handler', () => {
    it('that throws finds the rest delivered at the next call, and pings answered then', () => {
      const connection = connect();
      const onText = vi.fn().mockImplementationOnce(() => {
        throw new Error('boom');
      });
      const handler = silentHandler({ onText });
      expect(() => connection.dispatch(stream(peer.text('1'), peer.ping('p'), peer.text('2')), handler)).toThrow(
        'boom',
      );
      expect(connection.outgoingLength).toBe(0);
      connection.dispatch(stream(peer.text('3')), handler);
      expect(onText.mock.calls).toEqual([['1'], ['2'], ['3']]);
      expect(sent(connection)).toEqual([`${PONG} 70`]);
    });

    it('that feeds its own connection still gets all of its chunk, and then of the other', () => {
      const connection = connect();
      const seen: string[] = [];
      let nested: MessageEvent[] | undefined;
      const onText = (text: string) => {
        seen.push(text);
        nested ??= connection.receive(stream(peer.text('c'), peer.text('d')));
      };
      connection.dispatch(stream(peer.text('a'), peer.text('b')), silentHandler({ onText }));
      // Nothing is lost, whichever of the two gets what the inner call brought.
      const inner = describeEvents(nested ?? []);
      expect([...seen, ...inner.map((line) => line.slice(6, -1))]).toEqual(['a', 'b', 'c', 'd']);
      expect(seen.slice(0, 2)).toEqual(['a', 'b']);
    });

    it('that feeds its own connection with a handler of its own gets what is its own', () => {
      const connection = connect();
      const seen: string[] = [];
      const inner = silentHandler({ onText: (text) => seen.push(`inner ${text}`) });
      const outer = silentHandler({
        onText: (text) => {
          seen.push(`outer ${text}`);
          if (text === 'a') connection.dispatch(stream(peer.text('c')), inner);
        },
      });
      connection.dispatch(stream(peer.text('a'), peer.text('b')), outer);
      expect(seen.slice(0, 2)).toEqual(['outer a', 'outer b']);
      expect(seen).toHaveLength(3);
    });

    it('of an earlier call is not called again', () => {
      const connection = connect();
      const first = vi.fn();
      connection.dispatch(stream(peer.text('1')), silentHandler({ onText: first }));
      expect(describeEvents(connection.receive(stream(peer.text('2'))))).toEqual(['text "2"']);
      expect(first).toHaveBeenCalledTimes(1);
    });
  });
});
