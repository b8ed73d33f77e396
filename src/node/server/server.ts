// A WebSocket server on node:http: takes the upgrade requests of an HTTP server, and keeps track of the open WebSockets.
// server-handshake.ts checks the requests; ../operate/shutdown.ts ends the connections.

import type { ServerOptions as HttpServerOptions, IncomingMessage, Server } from 'node:http';
import type { Http2SecureServer, Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { InspectOptions } from 'node:util';
import type { Relay } from '../../topics/relay.js';
import { http2Listeners, isHttp2Server } from '../http2/server-http2.js';
import { http } from '../node-http.js';
import { INSPECT, showState } from '../observe/inspect.js';
import { type ServerStats, serverStats } from '../observe/server-stats.js';
import type { Connections } from '../operate/connections.js';
import { makeShutdownConfig, Shutdown, type ShutdownOptions, type ShutdownResult } from '../operate/shutdown.js';
import { nextTick } from '../socket/machinery.js';
import { isTaken } from '../socket/reads/socket-events.js';
import type { ServerTopics, TopicPublishOptions } from '../topics/server-topics.js';
import { type Config, isOn, makeConfig } from '../websocket/options/config.js';
import {
  DEFAULT_CLOSE_TIMEOUT,
  DEFAULT_MAX_FRAGMENTS,
  DEFAULT_MAX_PAYLOAD,
  DEFAULT_MAX_PENDING_PONGS,
} from '../websocket/options/defaults.js';
import type { Sendable } from '../websocket/sendable.js';
import { WebSocket } from '../websocket/websocket.js';
import { TypedEmitter } from '../websocket/websocket-events.js';
import { answerPlainRequest, isShared, pathOf, withListeners } from './server-answers.js';
import { Handshakes } from './server-handshake.js';
import type {
  CompleteArguments,
  Handshake,
  KeptOptions,
  OnAccepted,
  ServerEvents,
  ServerOptions,
} from './server-options.js';
import { destroyOnErrors, HttpUpgrade, StreamUpgrade } from './upgrade.js';

type HttpServer<U extends typeof IncomingMessage> = Server<U> | HttpsServer<U> | Http2Server | Http2SecureServer;

const NO_BYTES = Buffer.alloc(0);
/** Milliseconds between two looks at requests that are not finished: Node's own, and the shortest that we ask for. */
const CHECKING_INTERVAL = 30_000;
const MIN_CHECKING_INTERVAL = 50;
/** The defaults that `options` shows, as with `ws`: programs read limits there. */
const SHOWN_DEFAULTS = {
  allowSynchronousEvents: true,
  autoPong: true,
  clientTracking: true,
  closeTimeout: DEFAULT_CLOSE_TIMEOUT,
  maxBufferedChunks: 256 * 1024,
  maxFragments: DEFAULT_MAX_FRAGMENTS,
  maxPayload: DEFAULT_MAX_PAYLOAD,
  maxPendingAutoPongs: DEFAULT_MAX_PENDING_PONGS,
  noServer: false,
  perMessageDeflate: false,
  skipUTF8Validation: false,
};

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
  /** The options, with the defaults that `ws` has filled in. */
  readonly options: KeptOptions<T, U>;
  /** Declared by the types of `ws` and, as there, undefined until a program sets it. The option is in `options.path`. */
  declare path: string;
  /** The connections that are open; not there if `clientTracking` is false. */
  declare readonly clients: Set<InstanceType<T>>;
  readonly #handshakes: Handshakes<T, U>;
  readonly #topics: ServerTopics;
  readonly #config: Config;
  readonly #connections: Connections;
  readonly #onConnection = (webSocket: InstanceType<T>, request: InstanceType<U>): void =>
    void this.emit('connection', webSocket, request);
  /** One for all connections: a closure for each would keep what it sees alive, the request for one. */
  readonly #forget: (this: WebSocket) => void;
  #httpServer: HttpServer<U> | undefined;
  /** Of the option `port`. */
  #ownServer: Server<U> | undefined;
  #removeListeners: () => void = () => {};
  #state: 'running' | 'closing' | 'closed' = 'running';
  #shutdown: Shutdown | undefined;

  /**
   * @param callback called when it listens, with `port`
   * @throws TypeError unless exactly one of `port`, `server` and `noServer` is given; RangeError, TypeError for options out of
   *   range
   */
  constructor(options: ServerOptions<T, U> = {}, callback?: () => void) {
    super();
    const { port, host, backlog, server, noServer, origin = 'any', requireOrigin } = options;
    const hasPort = port !== undefined && port !== null;
    if (Number(hasPort) + Number(Boolean(server)) + Number(Boolean(noServer)) !== 1) {
      throw new TypeError('One and only one of the "port", "server", or "noServer" options must be specified');
    }
    // All checks come first: what throws must leave nothing that listens.
    const config = makeConfig('server', options);
    requireWebSocketClass(options.WebSocket);
    this.options = { ...SHOWN_DEFAULTS, ...options } as KeptOptions<T, U>;
    this.#topics = config.topics!;
    this.#config = config;
    this.#connections = config.connections!;
    const check = { origin, requireOrigin: isOn(requireOrigin, false) };
    this.#handshakes = new Handshakes<T, U>(this, config, check, {
      isRunning: () => this.#state === 'running',
      opened: (webSocket) => this.#track(webSocket),
    });
    if (isOn(options.clientTracking, true)) this.clients = new Set();
    const forget = (webSocket: WebSocket) => {
      this.clients.delete(webSocket as InstanceType<T>);
      const endsWithClients = this.#shutdown === undefined && (options.server || options.noServer);
      if (this.#state === 'closing' && endsWithClients) this.#closeIfIdle();
    };
    this.#forget = function () {
      forget(this);
    };
    if (hasPort) {
      this.#ownServer = http.createServer(timeoutsFor(options.handshakeTimeout), answerPlainRequest) as Server<U>;
      this.#httpServer = this.#ownServer;
      this.#ownServer.listen({ port, ...(host ? { host } : {}), ...(backlog ? { backlog } : {}) }, callback);
    } else {
      this.#httpServer = server ?? undefined;
    }
    if (this.#httpServer !== undefined) {
      const httpServer = this.#httpServer;
      this.#removeListeners = withListeners(httpServer, {
        listening: () => this.emit('listening'),
        error: (error: Error) => this.emit('error', error),
        upgrade: (request: InstanceType<U>, socket: Duplex, head: Buffer) =>
          this.#onUpgrade(request, socket, head, isShared(httpServer)),
        ...(isHttp2Server(httpServer)
          ? http2Listeners(httpServer, (request, stream, headers, requestListener) =>
              this.#onConnect(request as object as InstanceType<U>, stream, headers, requestListener),
            )
          : {}),
      });
    }
  }

  /** The address that the HTTP server listens on; null while it does not. @throws Error with `noServer` */
  address(): AddressInfo | string | null {
    if (this.options.noServer) throw new Error('The server is operating in "noServer" mode');
    return this.#httpServer?.address() ?? null;
  }

  /** Whether a request is for this server: its path is `options.path`. Subclasses may override it, also with an `async` method. */
  shouldHandle(request: InstanceType<U>): boolean | Promise<boolean> {
    const { path } = this.options;
    return !path || pathOf(request) === path;
  }

  /**
   * Checks an upgrade request and answers it.
   *
   * @param socket the connection that the request came on; it belongs to this server from here on
   * @param head the bytes that came after the request
   * @param callback called with the WebSocket if the request is accepted; with `noServer`, it must emit `connection` itself
   * @throws Error for a socket that already has a WebSocket; errors of listeners and functions of the program before the handshake is
   *   done: the client then gets 500
   */
  handleUpgrade(request: InstanceType<U>, socket: Duplex, head: Buffer, callback: OnAccepted<T, U>): void {
    requireFree(socket);
    this.#handshakes.judge({ upgrade: new HttpUpgrade(request, socket), request, head, callback });
  }

  /**
   * Answers an accepted request with 101, and makes a WebSocket of its socket. `handleUpgrade` calls it last; a subclass can override
   * it to choose among other subprotocols, or to negotiate no extensions.
   *
   * The arguments, in this order:
   *
   * - `extensions`: the offered ones, by name; without `permessage-deflate` nothing is compressed
   * - `key`: the Sec-WebSocket-Key
   * - `protocols`: a Set to choose from, in the client's order of preference
   * - `request`, `socket`, `head`: as of `handleUpgrade`
   * - `callback`: called with the WebSocket
   *
   * @throws as `handleUpgrade`
   */
  completeUpgrade(...args: CompleteArguments<T, U>): void {
    requireFree(args[4]);
    this.#handshakes.complete(...args);
  }

  /**
   * Stops accepting connections. Open ones stay open; `close` is emitted once all have ended. An HTTP server of the options is not
   * closed; with one, and with `noServer`, `close` waits for no connection if `clientTracking` is false.
   *
   * @param callback called at `close`, with an error if this server was closed already
   */
  close(callback?: (error?: Error) => void): void {
    if (this.#state === 'closed') {
      if (callback !== undefined) this.once('close', () => callback(new Error('The server is not running')));
      nextTick(() => this.emit('close'));
      return;
    }
    if (callback !== undefined) this.once('close', callback);
    if (this.#state === 'closing') return;
    this.#removeListeners();
    this.#stopListening();
    if (this.options.server || this.options.noServer) this.#closeIfIdle();
  }

  /**
   * Stops accepting connections, and ends those that are open: each peer gets a Close frame, and whatever was sent before it; after the
   * timeout the rest is cut. Upgrade requests are answered with 503 meanwhile. Closing thousands of connections does not hold the event
   * loop: a few are closed in each of its turns. `close` is emitted once all have ended. An HTTP server of the options is not closed.
   *
   * ```ts
   * process.once('SIGTERM', () => server.shutdown({ timeout: 5000 }));
   * ```
   *
   * Another call returns the same promise. If its timeout ends sooner, that one counts.
   *
   * @returns a promise of how the connections ended, fulfilled once none is left
   * @throws TypeError, RangeError for options out of range, as a rejection
   */
  async shutdown(options: ShutdownOptions = {}): Promise<ShutdownResult> {
    const config = makeShutdownConfig(options);
    if (this.#shutdown === undefined) {
      this.#stopListening();
      this.#handshakes.refusePending();
      this.#shutdown = new Shutdown(this.#connections, config, () => this.#endShutdown());
    } else {
      this.#shutdown.hurry(config.timeout);
    }
    return this.#shutdown.done;
  }

  /** All connections have ended. */
  async #endShutdown(): Promise<void> {
    // What is left there are requests that have not been finished.
    this.#ownServer?.closeAllConnections();
    if (this.#ownServer === undefined) this.#closed();
    else if (this.#state !== 'closed') await new Promise<void>((resolve) => void this.once('close', resolve));
    this.#removeListeners();
  }

  /**
   * What has happened on this server since it was made, and how things are. It looks at each open connection, so ask for it every few
   * seconds, not for each message.
   */
  stats(): ServerStats {
    return serverStats(this.#connections, this.#config, this.#handshakes.pendingCount);
  }

  /** @internal */
  [INSPECT](depth: number, options: InspectOptions): string {
    const { connections, opened, bytesReceived, bytesSent, messagesReceived, messagesSent, buffered, kernel } =
      this.stats();
    const traffic = { bytesReceived, bytesSent, messagesReceived, messagesSent, buffered };
    const address = this.#httpServer?.address() ?? undefined;
    const state = { state: this.#state, address, connections, opened, ...traffic, kernel: kernel.name };
    return showState(this, state, depth, options);
  }

  /** `shutdown()` with its defaults: `await using server = new WebSocketServer({ port })`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /**
   * Sends a message to all connections that are subscribed to a topic (`WebSocket.subscribe`). It is framed once, and leaves with
   * the other messages of this turn; `maxBackpressure` and `backpressurePolicy` apply to each connection, as with `send`. See
   * docs/how-to/topics.md.
   *
   * @param topic any string; topics match exactly
   * @param data what `send` takes, except a Blob
   * @returns the length of the message in bytes; 0 without subscribers
   * @throws TypeError for a topic that is not a string, and for data that cannot be published
   */
  publish(topic: string, data: Sendable, options?: TopicPublishOptions): number {
    return this.#topics.publish(topic, data, options, undefined);
  }

  /** How many connections are subscribed to a topic. @throws TypeError for a topic that is not a string */
  subscriberCount(topic: string): number {
    return this.#topics.hub.subscriberCount(topic);
  }

  /**
   * Sets the message that new subscribers of a topic get first, such as a snapshot. With compression, later messages refer to it.
   * Connections that are already subscribed do not get it.
   *
   * @param data what `send` takes, except a Blob; undefined removes the primer
   * @throws as `publish`
   */
  setPrimer(topic: string, data: Sendable | undefined, options?: TopicPublishOptions): void {
    this.#topics.setPrimer(topic, data, options);
  }

  /**
   * Joins the topics of this server with those of other processes: what is published in one reaches the subscribers of all. See
   * `RedisRelay`, `ClusterRelay`, `ThreadRelay`; a sync driver of crossws works too. `relayError` reports messages that could
   * not be passed on. `publish` still returns its result for this process alone.
   *
   * @returns a promise, fulfilled once messages of other processes are received
   * @throws Error for a second relay; TypeError for what is no relay; what the relay throws when it cannot receive
   */
  useRelay(relay: Relay): Promise<void> {
    return this.#topics.useRelay(relay, (error) => this.emit('relayError', error));
  }

  #onUpgrade(request: InstanceType<U>, socket: Duplex, head: Buffer, isShared: boolean): void {
    if (isShared) this.#takeOrLeave(request, socket, head);
    else this.#handshakes.take(this.#start(request, socket, head));
  }

  #takeOrLeave(request: InstanceType<U>, socket: Duplex, head: Buffer): void {
    // From the first line on: a reset must not be an uncaught exception.
    destroyOnErrors(socket);
    this.#handshakes.takeOrLeave(() => this.#start(request, socket, head), request, socket);
  }

  #start(request: InstanceType<U>, socket: Duplex, head: Buffer): Handshake<T, U> {
    return { upgrade: new HttpUpgrade(request, socket), request, head, callback: this.#onConnection };
  }

  /**
   * An extended CONNECT. `request` says here what it says on HTTP/1.1: headers, url, socket.
   *
   * @param requestListener see `leaveToOthers`; undefined if nobody else listens
   */
  #onConnect(
    request: InstanceType<U>,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    requestListener: unknown,
  ): void {
    destroyOnErrors(stream);
    const upgrade = () => new StreamUpgrade(stream, headers);
    const start = () => ({ upgrade: upgrade(), request, head: NO_BYTES, callback: this.#onConnection });
    if (requestListener !== undefined) this.#handshakes.takeOrLeave(start, request, stream, requestListener);
    else this.#handshakes.take(start());
  }

  #track(webSocket: InstanceType<T>): void {
    if (this.clients === undefined) return;
    this.clients.add(webSocket);
    webSocket.on('close', this.#forget);
  }

  /** No more connections are taken. */
  #stopListening(): void {
    if (this.#state !== 'running') return;
    this.#state = 'closing';
    this.#httpServer = undefined;
    this.#ownServer?.close(() => this.#closed());
  }

  #closeIfIdle(): void {
    if (this.clients === undefined || this.clients.size === 0) nextTick(() => this.#closed());
  }

  #closed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.emit('close');
  }
}

/** The timeouts of an HTTP server of our own: for a client that does not finish its request. */
function timeoutsFor(handshakeTimeout: number | null | undefined): HttpServerOptions {
  if (handshakeTimeout === undefined || handshakeTimeout === null) return {};
  const timeout = handshakeTimeout === Number.POSITIVE_INFINITY ? 0 : handshakeTimeout;
  const connectionsCheckingInterval = Math.min(
    Math.max(handshakeTimeout / 4, MIN_CHECKING_INTERVAL),
    CHECKING_INTERVAL,
  );
  return { headersTimeout: timeout, requestTimeout: timeout, connectionsCheckingInterval };
}

/** @throws Error for a socket that a WebSocket has already */
function requireFree(socket: Duplex): void {
  if (!isTaken(socket)) return;
  throw new Error(
    'server.handleUpgrade() was called more than once with the same socket, possibly due to a misconfiguration',
  );
}

/** @throws TypeError for what is neither `WebSocket` nor a class that extends it; that of another copy of wsimd is not either */
function requireWebSocketClass(option: unknown): void {
  if (option === undefined || option === null || option === WebSocket) return;
  if (typeof option === 'function' && Object.prototype.isPrototypeOf.call(WebSocket.prototype, option.prototype))
    return;
  throw new TypeError('WebSocket is the class WebSocket, or one that extends it');
}
