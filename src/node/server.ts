// A WebSocket server on node:http: takes the upgrade requests of a server, judges them, and makes a WebSocket of each that
// it accepts. It knows the handshake and no frame.

import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { CLOSE_GOING_AWAY } from '../../assembly/protocol.js';
import type { PerMessageDeflate } from '../compression/index.js';
import type { ProtocolError } from '../errors.js';
import { formatExtensions } from '../handshake/extensions.js';
import { fromRawHeaders } from '../handshake/headers.js';
import {
  type CheckRequestOptions,
  checkRequest,
  type HandshakeRejected,
  writeRejection,
  writeResponse,
} from '../handshake/server.js';
import { type PerMessageDeflateOption, perMessageDeflateFor } from './per-message-deflate.js';
import { WebSocket, type WebSocketOptions } from './websocket.js';

/** What a server can be told. One of `port`, `server` and `noServer` says where its requests come from. */
export interface WebSocketServerOptions
  extends WebSocketOptions,
    Pick<CheckRequestOptions, 'protocols' | 'origin' | 'requireOrigin'> {
  /** Listen on this port, with an HTTP server of our own; 0 for any that is free. */
  readonly port?: number;
  /** The address to listen on, with `port`. Default: all of the machine's. */
  readonly host?: string;
  /** Take the upgrade requests of this server; it is not closed with ours. */
  readonly server?: Server | HttpsServer;
  /** Take none: the caller hands requests to `handleUpgrade`. */
  readonly noServer?: boolean;
  /** Accept this path only, compared without the query. With `server`, requests for others are left to other listeners. */
  readonly path?: string;
  /** Compress messages (RFC 7692) with clients that offer it. Default false. */
  readonly perMessageDeflate?: PerMessageDeflateOption;
}

interface Events {
  connection: [webSocket: WebSocket, request: IncomingMessage];
  listening: [];
  /** A request was refused; the answer has been sent. */
  refused: [error: ProtocolError, request: IncomingMessage];
  close: [];
  error: [error: Error];
}

/**
 * Accepts WebSocket connections.
 *
 * ```ts
 * const server = new WebSocketServer({ port: 8080 });
 * server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
 * ```
 *
 * A browser's page is accepted from the server's own origin only, unless `origin` says otherwise.
 */
export class WebSocketServer extends EventEmitter<Events> {
  /** The connections that are open. */
  readonly clients: ReadonlySet<WebSocket>;
  readonly #clients = new Set<WebSocket>();
  readonly #options: WebSocketServerOptions & Pick<CheckRequestOptions, 'extensions'>;
  readonly #deflate: PerMessageDeflate | undefined;
  readonly #httpServer: Server | HttpsServer | undefined;
  readonly #ownsHttpServer: boolean;
  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (!this.shouldHandle(request)) {
      // Another listener on the same server may know this path; if we are the only one, nobody does.
      if (this.#httpServer?.listenerCount('upgrade') === 1) refuseUnknownPath(socket);
      return;
    }
    this.handleUpgrade(request, socket, head);
  };
  readonly #onListening = (): void => void this.emit('listening');
  readonly #onError = (error: Error): void => void this.emit('error', error);
  #isClosed = false;

  /** @throws TypeError unless exactly one of `port`, `server` and `noServer` is given; RangeError, TypeError for others */
  constructor(options: WebSocketServerOptions) {
    super();
    const { port, host, server, noServer } = options;
    if (Number(port !== undefined) + Number(server !== undefined) + Number(noServer === true) !== 1) {
      throw new TypeError('a WebSocketServer takes exactly one of port, server and noServer');
    }
    this.clients = this.#clients;
    const deflate = perMessageDeflateFor(options.perMessageDeflate, options.kernel);
    this.#deflate = deflate;
    this.#options = deflate === undefined ? options : { ...options, extensions: (offers) => deflate.answer(offers) };
    this.#ownsHttpServer = port !== undefined;
    this.#httpServer = port === undefined ? server : createServer(answerPlainRequest);
    this.#httpServer?.on('upgrade', this.#onUpgrade);
    this.#httpServer?.on('listening', this.#onListening);
    this.#httpServer?.on('error', this.#onError);
    if (port !== undefined) this.#httpServer?.listen({ port, ...(host === undefined ? {} : { host }) });
  }

  /** Where the HTTP server listens; null while it does not. */
  address(): AddressInfo | string | null {
    return this.#httpServer?.address() ?? null;
  }

  /** Whether a request is for this server: its path is the one in the options. */
  shouldHandle(request: IncomingMessage): boolean {
    const { path } = this.#options;
    return path === undefined || pathOf(request) === path;
  }

  /**
   * Judges an upgrade request and answers it. `connection` comes if it is accepted, `refused` if not.
   *
   * @param socket the connection that the request came on; it belongs to this server from now on
   * @param head bytes that came behind the request
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    socket.on('error', destroyOnError);
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    const verdict = checkRequest(
      {
        method: request.method ?? '',
        target: request.url ?? '',
        version: request.httpVersion,
        headers: fromRawHeaders(request.rawHeaders),
      },
      // A proxy may have taken the TLS off, so a plain socket says nothing about the origin's scheme.
      socket instanceof TLSSocket ? { ...this.#options, secure: true } : this.#options,
    );
    if (!verdict.ok) {
      this.#refuse(verdict, request, socket);
      return;
    }
    socket.write(writeResponse(verdict), 'latin1');
    socket.removeListener('error', destroyOnError);
    const webSocket = new WebSocket(socket, head, {
      ...this.#options,
      role: 'server',
      protocol: verdict.protocol,
      extensions: formatExtensions(verdict.extensions),
      compression: this.#deflate?.forServer(verdict.extensions),
    });
    this.#clients.add(webSocket);
    webSocket.on('close', () => this.#clients.delete(webSocket));
    this.emit('connection', webSocket, request);
  }

  /**
   * Takes no more connections and closes those that are open with 1001 (going away). `close` comes once all have ended.
   * An HTTP server that was given in the options goes on.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const httpServer = this.#httpServer;
    httpServer?.removeListener('upgrade', this.#onUpgrade);
    httpServer?.removeListener('listening', this.#onListening);
    httpServer?.removeListener('error', this.#onError);
    let waiting = this.#clients.size + 1;
    const ended = () => {
      if (--waiting === 0) this.emit('close');
    };
    for (const client of this.#clients) {
      client.on('close', ended);
      client.close(CLOSE_GOING_AWAY);
    }
    if (this.#ownsHttpServer && httpServer !== undefined) httpServer.close(ended);
    else process.nextTick(ended);
  }

  #refuse(rejected: HandshakeRejected, request: IncomingMessage, socket: Duplex): void {
    socket.end(writeRejection(rejected), 'latin1', () => socket.destroy());
    this.emit('refused', rejected.error, request);
  }
}

/** The path of a request's target, which may be a whole URL (RFC 9112 section 3.2.2). */
function pathOf({ url = '' }: IncomingMessage): string {
  const target = url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  return path === '' ? '/' : path;
}

/** An ordinary request to an HTTP server that serves nothing but WebSockets (RFC 9110 section 15.5.22). */
function answerPlainRequest(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, { 'Content-Type': 'text/plain', Upgrade: 'websocket', Connection: 'Upgrade' });
  response.end('This is a WebSocket server.\n');
}

function refuseUnknownPath(socket: Duplex): void {
  socket.on('error', destroyOnError);
  socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}

function destroyOnError(this: Duplex): void {
  this.destroy();
}
