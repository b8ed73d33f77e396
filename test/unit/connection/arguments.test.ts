// src/connection.ts: what it refuses to be called with, and that nothing has changed then.

import { describe, expect, it } from 'vitest';
import { Connection } from '../../../src/connection.js';
import type { ConnectionOptions } from '../../../src/connection-options.js';
import { ProtocolError } from '../../../src/protocol/errors.js';
import { OTHER, ROLES, sent, silentHandler, textLine } from '../../support/frames/connections.js';
import { bytesOf, Peer, stream, TEXT } from '../../support/frames/wire.js';
import { describeEvents } from '../../support/oracles/replay.js';

describe.each(ROLES)('a %s Connection', (role) => {
  const peer = new Peer(role);

  function connect(options: Partial<ConnectionOptions> = {}): Connection {
    return new Connection({ role, ...options });
  }

  describe('odd arguments', () => {
    const BYTES = stream(peer.text('lost'));
    const NO_BYTES: readonly (readonly [string, unknown])[] = [
      ['null', null],
      ['a number', 5],
      ['an ArrayBuffer', new ArrayBuffer(3)],
      ['a DataView', new DataView(new ArrayBuffer(3))],
      ['16-bit words', Uint16Array.of(0x6161)],
      ['an array', [97, 98]],
      ['an object with a length', { length: 2 }],
      ['a String object', new String('ab')],
    ];

    /** It throws a TypeError or a ProtocolError, sends nothing, and leaves the connection as it was. */
    function refuses(connection: Connection, call: () => unknown, what: string): void {
      const { state, outgoingLength } = connection;
      let thrown: unknown;
      try {
        call();
      } catch (error) {
        thrown = error;
      }
      const isRight = thrown instanceof TypeError || thrown instanceof ProtocolError;
      expect(isRight, `${what} threw ${String(thrown)}`).toBe(true);
      expect({ state: connection.state, outgoingLength: connection.outgoingLength }, what).toEqual({
        state,
        outgoingLength,
      });
    }

    it.each([...NO_BYTES, ['undefined', undefined] as const])('%s is no payload', (_name, value) => {
      const connection = connect();
      const payload = value as never;
      refuses(connection, () => connection.sendText(payload), 'sendText');
      refuses(connection, () => connection.sendBinary(payload), 'sendBinary');
      refuses(connection, () => connection.startMessage('text', payload), 'startMessage');
      refuses(connection, () => connection.sendPrepared(payload), 'sendPrepared');
      if (value !== undefined) {
        refuses(connection, () => connection.ping(payload), 'ping');
        refuses(connection, () => connection.pong(payload), 'pong');
      }
      connection.sendText('well');
      expect(sent(connection)).toEqual([textLine('well')]);
    });

    it('a first fragment that could not be sent opens no message', () => {
      const connection = connect();
      expect(() => connection.startMessage('text', undefined as never)).toThrow();
      connection.sendText('whole');
      expect(() => connection.sendFragment('x', true)).toThrow(
        expect.objectContaining({ code: 'WSIMD_NO_MESSAGE_OPEN' }),
      );
      expect(sent(connection)).toEqual([textLine('whole')]);
    });

    it('a last fragment that could not be sent ends no message', () => {
      const connection = connect();
      connection.startMessage('text', 'a');
      expect(() => connection.sendFragment(undefined as never, true)).toThrow();
      expect(() => connection.sendText('x')).toThrow(expect.objectContaining({ code: 'WSIMD_MESSAGE_OPEN' }));
      connection.sendFragment('b', true);
      expect(sent(connection)).toEqual([`${TEXT}- 61`, '0 62']);
    });

    it.each([undefined, null, 0, '', 1, 'yes'])(
      'whether a fragment is the last, told as %j, is one thing here and on the wire',
      (odd) => {
        const connection = connect();
        connection.startMessage('text', 'a');
        try {
          connection.sendFragment('b', odd as never);
        } catch {
          // To refuse it is as good.
        }
        try {
          connection.sendFragment('c', true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'WSIMD_NO_MESSAGE_OPEN' });
        }
        connection.sendText('d');
        const there = new Connection({ role: OTHER[role] });
        const events = describeEvents(there.receive(connection.takeOutgoing()));
        expect(events[0]).toMatch(/^text "ab?c?"$/);
        expect(events.slice(1)).toEqual(['text "d"']);
      },
    );

    it('a message has a type that is one of the two', () => {
      const connection = connect();
      for (const type of ['Text', 'blob', undefined, TEXT]) {
        refuses(connection, () => connection.startMessage(type as never, 'x'), `startMessage(${type})`);
      }
    });

    it('a control frame has 125 bytes at most', () => {
      const connection = connect();
      for (const payload of ['x'.repeat(126), 'é'.repeat(63), new Uint8Array(126), new Uint8Array(100_000)]) {
        refuses(connection, () => connection.ping(payload), 'ping');
        refuses(connection, () => connection.pong(payload), 'pong');
      }
    });

    it('a close code is a number, a reason a string', () => {
      const connection = connect();
      for (const code of ['1000', null, true, {}, [1000], 1000n, Symbol('s')]) {
        refuses(connection, () => connection.close(code as never), `close(${String(code)})`);
      }
      for (const reason of [
        5,
        null,
        true,
        {},
        bytesOf('bye'),
        Buffer.from('bye'),
        new ArrayBuffer(3),
        ['x'],
        Symbol('s'),
      ]) {
        refuses(connection, () => connection.close(1000, reason as never), `close(1000, ${String(reason)})`);
      }
    });

    it.each([...NO_BYTES, ['undefined', undefined] as const, ['a string', 'abc'] as const])(
      '%s is no chunk',
      (_name, chunk) => {
        const connection = connect();
        refuses(connection, () => connection.receive(chunk as never), 'receive');
        refuses(connection, () => connection.dispatch(chunk as never, silentHandler()), 'dispatch');
        expect(describeEvents(connection.receive(BYTES.slice()))).toEqual(['text "lost"']);
      },
    );

    it('a binary message is bytes', () => {
      const connection = connect();
      refuses(connection, () => connection.sendBinary('text' as never), 'sendBinary');
    });

    it('a role is one of the two', () => {
      for (const bad of ['observer', 'peer', undefined, null]) {
        expect(() => new Connection({ role: bad as never }), String(bad)).toThrow(TypeError);
      }
      expect(() => new Connection(undefined as never)).toThrow(TypeError);
      expect(() => connect({ maxMessageLength: -1 })).toThrow(RangeError);
      expect(() => connect({ kernel: 'native' as never })).toThrow(
        expect.objectContaining({ code: 'WSIMD_NO_KERNEL' }),
      );
    });
  });
});
