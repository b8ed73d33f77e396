// An open connection on a Node socket: reads and pauses the socket, hands its chunks to a Connection, emits what comes of them on the
// WebSocket, and ends the socket after a Close. What users call is in websocket.ts; what is sent goes through outgoing.ts.

import type { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CLOSE_ABNORMAL } from '../../../assembly/shared/protocol.js';
import { Connection } from '../../connection.js';
import type { MessageCompression } from '../../messages/compression.js';
import type { MessageHandler } from '../../messages/handler.js';
import { asMessageError, isEngineLimit, ProtocolError } from '../../protocol/errors.js';
import type { Config } from '../websocket/config.js';
import { type BinaryType, joinFragments, type RawData, toBinaryType, toBuffer } from '../websocket/sendable.js';
import { CLOSED, CLOSING, OPEN } from '../websocket/websocket-events.js';
import { WebSocketError } from '../websocket/ws-errors.js';
import { countForScavenge } from './early-scavenges.js';
import { Heartbeat } from './heartbeat.js';
import { setImmediate } from './machinery.js';
import { Outgoing } from './outgoing.js';
import { PeerPings } from './ping-rate.js';
import { cutSocket, type SocketReader, takeSocket } from './socket-events.js';
import { SpacedDelivery } from './spaced-delivery.js';
import { awaitTurn, type TurnTaker } from './turns.js';

const EMPTY = Buffer.alloc(0);
/**
 * Bytes: a shorter chunk waits until all sockets that have something have been read. For those the code of the one and of the
 * other is in the cache then, and a tenth to a third of a message's time is saved. The bytes of longer ones would no longer be.
 */
const SHORT_LENGTH = 32 * 1024;
const doNothing = () => {};
/** Milliseconds that the server of a stream has to end it first: what a proxy takes to pass our Close on. */
const STREAM_END_DELAY = 100;

/** A WebSocket, as far as its connection calls it. */
interface Emitter extends EventEmitter {
  pong(data: Buffer, mask: boolean, callback: () => void): void;
}

export class Link implements MessageHandler, SocketReader, TurnTaker {
  /** The `pong` of the class. Where a WebSocket has another one, that answers pings. */
  static builtInPong: unknown;
  readonly config: Config;
  readonly socket: Duplex;
  readonly outgoing: Outgoing;
  /** What comes in is read straight into the arena. */
  readonly readsDirectly: boolean;
  readyState: typeof OPEN | typeof CLOSING | typeof CLOSED = OPEN;
  /** We have sent a Close, or are about to. */
  hasSentClose = false;
  isPaused = false;
  readonly #emitter: Emitter;
  readonly #connection: Connection;
  readonly #spaced: SpacedDelivery | undefined;
  readonly #heartbeat: Heartbeat | undefined;
  #binaryType: BinaryType;
  #closeTimer: NodeJS.Timeout | undefined;
  #endTimer: NodeJS.Timeout | undefined;
  /** Some of what came has not been delivered: a listener threw, or there was more to do than is done at once. It has a later turn. */
  #hasRest = false;
  #isTurnAwaited = false;
  /** The socket is gone. */
  #hasEnded = false;
  /** Handed on once this turn's reading is done. It lies before all that the stream has buffered, and is never discarded alone. */
  #kept: Uint8Array | undefined;
  /** The end of this turn's reading hands on what is kept. */
  #isTurnScheduled = false;
  /** The peer's Close. */
  #close: { readonly code: number; readonly reason: Buffer } | undefined;
  /** Made for the first ping. */
  #pings: PeerPings | undefined;

