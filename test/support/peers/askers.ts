// Clients that ask a server for a WebSocket and then do as a test says, in the three ways in which a request reaches a server: TCP,
// TLS, HTTP/2.

import { createServer as createHttp, type Server } from 'node:http';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
  createServer as createHttp2,
  type Http2SecureServer,
  type Http2Server,
} from 'node:http2';
import { createServer as createHttps, type Server as HttpsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { onTestFinished } from 'vitest';
import { next } from '../servers/servers.js';
import { makeCertificate } from '../servers/tls.js';
import { requestHead } from './raw-client.js';

export type HttpServer = Server | HttpsServer | Http2Server | Http2SecureServer;

/** A client that has sent its request. */
export interface Asker {
  /** All that came: over HTTP/2 the response's headers as lines, then the body. */
  readonly received: string;
  /** The status of the answer. */
  readonly status: Promise<number>;
  /** The connection, or the stream, has ended. */
  readonly closed: Promise<void>;
  /** Ends the connection, or the stream, with a reset. */
  reset(): void;
  /** Ends our side. */
  end(): void;
  send(bytes: Uint8Array): void;
}

export interface Listening {
  readonly httpServer: HttpServer;
  readonly port: number;
  ask(path?: string, lines?: readonly string[]): Promise<Asker>;
}

class SocketAsker implements Asker {
  received = '';
  readonly status: Promise<number>;
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #raw: Socket;

  constructor(socket: Socket, raw: Socket) {
    this.#socket = socket;
    this.#raw = raw;
    socket.on('error', () => {});
    raw.on('error', () => {});
    // A refused connection ends with our side of it.
    socket.on('end', () => socket.end());
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
    this.status = new Promise((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        this.received += chunk.toString('latin1');
        if (this.received.includes('\r\n')) resolve(Number(this.received.slice(9, 12)));
      });
      socket.on('close', () => resolve(0));
    });
  }
  reset(): void {
    this.#raw.resetAndDestroy();
  }
  end(): void {
    this.#socket.end();
  }
  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }
}

class StreamAsker implements Asker {
  received = '';
  readonly status: Promise<number>;
  readonly closed: Promise<void>;
  readonly #stream: ClientHttp2Stream;

  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
    });
    this.closed = new Promise((resolve) => stream.on('close', () => resolve()));
    this.status = new Promise((resolve) => {
      stream.on('response', (headers) => {
        for (const [name, value] of Object.entries(headers)) this.received += `${name}: ${String(value)}\r\n`;
        resolve(headers[':status']!);
      });
      stream.on('close', () => resolve(0));
    });
    // A refused stream ends with our side of it.
    stream.on('end', () => stream.end());
  }
  reset(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }
  end(): void {
    this.#stream.end();
  }
  send(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }
}

async function listen(httpServer: HttpServer, ask: (port: number) => Listening['ask']): Promise<Listening> {
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  const { port } = httpServer.address() as AddressInfo;
  onTestFinished(() => {
    httpServer.close();
    if ('closeAllConnections' in httpServer) httpServer.closeAllConnections();
  });
  return { httpServer, port, ask: ask(port) };
}

const certificate = makeCertificate();

/** TCP. */
export function listenHttp(): Promise<Listening> {
  return listen(createHttp(), (port) => async (target = '/', lines = []) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    const asker = new SocketAsker(socket, socket);
    socket.write(requestHead(port, { target, lines: [...lines] }));
    return asker;
  });
}

/** TLS. */
export function listenHttps(): Promise<Listening> {
  return listen(createHttps({ ...certificate }), (port) => async (target = '/', lines = []) => {
    const raw = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => void raw.destroy());
    const socket = connectTls({ socket: raw, rejectUnauthorized: false });
    const asker = new SocketAsker(socket, raw);
    socket.write(requestHead(port, { target, lines: [...lines] }));
    return asker;
  });
}

/** HTTP/2. @param scheme what clients say in `:scheme` */
export function listenHttp2(
  httpServer: Http2Server | Http2SecureServer = createHttp2({ settings: { enableConnectProtocol: true } }),
  scheme = 'http',
): Promise<Listening> {
  let session: ClientHttp2Session | undefined;
  return listen(httpServer, (port) => async (path = '/', lines = []) => {
    if (session === undefined) {
      const isSecure = 'setSecureContext' in httpServer;
      session = connectHttp2(`${isSecure ? 'https' : 'http'}://127.0.0.1:${port}`, { rejectUnauthorized: false });
      const { destroy } = session;
      session.on('error', () => {});
      onTestFinished(() => destroy.call(session));
      await next(session, 'remoteSettings');
    }
    const extra = lines.map((line) => line.split(': ') as [string, string]);
    return new StreamAsker(
      session.request(
        {
          ...{ ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': scheme, ':path': path },
          ...{ ':authority': `127.0.0.1:${port}`, 'sec-websocket-version': '13' },
          ...Object.fromEntries(extra),
        },
        { endStream: false },
      ),
    );
  });
}

export const TRANSPORTS: readonly [string, () => Promise<Listening>][] = [
  ['TCP', listenHttp],
  ['TLS', listenHttps],
  ['HTTP/2', () => listenHttp2()],
];
