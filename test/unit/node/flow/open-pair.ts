// What the tests of flow share: a client and its WebSocket on a server, ended with the test.

import { onTestFinished } from 'vitest';
import { type ClientOptions, WebSocket, type WebSocketServerOptions } from '../../../../src/node/index.js';
import { next, startServer } from '../../../support/servers/servers.js';

export async function openPair(
  serverOptions: Omit<WebSocketServerOptions, 'port' | 'server' | 'noServer' | 'host'> = {},
  clientOptions: ClientOptions = {},
): Promise<{ client: WebSocket; served: WebSocket }> {
  const { server, url, stop } = await startServer(serverOptions, { echo: false });
  onTestFinished(stop);
  const connection = next<[WebSocket]>(server, 'connection');
  const client = new WebSocket(url, clientOptions);
  onTestFinished(() => client.terminate());
  await next(client, 'open');
  const [served] = await connection;
  return { client, served };
}

/** Sends until the system takes no more. @returns how many messages that took */
export function fill(socket: WebSocket, message: string | Buffer): number {
  for (let count = 1; count < 10_000; count++) {
    socket.send(message);
    if (socket._socket!.writableLength > 0) return count;
  }
  throw new Error('the system takes everything');
}
