// The handshakes of a WebSocket server, from a request to a WebSocket or to a refusal: the rules of src/handshake, then the
// functions and listeners of the program, any of which may be asynchronous or throw; and 503 beyond `maxConnections`. It listens on
// nothing.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { EXTENSION_NAME } from '../../deflate/parameters.js';
import { acceptKey } from '../../handshake/accept-key.js';
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
import { HANDSHAKE_CHANNEL, LIMIT_CHANNEL } from '../observe/channels.js';
import { reportNegotiation } from '../observe/compression-report.js';
import { isTraced, traceRequest } from '../observe/handshake-trace.js';
import type { LimitName } from '../operate/limits.js';
import { PendingHandshakes } from '../operate/pending-handshakes.js';
import { nextTick } from '../socket/machinery.js';
import { cutSocket } from '../socket/reads/socket-events.js';
import type { Config } from '../websocket/options/config.js';
import { arrange, WebSocket } from '../websocket/websocket.js';
import type { TypedEmitter } from '../websocket/websocket-events.js';
import { inWordsOfWs } from '../websocket/ws-errors.js';
import { countUndecided, leaveToOthers, warnOfRejection } from './server-answers.js';
import {
  type CompleteArguments,
  chooseProtocol,
  type Handshake,
  type KeptOptions,
  type ServerEvents,
  type VerifyClientCallbackAsync,
} from './server-options.js';
import { acceptedUpgradeOf, HttpUpgrade, isClaimed, type Upgrade, type UpgradeJudge, whenAnswered } from './upgrade.js';

/** The public side of a server, which programs override and listen to. */
interface Server<T extends typeof WebSocket, U extends typeof IncomingMessage>
  extends TypedEmitter<ServerEvents<T, U>> {
  readonly options: KeptOptions<T, U>;
  shouldHandle(request: InstanceType<U>): boolean | Promise<boolean>;
  completeUpgrade(...args: CompleteArguments<T, U>): void;
}

/** Seconds after which a client may try again that was refused because the server is full. */
const RETRY_AFTER = '10';

const NO_OFFERS: readonly ExtensionOffer[] = [];

interface Owner<T extends typeof WebSocket> {
  /** Whether the server takes connections. */
  isRunning(): boolean;
  /** A WebSocket is open; its callback has not been called yet. */
  opened(webSocket: InstanceType<T>): void;
}

/** Judges and answers the requests of one server. */
export class Handshakes<T extends typeof WebSocket, U extends typeof IncomingMessage> implements UpgradeJudge {
  readonly #server: Server<T, U>;
  readonly #config: Config;
  readonly #check: CheckRequestOptions;
  readonly #checkSecure: CheckRequestOptions;
  readonly #owner: Owner<T>;
  readonly #pending: PendingHandshakes;
  /** The request that `completeUpgrade` is being called for. */
  #accepting: Handshake<T, U> | undefined;
  /** Those for which a subclass calls `completeUpgrade` later. */
  readonly #deferred = new WeakMap<InstanceType<U>, Upgrade>();
  /** Of memory that compression could not have. */
  #hasWarned = false;

  constructor(server: Server<T, U>, config: Config, check: CheckRequestOptions, owner: Owner<T>) {
    this.#server = server;
    this.#config = config;
    // Node's HTTP server has refused a request without Host, unless the program told it not to.
    this.#check = { ...check, requireHost: false, readExtensions: config.deflate !== undefined };
    this.#checkSecure = { ...this.#check, secure: true };
    this.#owner = owner;
    const { handshakeTimeout = Number.POSITIVE_INFINITY } = server.options;
    const timeout = handshakeTimeout === Number.POSITIVE_INFINITY ? undefined : (handshakeTimeout ?? undefined);
    this.#pending = new PendingHandshakes(timeout, () => this.#limitHit('handshakeTimeout'));
  }

  /** Takes a request that nobody else wants. */
  take(handshake: Handshake<T, U>): void {
    this.#run(() => this.judge(handshake));
  }

