// One WebSocket connection without its transport: bytes in, events and bytes to send out. It answers pings and Close frames, and fails
// for good at the first broken rule. Sockets, timers and the opening handshake are the caller's.

import { OPCODE_BINARY, OPCODE_PING, OPCODE_PONG, OPCODE_TEXT } from '../assembly/shared/protocol.js';
import { requireBytes } from './bytes/copy.js';
import type { BytesConstructor } from './bytes/host.js';
import type { ConnectionOptions, ConnectionState } from './connection-options.js';
import type { PreparedMessage } from './frames/prepared-message.js';
import type { KernelName } from './kernel/kernel.js';
import type { MessageCompression } from './messages/compression.js';
import {
  type Answerer,
  CLOSE,
  type DeliveryKind,
  type DeliveryValue,
  ERROR,
  type MessageEvent,
  type MessageHandler,
  PING,
  type ReceivedClose,
} from './messages/handler.js';
import { HandlerSink } from './messages/receive/handler-sink.js';
import { MessageDecoder } from './messages/receive/message-decoder.js';
import { type CloseOwner, CloseSender } from './messages/send/close-sender.js';
import { MessageSender, type SendMessageOptions } from './messages/send/message-sender.js';
import { maxPendingPongsOf, PendingPongs } from './messages/send/pending-pongs.js';
import type { SentMessage } from './messages/send/sent-message.js';
import type { ClosingHandshake } from './protocol/closing-handshake.js';
import { ProtocolError } from './protocol/errors.js';
import type { Role } from './protocol/role.js';

const EMPTY = new Uint8Array(0);

/**
 * A WebSocket connection after its handshake, without I/O. Give it the bytes that the transport receives, and write its outgoing
 * bytes to the transport.
 *
 * ```ts
 * const connection = new Connection({ role: 'server' });
 * for (const event of connection.receive(chunk)) if (event.type === 'text') connection.sendText(event.text);
 * if (connection.outgoingLength > 0) socket.write(connection.takeOutgoing());
 * if (connection.state === 'closed') socket.end();
 * ```
 */
export class Connection {
  readonly #decoder: MessageDecoder;
  readonly #sender: MessageSender;
  /** 0: pings are not answered. */
  readonly #maxPendingPongs: number;
  /** Made for the first ping. */
  #pongs: PendingPongs | undefined;
  readonly #sink: HandlerSink & CloseOwner;
  readonly #close: CloseSender;
  readonly #closing: ClosingHandshake;

  /**
   * @param options pass one object for all connections that share their options: it is checked once
   * @param compression the negotiated compression of this connection, if any: see `PerMessageDeflate` in `wsimd/deflate`. It
   *   belongs to the connection, which releases it when it closes and in `receiveEnd`
   * @throws RangeError, TypeError for options out of range; ProtocolError `WSIMD_NO_KERNEL`
   */
  constructor(options: ConnectionOptions, compression?: MessageCompression | undefined) {
    this.#sink = new Connection.#ActingSink(this);
    this.#decoder = new MessageDecoder(options, compression, this.#sink);
    this.#sender = new MessageSender(options, compression);
    this.#close = new CloseSender(this.#sender, this.#sink);
    this.#closing = this.#close.handshake;
    this.#maxPendingPongs = maxPendingPongsOf(options);
  }

  /** Whether this end is the client or the server. */
  get role(): Role {
    return this.#sender.role;
  }