  /**
   * @param head bytes that arrived behind the handshake
   * @param emitter emits what happens
   */
  constructor(
    socket: Duplex,
    head: Uint8Array,
    config: Config,
    compression: MessageCompression | undefined,
    binaryType: BinaryType,
    emitter: Emitter,
  ) {
    const { heartbeat } = config;
    this.config = config;
    this.socket = socket;
    this.#emitter = emitter;
    this.#connection = new Connection(config.connection, compression);
    this.outgoing = new Outgoing(socket, this.#connection, this, config.directWrites);
    this.#spaced = config.allowSynchronousEvents ? undefined : new SpacedDelivery(this, this);
    this.#binaryType = binaryType;
    this.#connection.separatesFragments = binaryType === 'fragments';
    this.#heartbeat = heartbeat === undefined ? undefined : new Heartbeat(heartbeat, this);
    // Only the memory of WebAssembly stays where it is, whatever anybody does.
    const canReadDirectly = config.directReads && this.#connection.kernelName === 'wasm';
    const buffer = canReadDirectly ? this.#connection.receiveBuffer : undefined;
    this.readsDirectly = takeSocket(socket, head, this, buffer);
  }

  /** In what binary messages are handed out from now on. */
  setBinaryType(type: BinaryType): void {
    this.#binaryType = type;
    this.#connection.separatesFragments = type === 'fragments';
  }

  /** Both sides have sent a Close. */
  get wasClean(): boolean {
    return this.hasSentClose && this.#connection.hasReceivedClose;
  }

  close(closeCode: number | undefined, reason: string): void {
    this.readyState = CLOSING;
    this.hasSentClose = true;
    this.#startCloseTimer();
    this.outgoing.close(closeCode, reason);
  }

  /** Of the heartbeat. */
  sendPing(): void {
    if (this.readyState === OPEN) this.outgoing.sendControl('ping', '', undefined);
  }

  /** Of the heartbeat: changes when the peer's side takes bytes, whatever is sent meanwhile. */
  get progress(): string {
    const { socket } = this;
    if (!(socket instanceof Socket)) return '';
    const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null };
    // Of one long write, the stream knows only when all of it has left.
    return `${socket.bytesWritten - socket.writableLength} ${handle?.writeQueueSize}`;
  }

  /** Cuts the connection behind what was sent: with `ws`, which writes at once, that has left by now. */
  terminate(): void {
    if (this.socket.writable && !this.outgoing.isCorked) this.outgoing.flush();
    this.cut();
  }

