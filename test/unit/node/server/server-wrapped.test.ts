// Requests that are answered through another server, another call or another socket than those that began with them: a subclass wraps
// the socket in `completeUpgrade`, or hands the request on. The answer ends the wait of all that had the request before.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from '../../../../src/node/index.js';
import { next } from '../../../support/servers/servers.js';

type Arguments = Parameters<WebSocketServer['completeUpgrade']>;
type Handle = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

const TIMEOUT = 40;

/** Passes everything on to a socket, and counts what is written to it. */
class Wrapper extends Duplex {
  writeCount = 0;
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    super();
    this.#socket = socket;
    socket.on('data', (data) => this.push(data));
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
  }
  override _read(): void {}
  override _write(data: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.writeCount++;
    this.#socket.write(data, callback);
  }
  override _final(callback: () => void): void {
    this.#socket.end(callback);
  }
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#socket.destroy();
    callback(error);
  }
}

/** Connects to an HTTP server that hands its upgrade requests to `handle`. */
async function connect(handle: Handle): Promise<WebSocket> {
  const httpServer = createServer();
  httpServer.on('upgrade', handle);
  await new Promise<void>((resolve) => void httpServer.listen(0, '127.0.0.1', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(httpServer.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.terminate();
    httpServer.close();
  });
  await next(client, 'open');
  return client;
}

/** After the time that a handshake may take, the connection is as it should be, and echoes. */
async function expectSettled(client: WebSocket, server: WebSocketServer): Promise<void> {
  expect(server.stats().pendingHandshakes).toBe(0);
  await wait(2 * TIMEOUT);
  expect(server.stats()).toMatchObject({ refused: {}, limits: {} });
  const answer = next(client, 'message');
  client.send('still here');
  expect(String((await answer)[0])).toBe('still here');
}

const echo = (webSocket: WebSocket) => webSocket.on('message', (data) => webSocket.send(data));

describe.each(['at once', 'later'])('a subclass wraps the socket %s', (when) => {
  async function connectWrapped(wrap: (socket: Duplex) => Duplex) {
    class Wrapping extends WebSocketServer {
      override completeUpgrade(...args: Arguments): void {
        args[4] = wrap(args[4]);
        if (when === 'later') setTimeout(() => super.completeUpgrade(...args), 1);
        else super.completeUpgrade(...args);
      }
    }
    const server = new Wrapping({ noServer: true, handshakeTimeout: TIMEOUT, perMessageDeflate: true });
    const client = await connect((...request) => server.handleUpgrade(...request, echo));
    return { server, client };
  }

  test('and the request is answered there, once', async () => {
    const wrappers: Wrapper[] = [];
    const { server, client } = await connectWrapped((socket) => {
      const wrapper = new Wrapper(socket);
      wrappers.push(wrapper);
      return wrapper;
    });
    expect(wrappers.map(({ writeCount }) => writeCount)).toEqual([1]);
    expect(client.extensions).toContain('permessage-deflate');
    await expectSettled(client, server);
  });

  test('in a Proxy, which sees the response', async () => {
    const written: unknown[] = [];
    const { server, client } = await connectWrapped(
      (socket) =>
        new Proxy(socket, {
          get(target, name) {
            const value: unknown = Reflect.get(target, name, target);
            if (typeof value !== 'function') return value;
            return (...args: unknown[]) => {
              if (name === 'write') written.push(String(args[0]).slice(0, 12));
              return Reflect.apply(value, target, args);
            };
          },
        }),
    );
    expect(written).toEqual(['HTTP/1.1 101']);
    await expectSettled(client, server);
  });

  test('and a shutdown meanwhile ends the connection with a Close frame', async () => {
    const { server, client } = await connectWrapped((socket) => new Wrapper(socket));
    const closed = next(client, 'close');
    await server.shutdown({ timeout: 1000 });
    expect((await closed)[0]).toBe(1001);
  });
});

test('a request that is handed to another server waits for the first one no longer', async () => {
  const other = new WebSocketServer({ noServer: true });
  class Passing extends WebSocketServer {
    override completeUpgrade(...args: Arguments): void {
      other.completeUpgrade(...args);
    }
  }
  const verifyClient = async () => wait(1, true);
  const passing = new Passing({ noServer: true, handshakeTimeout: TIMEOUT, verifyClient });
  const client = await connect((...request) => passing.handleUpgrade(...request, echo));
  expect(other.stats().connections).toBe(1);
  await expectSettled(client, passing);
});

test('a request that is handed in twice waits no longer once it is answered', async () => {
  const answers: ((isAccepted: boolean) => void)[] = [];
  const server = new WebSocketServer({
    noServer: true,
    handshakeTimeout: TIMEOUT,
    verifyClient: (_info, answer) => {
      if (answers.push(answer) === 2) setTimeout(answer, 1, true);
    },
  });
  const client = await connect((...request) => {
    server.handleUpgrade(...request, echo);
    server.handleUpgrade(...request, echo);
  });
  await expectSettled(client, server);
  // Nothing comes of the first answer.
  answers[0]!(false);
  await expectSettled(client, server);
});
