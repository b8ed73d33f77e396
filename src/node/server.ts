// A WebSocket server on node:http: takes the upgrade requests of a server, judges them, and makes a WebSocket of each that
// it accepts. It knows the handshake and no frame.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Http2SecureServer, Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { types } from 'node:util';
import type { ProtocolError } from '../errors.js';
import { type ExtensionOffer, formatExtensions } from '../handshake/extensions.js';
import { type CheckRequestOptions, checkRequest, type HandshakeAccepted } from '../handshake/server.js';
import { cutSocket } from './cut-socket.js';
import { isOn, makeSettings, type Settings } from './options.js';
import { answerPlainRequest, leaveToOthers, withListeners } from './server-answers.js';
import { http2Listeners, isHttp2Server } from './server-http2.js';
import type { ServerOptions, VerifyClientCallbackAsync } from './server-options.js';
import { isTaken } from './socket-events.js';
import { TypedEmitter } from './typed-emitter.js';
import { HttpUpgrade, StreamUpgrade, type Upgrade } from './upgrade.js';
import { WebSocket } from './websocket.js';

/** Names and arguments of the events of a server. */
export interface ServerEvents<
  T extends typeof WebSocket = typeof WebSocket,
  U extends typeof IncomingMessage = typeof IncomingMessage,
> {
  connection: [webSocket: InstanceType<T>, request: InstanceType<U>];
  /** The lines of the response's head, to be looked at and added to. */
  headers: [headers: string[], request: InstanceType<U>];
  listening: [];
  close: [];
  /** Of the HTTP server. */
  error: [error: Error];
  /** A request broke a rule, which the error names; whoever listens answers it and ends the socket. */
  wsClientError: [error: ProtocolError, socket: Duplex, request: InstanceType<U>];
}

type HttpServer<U extends typeof IncomingMessage> = Server<U> | HttpsServer<U> | Http2Server | Http2SecureServer;

/**
 * Accepts WebSocket connections.
 *
 * ```ts
 * const server = new WebSocketServer({ port: 8080 });
 * server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
 * ```
 */
export class WebSocketServer<
  T extends typeof WebSocket = typeof WebSocket,
  U extends typeof IncomingMessage = typeof IncomingMessage,
