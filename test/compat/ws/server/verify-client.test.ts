// The option `verifyClient` of a WebSocketServer, in both of its forms: the same with `ws` and with ours, in every pairing.

import { describe, expect, test } from 'vitest';
import { listen, open, PAIRS, record } from '../../../support/peers/implementations.js';
import { RawClient, requestHead } from '../../../support/peers/raw-client.js';
import { next, someTurns } from '../../../support/servers/servers.js';
import { refusal } from './refusal.js';

describe.each(PAIRS)('%s', (_name, pair) => {
  test('verifyClient that answers at once', async () => {
    const infos: unknown[] = [];
    const { url } = await listen(pair.server, {
      verifyClient: (info) => {
        infos.push([info.origin, info.secure, info.req.url]);
        return info.origin === 'http://good.example';
      },
    });
    await open(pair.client, `${url}/x`, [], { origin: 'http://good.example' });
    const response = await refusal(new pair.client.WebSocket(url, { origin: 'http://bad.example' }));
    expect([response.statusCode, response.body]).toEqual([401, 'Unauthorized']);
    expect((await refusal(new pair.client.WebSocket(url))).statusCode).toBe(401);
    expect(infos).toEqual([
      ['http://good.example', false, '/x'],
      ['http://bad.example', false, '/'],
      [undefined, false, '/'],
    ]);
  });

  test('verifyClient: anything truthy is a yes', async () => {
    for (const [answer, isAccepted] of [
      ['a name', true],
      [{}, true],
      [0, false],
      [undefined, false],
    ] as const) {
      const { url } = await listen(pair.server, { verifyClient: () => answer as boolean });
      const client = new pair.client.WebSocket(url);
      if (isAccepted) await next(client, 'open');
      else expect((await refusal(client)).statusCode).toBe(401);
      client.terminate();
    }
  });

  test('verifyClient that says no later, without a status: 401', async () => {
    const { url } = await listen(pair.server, {
      verifyClient: (_info, done) => done(false, 0, undefined, null as never),
    });
    expect((await refusal(new pair.client.WebSocket(url))).statusCode).toBe(401);
  });

  test('verifyClient that answers later', async () => {
    const { url } = await listen(pair.server, {
      verifyClient: ({ req }, done) => {
        setImmediate(() => {
          if (req.url === '/yes') done(true);
          else if (req.url === '/no') done(false);
          else done(false, 429, 'slowly', { 'Retry-After': 120, 'X-Who': 'you' });
        });
      },
    });
    await open(pair.client, `${url}/yes`);
    expect((await refusal(new pair.client.WebSocket(`${url}/no`))).statusCode).toBe(401);
    const busy = await refusal(new pair.client.WebSocket(`${url}/busy`));
    expect([busy.statusCode, busy.statusMessage, busy.body]).toEqual([429, 'Too Many Requests', 'slowly']);
    expect([busy.headers['retry-after'], busy.headers['x-who']]).toEqual(['120', 'you']);
  });

  test('a client that goes while verifyClient thinks becomes no connection', async () => {
    const answers: ((isAccepted: boolean) => void)[] = [];
    const { server, port } = await listen(pair.server, { verifyClient: (_info, done) => void answers.push(done) });
    const connections = record(server, ['connection']);
    const client = new RawClient(port);
    client.send(requestHead(port));
    await expect.poll(() => answers.length).toBe(1);
    client.socket.resetAndDestroy();
    await someTurns();
    answers[0]?.(true);
    await someTurns();
    expect([connections.length, server.clients.size]).toEqual([0, 0]);
  });
});
