// src/connection.ts: the states of a connection, the closing handshake from either side, what is sent without being asked,
// and what is refused.

import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Connection, type ConnectionOptions } from '../src/connection.js';
import { ProtocolError } from '../src/errors.js';
import type { Role } from '../src/frames/chunk-decoder.js';
import { FrameDecoder } from '../src/frames/frame-decoder.js';
import { PreparedMessage } from '../src/frames/prepared-message.js';
import type { MessageEvent, MessageHandler } from '../src/messages/handler.js';
import { cutInto, splitPoints } from './support/cuts.js';
import { receiveWithWs } from './support/native.js';
import { randomBytes } from './support/random.js';
import { describeEvents, KERNEL_NAMES } from './support/replay.js';
import { BINARY, bytesOf, CLOSE, concat, hex, Peer, PING, PONG, stream, TEXT } from './support/wire.js';

const ROLES = ['server', 'client'] as const;
const OTHER = { server: 'client', client: 'server' } as const satisfies Record<Role, Role>;
const NOT_OPEN = expect.objectContaining({ code: 'WSIMD_NOT_OPEN', closeCode: undefined });

function silentHandler(changes: Partial<MessageHandler> = {}): MessageHandler {
  const ignore = () => {};
  return {
    onText: ignore,
    onBinary: ignore,
    onPing: ignore,
    onPong: ignore,
    onClose: ignore,
    onError: ignore,
    ...changes,
  };
}

/** Takes what waits to be sent, as one line a frame: `opcode`, `-` for a fragment that is not the last, payload in hex. */
function sent(connection: Connection): string[] {
  const bytes = connection.takeOutgoing();
  const { frames, error } = new FrameDecoder({ role: OTHER[connection.role], allowRsv1: true }).decodeFrames(bytes);
  if (error !== undefined) throw error;
  for (const { masked } of frames) expect(masked).toBe(connection.role === 'client');
  return frames.map(({ opcode, fin, payload }) => `${opcode}${fin ? '' : '-'} ${hex(payload)}`);
}

/** What a connection says of itself, as an object that a failed assertion can show. */
function facts({ role, kernelName, state, bufferedLength, outgoingLength, hasReceivedClose }: Connection) {
  return { role, kernelName, state, bufferedLength, outgoingLength, hasReceivedClose };
}

function closeLine(code?: number, reason = ''): string {
  return `${CLOSE} ${code === undefined ? '' : hex(concat(Uint8Array.of(code >> 8, code), bytesOf(reason)))}`;
}

