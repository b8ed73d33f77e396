// Our echo server on a port that nobody knows, and a proxy before it. It knows no client.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type ServerOptions, type WebSocket, WebSocketServer } from '../../../src/node/index.js';
import { type ProxySetup, startProxy } from '../../support/servers/proxies.js';
import { next } from '../../support/servers/servers.js';

type OwnOptions = Omit<ServerOptions, 'port' | 'server' | 'noServer' | 'path'>;

interface Options extends Pick<ProxySetup, 'idleTimeout' | 'certificate'> {
  readonly server?: OwnOptions;
  /** Servers for paths of their own, with what they are told beside. */
  readonly paths?: Record<string, OwnOptions>;
}

/** Runs both until the test has ended. */
export async function startBehind(
  { program, configuration }: Pick<ProxySetup, 'program' | 'configuration'>,
  { server = {}, paths = { '/': {} }, ...setup }: Options = {},
) {
  const httpServer = createServer((_request, response) => response.end('a page'));
  const connections: { webSocket: WebSocket; request: IncomingMessage }[] = [];
  const servers = Object.entries(paths).map(([path, options]) => {
    const all = { closeTimeout: 600_000, ...server, ...options };
    const webSocketServer = new WebSocketServer({ server: httpServer, ...(path === '/' ? {} : { path }), ...all });
    return webSocketServer.on('connection', (webSocket, request) => {
      connections.push({ webSocket, request });
      webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
    });
  });
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const { clients } of servers) for (const client of clients) client.terminate();
    httpServer.close();
    httpServer.closeAllConnections();
  });
  const backend = (httpServer.address() as AddressInfo).port;
  const port = await startProxy({ program, configuration, backend, ...setup });
  const scheme = setup.certificate === undefined ? 'ws' : 'wss';
  return { port, url: `${scheme}://127.0.0.1:${port}/`, servers, connections };
}

/** Close code and reason, when it has closed. */
export async function closeOf(
  peer: Parameters<typeof next<[number, Buffer]>>[0],
): Promise<[closeCode: number, reason: string]> {
  const [closeCode, reason] = await next<[number, Buffer]>(peer, 'close');
  return [closeCode, reason.toString()];
}
