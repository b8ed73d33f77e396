// src/connection.ts: `fail`, for rules that are the caller's own, and the limit on pongs that wait.

import { describe, expect, it } from 'vitest';
import { Connection } from '../../../src/connection.js';
import { ProtocolError } from '../../../src/protocol/errors.js';
import { closeLine, NOT_OPEN, ROLES, sent, silentHandler, textLine } from '../../support/frames/connections.js';
import { Peer, stream } from '../../support/frames/wire.js';

const TOO_MANY = new ProtocolError('WSIMD_TOO_MANY_PINGS');

describe.each(ROLES)('a %s Connection', (role) => {
  const peer = new Peer(role);

  it('that is failed says so in a Close frame, behind what is outgoing, and hears and sends no more', () => {
    const connection = new Connection({ role });
    connection.sendText('before');
    connection.fail(TOO_MANY);
    expect(connection.state).toBe('closed');
    expect(sent(connection)).toEqual([textLine('before'), closeLine(TOO_MANY.closeCode)]);
    expect(connection.receive(stream(peer.text('late'), peer.ping('p'), peer.close(1000)))).toEqual([]);
    expect(() => connection.sendText('late')).toThrow(NOT_OPEN);
    // No Close has come.
    expect(connection.receiveEnd()).toMatchObject({ code: 'WSIMD_CONNECTION_LOST' });
    expect(sent(connection)).toEqual([]);
  });

  it('that is failed in a delivery delivers nothing behind it, and answers nothing', () => {
    const connection = new Connection({ role });
    const texts: string[] = [];
    const handler = silentHandler({
      onText(text) {
        texts.push(text);
        if (text === 'b') connection.fail(TOO_MANY);
      },
      onClose: () => expect.fail('told of a Close'),
      onError: () => expect.fail('told of an error'),
    });
    connection.dispatch(
      stream(peer.text('a'), peer.text('b'), peer.ping('p'), peer.text('c'), peer.close(1000)),
      handler,
    );
    connection.dispatch(stream(peer.text('d')), handler);
    expect(texts).toEqual(['a', 'b']);
    expect(sent(connection)).toEqual([closeLine(TOO_MANY.closeCode)]);
  });

  it('that is closed is not failed', () => {
    const connection = new Connection({ role });
    connection.receive(stream(peer.close(1000)));
    connection.fail(TOO_MANY);
    connection.fail(TOO_MANY);
    expect(sent(connection)).toEqual([closeLine(1000)]);
  });

  it.each([0, -1, Number.NaN])('lets %s pongs wait: a RangeError', (maxPendingPongs) => {
    expect(() => new Connection({ role, maxPendingPongs })).toThrow(RangeError);
  });
});
