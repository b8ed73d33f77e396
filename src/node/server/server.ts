// A WebSocket server on node:http: takes the upgrade requests of a server, judges them, and makes a WebSocket of each that
// it accepts. It knows the handshake and no frame.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Http2SecureServer, Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ExtensionOffer, formatExtensions } from '../../handshake/extensions.js';
import { HeaderError } from '../../handshake/headers.js';
import {
  type CheckRequestOptions,
  checkRequest,
  type HandshakeAccepted,
  type HandshakeRejected,
} from '../../handshake/server.js';
import type { MessageCompression } from '../../messages/compression.js';
import { isThenable } from '../../protocol/option-checks.js';
import { http2Listeners, isHttp2Server } from '../http2/server-http2.js';
import { cutSocket, isTaken } from '../socket/socket-events.js';
import { isOn, makeSettings, type Settings } from '../websocket/settings.js';
import { WebSocket } from '../websocket/websocket.js';
import { TypedEmitter } from '../websocket/websocket-events.js';
import {
  answerPlainRequest,
  countUndecided,
  isShared,
  leaveToOthers,
  pathOf,
  warnOfRejection,
  withListeners,
} from './server-answers.js';
import type { ServerEvents, ServerOptions, VerifyClientCallbackAsync } from './server-options.js';
import { destroyOnErrors, HttpUpgrade, isClaimed, StreamUpgrade, type Upgrade } from './upgrade.js';

/** A request on its way through a server. */
interface Handshake<T extends typeof WebSocket, U extends typeof IncomingMessage> {
  readonly upgrade: Upgrade;
  readonly request: InstanceType<U>;
  /** Bytes that came behind the request. */
  readonly head: Buffer;
  /** Called if it is accepted. */
  readonly callback: (webSocket: InstanceType<T>, request: InstanceType<U>) => void;
}

type HttpServer<U extends typeof IncomingMessage> = Server<U> | HttpsServer<U> | Http2Server | Http2SecureServer;

