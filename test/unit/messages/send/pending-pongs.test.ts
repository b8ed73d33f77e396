// src/messages/send/pending-pongs.ts, as a Connection uses it: what a peer that pings without reading makes wait, and which
// ping is answered then. And Connection.fail, with which a caller ends what it has a limit of its own for.

import { describe, expect, it } from 'vitest';
import { Connection } from '../../../../src/connection.js';
import type { ConnectionOptions } from '../../../../src/connection-options.js';
import { FrameDecoder } from '../../../../src/frames/frame-decoder.js';
import { collectInto, type MessageEvent } from '../../../../src/messages/handler.js';
import { ProtocolError } from '../../../../src/protocol/errors.js';
import type { Role } from '../../../../src/protocol/role.js';
import { bytesOf, CLOSE, hex, Peer, PONG, stream, TEXT } from '../../../support/frames/wire.js';
import { randomBytes } from '../../../support/inputs/random.js';
import { describeEvents, KERNEL_NAMES } from '../../../support/oracles/replay.js';
import { receiveWithWs } from '../../../support/peers/native.js';

const OTHER = { server: 'client', client: 'server' } as const satisfies Record<Role, Role>;
const CASES = (['server', 'client'] as const).flatMap((role) => KERNEL_NAMES.map((kernel) => [role, kernel] as const));
const DEFAULT = 64;

/** Takes what waits to be sent, as one line a frame. */
function sent(connection: Connection): string[] {
  const { frames, error } = new FrameDecoder({ role: OTHER[connection.role] }).decodeFrames(connection.takeOutgoing());
  if (error !== undefined) throw error;
  return frames.map(({ opcode, payload }) => `${opcode} ${hex(payload)}`);
}

const pongLine = (text: string) => `${PONG} ${hex(bytesOf(text))}`;
const count = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i));

describe.each(CASES)('pings to a %s on the %s kernel', (role, kernel) => {
  const peer = new Peer(role);
  const pings = (texts: readonly string[]) => stream(...texts.map((text) => peer.ping(text)));

  function connect(options: Partial<ConnectionOptions> = {}): Connection {
    const connection = new Connection({ role, kernel, ...options });
    expect(connection.kernelName).toBe(kernel);
    return connection;
  }

  it('are all answered, up to the limit; beyond it the most recent one is, behind the others', () => {
    for (const extra of [0, 1, 2, 1000]) {
      const connection = connect();
      const events = connection.receive(pings(count(0, DEFAULT + extra)));
      expect(events).toHaveLength(DEFAULT + extra);
      const last = extra === 0 ? [] : [String(DEFAULT + extra - 1)];
      expect(sent(connection)).toEqual([...count(0, DEFAULT), ...last].map(pongLine));
      expect(connection.outgoingLength).toBe(0);
    }
  });

  it('are answered again once what waited has been taken', () => {
    const connection = connect({ maxPendingPongs: 2 });
    for (let turn = 0; turn < 3; turn++) {
      connection.receive(pings(['a', 'b', 'c', 'd']));
      expect(sent(connection)).toEqual(['a', 'b', 'd'].map(pongLine));
    }
    connection.receive(pings(['e']));
    expect(sent(connection)).toEqual([pongLine('e')]);
    expect(sent(connection)).toEqual([]);
  });

  it('claim no memory, however many come and nothing is taken', () => {
    const connection = connect();
    const longest = randomBytes(125, 1);
    const chunk = stream(...Array.from({ length: 500 }, () => peer.ping(longest)));
    for (let i = 0; i < 40; i++) connection.receive(chunk.slice());
    expect(connection.outgoingLength).toBe(DEFAULT * (125 + (role === 'client' ? 6 : 2)));
    expect(sent(connection)).toEqual(Array.from({ length: DEFAULT + 1 }, () => `${PONG} ${hex(longest)}`));
  });

  it('are answered with what they carried, whatever their receiver does to it', () => {
    const connection = connect({ maxPendingPongs: 1 });
    const handler = { ...collectInto([]), onPing: (payload: Uint8Array) => void payload.fill(0) };
    connection.dispatch(pings(['first', 'longest of them', 'last']), handler);
    expect(sent(connection)).toEqual(['first', 'last'].map(pongLine));
  });

  it('are answered before a Close frame, whichever side begins, and understood by ws', () => {
    for (const begin of [
      (one: Connection) => one.close(1000),
      (one: Connection) => void one.receive(stream(peer.close(1000))),
    ]) {
      const connection = connect({ maxPendingPongs: 1 });
      connection.receive(pings(['a', 'b', 'c']));
      connection.sendText('between');
      begin(connection);
      expect(sent(connection)).toEqual([
        pongLine('a'),
        `${TEXT} ${hex(bytesOf('between'))}`,
        pongLine('c'),
        `${CLOSE} 03e8`,
      ]);
    }
    const connection = connect({ maxPendingPongs: 1 });
    connection.receive(pings(['a', 'b', 'c']));
    connection.sendText('behind');
    expect(receiveWithWs(OTHER[role], connection.takeOutgoing())).toEqual([
      { data: Buffer.from('behind'), isBinary: false },
    ]);
  });

  it('are all answered without a limit, and none where autoPong is off', () => {
    const all = connect({ maxPendingPongs: Number.POSITIVE_INFINITY });
    all.receive(pings(count(0, 5000)));
    expect(sent(all)).toEqual(count(0, 5000).map(pongLine));
    const none = connect({ autoPong: false });
    none.receive(pings(count(0, 100)));
    expect(sent(none)).toEqual([]);
  });

  it('are no reason to hold back pongs that the caller sends', () => {
    const connection = connect({ maxPendingPongs: 1 });
    connection.receive(pings(['a', 'b']));
    for (const text of ['x', 'y', 'z']) connection.pong(text);
    expect(sent(connection)).toEqual(['a', 'x', 'y', 'z', 'b'].map(pongLine));
  });

  it('may wait at least one at a time', () => {
    for (const maxPendingPongs of [0, -1, 0.5, Number.NaN]) {
      expect(() => connect({ maxPendingPongs })).toThrow(RangeError);
    }
  });
});

