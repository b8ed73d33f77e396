// A server of ours, and connections to it whose client is only bytes: what it sends is the test's to say.

import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../../src/node/index.js';
import { RawClient, requestHead } from '../peers/raw-client.js';
import { next } from './servers.js';

/** Starts a server. @returns what opens a connection, and gives both ends of it; all ends with the test */
export async function startForRawClients(options: Partial<WebSocketServerOptions> = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  await next(server, 'listening');
  const { port } = server.address() as { port: number };
  onTestFinished(() => void server.close());
  return async () => {
    const connection = next<[WebSocket]>(server, 'connection');
    const client = new RawClient(port);
    onTestFinished(() => void client.socket.destroy());
    client.send(requestHead(port));
    await client.takeHead();
    const [webSocket] = await connection;
    return { client, webSocket };
  };
}
