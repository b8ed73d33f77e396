// wss: to a proxy that takes the TLS off, before our server that listens in the clear.

import { expect, test } from 'vitest';
import { describeWith } from '../../support/programs/describe-with.js';
import { apache, HAPROXY, isInstalled, NGINX } from '../../support/servers/proxies.js';
import { next } from '../../support/servers/servers.js';
import { makeCertificate } from '../../support/servers/tls.js';
import { CLIENT_NAMES, converse, failure, open } from './conversation.js';
import { closeOf, startBehind } from './server.js';

const certificate = makeCertificate();

for (const [program, configuration] of [
  [NGINX, 'nginx-tls'],
  [apache('Apache', 'proxy_http', 'ssl', 'http2', 'headers'), 'apache-tls'],
  [HAPROXY, 'haproxy-tls'],
] as const) {
  describeWith(program.name, isInstalled(program), () => {
    test.each(CLIENT_NAMES)('takes the TLS off; the client "%s"', async (name) => {
      const { port, url, connections } = await startBehind(
        { program, configuration },
        { certificate, server: { origin: 'same-origin', perMessageDeflate: true } },
      );
      const origin = `https://127.0.0.1:${port}`;
      const client = await open(name, url, { ca: certificate.cert, origin });
      const { webSocket, request } = connections[0]!;
      expect(webSocket.extensions).toContain('permessage-deflate');
      expect(request.headers).toMatchObject({ 'x-forwarded-proto': 'https', 'x-forwarded-for': '127.0.0.1', origin });
      await converse(client);
      const ping = next<[Buffer]>(client, 'ping');
      const pong = next<[Buffer]>(webSocket, 'pong');
      webSocket.ping('there?');
      expect([String((await ping)[0]), String((await pong)[0])]).toEqual(['there?', 'there?']);
      const closes = Promise.all([closeOf(client), closeOf(webSocket)]);
      client.close(4001, 'bye');
      expect(await closes).toEqual([
        [4001, 'bye'],
        [4001, 'bye'],
      ]);
      const elsewhere = { ca: certificate.cert, origin: 'https://elsewhere.example' };
      expect((await failure(name, url, elsewhere)).message).toBe('Unexpected server response: 403');
    });
  });
}
