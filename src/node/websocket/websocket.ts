// A WebSocket as `ws` and browsers shape it: what users call and read. It knows no frame and no HTTP: client.ts opens, link.ts
// carries.

import type { ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import { CLOSE_ABNORMAL, MAX_CONTROL_PAYLOAD, OPCODE_BINARY } from '../../../assembly/shared/protocol.js';
import type { PreparedMessage } from '../../frames/prepared-message.js';
import { ProtocolError } from '../../protocol/errors.js';
import { Opening } from '../client/client.js';
import type { ClientOptions } from '../client/client-options.js';
import { takesMessages } from '../flow/backpressure.js';
import { FlowEmitter } from '../flow/flow-emitter.js';
import { ENDED, NOT_OPENED } from '../operate/ending.js';
import { LINK } from '../operate/operable-emitter.js';
import { Link } from '../socket/link.js';
import { nextTick } from '../socket/machinery.js';
import { MessageEvents } from '../socket/message-events.js';
import { cutSocket } from '../socket/reads/socket-events.js';
import { type Arrangement, makeArrangement } from './arrangement.js';
import { checkCloseArguments } from './close-arguments.js';
import { EventTargetEmitter, SELF } from './event-target.js';
import { makeConfig } from './options/config.js';
import type { WebSocketOptions } from './options/options.js';
import {
  asCallback,
  BINARY_TYPES,
  type BinaryType,
  byteLengthOf,
  type ControlArguments,
  type ControlCallback,
  type Payload,
  readControlArguments,
  type Sendable,
  type SendCallback,
  type SendOptions,
  type SentCallback,
  toPayload,
} from './sendable.js';
import { Sender, type SendFrames } from './sender.js';
import { CLOSED, CLOSING, CONNECTING, OPEN, type ReadyState } from './websocket-events.js';
import { callerError, inWordsOfWs, notOpenError } from './ws-errors.js';
import { shapeAsWs } from './ws-shape.js';

const EMPTY = Buffer.alloc(0);
type OpeningOptions = ClientOptions<WebSocket> | ClientRequestArgs;

/** Not a static method: a class that names itself in its body loses its name in bundles of esbuild. */
let sendFramesOn: SendFrames<WebSocket>;
/** Tells a WebSocket without an address what its `setSocket` goes by: not a method, which subclasses could have. @internal */
export let arrange: (webSocket: WebSocket, arrangement: Arrangement) => void;

/**
 * One connection: made by a server for each of its clients, or with `new WebSocket(url)`.
 *
 * Messages that you send while a chunk is being delivered leave in one write after it. At other times, the first message of a quiet
 * connection leaves at once, or in a loop over many at the end of the tick; those that follow in the same turn leave together at its end.
 */
export class WebSocket extends FlowEmitter<WebSocket> {
  static {
    sendFramesOn = (webSocket, frames, callback) => {
      const done = asCallback(callback);
      webSocket.#sendable(frames.at(-1) ?? EMPTY, true, done)?.outgoing.sendFrames(frames, done);
    };
    arrange = (webSocket, arrangement) => {
      webSocket.#arrangement = arrangement;
    };
  }

  /** Of a client. */
  readonly #opening: Opening<WebSocket> | undefined;
  /** As given to a WebSocket without an address: for `setSocket`. */
  readonly #options: WebSocketOptions | undefined;
  #isServer = false;
  /** What the handshake has come to, until `setSocket`. */
  #arrangement: Arrangement | undefined;
  /** From the moment that the connection is open. */
  #link: Link | undefined;
  /** Without a link. */
  #readyState: ReadyState = CONNECTING;
  #binaryType: BinaryType = 'nodebuffer';
  #protocol = '';
  #extensions = '';
  #sender: Sender<WebSocket> | undefined;
  /** Bytes that were to be sent when nothing could be any more. */
  #unsent = 0;

  /**
   * Opens a connection. `open` is emitted when the handshake is done; if it fails, `error` and `close` are.
   *
   * @param address a `ws:`, `wss:`, `http:`, `https:` or `ws+unix:` URL; null is for servers
   * @param protocols subprotocols to offer, in order of preference
   * @throws SyntaxError for an invalid URL or subprotocol; TypeError, RangeError for options out of range
   */
  constructor(address: null, protocols?: undefined, options?: WebSocketOptions);
  constructor(address: string | URL, options?: OpeningOptions);
  constructor(address: string | URL, protocols?: string | readonly string[], options?: OpeningOptions);
  constructor(
    address: string | URL | null,
    protocols?: string | readonly string[] | OpeningOptions,
    options?: OpeningOptions,
  ) {
    super();
    if (address === null) {
      this.#isServer = true;
      this.#options = options as WebSocketOptions | undefined;
      return;
    }
    const areOptions = typeof protocols === 'object' && protocols !== null && !Array.isArray(protocols);
    const clientOptions = ((areOptions ? protocols : options) ?? {}) as ClientOptions<WebSocket>;
    const offered = areOptions || protocols === undefined ? (clientOptions.protocols ?? []) : protocols;
    const config = makeConfig('client', clientOptions);
    this.#opening = new Opening<WebSocket>(
      this,
      address,
      Array.isArray(offered) ? offered : [offered as string],
      clientOptions,
      config.deflate,
      {
        opened: (socket, head, agreed) =>
          this.#opened(socket, head, { agreed, config, upgrade: undefined }, clientOptions),
        failed: (error) => this.#failedToOpen(error),
      },
    );
    // `finishRequest` has closed it, when there was nothing to abort yet.
    if (this.#readyState !== CONNECTING) this.#abort();
  }

  /** 0 connecting, 1 open, 2 closing, 3 closed; see the constants `CONNECTING`, `OPEN`, `CLOSING` and `CLOSED`. */
  get readyState(): ReadyState {
    return this.#link?.readyState ?? this.#readyState;
  }

  /**
   * How binary messages are delivered: `'nodebuffer'` (default), `'arraybuffer'`, `'fragments'` or `'blob'`. The type of the getter
   * leaves out `'blob'`, so that a WebSocket is assignable to one of `@types/ws`, which does not have it.
   */
  get binaryType(): Exclude<BinaryType, 'blob'> {
    return this.#binaryType as Exclude<BinaryType, 'blob'>;
  }
  /** Takes effect with the next message; values that are none are ignored, as with `ws`. */
  set binaryType(type: BinaryType) {
    if (!BINARY_TYPES.includes(type)) return;
    this.#binaryType = type;
    this.#link?.setBinaryType(type);
  }

  /**
   * Bytes that are pending, frame headers included: for a slow peer, behind a message that is being compressed or read from a Blob,
   * or corked. As with `ws`, it is 0 right after a `send` that the system takes at once, and grows in a loop that sends more than
   * that. Frames that leave in this turn count from 128 KiB on, or behind others that are pending. Once it has been read as above 0
   * on an open connection, `drain` is emitted when it is 0 again, unless the connection ends before.
   */
  get bufferedAmount(): number {
    const outgoing = this.#link?.outgoing;
    const length = outgoing?.waitingLength ?? 0;
    if (length > 0) outgoing?.oweDrain();
    return length + this.#unsent;
  }

  /** The negotiated extensions, as in the header; empty if there are none. */
  get extensions(): string {
    return this.#extensions;
  }

  /** Whether `pause` has stopped reading. */
  get isPaused(): boolean {
    return this.#link?.isPaused ?? false;
  }

  /** Whether messages are valid only until the listener returns: see the option `messageLifetime`. */
  get lendsMessages(): boolean {
    return this.#link?.config.isLent ?? false;
  }

  /** Whether the socket is read without a copy: see the option `directReads`. A program may use the name for something else. */
  get readsDirectly(): boolean {
    return this.#link?.readsDirectly ?? false;
  }

  /** The negotiated subprotocol; empty if there is none. */
  get protocol(): string {
    return this.#protocol;
  }

  /** On a client: the URL, after redirects. Empty on a server. */
  get url(): string {
    return this.#opening?.url ?? '';
  }

  /** The underlying socket, for its addresses and the like; null while there is none. */
  get _socket(): Duplex | null {
    return this.#link?.outgoing.exposeSocket() ?? null;
  }

  /** Sends prebuilt frames; null until the connection is open. It has only the methods that engine.io and socket.io use. */
  get _sender(): Sender<WebSocket> | null {
    if (this.#link === undefined) return null;
    this.#sender ??= new Sender<WebSocket>(this, sendFramesOn);
    return this.#sender;
  }

  /** Programs that open a client on a stream of their own set it to false before `setSocket`. @internal */
  get _isServer(): boolean {
    return this.#isServer;
  }
  /** Sets the role that `setSocket` gives the WebSocket. */
  set _isServer(value: boolean) {
    this.#isServer = Boolean(value);
  }

  /** @internal */
  get [LINK](): Link | undefined {
    return this.#link;
  }

  /** @internal */
  override get [SELF](): WebSocket {
    return this;
  }

  /**
   * Sends a message. Data is copied before this returns, with two exceptions. A Blob is read later. Bytes of 128 KiB and more that
   * a server sends uncompressed are not copied, unless earlier bytes are still pending: don't change them before the callback.
   *
   * @param callback called when the message has been handed to the system, or with the error that prevented it
   * @throws Error while connecting; TypeError for data that cannot be sent
   */
  send(data: Sendable, callback?: SentCallback): void;
  send(data: Sendable, options: SendOptions | undefined, callback?: SentCallback): void;
  send(data: Sendable, options?: SendOptions | SentCallback, callback?: SentCallback): void {
    const done = asCallback(typeof options === 'function' ? options : callback);
    const sendOptions = typeof options === 'function' ? undefined : options;
    const payload = toPayload(data);
    const isBinary = sendOptions?.binary ?? (typeof data !== 'string' && typeof data !== 'number');
    const link = this.#sendable(payload, isBinary, done);
    link?.outgoing.send(payload, isBinary, sendOptions?.fin ?? true, sendOptions?.compress ?? true, done);
  }

  /** Sends a prepared message; see `PreparedMessage` and `broadcast`. The callback and errors are those of `send`. */
  sendPrepared(message: PreparedMessage, callback?: SentCallback): void {
    const done = asCallback(callback);
    const link = this.#sendable(message.payload, message.opcode === OPCODE_BINARY, done);
    link?.outgoing.sendPrepared(message, done);
  }

  /** Sends a ping. @param data at most 125 bytes @throws Error while connecting; RangeError for longer data; TypeError */
  ping(data?: Sendable, mask?: boolean, callback?: ControlCallback): void;
  ping(data?: Sendable, callback?: ControlCallback): void;
  ping(callback?: ControlCallback): void;
  ping(...args: ControlArguments): void {
    this.#sendControl('ping', args);
  }

  /** Sends an unsolicited pong; pings are answered without it. Arguments and errors are those of `ping`. */
  pong(data?: Sendable, mask?: boolean, callback?: ControlCallback): void;
  pong(data?: Sendable, callback?: ControlCallback): void;
  pong(callback?: ControlCallback): void;
  pong(...args: ControlArguments): void {
    this.#sendControl('pong', args);
  }

  /**
   * Begins the closing handshake. Messages sent before still leave. No effect if it has begun. While connecting, it aborts the
   * attempt.
   *
   * @param closeCode 1000-1003, 1007-1014 or 3000-4999; without one the Close frame is empty
   * @param reason at most 123 bytes of UTF-8
   * @throws TypeError for a code that may not be sent, or a reason of the wrong type; RangeError for one that is too long
   */
  close(closeCode?: number, reason: string | Uint8Array = ''): void {
    if (this.readyState === CONNECTING) this.#abort();
    if (this.readyState !== OPEN) return;
    const text = checkCloseArguments(closeCode, reason);
    this.#link!.close(closeCode, text);
  }

  /** Cuts the connection without a Close frame. Messages sent before are handed to the system first, except corked ones. */
  terminate(): void {
    if (this.readyState === CONNECTING) this.#abort();
    else this.#link?.terminate();
  }

  /** Stops reading. Messages of the current chunk are still delivered. No effect while connecting, and when closed. */
  pause(): void {
    this.#link?.pause();
  }

  /** Resumes reading. No effect while connecting, and when closed. */
  resume(): void {
    this.#link?.resume();
  }

  /** Holds messages sent from here on, to leave in one write at `uncork`. Each `cork` needs an `uncork`. */
  cork(): void {
    this.#link?.outgoing.cork();
  }

  /** Undoes one `cork`. After the last one, everything leaves. */
  uncork(): void {
    this.#link?.outgoing.uncork();
  }

  /**
   * Opens a WebSocket that was made without an address (`new WebSocket(null)`) on a socket whose handshake the program has done. It has
   * the role of a server unless `_isServer` was set to false, and no compression. Servers and clients call this too, for each
   * connection.
   *
   * @param head bytes that came behind the handshake
   * @param options override those of the constructor
   * @throws Error if it has a socket already; RangeError, TypeError for options out of range
   */
  setSocket(socket: Duplex, head: Uint8Array, options?: WebSocketOptions): void {
    if (this.#link !== undefined) throw new Error('this WebSocket has a socket already');
    const role = this.#isServer ? 'server' : 'client';
    const arrangement = this.#arrangement ?? makeArrangement(role, { ...this.#options, ...options });
    const { agreed, config, upgrade } = arrangement;
    const { protocol, extensions, compression } = agreed;
    this.#arrangement = undefined;
    this.#link = new Link(socket, head, config, compression, this.#binaryType, this);
    this.#protocol = protocol;
    this.#extensions = extensions;
    upgrade?.respond();
    this.#link.observer.opened(protocol, extensions);
    this.emit('open');
  }

  /** The link, if this may be sent on it; otherwise the callback receives the error. @throws Error while connecting */
  #sendable(payload: Payload, isBinary: boolean, callback: SendCallback | undefined): Link | undefined {
    const link = this.#link;
    if (takesMessages(link)) return link;
    if (link?.readyState !== OPEN) {
      this.#refuse(payload, callback);
      return undefined;
    }
    const error = new ProtocolError('WSIMD_BACKPRESSURE', { detail: `${link.outgoing.length} bytes` });
    if (callback !== undefined) nextTick(callback, error);
    if (link.config.dropsMessages) {
      link.outgoing.oweDrain();
      link.observer.messageDropped();
      this.emit('dropped', payload, isBinary);
    } else {
      link.cut();
      link.emitError(error);
    }
    return undefined;
  }

  #refuse(payload: Payload, callback: SendCallback | undefined): void {
    const state = this.readyState;
    const error = notOpenError(state);
    if (state === CONNECTING) throw error;
    this.#unsent += byteLengthOf(payload);
    if (callback !== undefined) nextTick(callback, error);
  }

  #sendControl(type: 'ping' | 'pong', args: ControlArguments): void {
    const [payload, callback] = readControlArguments(args);
    const link = this.#link;
    if (link?.readyState !== OPEN) {
      this.#refuse(payload, callback);
      return;
    }
    const length = byteLengthOf(payload);
    if (length > MAX_CONTROL_PAYLOAD) throw callerError(RangeError, 'WSIMD_CONTROL_PAYLOAD', `${length} bytes`);
    link.sendControl(type, payload, callback);
  }

  #abort(): void {
    this.#readyState = CLOSING;
    this.#opening?.abort(inWordsOfWs(new ProtocolError('WSIMD_HANDSHAKE_ABORTED')));
  }

  #opened(socket: Duplex, head: Uint8Array, arrangement: Arrangement, options: ClientOptions<WebSocket>): void {
    this.#arrangement = arrangement;
    try {
      this.setSocket(socket, head, options);
    } catch (error) {
      // A listener for `open` threw.
      if (this.#link !== undefined) throw error;
      arrangement.agreed.compression?.release();
      socket.on('error', () => {});
      cutSocket(socket);
      this.#failedToOpen(error as Error);
    }
  }

  #failedToOpen(error: Error): void {
    this.#readyState = CLOSING;
    try {
      this.emit('error', error);
    } finally {
      this.#readyState = CLOSED;
      this[ENDED](NOT_OPENED);
      this.emit('close', CLOSE_ABNORMAL, EMPTY);
    }
  }
}

shapeAsWs(WebSocket, EventTargetEmitter);
MessageEvents.builtIn = { close: WebSocket.prototype.close, pong: WebSocket.prototype.pong };
