// The types: programs as they are written for `@types/ws` compile with ours, and know what they are given. tsc
// checks this; running it only shows that the names are there.

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { expect, expectTypeOf, test } from 'vitest';
import WebSocketDefault, {
  type ClientOptions,
  createWebSocketStream,
  type RawData,
  Server,
  type ServerOptions,
  WebSocket,
  WebSocketServer,
} from '../../../../src/node/index.js';

/** A program that is compiled, not run. */
function program(socket: WebSocket, server: WebSocketServer): void {
  socket.on('message', function (data, isBinary) {
    expectTypeOf(this).toEqualTypeOf<WebSocket>();
    expectTypeOf(data).toEqualTypeOf<RawData>();
    expectTypeOf(isBinary).toEqualTypeOf<boolean>();
    this.send(data, { binary: isBinary, compress: true, fin: true, mask: false }, (error) =>
      console.log(error?.message),
    );
  });
  socket.once('close', (code, reason) => expectTypeOf([code, reason]).toEqualTypeOf<(number | Buffer)[]>());
  socket.on('error', (error) => expectTypeOf(error).toEqualTypeOf<Error>());
  socket.on('unexpected-response', (request, response) => {
    expectTypeOf(request).toEqualTypeOf<ClientRequest>();
    expectTypeOf(response).toEqualTypeOf<IncomingMessage>();
  });
  socket.on('something else', (...args: string[]) => args);
  socket.on('message', (text: string) => text.length);
  socket.addEventListener('message', ({ data, target }) => {
    expectTypeOf(data).toEqualTypeOf<string | RawData>();
    target.send('back');
  });
  socket.onclose = ({ wasClean, code, reason }) => console.log(wasClean, code, reason);
  socket.onerror = ({ error, message }) => console.log(error.message === message);
  socket.binaryType = 'arraybuffer';
  expectTypeOf(socket.readyState).toEqualTypeOf<0 | 1 | 2 | 3>();
  expectTypeOf(createWebSocketStream(socket, { encoding: 'utf8' })).toEqualTypeOf<Duplex>();
  for (const data of ['', 1, Buffer.alloc(1), new Uint8Array(1), new ArrayBuffer(1), new Blob([]), [1, 2]])
    socket.send(data);
  server.on('connection', function (webSocket, request) {
    expectTypeOf(this).toEqualTypeOf<WebSocketServer>();
    expectTypeOf(webSocket).toEqualTypeOf<WebSocket>();
    expectTypeOf(request).toEqualTypeOf<IncomingMessage>();
  });
  server.on('headers', (headers, request) => headers.push(`X-Url: ${request.url}`));
  server.handleUpgrade({} as IncomingMessage, {} as Duplex, Buffer.alloc(0), (webSocket) => webSocket.ping());
  // @ts-expect-error: no such option
  socket.send('x', { binry: true });
  // @ts-expect-error: it can only be read
  socket.readyState = 1;
}

test('names, and classes of the user’s', () => {
  class Mine extends WebSocket {
    readonly label = 'mine';
  }
  const server = new WebSocketServer<typeof Mine>({ noServer: true, WebSocket: Mine });
  server.on('connection', (webSocket) => expectTypeOf(webSocket.label).toEqualTypeOf<string>());
  const options: WebSocketDefault.ServerOptions = {
    noServer: true,
    verifyClient: ({ origin, secure }) => secure && origin !== '',
  };
  const same: ServerOptions = options;
  const clientOptions: WebSocketDefault.ClientOptions = { headers: { a: 'b' }, rejectUnauthorized: false };
  const sameOptions: ClientOptions = clientOptions;
  const data: WebSocketDefault.RawData = Buffer.alloc(0);
  expectTypeOf<WebSocketDefault.MessageEvent['data']>().toEqualTypeOf<string | RawData>();
  expect([WebSocketDefault, Server, new WebSocketDefault.Server(same) instanceof Server]).toEqual([
    WebSocket,
    WebSocketServer,
    true,
  ]);
  expect([typeof program, data.byteLength, sameOptions.rejectUnauthorized]).toEqual(['function', 0, false]);
});
