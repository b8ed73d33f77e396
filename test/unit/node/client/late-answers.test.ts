// src/node/client/client.ts and client-http2.ts: answers that come too late, or agree to what was not offered.

import { createServer } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect, type Server } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { acceptKey } from '../../../../src/handshake/accept-key.js';
import { WebSocket } from '../../../../src/node/index.js';
import { record } from '../../../support/peers/implementations.js';
import { next } from '../../../support/servers/servers.js';

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('a window that was not offered, nor can be: an error, and no connection', async () => {
  const server = createServer();
  server.on('upgrade', (request, socket: Duplex) => {
    socket.on('error', () => {});
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${acceptKey(request.headers['sec-websocket-key']!)}\r\n` +
        'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=16\r\n\r\n',
    );
  });
  const client = new WebSocket(`ws://${await listen(server)}`);
  const events = record(client, ['open', 'error', 'close']);
  await next(client, 'close');
  expect(events).toEqual([
    ['error', expect.objectContaining({ code: 'WSIMD_RESPONSE_EXTENSIONS' })],
    ['close', 1006, Buffer.alloc(0)],
  ]);
});

it('over HTTP/2, given up when the answer has arrived but is not delivered: it does not open', async () => {
  const server = createHttp2Server({ settings: { enableConnectProtocol: true } });
  let plain: ServerHttp2Stream | undefined;
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (headers[':method'] === 'GET') {
      plain = stream;
      return;
    }
    // Both answers leave in one piece.
    plain!.respond({ ':status': 200 }, { endStream: true });
    stream.respond({ ':status': 200 });
  });
  const authority = await listen(server as unknown as Server);
  // Over a stream of JavaScript's own, Node tells of an answer only when it has read all that came with it.
  const socket = connect(Number(authority.split(':')[1]), '127.0.0.1');
  const session = connectHttp2(`http://${authority}`, {
    createConnection: () => Duplex.from({ readable: socket, writable: socket }),
  });
  onTestFinished(() => session.destroy());
  await next(session, 'remoteSettings');
  const request = session.request({ ':path': '/' });
  const client = new WebSocket(`ws://${authority}/`, { session });
  const events = record(client, ['open', 'error', 'close']);
  request.on('response', () => client.terminate());
  await next(client, 'close');
  expect(events).toEqual([
    ['error', expect.objectContaining({ code: 'WSIMD_HANDSHAKE_ABORTED' })],
    ['close', 1006, Buffer.alloc(0)],
  ]);
});

it('before it is open, it reads nothing directly and holds nothing', async () => {
  const client = new WebSocket('ws://127.0.0.1:1/', { directReads: true });
  expect(client.readsDirectly).toBe(false);
  expect(client.bufferedAmount).toBe(0);
  const closed = next(client, 'close');
  await next(client, 'error');
  await closed;
});
