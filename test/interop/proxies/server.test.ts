// Our server behind reverse proxies, with our client and that of `ws` in front of them.

import { describe, expect, onTestFinished, test } from 'vitest';
import { describeWith } from '../../support/programs/describe-with.js';
import { isInstalled, startProxy } from '../../support/servers/proxies.js';
import { next } from '../../support/servers/servers.js';
import { freePort } from '../../support/servers/tcp.js';
import { CLIENT_NAMES, CLIENTS, COMPRESSIBLE, converse, failure, MIB, open } from './conversation.js';
import { FRONTS } from './fronts.js';
import { closeOf, startBehind } from './server.js';

/** What the codec of `ws` and ours both understand. */
const COMPRESSION = {
  none: false,
  'with takeover': { threshold: 0 },
  'without takeover': { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
} as const;

for (const front of FRONTS) {
  describeWith(front.name, isInstalled(front.program), () => {
    describe.each(CLIENT_NAMES)('and the client "%s"', (name) => {
      test.each(Object.keys(COMPRESSION) as (keyof typeof COMPRESSION)[])(
        'messages of every kind, compression: %s',
        async (mode) => {
          const perMessageDeflate = COMPRESSION[mode];
          const { url, connections } = await startBehind(front, { server: { perMessageDeflate } });
          const client = await open(name, url, { perMessageDeflate });
          const { webSocket, request } = connections[0]!;
          // The client of `ws` says the name alone.
          expect(client.extensions.split(';')[0]).toBe(mode === 'none' ? '' : 'permessage-deflate');
          expect(webSocket.extensions.split(';')[0]).toBe(mode === 'none' ? '' : 'permessage-deflate');
          for (const parameter of ['server_no_context_takeover', 'client_no_context_takeover']) {
            expect(webSocket.extensions.includes(parameter)).toBe(mode === 'without takeover');
          }
          await converse(client);

          const before = request.socket.bytesRead;
          const echo = next<[Buffer]>(client, 'message');
          client.send(COMPRESSIBLE);
          expect((await echo)[0].equals(COMPRESSIBLE)).toBe(true);
          const carried = request.socket.bytesRead - before;
          if (mode === 'none') expect(carried).toBeGreaterThan(MIB);
          else expect(carried).toBeLessThan(MIB / 16);
        },
      );

      test('a message right behind the handshake, and pings of both sides', async () => {
        const { url, connections, servers } = await startBehind(front, {});
        servers[0]!.on('connection', (webSocket) => webSocket.send('welcome'));
        const client = CLIENTS[name](url, [], {});
        onTestFinished(() => client.terminate());
        expect(String((await next<[Buffer]>(client, 'message'))[0])).toBe('welcome');
        const { webSocket } = connections[0]!;
        for (const [one, other] of [
          [client, webSocket],
          [webSocket, client],
        ] as const) {
          const ping = next<[Buffer]>(other, 'ping');
          const pong = next<[Buffer]>(one, 'pong');
          one.ping('there?');
          expect([String((await ping)[0]), String((await pong)[0])]).toEqual(['there?', 'there?']);
        }
      });

      test('a clean close, begun by either side', async () => {
        const { url, connections } = await startBehind(front, {});
        const first = await open(name, url);
        const closesOfFirst = Promise.all([closeOf(first), closeOf(connections[0]!.webSocket)]);
        first.close(4001, 'the client’s');
        expect(await closesOfFirst).toEqual([
          [4001, 'the client’s'],
          [4001, 'the client’s'],
        ]);
        const second = await open(name, url);
        const closesOfSecond = Promise.all([closeOf(second), closeOf(connections[1]!.webSocket)]);
        connections[1]!.webSocket.close(4002, 'the server’s');
        expect(await closesOfSecond).toEqual([
          [4002, 'the server’s'],
          [4002, 'the server’s'],
        ]);
      });

      test('either side goes without a word: 1006 for the other', async () => {
        const { url, connections } = await startBehind(front, {});
        const first = await open(name, url);
        const closeOfFirst = closeOf(first);
        connections[0]!.webSocket.terminate();
        expect(await closeOfFirst).toEqual([1006, '']);
        const second = await open(name, url);
        const closeOfServer = closeOf(connections[1]!.webSocket);
        second.terminate();
        expect(await closeOfServer).toEqual([1006, '']);
      });

      test('refusals come through, and those of the proxy for a server that is gone', async () => {
        const { url, port } = await startBehind(front, {
          server: { origin: 'same-origin', verifyClient: ({ req }) => req.url !== '/secret' },
        });
        expect((await failure(name, `${url}secret`)).message).toBe('Unexpected server response: 401');
        const elsewhere = { origin: 'http://elsewhere.example' };
        expect((await failure(name, url, elsewhere)).message).toBe('Unexpected server response: 403');
        await open(name, url, { origin: `http://127.0.0.1:${port}` });
        const page = await fetch(`http://127.0.0.1:${port}/page`);
        expect([page.status, await page.text()]).toEqual(
          front.passesPages ? [200, 'a page'] : [404, expect.stringContaining('Not Found')],
        );

        const { program, configuration, statusIfGone } = front;
        const alone = await startProxy({ program, configuration, backend: await freePort() });
        const error = await failure(name, `ws://127.0.0.1:${alone}/`);
        expect(error.message).toBe(`Unexpected server response: ${statusIfGone}`);
      });
    });
  });
}
