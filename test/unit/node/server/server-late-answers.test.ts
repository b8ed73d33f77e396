// src/node/server/upgrade.ts and server.ts: answers to a peer that has gone, and answers given twice. Neither throws, and
// neither sends anything to a socket that is somebody else's by then.

import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Duplex } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FrameEncoder } from '../../../../src/index.js';
import { type VerifyClientCallbackAsync, WebSocketServer } from '../../../../src/node/index.js';
import { type Asker, TRANSPORTS } from '../../../support/peers/askers.js';
import { record } from '../../../support/peers/implementations.js';
import { watchUncaught } from '../../../support/programs/uncaught.js';
import { next, someTurns } from '../../../support/servers/servers.js';

type Answer = Parameters<VerifyClientCallbackAsync>[1];
type Question = { readonly answer: Answer; readonly socket: Duplex };

const ANSWERS: readonly [string, (answer: Answer) => void][] = [
  ['refused', (answer) => answer(false, 401)],
  ['refused with text and headers', (answer) => answer(false, 429, 'slowly', { 'Retry-After': 120, Upgrade: 'x' })],
  ['accepted', (answer) => answer(true)],
];

const DEPARTURES: readonly [string, (asker: Asker) => void][] = [
  ['resets', (asker) => asker.reset()],
  ['ends its side', (asker) => asker.end()],
  [
    'ends its side and resets',
    (asker) => {
      asker.end();
      asker.reset();
    },
  ],
];

describe.each(TRANSPORTS)('over %s', (transport, listen) => {
  async function ask() {
    const { httpServer, ask } = await listen();
    const questions: Question[] = [];
    const server = new WebSocketServer({
      server: httpServer,
      verifyClient: ({ req }, answer) => {
        const { stream } = req as IncomingMessage & Partial<Http2ServerRequest>;
        questions.push({ answer, socket: stream ?? req.socket });
      },
    });
    onTestFinished(() => {
      for (const client of server.clients) client.terminate();
    });
    const connections = record(server, ['connection']);
    const asker = await ask();
    await expect.poll(() => questions.length).toBe(1);
    return { server, connections, asker, ...questions[0]! };
  }

  describe.each(DEPARTURES)('a client %s while verifyClient thinks', (departure, leave) => {
    test.each(ANSWERS)('and is %s', async (what, give) => {
      const check = watchUncaught();
      const { server, connections, asker, answer, socket } = await ask();
      leave(asker);
      if (departure === 'resets') await expect.poll(() => socket.destroyed).toBe(true);
      else await someTurns();
      give(answer);
      // Whatever it is told after that.
      for (const [, again] of ANSWERS) again(answer);
      await check();
      const canBeAccepted = what === 'accepted' && departure === 'ends its side' && transport !== 'HTTP/2';
      // Over TCP the end of the client's side is seen once somebody reads; until then it may become a WebSocket.
      if (!canBeAccepted) expect(connections).toEqual([]);
      await expect.poll(() => [socket.destroyed, server.clients.size]).toEqual([true, 0]);
    });
  });

  test.each(ANSWERS)('the first answer counts: %s', async (what, give) => {
    const check = watchUncaught();
    const { server, connections, asker, answer } = await ask();
    give(answer);
    for (const [, again] of ANSWERS) again(answer);
    setImmediate(() => ANSWERS[0]![1](answer));
    const status = await asker.status;
    await check();
    if (what !== 'accepted') {
      expect(status).toBe(what === 'refused' ? 401 : 429);
      await asker.closed;
      expect(connections).toEqual([]);
      return;
    }
    expect(status).toBe(transport === 'HTTP/2' ? 200 : 101);
    expect(connections.length).toBe(1);
    const [served] = server.clients;
    const before = asker.received.length;
    const message = next<[Buffer]>(served!, 'message');
    asker.send(new FrameEncoder({ role: 'client' }).encodeText('still there'));
    expect(String((await message)[0])).toBe('still there');
    expect(asker.received.length).toBe(before);
  });

  test('a socket that a listener for headers has ended becomes no WebSocket', async () => {
    const check = watchUncaught();
    const { server, connections, asker, answer, socket } = await ask();
    server.on('headers', () => socket.destroy());
    answer(true);
    await asker.closed;
    await check();
    expect([connections.length, server.clients.size]).toEqual([0, 0]);
  });
});