const NO_BYTES = Buffer.alloc(0);

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
  /** The option, or `''`. A label for programs, which may set it: `shouldHandle` goes by `options.path`. */
  path: string;
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
  /** Of memory that compression could not have. */
  #hasWarned = false;
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
    this.path = options.path ?? '';
    this.#check = { origin, requireOrigin: isOn(requireOrigin, false) };
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

  /** Where the HTTP server listens; null while it does not. @throws Error with `noServer` */
  address(): AddressInfo | string | null {
    if (this.options.noServer) throw new Error('a WebSocketServer with noServer has no address');
    return this.#httpServer?.address() ?? null;
  }

  /** Whether a request is for this server: its path is `options.path`. To be overridden, by an `async` method too. */
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
   * @throws Error for a socket that a WebSocket has already; what listeners and functions of the program throw before the handshake is
   *   done: the client is refused with 500 then
   */
  handleUpgrade(request: InstanceType<U>, socket: Duplex, head: Buffer, callback: Handshake<T, U>['callback']): void {
    if (isTaken(socket)) throw new Error('handleUpgrade was called with a socket that a WebSocket has already');
    this.#judge({ upgrade: new HttpUpgrade(request, socket), request, head, callback });
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

  #onUpgrade(request: InstanceType<U>, socket: Duplex, head: Buffer, isShared: boolean): void {
    // From the first line on: a reset must not be an uncaught exception.
    destroyOnErrors(socket);
    const start = () => ({ upgrade: new HttpUpgrade(request, socket), request, head, callback: this.#onConnection });
    if (isShared) this.#takeOrLeave(start, request, socket);
    else this.#run(() => this.#judge(start()));
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
    if (requestListener !== undefined) this.#takeOrLeave(start, request, stream, requestListener);
    else this.#run(() => this.#judge(start()));
  }

  /** Takes a request that others may want too, or leaves it to them. */
  #takeOrLeave(
    start: () => Handshake<T, U>,
    request: InstanceType<U>,
    socket: Duplex,
    requestListener?: unknown,
  ): void {
    if (isClaimed(socket)) return;
    const refuse = (status: number) => start().upgrade.refuse(status);
    const decide = (isForUs: boolean) => {
      if (isClaimed(socket)) return;
      if (isForUs) this.#judge(start(), true);
      else leaveToOthers(socket, () => refuse(400), requestListener);
    };
    this.#run(() => {
      let answer: unknown;
      try {
        answer = this.shouldHandle(request);
      } catch (error) {
        refuse(500);
        throw error;
      }
      if (!isThenable(answer)) {
        decide(Boolean(answer));
        return;
      }
      countUndecided(socket, 1);
      const fail = () => isClaimed(socket) || refuse(500);
      this.#whenSettled(answer, decide, fail, () => countUndecided(socket, -1));
    });
  }

  /** @param isForUs `shouldHandle` has said so already */
  #judge(handshake: Handshake<T, U>, isForUs = false): void {
    const { upgrade, request } = handshake;
    if (upgrade.isAnswered) return;
    // A proxy may have taken the TLS off, so a plain socket says nothing about the origin's scheme.
    const verdict = upgrade.guard(() => checkRequest(upgrade.head, upgrade.isSecure ? this.#checkSecure : this.#check));
    if (!verdict.ok) {
      this.#reject(handshake, verdict);
      return;
    }
    const answer: unknown = isForUs || upgrade.guard(() => this.shouldHandle(request));
    const decide = (isForUs: boolean) => {
      if (isForUs) this.#verify(handshake, verdict);
      else upgrade.refuse(400);
    };
    if (isThenable(answer)) this.#whenSettled(answer, decide, () => upgrade.refuse(500));
    else decide(Boolean(answer));
  }

  /** The request broke a rule. */
  #reject({ upgrade, request }: Handshake<T, U>, rejected: HandshakeRejected): void {
    if (this.listenerCount('wsClientError') === 0) {
      upgrade.reject(rejected);
      return;
    }
    const { socket } = upgrade;
    try {
      this.emit('wsClientError', rejected.error, socket, request);
    } catch (error) {
      if (!socket.writableEnded) cutSocket(socket);
      throw error;
    }
  }

  /** Asks `verifyClient`, if there is one. */
  #verify(handshake: Handshake<T, U>, verdict: HandshakeAccepted): void {
    const { verifyClient } = this.options;
    if (!verifyClient) {
      this.#accept(handshake, verdict);
      return;
    }
    const { upgrade, request } = handshake;
    const info = { origin: verdict.origin as string, secure: upgrade.isSecure, req: request };
    const answer: Parameters<VerifyClientCallbackAsync>[1] = (isAccepted, status, text, headers) => {
      if (isAccepted) this.#accept(handshake, verdict);
      else upgrade.refuse(status || 401, text, headers);
    };
    const returned: unknown = upgrade.guard(() => verifyClient(info, answer));
    // Of an async function that calls back, the promise says nothing but that it has failed.
    const onReturned = (isAccepted: boolean) => verifyClient.length < 2 && answer(isAccepted);
    if (isThenable(returned)) this.#whenSettled(returned, onReturned, () => upgrade.refuse(500));
    else onReturned(Boolean(returned));
  }

  #accept({ upgrade, request, head, callback }: Handshake<T, U>, verdict: HandshakeAccepted): void {
    if (upgrade.isAnswered) return;
    const { socket } = upgrade;
    const isGone = () => !upgrade.canRespond || !socket.readable;
    // The client has gone while somebody thought about it.
    if (isGone()) {
      cutSocket(socket);
      return;
    }
    if (this.#state !== 'running') {
      upgrade.refuse(503);
      return;
    }
    let compression: MessageCompression | undefined;
    let webSocket: InstanceType<T>;
    try {
      // All that can fail comes before the response: a 101 cannot be taken back.
      const protocol = this.#chooseProtocol(verdict, request);
      const extensions = this.#answerOffers(verdict.offers);
      const respond = upgrade.prepare(
        { ...verdict, protocol, extensions },
        this.listenerCount('headers') > 0 ? (lines) => this.emit('headers', lines, request) : undefined,
      );
      webSocket = new (this.options.WebSocket ?? WebSocket)(null) as InstanceType<T>;
      // A listener has ended the socket.
      if (isGone()) {
        cutSocket(socket);
        return;
      }
      compression = this.#settings.deflate?.forServer(extensions);
      const names = extensions.length === 0 ? '' : formatExtensions(extensions);
      const agreed = { protocol: protocol ?? '', extensions: names, compression };
      webSocket.attach(socket, head, agreed, this.#settings, respond);
    } catch (error) {
      // Once the response has left, the socket is the WebSocket's, which ends with it.
      if (upgrade.isAnswered) cutSocket(socket);
      else {
        compression?.release();
        upgrade.refuse(500);
      }
      throw error;
    }
    if (this.clients !== undefined) {
      this.clients.add(webSocket);
      webSocket.on('close', this.#forget);
    }
    callback(webSocket, request);
  }

  /** The extensions to agree on. */
  #answerOffers(offers: readonly ExtensionOffer[]): ExtensionOffer[] {
    const { deflate } = this.#settings;
    if (deflate === undefined || offers.length === 0) return [];
    const extensions = deflate.answer(offers);
    if (deflate.failure !== undefined && !this.#hasWarned) {
      this.#hasWarned = true;
      process.emitWarning(`messages are not compressed: ${deflate.failure.message}`, 'WsimdWarning');
    }
    return extensions;
  }

  /**
   * Goes on once a promise of the program's has settled, outside of it: what a listener throws then is an uncaught exception, as it is
   * anywhere else. A rejection is the program's mistake, but no reason to end the process: the client is refused with 500.
   */
  #whenSettled(
    promise: PromiseLike<unknown>,
    onAnswer: (isYes: boolean) => void,
    onRejected: () => void,
    before: () => void = () => {},
  ): void {
    const later = (step: () => void) =>
      process.nextTick(() => {
        before();
        this.#run(step);
      });
    Promise.resolve(promise).then(
      (answer) => later(() => onAnswer(Boolean(answer))),
      (reason: unknown) => {
        later(onRejected);
        warnOfRejection(reason);
      },
    );
  }

  /** Runs what no caller waits for: a header that must not be sent is an `error` event then. */
  #run(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof HeaderError)) throw error;
      this.emit('error', error);
    }
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