> extends TypedEmitter<ServerEvents<T, U>> {
  readonly options: ServerOptions<T, U>;
  /** The connections that are open; not there if `clientTracking` is false. */
  declare readonly clients: Set<InstanceType<T>>;
  readonly #settings: Settings;
  readonly #check: CheckRequestOptions;
  readonly #checkSecure: CheckRequestOptions;
  readonly #onConnection = (webSocket: InstanceType<T>, request: InstanceType<U>): void =>
    void this.emit('connection', webSocket, request);
  /** One for all connections: a closure for each would keep what it sees alive, the request for one. */
  readonly #forget: (this: WebSocket) => void;
  #httpServer: HttpServer<U> | undefined;
  #removeListeners: () => void = () => {};
  #state: 'running' | 'closing' | 'closed' = 'running';

  /**
   * @param callback called when it listens, with `port`
   * @throws TypeError unless exactly one of `port`, `server` and `noServer` is given; RangeError, TypeError for options out of
   *   range
   */
  constructor(options: ServerOptions<T, U> = {}, callback?: () => void) {
    super();
    const { port, host, backlog, server, noServer, origin = 'any', requireOrigin } = options;
    // All checks come first: what throws must leave nothing that listens.
    this.#settings = makeSettings('server', options);
    requireWebSocketClass(options.WebSocket);
    const hasPort = port !== undefined && port !== null;
    if (Number(hasPort) + Number(Boolean(server)) + Number(Boolean(noServer)) !== 1) {
      throw new TypeError('a WebSocketServer takes exactly one of the options port, server and noServer');
    }
    this.options = options;
    const { deflate } = this.#settings;
    const extensions = deflate && ((offers: readonly ExtensionOffer[]) => deflate.answer(offers));
    this.#check = { origin, requireOrigin: isOn(requireOrigin, false), extensions };
    this.#checkSecure = { ...this.#check, secure: true };
    if (isOn(options.clientTracking, true)) this.clients = new Set();
    const forget = (webSocket: WebSocket) => {
      this.clients.delete(webSocket as InstanceType<T>);
      if (this.#state === 'closing' && (options.server || options.noServer)) this.#closeIfIdle();
    };
    this.#forget = function () {
      forget(this);
    };
    if (hasPort) {
      this.#httpServer = createServer(answerPlainRequest) as HttpServer<U>;
      this.#httpServer.listen({ port, ...(host ? { host } : {}), ...(backlog ? { backlog } : {}) }, callback);
    } else {
      this.#httpServer = server ?? undefined;
    }
    if (this.#httpServer !== undefined) {
      this.#removeListeners = withListeners(this.#httpServer, {
        listening: () => this.emit('listening'),
        error: (error: Error) => this.emit('error', error),
        upgrade: (request: InstanceType<U>, socket: Duplex, head: Buffer) => this.#onUpgrade(request, socket, head),
        ...(isHttp2Server(this.#httpServer)
          ? http2Listeners(this.#httpServer, (request, stream, headers) =>
              this.#onConnect(request as object as InstanceType<U>, stream, headers),
            )
          : {}),
      });
    }
  }

  /** The option, or `''`. */
  get path(): string {
    return this.options.path ?? '';
  }

  /** Where the HTTP server listens; null while it does not. @throws Error with `noServer` */
  address(): AddressInfo | string | null {
    if (this.options.noServer) throw new Error('a WebSocketServer with noServer has no address');
    return this.#httpServer?.address() ?? null;
  }

  /** Whether a request is for this server: its path is the one in the options. To be overridden. */
  shouldHandle(request: InstanceType<U>): boolean | Promise<boolean> {
    const { path } = this.options;
    return !path || pathOf(request) === path;
  }

  /**
   * Judges an upgrade request and answers it.
   *
   * @param socket the connection that the request came on; it belongs to this server from now on
   * @param head bytes that came behind the request
   * @param callback called if it is accepted; with `noServer`, `connection` is the caller's to emit
   * @throws Error for a socket that a WebSocket has already
   */
  handleUpgrade(
    request: InstanceType<U>,
    socket: Duplex,
    head: Buffer,
    callback: (webSocket: InstanceType<T>, request: InstanceType<U>) => void,
  ): void {
    this.#judge(new HttpUpgrade(request, socket), request, head, callback);
  }

  /**
   * Takes no more connections; those that are open go on, and `close` comes once all have ended. An HTTP server that was given
   * in the options goes on; with it, and with `noServer`, nothing is waited for if `clientTracking` is false.
   *
   * @param callback called at `close`, with an error if this server had been closed before
   */
  close(callback?: (error?: Error) => void): void {
    if (this.#state === 'closed') {
      if (callback !== undefined) this.once('close', () => callback(new Error('the server is not running')));
      process.nextTick(() => this.emit('close'));
      return;
    }
    if (callback !== undefined) this.once('close', callback);
    if (this.#state === 'closing') return;
    this.#state = 'closing';
    this.#removeListeners();
    const httpServer = this.#httpServer;
    this.#httpServer = undefined;
    if (this.options.server || this.options.noServer) this.#closeIfIdle();
    else httpServer?.close(() => this.#closed());
  }

  #onUpgrade(request: InstanceType<U>, socket: Duplex, head: Buffer): void {
    // Another WebSocketServer on the same HTTP server may know this path.
    if (this.#httpServer!.listenerCount('upgrade') > 1 && !this.shouldHandle(request)) {
      leaveToOthers(this.#httpServer!, request, () => new HttpUpgrade(request, socket).refuse(400));
    } else {
      this.handleUpgrade(request, socket, head, this.#onConnection);
    }
  }

  /** An extended CONNECT. What says on HTTP/1.1 what was asked for says it here too: headers, url, socket. */
  #onConnect(request: InstanceType<U>, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    if (this.#httpServer!.listenerCount('stream') > 1 && this.options.path && !this.shouldHandle(request)) {
      // The request is made anew for each WebSocketServer; the stream is the same.
      leaveToOthers(this.#httpServer!, stream, () => new StreamUpgrade(stream, headers).refuse(400));
    } else {
      this.#judge(new StreamUpgrade(stream, headers), request, Buffer.alloc(0), this.#onConnection);
    }
  }

  #judge(
    upgrade: Upgrade,
    request: InstanceType<U>,
    head: Buffer,
    callback: (webSocket: InstanceType<T>, request: InstanceType<U>) => void,
  ): void {
    // A proxy may have taken the TLS off, so a plain socket says nothing about the origin's scheme.
    const verdict = checkRequest(upgrade.head, upgrade.isSecure ? this.#checkSecure : this.#check);
    if (!verdict.ok) {
      if (this.listenerCount('wsClientError') === 0) upgrade.reject(verdict);
      else this.emit('wsClientError', verdict.error, upgrade.socket, request);
      return;
    }
    if (!this.shouldHandle(request)) {
      upgrade.refuse(400);
      return;
    }
    const { verifyClient } = this.options;
    if (!verifyClient) {
      this.#accept(verdict, upgrade, request, head, callback);
      return;
    }
    const info = { origin: verdict.origin as string, secure: upgrade.isSecure, req: request };
    const answer: Parameters<VerifyClientCallbackAsync>[1] = (isAccepted, status, text, headers) => {
      if (isAccepted) this.#accept(verdict, upgrade, request, head, callback);
      else upgrade.refuse(status || 401, text, headers ?? {});
    };
    const isAccepted: unknown = verifyClient(info, answer);
    // A promise says nothing yet; to take it for a yes would let everybody in.
    if (verifyClient.length < 2) answer(Boolean(isAccepted) && !types.isPromise(isAccepted));
  }

  #accept(
    verdict: HandshakeAccepted,
    upgrade: Upgrade,
    request: InstanceType<U>,
    head: Buffer,
    callback: (webSocket: InstanceType<T>, request: InstanceType<U>) => void,
  ): void {
    const { socket } = upgrade;
    // The client has gone while somebody thought about it.
    if (!socket.readable || !socket.writable) {
      cutSocket(socket);
      return;
    }
    if (isTaken(socket)) throw new Error('handleUpgrade was called with a socket that a WebSocket has already');
    if (this.#state !== 'running') {
      upgrade.refuse(503);
      return;
    }
    const protocol = this.#chooseProtocol(verdict, request);
    upgrade.accept(
      protocol === undefined ? verdict : { ...verdict, protocol },
      this.listenerCount('headers') > 0 ? (lines) => this.emit('headers', lines, request) : undefined,
    );
    const webSocket = new (this.options.WebSocket ?? WebSocket)(null) as InstanceType<T>;
    const { extensions } = verdict;
    const agreed = {
      protocol: protocol ?? '',
      extensions: extensions.length === 0 ? '' : formatExtensions(extensions),
      compression: this.#settings.deflate?.forServer(extensions),
    };
    webSocket.attach(socket, head, agreed, this.#settings);
    if (this.clients !== undefined) {
      this.clients.add(webSocket);
      webSocket.on('close', this.#forget);
    }
    callback(webSocket, request);
  }

  #chooseProtocol({ protocols }: HandshakeAccepted, request: InstanceType<U>): string | undefined {
    const { handleProtocols } = this.options;
    if (protocols.length === 0) return undefined;
    const choice = handleProtocols ? handleProtocols(new Set(protocols), request) : protocols[0];
    // A client ends a connection whose server chose something else.
    return protocols.find((protocol) => protocol === choice);
  }

  #closeIfIdle(): void {
    if (this.clients === undefined || this.clients.size === 0) process.nextTick(() => this.#closed());
  }

  #closed(): void {
    this.#state = 'closed';
    this.emit('close');
  }
}

/** @throws TypeError for what is neither `WebSocket` nor a class that extends it */
function requireWebSocketClass(option: unknown): void {
  if (option === undefined || option === null || option === WebSocket) return;
  if (typeof option === 'function' && option.prototype instanceof WebSocket) return;
  throw new TypeError('WebSocket is the class WebSocket, or one that extends it');
}

/** The path of a request's target, which may be a whole URL (RFC 9112 section 3.2.2). */
function pathOf({ url = '' }: IncomingMessage): string {
  const target = url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  return path === '' ? '/' : path;
}
