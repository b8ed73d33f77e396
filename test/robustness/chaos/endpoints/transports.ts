// How clients get to a server: over TCP, over TLS, or on a stream of an HTTP/2 connection.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTcp, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { WebSocket as Ws } from 'ws';
import { type ClientOptions, WebSocket } from '../../../../src/node/index.js';
import { KEY } from '../../../support/peers/raw-client.js';
import type { Transport } from '../script/rounds.js';
import type { SocketLike } from './endpoint.js';

/** A WebSocket of a client, and how to reset what it is on. */
export interface Dialled {
  readonly socket: SocketLike;
  readonly reset: () => void;
}

export interface RawConnection {
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly hasDeflate: boolean;
  readonly reset: () => void;
}

const OFFER = 'permessage-deflate; client_no_context_takeover; server_no_context_takeover';

/** Resets a connection from above: the TCP connection, or the stream of HTTP/2. The socket below TLS is out of reach: it is cut. */
export function resetSocket({ _socket: socket }: SocketLike): void {
  if (socket === undefined || socket === null) return;
  if ('rstCode' in socket && 'close' in socket) (socket.close as (code: number) => void)(constants.NGHTTP2_CANCEL);
  else if (socket instanceof Socket && !('encrypted' in socket)) resetTcp(socket, socket);
  else socket.destroy();
}

/**
 * Not where the end has begun: libuv refuses to reset a socket that is shutting down, and Node then never emits `close`.
 *
 * @param upper what is written to: the same socket, or the TLS on it
 */
function resetTcp(tcp: Socket, upper: Duplex): void {
  if (upper.writableEnded || tcp.writableEnded || tcp.destroyed) upper.destroy();
  else tcp.resetAndDestroy();
}

/** What the clients of one round connect with. */
export class Dialler {
  readonly #transport: Transport;
  readonly #port: number;
  readonly #session: ClientHttp2Session | undefined;

  constructor(transport: Transport, port: number) {
    this.#transport = transport;
    this.#port = port;
    if (transport !== 'http2') return;
    this.#session = connectHttp2(`http://127.0.0.1:${port}`);
    this.#session.on('error', () => {});
  }

  /** Destroys the HTTP/2 session under all its streams. */
  cutSession(): void {
    this.#session?.destroy();
  }

  close(): void {
    this.#session?.close();
  }

  dial(client: 'wsimd' | 'ws', path: string, options: ClientOptions): Dialled {
    const url = `${this.#transport === 'tls' ? 'wss' : 'ws'}://127.0.0.1:${this.#port}${path}`;
    if (this.#session !== undefined) {
      const socket = new WebSocket(url, { ...options, session: this.#session });
      return { socket, reset: () => resetSocket(socket) };
    }
    const { createConnection, reset } = this.#connect();
    const all = { ...options, createConnection, rejectUnauthorized: false };
    const socket = client === 'ws' ? new Ws(url, all as object) : new WebSocket(url, all);
    return { socket, reset };
  }

  /** The TCP connection is at hand, so that it can be reset below TLS too. */
  #connect(): { createConnection: () => Socket; reset: () => void } {
    const tcp = connectTcp({ port: this.#port, host: '127.0.0.1' });
    tcp.setNoDelay();
    tcp.on('error', () => {});
    const isSecure = this.#transport === 'tls';
    const upper = isSecure ? connectTls({ socket: tcp, rejectUnauthorized: false, servername: 'localhost' }) : tcp;
    return { createConnection: () => upper, reset: () => resetTcp(tcp, upper) };
  }

  /** Does the handshake by hand. @returns undefined if it failed */
  async dialRaw(path: string, offersDeflate: boolean): Promise<RawConnection | undefined> {
    return this.#session === undefined
      ? this.#upgrade(path, offersDeflate)
      : this.#extendedConnect(this.#session, path, offersDeflate);
  }

  #upgrade(path: string, offersDeflate: boolean): Promise<RawConnection | undefined> {
    const { createConnection, reset } = this.#connect();
    const request = httpRequest({
      ...{ host: '127.0.0.1', port: this.#port, path, createConnection },
      headers: {
        ...{ Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': KEY, 'Sec-WebSocket-Version': '13' },
        ...(offersDeflate ? { 'Sec-WebSocket-Extensions': OFFER } : {}),
      },
    });
    request.end();
    return new Promise((resolve) => {
      request.on('error', () => resolve(undefined));
      request.on('response', () => resolve(undefined));
      request.on('upgrade', (response: IncomingMessage, socket: Duplex, head: Buffer) => {
        const hasDeflate = response.headers['sec-websocket-extensions'] !== undefined;
        resolve({ socket, head, hasDeflate, reset });
      });
    });
  }

  async #extendedConnect(
    session: ClientHttp2Session,
    path: string,
    offersDeflate: boolean,
  ): Promise<RawConnection | undefined> {
    if (!session.destroyed && session.remoteSettings.enableConnectProtocol !== true) {
      await new Promise<void>((resolve) => {
        session.once('remoteSettings', () => resolve());
        session.once('close', () => resolve());
      });
    }
    if (session.destroyed || session.closed) return undefined;
    const stream = session.request(
      {
        ...{ ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': path },
        ...{ ':authority': `127.0.0.1:${this.#port}`, 'sec-websocket-version': '13' },
        ...(offersDeflate ? { 'sec-websocket-extensions': OFFER } : {}),
      },
      { endStream: false },
    );
    stream.on('error', () => {});
    const reset = () => stream.close(constants.NGHTTP2_CANCEL);
    return new Promise((resolve) => {
      stream.once('close', () => resolve(undefined));
      stream.once('response', (headers) => {
        const hasDeflate = headers['sec-websocket-extensions'] !== undefined;
        resolve(headers[':status'] === 200 ? { socket: stream, head: Buffer.alloc(0), hasDeflate, reset } : undefined);
      });
    });
  }
}