  cut(): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSING;
    cutSocket(this.socket);
  }

  /** Of the budget of all connections: this one holds most of what is too much. */
  giveUp(limit: number): void {
    this.#refuse(new ProtocolError('WSIMD_TOO_MUCH_HELD', { detail: `${limit} bytes` }));
  }

  /** Tells the peer why, cuts the connection, and discards what had arrived: to read on is what a flood wants. */
  #refuse(error: ProtocolError): void {
    this.#connection.fail(error);
    this.#spaced?.clear();
    this.outgoing.flush();
    this.cut();
    this.emitError(error);
  }

  /** Reads no more. */
  pauseSocket(): void {
    this.socket.pause();
    this.#putBack();
  }

  /** What was kept goes back to the stream, which then keeps its own end back too. */
  #putBack(): void {
    const { socket } = this;
    const kept = this.#kept;
    if (kept === undefined || socket.destroyed || socket.readableEnded) return;
    this.#kept = undefined;
    socket.unshift(kept);
  }

  /** Reads on, unless somebody wants it to pause. */
  resume(): void {
    if (this.#spaced !== undefined) this.#chargeHeld();
    if (this.isPaused || this.#spaced?.isBusy === true) return;
    if (this.#hasRest) this.#awaitTurn();
    else this.socket.resume();
  }

  /** Tells of an error of the peer's, or of the connection: nobody listening is no error, it ends all the same. */
  emitError(error: Error): void {
    if (this.#emitter.listenerCount('error') > 0) this.#emitter.emit('error', error);
  }

  // ---- What the codec delivers

  onText(text: string): void {
    this.#emitter.emit('message', text, false);
  }
  onTextBytes(bytes: Uint8Array): void {
    try {
      this.#emitter.emit('message', toBuffer(bytes), false);
    } catch (error) {
      if (!isEngineLimit(error)) throw error;
      this.#refuse(error);
    }
  }
  onBinary(data: Uint8Array): void {
    const message = this.#binaryType === 'nodebuffer' ? toBuffer(data) : this.#convert(data);
    if (message !== undefined) this.#emitter.emit('message', message, true);
  }
  onFragments(fragments: Uint8Array[]): void {
    const message = this.#convert(fragments);
    if (message !== undefined) this.#emitter.emit('message', message, true);
  }
  /** @returns undefined if the engine could not convert the message: then the connection has failed */
  #convert(data: Uint8Array | Uint8Array[]): RawData | Blob | undefined {
    try {
      return Array.isArray(data) ? joinFragments(data, this.#binaryType) : toBinaryType(data, this.#binaryType);
    } catch (cause) {
      this.#refuse(asMessageError(cause));
      return undefined;
    }
  }
  /** A program, or what monitors it, has put a `pong` of its own in place of ours: as with `ws`, that is called. */
  answerPing(payload: Uint8Array): boolean {
    const emitter = this.#emitter;
    if (emitter.pong === Link.builtInPong) return false;
    if (this.readyState === OPEN) emitter.pong(toBuffer(payload), this.#connection.role === 'client', doNothing);
    return true;
  }
  onPing(payload: Uint8Array): void {
    const { connection, maxPendingPongs, maxPingRate } = this.config;
    const now = performance.now();
    this.#pings ??= new PeerPings(maxPendingPongs, maxPingRate, now);
    const pings = this.#pings;
    if (connection.autoPong && !pings.mayAnswer(this.socket.writableLength > 0)) this.cut();
    if (this.readyState === OPEN && !pings.mayPing(now)) {
      this.#refuse(new ProtocolError('WSIMD_TOO_MANY_PINGS', { detail: `${maxPingRate} a second` }));
    } else {
      this.#emitter.emit('ping', toBuffer(payload));
    }
  }
  onPong(payload: Uint8Array): void {
    this.#emitter.emit('pong', toBuffer(payload));
  }
  onClose(closeCode: number, reason: string): void {
    this.#close = { code: closeCode, reason: Buffer.from(reason) };
    this.hasSentClose = true;
    this.readyState = CLOSING;
    this.#startCloseTimer();
  }
  onError(error: ProtocolError): void {
    this.readyState = CLOSING;
    this.#startCloseTimer();
    this.emitError(new WebSocketError(error));
  }

  // ---- The socket

  receive(chunk: Uint8Array): void {
    this.#heartbeat?.hear();
    const earlier = this.#kept;
    if (earlier !== undefined) {
      // Out of the stream's buffer: behind a listener that pauses it goes back there.
      this.#kept = chunk;
      this.#receive(earlier, earlier.length);
    } else if (this.#isTurnScheduled) {
      this.#kept = chunk;
    } else if (this.#mayKeep(chunk.length)) {
      this.#kept = chunk;
      this.#isTurnScheduled = true;
      setImmediate(Link.#endTurn, this);
    } else {
      this.#receive(chunk, chunk.length);
    }
  }

  get hasKept(): boolean {
    return this.#kept !== undefined;
  }

  /** Hands on what was kept, unless nothing is wanted now: then the stream has it, or `ended` sees to it. */
  receiveKept(): void {
    if (this.socket.isPaused()) this.#putBack();
    const chunk = this.#kept;
    if (chunk === undefined || this.isPaused || this.#hasRest) return;
    this.#kept = undefined;
    this.#receive(chunk, chunk.length);
  }

  /** Not in a message that comes in many chunks, not beside reads that use the arena, and not if deliveries wait for each other. */
  #mayKeep(length: number): boolean {
    const isAlone = this.#connection.bufferedLength === 0 && !this.readsDirectly && this.#spaced === undefined;
    return length < SHORT_LENGTH && isAlone;
  }

  /** The bytes lie in the arena. */
  receiveDirectly(length: number): void {
    this.#heartbeat?.hear();
    this.#receive(undefined, length);
  }

  #receive(chunk: Uint8Array | undefined, length: number): void {
    const connection = this.#connection;
    const handler: MessageHandler = this.#spaced ?? this;
    this.outgoing.hold();
    let isWhole = false;
    try {
      if (chunk === undefined) connection.dispatchReceived(length, handler);
      else connection.dispatch(chunk, handler);
      isWhole = true;
    } finally {
      // A listener threw: that is for the process to hear of, but the messages behind it are delivered first. Or there is more to
      // do than is done at once. Meanwhile nothing more is read: who throws at every message must not gather them.
      if (!isWhole || connection.hasPendingInput) {
        this.#hasRest = true;
        this.pauseSocket();
        this.#awaitTurn();
      }
      this.outgoing.release();
      if (connection.state === 'closed') this.#endSocket();
      this.#chargeHeld();
    }
    if (this.config.earlyScavenges) countForScavenge(chunk === undefined ? 0 : length);
  }

  #awaitTurn(): void {
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    awaitTurn(this);
  }

  /** Goes on with what came, and then with the socket. While nothing is wanted now, `resume` sees to it; once the socket is gone, all comes. */
  takeTurn(): void {
    this.#isTurnAwaited = false;
    if (this.readyState === CLOSED || this.#spaced?.isBusy === true || (this.isPaused && !this.#hasEnded)) return;
    this.#hasRest = false;
    this.#receive(EMPTY, 0);
    if (this.#hasRest) return;
    if (this.#hasEnded) this.#finish();
    else this.resume();
  }

  /** Tells the budget of all connections how much memory this one holds. */
  #chargeHeld(): void {
    if (!this.#hasEnded)
      this.config.held?.charge(this, this.#connection.bufferedLength + (this.#spaced?.heldLength ?? 0));
  }

  /** The peer has ended its side of the socket; so do we. */
  receiveEnd(): void {
    try {
      this.receiveKept();
    } finally {
      if (this.readyState === OPEN) this.readyState = CLOSING;
      this.#startCloseTimer();
      this.socket.end();
    }
  }

  /** Of the send queue: a Blob could not be read. As with `ws`, the socket ends without a Close, so both ends see 1006. */
  sendFailed(error: Error): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSING;
    this.#startCloseTimer();
    this.socket.end();
    this.emitError(error);
  }

  /** Of the send queue. */
  closed(): void {
    this.#endSocket();
  }

  /** The system has taken all that waited. */
  drained(): void {
    if (this.readyState !== CLOSED) this.#emitter.emit('drain');
  }

  /**
   * Both have sent a Close, or a rule was broken: a server ends the socket, a client gives it time to (section 7.1.1), so that
   * TIME_WAIT is the server's. On a stream of HTTP/2 it soon ends it all the same: Apache passes no end of the server's on before.
   * Not at once, as lighttpd drops a Close that ends the stream (docs/proxies.md).
   */
  #endSocket(): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSING;
    this.#startCloseTimer();
    // What is corked leaves too: nothing can be sent behind it.
    this.outgoing.flush();
    // Whoever paused it wants no more messages, and none can come: what is left to be read is the peer's end.
    this.socket.resume();
    const waits = this.#connection.role === 'client' && this.#connection.hasReceivedClose;
    if (!waits) this.socket.end();
    else if (!(this.socket instanceof Socket)) this.#endTimer ??= setTimeout(Link.#end, STREAM_END_DELAY, this);
  }

  #startCloseTimer(): void {
    if (!this.#hasEnded) this.#closeTimer ??= setTimeout(Link.#cutLate, this.config.closeTimeout, this);
  }

  /** The socket is gone: `close` comes once all that had arrived has been delivered. */
  ended(): void {
    this.readyState = CLOSING;
    this.#heartbeat?.stop();
    this.#hasEnded = true;
    const rest = this.#takeRest();
    if (rest.length > 0 && this.#connection.state !== 'closed') this.#receive(rest, rest.length);
    if (this.#hasRest) this.#awaitTurn();
    else this.#finish();
  }

  /** What had arrived and was not handed on: what was kept, and what a socket that was paused has left. */
  #takeRest(): Uint8Array {
    const { socket } = this;
    const kept = this.#kept ?? EMPTY;
    this.#kept = undefined;
    // With its length: a stream that flows gives no more than one of its chunks otherwise.
    const { readableLength } = socket;
    const left: Buffer | null = !socket.readableEnded && readableLength > 0 ? socket.read(readableLength) : null;
    return left === null ? kept : Buffer.concat([kept, left]);
  }

  /** The socket is gone, and all that had arrived has been handed on. */
  #finish(): void {
    clearTimeout(this.#closeTimer);
    clearTimeout(this.#endTimer);
    this.#connection.release();
    this.config.held?.charge(this, 0);
    this.config.topics?.leave(this.#emitter);
    if (this.outgoing.isWaiting) this.outgoing.fail(new ProtocolError('WSIMD_NOT_OPEN'));
    if (this.#spaced?.isBusy === true) this.#spaced.whenDone = () => this.#emitClose();
    else this.#emitClose();
  }

  #emitClose(): void {
    this.readyState = CLOSED;
    this.#emitter.emit('close', this.#close?.code ?? CLOSE_ABNORMAL, this.#close?.reason ?? EMPTY);
  }

  static #endTurn(link: Link): void {
    link.#isTurnScheduled = false;
    link.receiveKept();
  }

  static #end(link: Link): void {
    link.socket.end();
  }

  static #cutLate(link: Link): void {
    cutSocket(link.socket);
  }
}