const textLine = (text: string) => `${TEXT} ${hex(bytesOf(text))}`;

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

  describe('sending', () => {
    it('sends messages, whose bytes wait until they are taken', () => {
      const connection = connect();
      const data = Uint8Array.of(1, 2, 3);
      connection.sendText('grün');
      connection.sendText(bytesOf('bytes'));
      connection.sendBinary(data);
      data.fill(0);
      expect(connection.outgoingLength).toBe(5 + 5 + 3 + 3 * (role === 'client' ? 6 : 2));
      expect(sent(connection)).toEqual([textLine('grün'), textLine('bytes'), `${BINARY} 010203`]);
      expect(connection.outgoingLength).toBe(0);
      expect(sent(connection)).toEqual([]);
    });

    it('is understood by ws', () => {
      const connection = connect();
      const data = randomBytes(70_000, 1);
      connection.sendText('Hello');
      connection.sendBinary(data);
      connection.startMessage('text', 'in ');
      connection.ping('in between');
      connection.sendFragment('three ', false);
      connection.sendFragment('parts', true);
      const [hello, binary, parts] = receiveWithWs(OTHER[role], connection.takeOutgoing());
      expect(hello).toEqual({ data: Buffer.from('Hello'), isBinary: false });
      expect(binary?.isBinary && Buffer.compare(binary.data, data)).toBe(0);
      expect(parts?.data.toString()).toBe('in three parts');
    });

    it('sends fragments, with control frames between them and no other message', () => {
      const connection = connect();
      connection.startMessage('text', bytesOf('€').subarray(0, 1));
      connection.ping('p');
      connection.pong('q');
      const refused = expect.objectContaining({ code: 'WSIMD_MESSAGE_OPEN' });
      expect(() => connection.sendText('x')).toThrow(refused);
      expect(() => connection.sendBinary(Uint8Array.of(1))).toThrow(refused);
      expect(() => connection.startMessage('binary', 'x')).toThrow(refused);
      expect(() => connection.sendPrepared(new PreparedMessage('x'))).toThrow(refused);
      connection.sendFragment(bytesOf('€').subarray(1), false);
      connection.sendFragment('', true);
      connection.sendText('x');
      connection.startMessage('binary', '');
      connection.sendFragment(Uint8Array.of(7), true);
      expect(sent(connection)).toEqual([
        `${TEXT}- e2`,
        `${PING} 70`,
        `${PONG} 71`,
        '0- 82ac',
        '0 ',
        textLine('x'),
        `${BINARY}- `,
        '0 07',
      ]);
    });

    it('has no fragment to send where no message is open', () => {
      const connection = connect();
      const refused = expect.objectContaining({ code: 'WSIMD_NO_MESSAGE_OPEN' });
      expect(() => connection.sendFragment('x', true)).toThrow(refused);
      connection.startMessage('text', 'a');
      connection.sendFragment('b', true);
      expect(() => connection.sendFragment('c', false)).toThrow(refused);
      expect(sent(connection)).toEqual([`${TEXT}- 61`, '0 62']);
    });

    it('sends prepared messages', () => {
      const connection = connect();
      const messages = [new PreparedMessage('text'), new PreparedMessage(Uint8Array.of(9)), new PreparedMessage('')];
      for (const message of [...messages, ...messages]) connection.sendPrepared(message);
      const lines = [textLine('text'), `${BINARY} 09`, `${TEXT} `];
      expect(sent(connection)).toEqual([...lines, ...lines]);
    });

    it('masks a prepared message anew each time, as a client', () => {
      const connection = connect();
      const message = new PreparedMessage('the same');
      for (let i = 0; i < 5; i++) connection.sendPrepared(message);
      const { frames } = new FrameDecoder({ role: OTHER[role] }).decodeFrames(connection.takeOutgoing());
      const keys = new Set(frames.map(({ maskingKey }) => maskingKey && hex(maskingKey)));
      expect(keys.size).toBe(role === 'client' ? 5 : 1);
    });

    it('gives its memory back and gets it again', () => {
      const connection = connect();
      for (let i = 0; i < 100; i++) {
        connection.sendText(`message ${i}`);
        const bytes = connection.takeOutgoing();
        const [received] = receiveWithWs(OTHER[role], bytes);
        expect(received?.data.toString()).toBe(`message ${i}`);
        connection.releaseOutgoing(bytes);
      }
    });
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
        'onPing 1',
        'onPong 1',
        'onPiece 1',
        'onClose 2',
        'onText 1',
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
      expect(held.bufferedLength).toBe(3);
    });
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

    it('are not answered once a Close has been sent', () => {
      const connection = connect();
      connection.close(1000);
      expect(describeEvents(connection.receive(stream(peer.ping('x'), peer.text('late'))))).toEqual([
        'ping 78',
        'text "late"',
      ]);
      expect(sent(connection)).toEqual([closeLine(1000)]);
    });
  });

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

    it('after a Close was sent sends no second one', () => {
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
    it('without a Close is a loss', () => {
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

    it('after a Close or an error is none', () => {
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

    it('does not call a Close lost that a handler has not been given yet because it threw', () => {
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

describe('two connections', () => {
  type Step =
    | { readonly kind: 'text' | 'binary' | 'fragments' | 'prepared'; readonly size: number; readonly from: Role }
    | { readonly kind: 'ping' | 'pong' | 'deliver' | 'close'; readonly size: number; readonly from: Role };

  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('text', 'binary', 'fragments', 'prepared', 'ping', 'pong', 'deliver', 'deliver'),
    size: fc.oneof(fc.nat(300), fc.nat(70_000)),
    from: fc.constantFrom<Role>('client', 'server'),
  });

  it('hear what the other says, in order, whatever they say and however it is cut', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.integer({ min: 1, max: 5000 }), (steps, cut) => {
        const ends = {
          client: new Connection({ role: 'client' }),
          server: new Connection({ role: 'server', kernel: 'portable' }),
        };
        const said: Record<Role, string[]> = { client: [], server: [] };
        const heard: Record<Role, string[]> = { client: [], server: [] };
        const deliver = (from: Role) => {
          const to = OTHER[from];
          const bytes = ends[from].takeOutgoing();
          for (const chunk of cutInto(bytes, Math.max(cut, bytes.length >> 6))) {
            heard[from].push(...describeEvents(ends[to].receive(chunk.slice())));
          }
          ends[from].releaseOutgoing(bytes);
        };
        for (const { kind, size, from } of steps) {
          const end = ends[from];
          const text = 'ä€b🙂'.repeat(size >> 3);
          const control = new Uint8Array(size % 126).fill(size);
          const data = new Uint8Array(size).fill(size);
          if (kind === 'text') end.sendText(text);
          else if (kind === 'binary') end.sendBinary(data);
          else if (kind === 'prepared') end.sendPrepared(new PreparedMessage(text));
          else if (kind === 'ping') end.ping(control);
          else if (kind === 'pong') end.pong(control);
          else if (kind === 'fragments') {
            end.startMessage('binary', data.subarray(0, size >> 1));
            end.sendFragment(data.subarray(size >> 1), true);
          } else deliver(from);
          if (kind === 'text' || kind === 'prepared') said[from].push(`text ${JSON.stringify(text)}`);
          else if (kind === 'binary' || kind === 'fragments') said[from].push(`binary ${hex(data)}`);
          else if (kind === 'ping') said[from].push(`ping ${hex(control)}`);
        }
        for (let i = 0; i < 3; i++) for (const role of ROLES) deliver(role);
        for (const role of ROLES) {
          // Answers to pings come among what was said.
          expect(heard[role].filter((line) => !line.startsWith('pong'))).toEqual(said[role]);
          expect(ends[role].state).toBe('open');
        }
      }),
      { numRuns: 60 },
    );
  });

  it('close in good order', () => {
    for (const first of ROLES) {
      const ends = { client: new Connection({ role: 'client' }), server: new Connection({ role: 'server' }) };
      const second = OTHER[first];
      ends[first].close(1000, 'done');
      expect(describeEvents(ends[second].receive(ends[first].takeOutgoing()))).toEqual(['close 1000 "done"']);
      expect([ends[first].state, ends[second].state]).toEqual(['closing', 'closed']);
      expect(describeEvents(ends[first].receive(ends[second].takeOutgoing()))).toEqual(['close 1000 "done"']);
      expect(ends[first].state).toBe('closed');
      expect([ends[first].outgoingLength, ends[second].outgoingLength]).toEqual([0, 0]);
    }
  });
});
