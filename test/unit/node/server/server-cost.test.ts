// What a server does for each connection that comes and goes: nothing that only few of them need. After a restart all clients connect
// at once, so that each such thing delays all of them.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from '../../../../src/node/index.js';
import { next } from '../../../support/servers/servers.js';

const made = vi.hoisted(() => ({ errors: 0, keys: 0 }));

vi.mock('../../../../src/protocol/errors.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../../../src/protocol/errors.js')>();
  class ProtocolError extends original.ProtocolError {
    constructor(...args: ConstructorParameters<typeof original.ProtocolError>) {
      super(...args);
      made.errors++;
    }
  }
  return { ...original, ProtocolError };
});

vi.mock('../../../../src/handshake/accept-key.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../../../src/handshake/accept-key.js')>();
  const acceptKey = (key: string) => {
    made.keys++;
    return original.acceptKey(key);
  };
  return { ...original, acceptKey };
});

beforeEach(() => {
  made.errors = 0;
  made.keys = 0;
});

/** An HTTP server that hands all upgrade requests to `server`. */
async function listen(server: WebSocketServer): Promise<string> {
  const httpServer = createServer();
  onTestFinished(() => void httpServer.close());
  httpServer.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    server.handleUpgrade(request, socket, head, (webSocket) => server.emit('connection', webSocket, request)),
  );
  await new Promise<void>((resolve) => void httpServer.listen(0, '127.0.0.1', resolve));
  return `ws://127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
}

test.each(['cut', 'closed'])('a connection that is accepted and %s makes no error', async (how) => {
  const server = new WebSocketServer({ noServer: true });
  const client = new WebSocket(await listen(server));
  const [webSocket] = await next<[WebSocket]>(server, 'connection');
  await next(client, 'open');
  const closed = next(webSocket, 'close');
  if (how === 'cut') webSocket.terminate();
  else client.close();
  await Promise.all([closed, next(client, 'close')]);
  expect(made.errors).toBe(0);
});

test('the accept key of a request is computed once by the server', async () => {
  const server = new WebSocketServer({ noServer: true });
  const client = new WebSocket(await listen(server));
  await next(client, 'open');
  client.terminate();
  // The client computes it too.
  expect(made.keys).toBe(2);
});

test('a server that another one hands an accepted request answers it by the arguments alone', async () => {
  const other = new WebSocketServer({ noServer: true, perMessageDeflate: true });
  class Passing extends WebSocketServer {
    override completeUpgrade(...args: Parameters<WebSocketServer['completeUpgrade']>): void {
      other.completeUpgrade(...args);
    }
  }
  const passing = new Passing({ noServer: true, perMessageDeflate: true });
  const client = new WebSocket(await listen(passing));
  await next(client, 'open');
  expect(client.extensions).toBe('');
  expect([passing.clients.size, other.clients.size]).toEqual([0, 1]);
  expect([passing.stats().connections, other.stats().connections]).toEqual([0, 1]);
  client.terminate();
});
