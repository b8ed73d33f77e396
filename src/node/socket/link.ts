// An open connection on a Node socket: hands chunks to a Connection, emits its events on the WebSocket, and ends the socket after the
// closing handshake. The public methods are in websocket.ts, sending is in writes/outgoing.ts, pausing in reads/read-gate.ts.

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CLOSE_ABNORMAL, CLOSE_GOING_AWAY, CLOSE_NO_STATUS } from '../../../assembly/shared/protocol.js';
import { Connection } from '../../connection.js';
import type { MessageCompression } from '../../messages/compression.js';
import type { Answerer } from '../../messages/handler.js';
import { ProtocolError } from '../../protocol/errors.js';
import { Observer } from '../observe/observer.js';
import type { Member } from '../operate/connections.js';
import { ENDED, type SocketClosed } from '../operate/ending.js';
import type { TimeLimit } from '../operate/limits.js';
import type { Config } from '../websocket/options/config.js';
import type { BinaryType, Payload, SendCallback } from '../websocket/sendable.js';
import { CLOSED, CLOSING, OPEN } from '../websocket/websocket-events.js';
import { WebSocketError } from '../websocket/ws-errors.js';
import type { Emitter, MessageEvents } from './message-events.js';
import { bufferForDirectReads } from './reads/direct-reads.js';
import { countForScavenge } from './reads/early-scavenges.js';
import type { ChunkReceiver, HoldReason } from './reads/read-gate.js';
import { DELIVERIES_QUEUED, OF_PROGRAM, PAUSED, REST_QUEUED, ReadGate, STREAMS_FULL } from './reads/read-gate.js';
import { cutSocket, endSocket } from './reads/socket-events.js';
import { SpacedDelivery, spacedHandler } from './reads/spaced-delivery.js';
import { eventsFor, type StreamingOwner } from './reads/streaming-events.js';
import { type Timed, Timers } from './timers.js';
import { awaitTurn, countRead, type TurnTaker } from './turns.js';
import { Outgoing } from './writes/outgoing.js';
import { makeWrites } from './writes/write-batch.js';

const EMPTY = Buffer.alloc(0);

export class Link implements ChunkReceiver, TurnTaker, Member, Timed, StreamingOwner {
  readonly config: Config;
  readonly socket: Duplex;
  readonly outgoing: Outgoing;
  readonly #emitter: Emitter;
  readonly #connection: Connection;
  readonly #gate: ReadGate;
  readonly #spaced: SpacedDelivery | undefined;
  /** The handler of the connection: the events, or the object that spaces deliveries. */
  readonly #handler: Answerer;
  readonly #timers: Timers;
  readonly #events: MessageEvents;
  #isTurnAwaited = false;
  /** The socket is gone. */
  #hasEnded = false;
  #readyState: typeof OPEN | typeof CLOSING | typeof CLOSED = OPEN;
  /** The peer's Close frame. */
  #close: { readonly code: number; readonly reason: Buffer } | undefined;
  readonly observer: Observer;