  /** Takes a request that others may want too, or leaves it to them. */
  takeOrLeave(start: () => Handshake<T, U>, request: InstanceType<U>, socket: Duplex, requestListener?: unknown): void {
    if (isClaimed(socket)) return;
    const refuse = (status: number) => {
      const { upgrade } = start();
      upgrade.judge = this;
      upgrade.refuse(status);
    };
    let isDecided = false;
    const decide = (isForUs: boolean) => {
      if (isClaimed(socket) || isDecided) return;
      if (isForUs) this.judge(start(), true);
      else leaveToOthers(socket, () => refuse(400), requestListener);
    };
    this.#run(() => {
      let answer: unknown;
      try {
        answer = this.#server.shouldHandle(request);
      } catch (error) {
        refuse(500);
        throw error;
      }
      if (!isThenable(answer)) {
        decide(Boolean(answer));
        return;
      }
      countUndecided(socket, 1);
      const stop = () => end();
      const forget = this.#pending.add(socket, stop, stop);
      whenAnswered(socket, forget);
      const settle = () => {
        forget();
        if (!isDecided) countUndecided(socket, -1);
      };
      const end = () => {
        settle();
        isDecided = true;
        leaveToOthers(socket, () => refuse(503), requestListener);
      };
      const fail = () => isClaimed(socket) || isDecided || refuse(500);
      this.#whenSettled(answer, decide, fail, settle);
    });
  }

  /** @param isForUs `shouldHandle` has said so already */
  judge(handshake: Handshake<T, U>, isForUs = false): void {
    const { upgrade } = handshake;
    if (upgrade.isAnswered) return;
    upgrade.judge = this;
    if (isTraced(HANDSHAKE_CHANNEL)) this.#judgeTraced(handshake, isForUs);
    else this.#judge(handshake, isForUs);
    if (!upgrade.isAnswered && !upgrade.socket.destroyed) this.#await(upgrade);
  }

  #judgeTraced(handshake: Handshake<T, U>, isForUs: boolean): void {
    const { upgrade, request } = handshake;
    upgrade.trace = traceRequest(this.#server, request, upgrade.socket);
    upgrade.trace.run(() => this.#judge(handshake, isForUs));
  }

  refused({ trace, failure }: Upgrade, status: number): void {
    this.#config.connections?.refused(status);
    trace?.fail(status, failure);
  }

  /** The program has yet to decide on a request. A listener for `wsClientError` may write an answer of its own. */
  #await(upgrade: Upgrade): void {
    const { socket } = upgrade;
    const end = () => (upgrade.isLeft ? cutSocket(socket) : upgrade.refuse(503));
    const leave = () => upgrade.isLeft || cutSocket(socket);
    whenAnswered(socket, this.#pending.add(socket, end, leave));
  }

  /** How many requests the program has yet to decide on. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  #limitHit(limit: LimitName): void {
    this.#config.connections?.limits.add(limit);
    if (LIMIT_CHANNEL.hasSubscribers) LIMIT_CHANNEL.publish({ websocket: undefined, server: this.#server, limit });
  }

  /** Refuses a request if there is no room for a connection. @returns whether it did */
  #refuseIfFull(upgrade: Upgrade): boolean {
    if (!this.#owner.isRunning()) {
      upgrade.refuse(503);
      return true;
    }
    const { connections } = this.#config;
    const { maxConnections } = this.#server.options;
    if (!maxConnections || connections === undefined || connections.size < maxConnections) return false;
    this.#limitHit('maxConnections');
    upgrade.refuse(503, undefined, { 'Retry-After': RETRY_AFTER });
    return true;
  }

  /** No more connections are taken: refuses all requests that the program has yet to decide on. */
  refusePending(): void {
    this.#pending.end();
  }

  #judge(handshake: Handshake<T, U>, isForUs: boolean): void {
    const { upgrade, request } = handshake;
    let verdict: HandshakeAccepted | HandshakeRejected;
    let answer: unknown = isForUs;
    try {
      // A proxy may have taken the TLS off, so a plain socket says nothing about the origin's scheme.
      verdict = checkRequest(upgrade.head, upgrade.isSecure ? this.#checkSecure : this.#check);
      if (verdict.ok && !isForUs) answer = this.#server.shouldHandle(request);
    } catch (error) {
      upgrade.fail(error);
      throw error;
    }
    if (!verdict.ok) this.#reject(handshake, verdict);
    else if (isThenable(answer)) this.#decideLater(handshake, verdict, answer);
    else this.#decide(handshake, verdict, Boolean(answer));
  }

  #decideLater(handshake: Handshake<T, U>, verdict: HandshakeAccepted, answer: PromiseLike<unknown>): void {
    const decide = (isForUs: boolean) => this.#decide(handshake, verdict, isForUs);
    this.#whenSettled(answer, decide, () => handshake.upgrade.refuse(500));
  }

  #decide(handshake: Handshake<T, U>, verdict: HandshakeAccepted, isForUs: boolean): void {
    const { verifyClient } = this.#server.options;
    if (!isForUs) handshake.upgrade.refuse(400);
    else if (this.#refuseIfFull(handshake.upgrade)) return;
    else if (verifyClient) this.#verify(handshake, verdict, verifyClient);
    else this.#accept(handshake, verdict);
  }

  /** The request broke a rule. */
  #reject({ upgrade, request }: Handshake<T, U>, rejected: HandshakeRejected): void {
    if (this.#server.listenerCount('wsClientError') === 0) {
      upgrade.reject(rejected);
      return;
    }
    const { socket } = upgrade;
    upgrade.isLeft = true;
    try {
      this.#server.emit('wsClientError', inWordsOfWs(rejected.error), socket, request);
    } catch (error) {
      if (!socket.writableEnded) cutSocket(socket);
      throw error;
    }
  }

  #verify(
    handshake: Handshake<T, U>,
    verdict: HandshakeAccepted,
    verifyClient: NonNullable<KeptOptions<T, U>['verifyClient']>,
  ): void {
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

  /** Answers through the public method, which programs override. */
  #accept(handshake: Handshake<T, U>, verdict: HandshakeAccepted): void {
    const { upgrade, request, head, callback } = handshake;
    if (upgrade.isAnswered) return;
    const { key, offers, protocols } = verdict;
    const isOffered = offers.length > 0 && offers.some(({ name }) => name === EXTENSION_NAME);
    const extensions = isOffered ? { [EXTENSION_NAME]: offers } : {};
    upgrade.accept(verdict);
    const outer = this.#accepting;
    this.#accepting = handshake;
    try {
      this.#server.completeUpgrade(extensions, key, new Set(protocols), request, upgrade.socket, head, callback);
    } catch (error) {
      upgrade.fail(error);
      throw error;
    } finally {
      this.#accepting = outer;
    }
    if (!upgrade.isAnswered) this.#deferred.set(request, upgrade);
  }

  /** How to answer a request that `completeUpgrade` was called for, by a subclass that may have wrapped the socket. */
  #upgradeFor(request: InstanceType<U>, socket: Duplex): Upgrade {
    const accepted = acceptedUpgradeOf(socket, this);
    if (accepted !== undefined) return accepted;
    const original = this.#accepting?.request === request ? this.#accepting.upgrade : this.#deferred.get(request);
    if (original === undefined) return new HttpUpgrade(request, socket);
    return original.verdict === undefined ? original : original.moveTo(request, socket);
  }

  /** Answers a request with 101, and makes a WebSocket of its socket. See `WebSocketServer.completeUpgrade`. */
  complete(...[extensions, key, protocols, request, socket, head, callback]: CompleteArguments<T, U>): void {
    const upgrade = this.#upgradeFor(request, socket);
    const { verdict } = upgrade;
    upgrade.verdict = undefined;
    if (upgrade.isAnswered) return;
    // The client has gone while somebody thought about it.
    if (upgrade.isGone) {
      cutSocket(socket);
      return;
    }
    if (this.#refuseIfFull(upgrade)) return;
    const offers = verdict?.offers ?? NO_OFFERS;
    let compression: MessageCompression | undefined;
    let webSocket: InstanceType<T>;
    try {
      // All that can fail comes before the response: a 101 cannot be taken back.
      const protocol = chooseProtocol(this.#server.options.handleProtocols, protocols, request);
      const accepted = this.#answerOffers(EXTENSION_NAME in extensions ? offers : NO_OFFERS);
      const accept = key === verdict?.key ? verdict.accept : acceptKey(key);
      upgrade.prepare({ accept, protocol, extensions: accepted }, this.#editorFor(request));
      const { options } = this.#server;
      webSocket = new (options.WebSocket ?? WebSocket)(null, undefined, options) as InstanceType<T>;
      // A listener has ended the socket.
      if (upgrade.isGone) {
        cutSocket(socket);
        return;
      }
      compression = this.#config.deflate?.forServer(accepted);
      const names = accepted.length === 0 ? '' : formatExtensions(accepted);
      const agreed = { protocol: protocol ?? '', extensions: names, compression };
      arrange(webSocket, { agreed, config: this.#config, upgrade });
      webSocket.setSocket(socket, head, options);
      upgrade.trace?.succeed(upgrade.acceptedStatus, webSocket);
      reportNegotiation(webSocket, this.#config.deflate, offers, names);
    } catch (error) {
      upgrade.failure = error;
      // Once the response has left, the socket is the WebSocket's, which ends with it.
      if (upgrade.isAnswered) cutSocket(socket);
      else {
        compression?.release();
        upgrade.refuse(500);
      }
      throw error;
    }
    this.#owner.opened(webSocket);
    callback(webSocket, request);
  }

  /** Shows the lines of a response to listeners for `headers`; undefined if there are none. */
  #editorFor(request: InstanceType<U>): ((lines: string[]) => void) | undefined {
    if (this.#server.listenerCount('headers') === 0) return undefined;
    return (lines) => void this.#server.emit('headers', lines, request);
  }

  /** The extensions to agree on. */
  #answerOffers(offers: readonly ExtensionOffer[]): readonly ExtensionOffer[] {
    const { deflate } = this.#config;
    if (deflate === undefined || offers.length === 0) return NO_OFFERS;
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
      nextTick(() => {
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
      this.#server.emit('error', error);
    }
  }
}
