// Servers for tests: each on a free port of loopback, ended by the test that started it.

import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocketServerOptions } from '../../../src/node/index.js';
import type { Certificate } from './tls.js';

export interface RunningServer {
  readonly server: WebSocketServer;
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** A server of ours, over plain HTTP or TLS; by default it echoes. */
export async function startServer(
  options: Omit<WebSocketServerOptions, 'port' | 'server' | 'noServer' | 'host'> = {},
  { certificate, echo = true }: { certificate?: Certificate; echo?: boolean } = {},
): Promise<RunningServer> {
  const httpServer = certificate === undefined ? createServer() : createHttpsServer({ ...certificate });
  const server = new WebSocketServer({ ...options, server: httpServer });
  if (echo) {
    server.on('connection', (webSocket) => {
      webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
    });
  }
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  const { port } = httpServer.address() as AddressInfo;
  return {
    server,
    port,
    url: `${certificate === undefined ? 'ws' : 'wss'}://127.0.0.1:${port}/`,
    stop: async () => {
      for (const client of server.clients) client.terminate();
      await new Promise<void>((resolve) => {
        server.on('close', resolve);
        server.close();
      });
      await new Promise((resolve) => httpServer.close(resolve));
    },
  };
}

/** The arguments of the next event of this name. */
export function next<T extends unknown[]>(
  emitter: { once(name: never, listener: (...args: T) => void): unknown },
  name: string,
): Promise<T> {
  return new Promise((resolve) => emitter.once(name as never, (...args: T) => resolve(args)));
}

/** Lets sockets be read several times, which a single timer does not where the process is stopped until it is due. */
export async function someTurns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve, 3));
}
