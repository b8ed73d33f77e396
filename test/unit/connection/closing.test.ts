import { describe, expect, it } from 'vitest';
import { Connection } from '../../../src/connection.js';
import type { ConnectionOptions } from '../../../src/connection-options.js';
import { PreparedMessage } from '../../../src/frames/prepared-message.js';
import { ProtocolError } from '../../../src/protocol/errors.js';
import {
  closeLine,
  facts,
  NOT_OPEN,
  OTHER,
  ROLES,
  sent,
  silentHandler,
  textLine,
} from '../../support/frames/connections.js';
import { BINARY, bytesOf, hex, Peer, PONG, stream, TEXT } from '../../support/frames/wire.js';
import { describeEvents } from '../../support/oracles/replay.js';

describe.each(ROLES)('a %s Connection', (role) => {
  const peer = new Peer(role);

  function connect(options: Partial<ConnectionOptions> = {}): Connection {
    return new Connection({ role, ...options });
  }

  describe('the closing handshake', () => {
    it('begun by the peer is finished with the same code', () => {
      for (const code of [1000, 1001, 1002, 1007, 1011, 1014, 3000, 4999]) {
        const connection = connect();
        const seen: [string, boolean][] = [];
        connection.dispatch(
          stream(peer.close(code)),
          silentHandler({ onClose: () => seen.push([connection.state, connection.hasReceivedClose]) }),
        );
        expect(seen).toEqual([['closed', true]]);
        expect(sent(connection)).toEqual([closeLine(code)]);
      }
    });

    it('begun by the peer without a code is finished without one', () => {
      const connection = connect();
      expect(connection.receive(stream(peer.close()))).toEqual([{ type: 'close', closeCode: 1005, reason: '' }]);
      expect(sent(connection)).toEqual([closeLine()]);
      expect(connection.state).toBe('closed');
      expect(connection.receiveEnd()).toBeUndefined();
    });

    it('is finished with the longest reason, and with one that has grown past what fits', () => {
      const longest = connect();
      longest.receive(stream(peer.close(1000, '€'.repeat(41))));
      expect(sent(longest)).toEqual([closeLine(1000, '€'.repeat(41))]);
      // Each bad byte becomes three where nobody validates.
      const grown = connect({ skipUtf8Validation: true });
      const [event] = grown.receive(stream(peer.close(1000, new Uint8Array(123).fill(0xff))));
      expect(event).toMatchObject({ type: 'close', closeCode: 1000 });
      expect(sent(grown)).toEqual([closeLine(1000)]);
    });

    it.each([
      ["the peer's Close", stream(peer.close(1000)), 1000, 'close'],
      ['its broken rule', stream(peer.frame(TEXT, '', { rsv: 2 })), 1002, 'error'],
    ] as const)('that answers %s waits for what the transport has queued', (_what, bytes, code, type) => {
      const connection = connect();
      connection.holdClose();
      expect(connection.receive(bytes)[0]?.type).toBe(type);
      expect(connection.state).toBe('open');
      expect(connection.receive(stream(peer.text('late')))).toEqual([]);
      connection.sendText('queued');
      expect(sent(connection)).toEqual([textLine('queued')]);
      connection.releaseClose();
      expect([connection.state, sent(connection)]).toEqual(['closed', [closeLine(code)]]);
      // Without effect a second time, and where no Close frame is held.
      connection.releaseClose();
      expect(sent(connection)).toEqual([]);
      const other = connect();
      other.holdClose();
      other.releaseClose();
      expect([other.state, sent(other)]).toEqual(['open', []]);
      other.receive(bytes);
      expect([other.state, sent(other)]).toEqual(['closed', [closeLine(code)]]);
    });

    it('begun here waits for the answer, and takes what comes until then', () => {
      const connection = connect();
      connection.sendText('last');
      connection.close(3000, 'enough');
      expect(connection.state).toBe('closing');
      expect(connection.hasReceivedClose).toBe(false);
      expect(sent(connection)).toEqual([textLine('last'), closeLine(3000, 'enough')]);
      expect(
        describeEvents(connection.receive(stream(peer.text('still'), peer.close(3000), peer.text('no more')))),
      ).toEqual(['text "still"', 'close 3000 ""']);
      expect(facts(connection)).toMatchObject({ state: 'closed', hasReceivedClose: true, outgoingLength: 0 });
      expect(connection.receiveEnd()).toBeUndefined();
    });

    it('begun from both sides at once is over when both Closes have come', () => {
      const here = connect();
      const there = new Connection({ role: OTHER[role] });
      here.close(1000, 'me');
      there.close(4001, 'no, me');
      const [fromHere, fromThere] = [here.takeOutgoing(), there.takeOutgoing()];
      expect(describeEvents(here.receive(fromThere))).toEqual(['close 4001 "no, me"']);
      expect(describeEvents(there.receive(fromHere))).toEqual(['close 1000 "me"']);
      expect([here.state, there.state]).toEqual(['closed', 'closed']);
      expect([here.outgoingLength, there.outgoingLength]).toEqual([0, 0]);
      expect([here.receiveEnd(), there.receiveEnd()]).toEqual([undefined, undefined]);
    });

    it('begins inside a fragmented message, either way', () => {
      const connection = connect();
      connection.startMessage('text', 'never');
      connection.close(1001);
      expect(() => connection.sendFragment('ended', true)).toThrow(NOT_OPEN);
      expect(sent(connection)).toEqual([`${TEXT}- ${hex(bytesOf('never'))}`, closeLine(1001)]);
      const other = connect();
      other.startMessage('binary', 'x');
      other.receive(stream(peer.close(1000)));
      expect(sent(other)).toEqual([`${BINARY}- 78`, closeLine(1000)]);
    });

    it('begins without a code, or with a code alone', () => {
      for (const [code, reason] of [[], [1000], [4999, ''], [1000, '€'.repeat(41)]] as [number?, string?][]) {
        const connection = connect();
        connection.close(code, reason);
        expect(sent(connection)).toEqual([closeLine(code, reason)]);
      }
    });

    it('begins once', () => {
      const connection = connect();
      connection.close(1000);
      connection.close(1001);
      connection.close();
      expect(sent(connection)).toEqual([closeLine(1000)]);
      connection.receive(stream(peer.close(1000)));
      connection.close(1000);
      expect(sent(connection)).toEqual([]);
    });

    it('does not begin with what may not be sent', () => {
      const connection = connect();
      const code = expect.objectContaining({ code: 'WSIMD_INVALID_CLOSE_CODE' });
      const reason = expect.objectContaining({ code: 'WSIMD_INVALID_REASON' });
      for (const bad of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, Number.NaN]) {
        expect(() => connection.close(bad), `${bad}`).toThrow(code);
      }
      expect(() => connection.close(1000, 'é'.repeat(62))).toThrow(reason);
      expect(() => connection.close(undefined, 'why')).toThrow(reason);
      expect(facts(connection)).toMatchObject({ state: 'open', outgoingLength: 0 });
      // What is wrong is wrong in any state.
      connection.close(1000);
      expect(() => connection.close(1005)).toThrow(code);
    });

    it('may be begun by the handler, in the middle of a chunk', () => {
      const connection = connect();
      const seen: string[] = [];
      const onText = (text: string) => {
        seen.push(text);
        if (text === 'quit') connection.close(1000);
      };
      connection.dispatch(stream(peer.text('quit'), peer.ping('?'), peer.text('behind')), silentHandler({ onText }));
      expect(seen).toEqual(['quit', 'behind']);
      expect(sent(connection)).toEqual([closeLine(1000)]);
    });

    it.each(['closing', 'closed'] as const)('lets nothing be sent when %s', (state) => {
      const connection = connect();
      if (state === 'closing') connection.close(1000);
      else connection.receive(stream(peer.close(1000)));
      expect(connection.state).toBe(state);
      connection.takeOutgoing();
      const sends: (() => void)[] = [
        () => connection.sendText('x'),
        () => connection.sendBinary(Uint8Array.of(1)),
        () => connection.sendPrepared(new PreparedMessage('x')),
        () => connection.startMessage('text', 'x'),
        () => connection.sendFragment('x', true),
        () => connection.ping(),
        () => connection.pong(),
      ];
      for (const send of sends) expect(send).toThrow(NOT_OPEN);
      expect(connection.outgoingLength).toBe(0);
    });
  });

  describe('a failure', () => {
    const FAILURES = [
      ['WSIMD_RESERVED_OPCODE', 1002, peer.frame(3, 'x')],
      ['WSIMD_INVALID_UTF8', 1007, peer.text([0xff])],
      ['WSIMD_MESSAGE_TOO_LONG', 1009, peer.binary('', { claimed: 2n ** 40n })],
      ['WSIMD_CLOSE_CODE', 1002, peer.close(1005)],
    ] as const;

    it.each(FAILURES)('%s sends %i and ends all', (code, closeCode, frame) => {
      const connection = connect();
      const seen: [string, string][] = [];
      connection.dispatch(
        stream(peer.text('good'), frame, peer.text('lost')),
        silentHandler({
          onText: (text) => seen.push([text, connection.state]),
          onError: (error) => seen.push([error.code, connection.state]),
        }),
      );
      expect(seen).toEqual([
        ['good', 'open'],
        [code, 'closed'],
      ]);
      expect(connection.hasReceivedClose).toBe(false);
      expect(sent(connection)).toEqual([closeLine(closeCode)]);
      expect(connection.receive(stream(peer.text('lost too'), peer.close(1000)))).toEqual([]);
      expect(() => connection.sendText('x')).toThrow(NOT_OPEN);
      connection.close(1000);
      expect(connection.outgoingLength).toBe(0);
      expect(connection.receiveEnd()).toBeUndefined();
    });

    it('after a Close frame was sent sends no second one', () => {
      const connection = connect();
      connection.close(1000);
      connection.takeOutgoing();
      expect(describeEvents(connection.receive(stream(peer.frame(3, ''))))).toEqual([
        'error WSIMD_RESERVED_OPCODE 1002 @0',
      ]);
      expect(facts(connection)).toMatchObject({ state: 'closed', outgoingLength: 0 });
    });

    it('keeps what was to be sent before it', () => {
      const connection = connect();
      connection.sendText('first');
      connection.receive(stream(peer.ping('p'), peer.frame(3, '')));
      expect(sent(connection)).toEqual([textLine('first'), `${PONG} 70`, closeLine(1002)]);
    });
  });

  describe('the end of the transport', () => {
    it('without a Close frame is a loss', () => {
      for (const prepare of [
        () => {},
        (c: Connection) => c.close(1000),
        (c: Connection) => void c.receive(stream(peer.text('x', { fin: false }))),
      ]) {
        const connection = connect();
        prepare(connection);
        const error = connection.receiveEnd();
        expect(error).toBeInstanceOf(ProtocolError);
        expect(error).toMatchObject({ code: 'WSIMD_CONNECTION_LOST', closeCode: 1006, offset: undefined });
        expect(connection.state).toBe('closed');
        expect(() => connection.sendText('x')).toThrow(NOT_OPEN);
      }
    });

    it('after a Close frame or an error is none', () => {
      for (const frame of [peer.close(1000), peer.frame(3, '')]) {
        const connection = connect();
        connection.receive(stream(frame));
        expect(connection.receiveEnd()).toBeUndefined();
        expect(connection.receiveEnd()).toBeUndefined();
        expect(connection.state).toBe('closed');
      }
    });

    it('leaves nothing to come and nothing to send', () => {
      const connection = connect();
      connection.receiveEnd();
      expect(connection.receive(stream(peer.text('late'), peer.ping(), peer.close(1000)))).toEqual([]);
      expect(connection.outgoingLength).toBe(0);
      connection.close(1000);
      expect(connection.outgoingLength).toBe(0);
    });

    it('told by a handler leaves nothing to send either', () => {
      const connection = connect();
      const onText = () => void connection.receiveEnd();
      connection.dispatch(stream(peer.text('x'), peer.ping(), peer.close(1000)), silentHandler({ onText }));
      expect(facts(connection)).toMatchObject({ state: 'closed', outgoingLength: 0 });
    });

    it('does not call a Close frame lost that a handler has not been given yet because it threw', () => {
      const connection = connect();
      const onText = () => {
        throw new Error('boom');
      };
      expect(() => connection.dispatch(stream(peer.text('x'), peer.close(1000)), silentHandler({ onText }))).toThrow(
        'boom',
      );
      expect(describeEvents(connection.receive(new Uint8Array(0)))).toEqual(['close 1000 ""']);
      expect(connection.receiveEnd()).toBeUndefined();
      expect(sent(connection)).toEqual([closeLine(1000)]);
    });
  });
});