describe.each(CASES)('a %s on the %s kernel that its caller fails', (role, kernel) => {
  const peer = new Peer(role);
  const error = new ProtocolError('WSIMD_TOO_MANY_PINGS');
  const chunk = () => stream(peer.text('a'), peer.ping(''), peer.text('b'), peer.close(1000));

  function connectFailing(events: MessageEvent[]) {
    const connection = new Connection({ role, kernel });
    const handler = { ...collectInto(events), onPing: () => connection.fail(error) };
    return { connection, handler };
  }

  it('sends a Close frame with the code, delivers nothing more of the chunk, and drops what comes', () => {
    const events: MessageEvent[] = [];
    const { connection, handler } = connectFailing(events);
    connection.sendText('before');
    connection.dispatch(chunk(), handler);
    expect(describeEvents(events)).toEqual(['text "a"']);
    expect(connection.state).toBe('closed');
    expect(sent(connection)).toEqual([`${TEXT} ${hex(bytesOf('before'))}`, pongLine(''), `${CLOSE} 03f0`]);
    expect(() => connection.sendText('late')).toThrow(expect.objectContaining({ code: 'WSIMD_NOT_OPEN' }));

    expect(connection.receive(chunk())).toEqual([]);
    connection.fail(error);
    connection.close(1000);
    expect(sent(connection)).toEqual([]);
  });

  it('delivers nothing more where the handler throws, or feeds it another chunk', () => {
    const events: MessageEvent[] = [];
    const { connection, handler } = connectFailing(events);
    const throwing = {
      ...handler,
      onPing() {
        handler.onPing();
        connection.dispatch(chunk(), handler);
        throw new Error('from a handler');
      },
    };
    expect(() => connection.dispatch(chunk(), throwing)).toThrow('from a handler');
    connection.dispatch(new Uint8Array(0), handler);
    expect(describeEvents(events)).toEqual(['text "a"']);
  });

  it('sends no second Close, and none with a code that may not be sent', () => {
    const connection = new Connection({ role, kernel });
    expect(() => connection.fail(new ProtocolError('WSIMD_CONNECTION_LOST'))).toThrow(
      expect.objectContaining({ code: 'WSIMD_INVALID_CLOSE_CODE' }),
    );
    expect(connection.state).toBe('open');
    connection.close(1000);
    connection.fail(error);
    expect([connection.state, sent(connection)]).toEqual(['closed', [`${CLOSE} 03e8`]]);
  });
});
