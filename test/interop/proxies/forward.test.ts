// Our client through a forward proxy: an HTTP CONNECT by hand, given as `createConnection` or by an agent, to Apache's
// mod_proxy_connect.

import { Agent, request } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import { describeWith } from '../../support/programs/describe-with.js';
import { apache, isInstalled, startProxy } from '../../support/servers/proxies.js';
import { startServer } from '../../support/servers/servers.js';
import { makeCertificate } from '../../support/servers/tls.js';
import { CLIENT_NAMES, converse, failure, open } from './conversation.js';
import { closeOf } from './server.js';

const program = apache('Apache, mod_proxy_connect', 'proxy_connect');
const certificate = makeCertificate();

/** A tunnel through the proxy, or its refusal. */
function tunnel(proxyPort: number, target: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const connecting = request({ host: '127.0.0.1', port: proxyPort, method: 'CONNECT', path: target, agent: false });
    connecting.on('error', reject);
    connecting.on('connect', ({ statusCode }, socket) => {
      if (statusCode === 200) resolve(socket);
      else {
        socket.destroy();
        reject(new Error(`the proxy answers ${statusCode}`));
      }
    });
    connecting.end();
  });
}

/** An agent as packages for proxies make them. */
function agentThrough(proxyPort: number, isSecure: boolean): Agent {
  const agent = isSecure ? new HttpsAgent() : new Agent();
  const createConnection = (
    { host, port }: { host?: string | null; port?: number | string | null },
    callback: (error: Error | null, socket?: Duplex) => void,
  ) => {
    tunnel(proxyPort, `${host}:${port}`).then((socket) => {
      callback(null, isSecure ? connectTls({ socket, ca: certificate.cert }) : socket);
    }, callback);
  };
  return Object.assign(agent, { createConnection });
}

describeWith(program.name, isInstalled(program), () => {
  test.each(CLIENT_NAMES.flatMap((name) => [false, true].map((isSecure) => [name, isSecure ? 'wss' : 'ws'] as const)))(
    'by an agent; the client "%s", %s:',
    async (name, scheme) => {
      const isSecure = scheme === 'wss';
      const running = await startServer({ perMessageDeflate: true }, isSecure ? { certificate } : {});
      const proxyPort = await startProxy({ program, configuration: 'apache-forward', backend: running.port });
      const client = await open(name, running.url, { agent: agentThrough(proxyPort, isSecure) });
      await converse(client);
      const closed = closeOf(client);
      client.close(4001, 'bye');
      expect(await closed).toEqual([4001, 'bye']);
      await running.stop();
    },
  );

  test.each(CLIENT_NAMES)('by createConnection; the client "%s"', async (name) => {
    const running = await startServer();
    const proxyPort = await startProxy({ program, configuration: 'apache-forward', backend: running.port });
    const socket = await tunnel(proxyPort, `127.0.0.1:${running.port}`);
    await converse(await open(name, running.url, { createConnection: () => socket }));
    await running.stop();
  });

  test.each(CLIENT_NAMES)('a target that the proxy refuses; the client "%s"', async (name) => {
    const running = await startServer();
    const proxyPort = await startProxy({ program, configuration: 'apache-forward', backend: running.port });
    const error = await failure(name, 'ws://127.0.0.1:1/', { agent: agentThrough(proxyPort, false) });
    expect(error.message).toBe('the proxy answers 403');
    await running.stop();
  });
});