  /** The state of the connection: see `ConnectionState`. */
  get state(): ConnectionState {
    if (this.#closing.isOpen) return 'open';
    return this.#closing.isOver ? 'closed' : 'closing';
  }

  /** Whether messages may be sent compressed. */
  get hasCompression(): boolean {
    return this.#sender.hasCompression;
  }

  /** The kernel that is in use. */
  get kernelName(): KernelName {
    return this.#decoder.kernelName;
  }

  /** Bytes of memory allocated for an incomplete message: at least as many as have been received of it. */
  get bufferedLength(): number {
    return this.#decoder.bufferedLength;
  }

  /** Whether the peer's Close frame has been received: the closing handshake is done, or under way. */
  get hasReceivedClose(): boolean {
    return this.#closing.isClean;
  }

  /** See `MessageDecoder.separatesFragments`. */
  set separatesFragments(value: boolean) {
    this.#decoder.separatesFragments = value;
  }

  /** Is called for each message that is sent, once its last frame is made. Undefined (default): nobody asks, and nothing is measured. */
  set onMessageSent(listener: ((sent: SentMessage) => void) | undefined) {
    this.#sender.onSent = listener;
  }

  /** Bytes that are ready to be sent: see `takeOutgoing`. */
  get outgoingLength(): number {
    return this.#sender.outgoingLength;
  }

  /** Whether a message that `startMessage` began has not ended: `sendFragment` continues it. */
  get isMessageOpen(): boolean {
    return this.#sender.isMessageOpen;
  }

  /** Whether a message is being sent in slices: `sendNextSlice` makes the next one. */
  get hasSlices(): boolean {
    return this.#sender.hasSlices;
  }

  /** How much is pending for `sendNextSlice`: bytes, of queued strings UTF-16 units. Not included in `outgoingLength`. */
  get pendingLength(): number {
    return this.#sender.pendingLength;
  }

  /**
   * Decodes bytes from the transport. Pings and the peer's Close frame are answered before this returns: see `outgoingLength`.
   *
   * @param chunk bytes of any length. They belong to the connection from then on, unless `ownsChunks` is false.
   * @returns the events of the whole chunk in order, even with `inTurns`
   */
  receive(chunk: Uint8Array): MessageEvent[] {
    const events: MessageEvent[] = [];
    const handler = this.#decoder.collector(events);
    const isNested = this.#sink.handler !== undefined;
    this.dispatch(chunk, handler);
    while (!isNested && this.hasPendingInput) this.continue(handler);
    return events;
  }

  /** Whether input is pending, which `continue` delivers: see `MessageDecoder.hasPendingInput`. */
  get hasPendingInput(): boolean {
    return this.#decoder.hasPendingInput;
  }

  /** Delivers pending input, for one turn (`inTurns`) at most. @throws what the handler throws */
  continue(handler: MessageHandler): void {
    this.dispatch(EMPTY, handler);
  }

  /** Like `receive`, but calls a handler instead of making event objects: see `MessageDecoder.dispatch`. */
  dispatch(chunk: Uint8Array, handler: MessageHandler): void {
    const { isOver, state } = this.#closing;
    this.#decoder.dispatch(isOver ? EMPTY : chunk, state === 'failed' ? undefined : handler);
  }

  /** See `MessageDecoder.receiveBuffer`. */
  get receiveBuffer(): Uint8Array<ArrayBuffer> {
    return this.#decoder.receiveBuffer;
  }

  /** `dispatch` for bytes that the transport has put at the start of `receiveBuffer`: see `MessageDecoder.dispatchReceived`. */
  dispatchReceived(length: number, handler: MessageHandler): void {
    const { isOver, state } = this.#closing;
    this.#decoder.dispatchReceived(isOver ? 0 : length, state === 'failed' ? undefined : handler);
  }

  /**
   * Tells the connection that the transport has ended. Input that comes later is discarded. With `inTurns`, first call `continue`
   * until nothing is pending.
   *
   * @returns the error if it ended without a Close frame from the peer (`WSIMD_CONNECTION_LOST`, close code 1006)
   */
  receiveEnd(): ProtocolError | undefined {
    // It can no longer be inflated.
    this.#decoder.discardUnfinished();
    this.#close.end();
    const isLost = !this.#closing.isClean && this.#decoder.error === undefined;
    return isLost ? new ProtocolError('WSIMD_CONNECTION_LOST') : undefined;
  }

  /** Frees the memory of compression. Nothing may be received or sent any more. `receiveEnd` does the same. */
  release(): void {
    this.#sender.end();
  }

  /**
   * Sends a text message.
   *
   * @param text a string, or bytes that are valid UTF-8 (not checked)
   * @throws ProtocolError `WSIMD_NOT_OPEN`, or `WSIMD_MESSAGE_OPEN` inside a fragmented message, as all methods `send…` do
   */
  sendText(text: string | Uint8Array, options?: SendMessageOptions): void {
    this.#requireOpen();
    this.#sender.send(OPCODE_TEXT, text, options);
  }

  /** Sends a binary message. `data` is copied before this returns, unless `byReference` is set. */
  sendBinary(data: Uint8Array, options?: SendMessageOptions): void {
    requireBytes(data);
    this.#requireOpen();
    this.#sender.send(OPCODE_BINARY, data, options);
  }

  /**
   * Sends a message that was framed in advance.
   *
   * @param options with `byReference`, a server does not copy the frame: all its connections share it, see `takeOutgoingSegments`
   */
  sendPrepared(message: PreparedMessage, options?: Pick<SendMessageOptions, 'byReference'>): void {
    this.#requireOpen();
    this.#sender.sendPrepared(message, options?.byReference === true);
  }

  /**
   * The frame of a prepared message, if the transport can write it directly instead of calling `sendPrepared`: nothing is pending before
   * it, and the connection doesn't mask it.
   *
   * @returns a read-only frame, which the transport must write: with compression, later messages may refer to it. Undefined if the
   *   transport has to call `sendPrepared`
   */
  loneFrame(message: PreparedMessage): Uint8Array | undefined {
    return this.#closing.isOpen ? this.#sender.loneFrame(message) : undefined;
  }

  /**
   * Sends bytes that are complete frames. They are not checked.
   *
   * @param options with `byReference`, they are not copied: they must never change, as other connections may send them too
   * @throws ProtocolError `WSIMD_NOT_OPEN`
   */
  sendEncoded(frames: Uint8Array, options?: Pick<SendMessageOptions, 'byReference'>): void {
    this.#requireOpen();
    this.#sender.sendEncoded(frames, options?.byReference === true);
  }

  /**
   * Sends the first fragment of a message; `sendFragment` continues it. This call decides whether the message is compressed.
   *
   * @param type the type of the message. Fragments of a text that are given as bytes may cut a character in two
   */
  startMessage(
    type: 'text' | 'binary',
    data: string | Uint8Array,
    options?: Pick<SendMessageOptions, 'compress'>,
  ): void {
    if (type !== 'text' && type !== 'binary') throw new TypeError(`a message is text or binary, not ${String(type)}`);
    if (typeof data !== 'string') requireBytes(data);
    this.#requireOpen();
    this.#sender.start(type, data, options?.compress ?? true);
  }

  /**
   * Sends a further fragment.
   *
   * @param isLast whether the message ends with it
   * @throws ProtocolError `WSIMD_NO_MESSAGE_OPEN`, `WSIMD_NOT_OPEN`
   */
  sendFragment(data: string | Uint8Array, isLast: boolean): void {
    if (typeof isLast !== 'boolean') throw new TypeError(`isLast is true or false, not ${String(isLast)}`);
    if (typeof data !== 'string') requireBytes(data);
    this.#requireOpen();
    this.#sender.continue(data, isLast);
  }

  /** Sends the next slice of a message that leaves in slices, as a fragment. No effect if there is no such message. */
  sendNextSlice(): void {
    this.#sender.sendNextSlice();
  }

  /** Sends a ping. @param payload at most 125 bytes @throws ProtocolError `WSIMD_CONTROL_PAYLOAD`, `WSIMD_NOT_OPEN` */
  ping(payload: string | Uint8Array = ''): void {
    this.#requireOpen();
    this.#sender.sendControl(OPCODE_PING, payload);
  }

  /** Sends an unsolicited pong, or the answer to a ping if `autoPong` is off. Arguments and errors are those of `ping`. */
  pong(payload: string | Uint8Array = ''): void {
    this.#requireOpen();
    this.#sender.sendControl(OPCODE_PONG, payload);
  }

  /**
   * Begins the closing handshake. No effect if it has already begun. The Close frame follows a message that is leaving in slices, and
   * everything that is queued behind that message.
   *
   * @param closeCode 1000-1003, 1007-1014 or 3000-4999; without one the Close frame is empty
   * @param reason at most 123 bytes of UTF-8
   * @throws ProtocolError `WSIMD_INVALID_CLOSE_CODE`, `WSIMD_INVALID_REASON`
   */
  close(closeCode?: number, reason?: string): void {
    this.#close.begin(closeCode, reason);
  }

  /**
   * Holds back the Close frame that answers the peer's Close frame or a protocol error, until `releaseClose`. Meanwhile the connection
   * keeps its state, so that a transport with a queue of its own can still send the messages in it.
   */
  holdClose(): void {
    this.#close.hold();
  }

  /** Undoes `holdClose`. A transport calls it once it has passed on everything in its queue. */
  releaseClose(): void {
    this.#close.release();
  }

  /**
   * Fails the connection (RFC 6455 section 7.1.7) because of a rule of the caller's own, such as a rate limit. A Close frame with the
   * error's code is sent after everything that is outgoing, but does not wait for a message that is leaving in slices. All further input
   * is discarded, including the rest of the chunk that is being delivered, and no handler is called. No effect once `'closed'`.
   *
   * @throws ProtocolError `WSIMD_INVALID_CLOSE_CODE` if the error's code may not be sent
   */
  fail(error: ProtocolError): void {
    if (this.#closing.isOver) return;
    this.#close.fail(error);
    this.#sink.handler = undefined;
    this.#decoder.discard();
  }

  /**
   * Takes all outgoing bytes, in one buffer that the caller owns. Empty if there are none.
   *
   * @param Bytes the class of the returned bytes, for a transport that would otherwise wrap them in a view of its own class
   */
  takeOutgoing(Bytes?: BytesConstructor): Uint8Array<ArrayBuffer> {
    this.#pongs?.settle();
    return this.#sender.take(Bytes);
  }

  /**
   * Like `takeOutgoing`, for a transport that can write several buffers together: data sent `byReference` is passed on without a copy.
   *
   * ```ts
   * connection.sendBinary(file, { byReference: true });
   * const segments = connection.takeOutgoingSegments();
   * socket.cork();
   * for (const segment of segments) socket.write(segment, (error) => error ?? connection.releaseOutgoing(segment));
   * socket.uncork();
   * ```
   *
   * @param Bytes the class of the segments that hold gathered frames: see `takeOutgoing`
   * @param isCompact whether to copy gathered frames into memory of exactly their length, for a transport that may hold the segments for
   *   long because its peer reads slowly
   * @returns segments to write in this order. Segments of gathered frames belong to the transport, which may give them back with
   *   `releaseOutgoing` or leave them to the garbage collector. The others were sent `byReference`: read-only, and borrowed until written
   */
  takeOutgoingSegments(Bytes?: BytesConstructor, isCompact?: boolean): Uint8Array[] {
    this.#pongs?.settle();
    return this.#sender.takeSegments(Bytes, isCompact);
  }

  /** Gives back the buffer of `takeOutgoing`, or one segment, once the transport has written it. No effect for one sent `byReference`. */
  releaseOutgoing(bytes: Uint8Array): void {
    this.#sender.giveBack(bytes);
  }

  #requireOpen(): void {
    if (!this.#closing.isOpen) throw new ProtocolError('WSIMD_NOT_OPEN', { detail: this.state });
  }

  #receivedPing(payload: Uint8Array): void {
    const handler: Answerer | undefined = this.#sink.handler;
    if (this.#maxPendingPongs > 0 && this.#closing.isOpen && !handler?.answerPing?.(payload)) {
      this.#pongs ??= new PendingPongs(this.#sender, this.#maxPendingPongs);
      this.#pongs.answer(payload);
    }
  }

  /** Lets the connection answer pings, Close frames and errors before the handler receives them. */
  static readonly #ActingSink = class extends HandlerSink implements CloseOwner {
    readonly #connection: Connection;

    constructor(connection: Connection) {
      super();
      this.#connection = connection;
    }
    override deliver(kind: DeliveryKind, value: DeliveryValue): void {
      if (kind === PING) this.#connection.#receivedPing(value as Uint8Array);
      else if (kind === CLOSE) this.#connection.#close.answerClose(value as ReceivedClose);
      else if (kind === ERROR) this.#connection.#close.answerError(value as ProtocolError);
      super.deliver(kind, value);
    }
    beforeClose(): void {
      this.#connection.#pongs?.settle();
    }
    answersClose(): boolean | undefined {
      return (this.handler as Answerer | undefined)?.answerClose?.();
    }
  };
}