  /** @param head bytes that arrived behind the handshake */
  constructor(
    socket: Duplex,
    head: Uint8Array,
    config: Config,
    compression: MessageCompression | undefined,
    binaryType: BinaryType,
    emitter: Emitter,
  ) {
    this.config = config;
    this.socket = socket;
    this.#emitter = emitter;
    this.#connection = new Connection(config.connection, compression);
    this.observer = new Observer(emitter, config.connections?.limits, compression);
    this.outgoing = new Outgoing(socket, this.#connection, this, this.observer, config.directWrites);
    this.#events = eventsFor(emitter, this, config, binaryType);
    this.observer.follow(this.#events, this.outgoing);
    this.#spaced = config.allowSynchronousEvents ? undefined : new SpacedDelivery(this.#events, this);
    this.#handler = this.#spaced === undefined ? this.#events : spacedHandler(this.#spaced, this.#events);
    this.#connection.separatesFragments = binaryType === 'fragments';
    const buffer = config.directReads ? bufferForDirectReads(this.#connection) : undefined;
    this.#gate = new ReadGate(socket, head, this, buffer);
    this.#timers = new Timers(config, this);
    config.connections?.opened(this);
  }

  get isOpen(): boolean {
    return this.#readyState === OPEN;
  }

  get readyState(): typeof OPEN | typeof CLOSING | typeof CLOSED {
    return this.#readyState;
  }

  /** Whether the socket is read straight into the arena. */
  get readsDirectly(): boolean {
    return this.#gate.isDirect;
  }

  /** Whether the program has paused the connection. */
  get isPaused(): boolean {
    return this.#gate.isHeldFor(PAUSED);
  }

  pause(): void {
    if (this.#readyState !== CLOSED) this.#gate.hold(PAUSED);
  }

  resume(): void {
    if (this.#readyState !== CLOSED) this.#release(PAUSED);
  }

  /** Removes a reason not to read. Bytes that have arrived but are not delivered yet are delivered before more is read. */
  #release(reason: HoldReason): void {
    this.#gate.release(reason);
    if (this.#gate.isHeldFor(REST_QUEUED)) this.#awaitTurn();
    if (!this.#gate.isHeldFor(OF_PROGRAM)) this.#timers.readOn(reason !== DELIVERIES_QUEUED);
  }

  /** Sets how binary messages are delivered from here on. */
  setBinaryType(type: BinaryType): void {
    this.#events.binaryType = type;
    this.#connection.separatesFragments = type === 'fragments';
  }

  /** Whether both sides have sent a Close frame. */
  get wasClean(): boolean {
    return this.#connection.hasReceivedClose;
  }

  close(closeCode: number | undefined, reason: string): void {
    this.#beginClosing();
    this.outgoing.close(closeCode, reason);
    if (this.#connection.state === 'closed') this.#endSocket();
  }

  sendControl(type: 'ping' | 'pong', payload: Payload, callback: SendCallback | undefined): void {
    if (type === 'ping') this.observer.pingSent(payload);
    this.outgoing.sendControl(type, payload, callback);
  }

  /** Called by the heartbeat. */
  sendPing(): void {
    if (this.#readyState === OPEN) this.#emitter.ping();
  }

  /** For the heartbeat. */
  get isHeldBack(): boolean {
    return this.#gate.hasUnread(this.outgoing.isTurnAwaited);
  }

  /** Writes what was sent, then cuts the connection: with `ws`, which writes at once, it would have left by now. */
  terminate(): void {
    if (this.socket.writable) this.outgoing.flushUnlessCorked();
    this.cut();
  }

  cut(): void {
    if (this.#readyState === CLOSED) return;
    this.#readyState = CLOSING;
    this.#gate.isEndedByPeer = false;
    makeWrites();
    cutSocket(this.socket);
    // What is pending no longer waits for the program.
    if (this.#hasEnded && this.#gate.isHeldFor(REST_QUEUED)) this.#awaitTurn();
  }

  /** Called by the budget of all connections, when it is exceeded and this connection holds most. */
  evict(limit: number): void {
    this.refuse(new ProtocolError('WSIMD_TOO_MUCH_HELD', { detail: `${limit} bytes` }));
  }

  /** Sends the peer the reason, cuts the connection, and discards unread input: reading on would only help a flood. */
  refuse(error: ProtocolError): void {
    this.outgoing.refuse(error);
    this.#spaced?.clear();
    this.outgoing.flush();
    this.cut();
    this.emitError(error);
  }

  /** Emits an error of the peer or of the connection. Without a listener nothing is thrown; the connection still closes. */
  emitError(error: Error): void {
    this.observer.failed(error);
    this.#events.failed(error);
    if (this.#emitter.listenerCount('error') > 0) this.#emitter.emit('error', error);
  }

  // ---- What the codec delivers

  peerClosed(closeCode: number, reason: string): void {
    this.#close = { code: closeCode, reason: Buffer.from(reason) };
    if (!this.#events.answerClose()) this.#beginClosing();
    else if (closeCode === CLOSE_NO_STATUS) this.#emitter.close();
    else this.#emitter.close(closeCode, Buffer.from(reason));
  }
  peerFailed(error: ProtocolError): void {
    if (this.#events.answerClose()) this.#emitter.close(error.closeCode);
    else this.#beginClosing();
    this.emitError(new WebSocketError(error));
  }

  get wantsChunksAtOnce(): boolean {
    return this.#spaced !== undefined || this.#isInMessage;
  }

  /** A message has begun and not ended. */
  get #isInMessage(): boolean {
    return this.#connection.bufferedLength > 0 || this.#events.isStreaming;
  }

  receive(chunk: Uint8Array | undefined, length: number): void {
    this.#timers.hear();
    this.observer.bytesReceived += length;
    this.#dispatch(chunk, length);
  }

  #dispatch(chunk: Uint8Array | undefined, length: number): void {
    const connection = this.#connection;
    this.outgoing.hold();
    let isWhole = false;
    try {
      if (chunk === undefined) connection.dispatchReceived(length, this.#handler);
      else connection.dispatch(chunk, this.#handler);
      isWhole = true;
    } finally {
      // Either a listener threw, or there is more work than fits in one turn. Messages that are left are delivered in a later turn, and
      // nothing more is read until then: they must not pile up in a program that throws at each one. The process still gets the error.
      if (countRead() || !isWhole || connection.hasPendingInput) {
        this.#gate.hold(REST_QUEUED);
        this.#awaitTurn();
      }
      this.outgoing.release();
      // With spaced deliveries the peer's Close frame may still be queued. Even so, nothing can be sent any more.
      if (connection.state === 'closing') this.#beginClosing();
      else if (connection.state === 'closed') this.#endSocket();
      this.#chargeHeld();
    }
    if (this.config.earlyScavenges) countForScavenge(chunk === undefined ? 0 : length);
  }

  #awaitTurn(): void {
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    awaitTurn(this);
  }

  /**
   * Delivers pending input, then resumes reading. Does nothing while the connection is paused or deliveries are queued: when that ends,
   * another turn is awaited. Once the socket is gone, a pause holds nothing back; nor do full streams, unless the peer has ended it.
   */
  takeTurn(): void {
    this.#isTurnAwaited = false;
    let holding = PAUSED | STREAMS_FULL;
    if (this.#hasEnded) holding = this.#gate.isEndedByPeer ? STREAMS_FULL : 0;
    if (this.#readyState === CLOSED || this.#spaced?.isBusy === true || this.#gate.isHeldFor(holding)) return;
    // Replies leave first. Otherwise all replies to a peer that sends short requests with long answers would be in memory at once.
    if (this.outgoing.isTurnAwaited) {
      this.#awaitTurn();
      return;
    }
    this.#dispatch(EMPTY, 0);
    if (this.#connection.hasPendingInput) return;
    this.#gate.release(REST_QUEUED);
    if (this.#hasEnded) this.#finish();
  }

  deliveriesQueued(): void {
    this.#gate.hold(DELIVERIES_QUEUED);
  }

  deliveriesDone(): void {
    if (this.#hasEnded && !this.#gate.isHeldFor(REST_QUEUED)) {
      this.#emitClose();
      return;
    }
    this.#chargeHeld();
    this.#release(DELIVERIES_QUEUED);
  }

  streamsFilled(): void {
    if (!this.#hasEnded || this.#gate.isEndedByPeer) this.#gate.hold(STREAMS_FULL);
    // The connection was cut: what is still inflated of a short compressed message could fill the memory. No message follows the gap.
    else if (this.#gate.isHeldFor(REST_QUEUED)) this.#connection.receiveEnd();
  }

  streamsDrained(): void {
    this.#chargeHeld();
    if (this.#gate.isHeldFor(STREAMS_FULL)) this.#release(STREAMS_FULL);
  }

  /** Reports to the budget of all connections how much memory this one holds. */
  #chargeHeld(): void {
    if (!this.#hasEnded) this.config.held?.charge(this, this.held);
  }

  get held(): number {
    return this.#connection.bufferedLength + this.#events.heldLength + (this.#spaced?.heldLength ?? 0);
  }

  get buffered(): number {
    return this.#hasEnded ? 0 : this.outgoing.length;
  }

  /** The peer has ended its side of the socket; so do we. */
  receiveEnd(): void {
    this.outgoing.flushUnlessCorked();
    this.#beginClosing();
    endSocket(this.socket);
  }

  /** Called by the send queue when a Blob could not be read. As with `ws`, the socket ends without a Close frame: both ends see 1006. */
  sendFailed(error: Error): void {
    if (this.#readyState === CLOSED) return;
    this.#beginClosing();
    this.socket.end();
    this.emitError(error);
  }

  /** The send queue has written the last Close frame. */
  closed(): void {
    this.#endSocket();
  }

  /** The system has taken everything that was pending. */
  drained(): void {
    this.observer.drained();
    if (this.#readyState !== CLOSED) this.#emitter.emit('drain');
  }

  /**
   * Ends the socket once both sides have sent a Close frame, or a rule was broken. A client gives the server time to end it first
   * (section 7.1.1), so that TIME_WAIT is on the server's side. On an HTTP/2 stream the client waits only a moment, then ends it itself:
   * Apache passes on the server's end only after the client's. It does not end the stream at once, because lighttpd drops a Close frame
   * that ends the stream (docs/how-to/proxies.md).
   */
  #endSocket(): void {
    if (this.#readyState === CLOSED) return;
    this.#beginClosing();
    // Corked frames leave too: nothing can be sent behind them.
    this.outgoing.flush();
    makeWrites();
    this.#gate.readToEnd();
    const waits = this.#connection.role === 'client' && this.#connection.hasReceivedClose;
    if (!waits) this.socket.end();
    else if (!(this.socket instanceof Socket)) this.#timers.endStreamSoon();
  }

  /** `readyState` becomes CLOSING, and the peer has `closeTimeout` to end the connection. */
  #beginClosing(): void {
    if (this.#readyState === OPEN) this.#readyState = CLOSING;
    if (!this.#hasEnded) this.#timers.beginClosing();
    makeWrites();
  }

  /** The socket is gone: `close` is emitted once everything that arrived has been delivered. */
  ended(): void {
    this.#readyState = CLOSING;
    this.#timers.stopHeartbeat();
    this.#hasEnded = true;
    const rest = this.#gate.takeRest();
    if (rest.length > 0 && this.#connection.state !== 'closed') this.#dispatch(rest, rest.length);
    if (this.#gate.isHeldFor(REST_QUEUED)) this.#awaitTurn();
    else this.#finish();
  }

  /** The socket is gone, and everything that arrived has been handed on. */
  #finish(): void {
    this.#timers.stop();
    this.#connection.release();
    this.config.held?.charge(this, 0);
    this.config.topics?.leave(this.#emitter);
    if (this.outgoing.isWaiting) this.outgoing.fail(new ProtocolError('WSIMD_NOT_OPEN'));
    // While deliveries are queued, `deliveriesDone` emits it later.
    if (this.#spaced?.isBusy !== true) this.#emitClose();
  }

  #emitClose(): void {
    this.#readyState = CLOSED;
    const ending = this.ending!;
    this.#events.lost();
    this.config.connections?.ended(this, ending);
    this.observer.closed(ending);
    this.#emitter[ENDED](ending);
    this.#emitter.emit('close', this.#close?.code ?? CLOSE_ABNORMAL, this.#close?.reason ?? EMPTY);
  }

  /** How the connection ended; undefined until it has. */
  get ending(): SocketClosed | undefined {
    if (this.#readyState !== CLOSED) return undefined;
    const { code = CLOSE_ABNORMAL, reason = EMPTY } = this.#close ?? {};
    return { closeCode: code, reason: reason.toString(), wasClean: this.wasClean };
  }

  get activity(): string | undefined {
    const { activity } = this.outgoing;
    if (activity === undefined || this.#gate.isHeldFor(PAUSED | STREAMS_FULL)) return undefined;
    const { bytesReceived, messagesReceived } = this.observer;
    return `${messagesReceived} ${this.#isInMessage ? bytesReceived : 0} ${activity}`;
  }

  endFor(limit: TimeLimit): void {
    this.observer.limitHit(limit);
    if (limit === 'idleTimeout' || limit === 'maxLifetime') this.close(CLOSE_GOING_AWAY, limit);
    else this.cut();
  }
}
