// WebSockets on a stream of HTTP/2 (RFC 8441) through proxies: from our client to a proxy, before our server over HTTP/1.1; and
// from a proxy to our server.

import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from '../../../src/node/index.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { apache, HAPROXY, isInstalled, LIGHTTPD, NGINX, startProxy } from '../../support/servers/proxies.js';
import { freePort } from '../../support/servers/tcp.js';
import { makeCertificate } from '../../support/servers/tls.js';
import { CLIENT_NAMES, converse, failure, open } from './conversation.js';
import { closeOf, startBehind } from './server.js';

const certificate = makeCertificate();
const httpd = apache('Apache', 'proxy_http', 'ssl', 'http2', 'headers');

function connectTo(url: string) {
  const session = connect(url.replace('ws', 'http'), { ca: certificate.cert });
  session.on('error', () => {});
  onTestFinished(() => session.destroy());
  return session;
}

for (const { program, configuration, statusIfGone, passesEnd, ...setup } of [
  { program: HAPROXY, configuration: 'haproxy-tls', statusIfGone: 503, passesEnd: true, certificate },
  { program: httpd, configuration: 'apache-tls', statusIfGone: 503, passesEnd: false, certificate },
  // In the clear, as Debian packs its TLS apart.
  { program: LIGHTTPD, configuration: 'lighttpd', statusIfGone: 503, passesEnd: true },
]) {
  describeWith(program.name, isInstalled(program), () => {
    const front = { program, configuration };

    test.each([false, true])('several on one connection; compression: %s', async (perMessageDeflate) => {
      const { url, connections } = await startBehind(front, { ...setup, server: { perMessageDeflate } });
      const session = connectTo(url);
      const first = await open('ours', `${url}chat?room=1`, { session, origin: 'http://o.example' });
      const { request, webSocket } = connections[0]!;
      expect([request.httpVersion, request.url, request.headers.origin]).toEqual([
        '1.1',
        '/chat?room=1',
        'http://o.example',
      ]);
      expect(webSocket.extensions.includes('permessage-deflate')).toBe(perMessageDeflate);
      await converse(first);
      const others = [await open('ours', url, { session }), await open('ours', url, { session })];
      await Promise.all(others.map((client) => converse(client)));
      await converse(first);
    });

    test('a clean close, begun by either side, and the end without one', async () => {
      const { url, connections } = await startBehind(front, setup);
      const session = connectTo(url);
      const [first, second, third, fourth] = [
        await open('ours', url, { session }),
        await open('ours', url, { session }),
        // Apache keeps the end to itself; that there is no pong it cannot.
        await open('ours', url, { session, ...(passesEnd ? {} : { heartbeat: { interval: 500 } }) }),
        await open('ours', url, { session }),
      ];
      const closeOfThird = closeOf(third);
      const closesOfFirst = Promise.all([closeOf(first), closeOf(connections[0]!.webSocket)]);
      first.close(4001, 'the client’s');
      expect(await closesOfFirst).toEqual([
        [4001, 'the client’s'],
        [4001, 'the client’s'],
      ]);
      const closesOfSecond = Promise.all([closeOf(second), closeOf(connections[1]!.webSocket)]);
      connections[1]!.webSocket.close(4002, 'the server’s');
      expect(await closesOfSecond).toEqual([
        [4002, 'the server’s'],
        [4002, 'the server’s'],
      ]);
      connections[2]!.webSocket.terminate();
      expect(await closeOfThird).toEqual([1006, '']);
      const closeOfServer = closeOf(connections[3]!.webSocket);
      fourth.terminate();
      expect(await closeOfServer).toEqual([1006, '']);
    });

    test('refusals', async () => {
      const { url } = await startBehind(front, { ...setup, server: { verifyClient: () => false } });
      const refused = await failure('ours', url, { session: connectTo(url) });
      expect(refused.message).toBe('Unexpected server response: 401');
      const port = await startProxy({ ...front, ...setup, backend: await freePort() });
      const alone = url.replace(/:\d+/, `:${port}`);
      const gone = await failure('ours', alone, { session: connectTo(alone) });
      expect(gone.message).toBe(`Unexpected server response: ${statusIfGone}`);
    });
  });
}

describeWith('nginx', isInstalled(NGINX), () => {
  test('does not offer it', async () => {
    const { url } = await startBehind({ program: NGINX, configuration: 'nginx-tls' }, { certificate });
    expect(await failure('ours', url, { session: connectTo(url) })).toMatchObject({ code: 'WSIMD_NO_CONNECT' });
  });
});

describeWith('HAProxy', isInstalled(HAPROXY), () => {
  test.each(CLIENT_NAMES)('from HTTP/1.1 to our server over HTTP/2; the client "%s"', async (name) => {
    const http2Server = createServer({ settings: { enableConnectProtocol: true } });
    const server = new WebSocketServer({ server: http2Server, perMessageDeflate: true, closeTimeout: 600_000 });
    const versions: string[] = [];
    const closes: unknown[] = [];
    server.on('connection', (webSocket, request) => {
      versions.push(request.httpVersion);
      webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
      webSocket.on('close', (closeCode, reason) => closes.push([closeCode, reason.toString()]));
    });
    await new Promise<void>((resolve) => http2Server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const client of server.clients) client.terminate();
      http2Server.close();
    });
    const backend = (http2Server.address() as AddressInfo).port;
    const port = await startProxy({ program: HAPROXY, configuration: 'haproxy-http2', backend });
    const client = await open(name, `ws://127.0.0.1:${port}/`);
    expect([versions, client.extensions.split(';')[0]]).toEqual([['2.0'], 'permessage-deflate']);
    await converse(client);
    const closed = closeOf(client);
    client.close(4001, 'bye');
    expect(await closed).toEqual([4001, 'bye']);
    await expect.poll(() => closes).toEqual([[4001, 'bye']]);
  });
});
