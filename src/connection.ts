// One WebSocket connection without its transport: bytes in, events out, bytes to send. It answers pings and Closes, keeps
// the state of the closing handshake, and fails for good at the first broken rule. It knows no socket, no timer and no
// handshake.

import {
  CLOSE_NO_STATUS,
  MAX_CLOSE_REASON,
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
} from '../assembly/protocol.js';
import { ProtocolError } from './errors.js';
import type { Role } from './frames/chunk-decoder.js';
import { type FrameBits, FrameEncoder, type FrameEncoderOptions } from './frames/frame-encoder.js';
import { FrameWriter } from './frames/frame-writer.js';
import type { PreparedMessage } from './frames/prepared-message.js';
import { requireBytes } from './kernel/bytes.js';
import { encodeUtf8, getHost, type PartConstructor, portableUtf8Length } from './kernel/host.js';
import type { KernelName } from './kernel/kernel.js';
import type { MessageCompression } from './messages/compression.js';
import { collectInto, type MessageEvent, type MessageHandler, type MessagePiece } from './messages/handler.js';
import { MessageDecoder, type MessageDecoderOptions } from './messages/message-decoder.js';
import { SliceQueue } from './messages/slice-queue.js';

/** What a connection can be told beyond what a message decoder can. */
export interface ConnectionOptions extends MessageDecoderOptions, Pick<FrameEncoderOptions, 'maskingKey'> {
  readonly role: Role;
  /** Answer each ping with a pong (default true). */
  readonly autoPong?: boolean;
}

/** How a message is sent. */
export interface SendMessageOptions {
  /** Where compression was agreed on, compress it if that makes it shorter. Default true. */
  readonly compress?: boolean;
  /**
   * A message that is compressed and takes longer than about a millisecond (64 KiB; 32 at the level `'smallest'`, 16 and 8
   * without WebAssembly) leaves in fragments, of which only the first is made now; each call of `sendNextSlice` makes one
   * more. Meanwhile what is sent waits, copied, but for pings and pongs. Default false: the
   * message leaves whole, in one frame.
   */
  readonly inSlices?: boolean;
}

/**
 * - `'open'`: messages go both ways.
 * - `'closing'`: we have sent a Close and wait for the peer's; messages still arrive, none may be sent.
 * - `'closed'`: both have sent a Close, or the connection failed. Nothing comes, nothing may be sent; the transport is to
 *   be ended once what is to be sent has been.
 */
export type ConnectionState = 'open' | 'closing' | 'closed';

const EMPTY = new Uint8Array(0);
const COMPRESSED: FrameBits = { rsv1: true };

/** Longer, as UTF-8, than what is deflated at once. */
function isLong(payload: string | Uint8Array, { sliceLength }: MessageCompression): boolean {
  const { length } = payload;
  if (typeof payload !== 'string' || length > sliceLength) return length > sliceLength;
  return length * 3 > sliceLength && getHost().utf8Length(payload) > sliceLength;
}

/** Encoders hold nothing of a connection: who makes all of them with the same options has one for all. */
const encoders = new WeakMap<ConnectionOptions, FrameEncoder>();

function encoderFor(options: ConnectionOptions): FrameEncoder {
  let encoder = encoders.get(options);
  if (encoder === undefined) {
    encoder = new FrameEncoder(options);
    encoders.set(options, encoder);
  }
  return encoder;
}

/**
 * A connection behind its handshake. Give it the transport's bytes; write what it wants sent.
 *
 * ```ts
 * const connection = new Connection({ role: 'server' });
 * for (const event of connection.receive(chunk)) if (event.type === 'text') connection.sendText(event.text);
 * if (connection.outgoingLength > 0) socket.write(connection.takeOutgoing());
 * if (connection.state === 'closed') socket.end();
 * ```
 */
export class Connection {
  readonly role: Role;
  readonly #decoder: MessageDecoder;
  readonly #encoder: FrameEncoder;
  readonly #writer: FrameWriter;
  readonly #autoPong: boolean;
  readonly #relay: MessageHandler;
  #state: ConnectionState = 'open';
  #handler: MessageHandler | undefined;
  #hasEnded = false;
  /** The first fragment of a message has been sent and the last has not. */
  #isSendingFragments = false;
  #hasSentClose = false;
  #hasReceivedClose = false;
  readonly #compression: MessageCompression | undefined;
  /** Made for the first message that leaves in slices. */
  #slices: SliceQueue | undefined;
  /** The fragments that are being sent are those of a compressed message. */
  #isDeflatingFragments = false;

  /**
   * @param options one object for all connections that are told the same costs least
   * @param compression that was agreed on for this connection, if any: see `PerMessageDeflate` in `wsimd/deflate`. It
   *   belongs to the connection, which releases it when it is closed, or told that the transport has ended
   * @throws RangeError, TypeError for options out of range; ProtocolError `WSIMD_NO_KERNEL`
   */
  constructor(options: ConnectionOptions, compression?: MessageCompression | undefined) {
    this.role = options.role;
    this.#decoder = new MessageDecoder(options, compression);
    this.#encoder = encoderFor(options);
    this.#writer = new FrameWriter(this.#encoder);
    this.#autoPong = options.autoPong ?? true;
    this.#relay = new Connection.#Relay(this);
    this.#compression = compression;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Which kernel is at work. */
  get kernelName(): KernelName {
    return this.#decoder.kernelName;
  }

  /** Bytes held of a message that has not come whole. */
  get bufferedLength(): number {
    return this.#decoder.bufferedLength;
  }

  /** A Close has been received: the closing handshake was, or is being, done as it should. */
  get hasReceivedClose(): boolean {
    return this.#hasReceivedClose;
  }

  /** See `MessageDecoder.separatesFragments`. */
  set separatesFragments(value: boolean) {
    this.#decoder.separatesFragments = value;
  }

  /** Bytes that wait to be sent. */
  get outgoingLength(): number {
    return this.#writer.length;
  }

  /** A message is leaving in slices: `sendNextSlice` makes the next one. */
  get hasSlices(): boolean {
    return this.#slices?.isBusy ?? false;
  }

  /** How much waits for `sendNextSlice`: bytes, of strings UTF-16 units. It is no part of `outgoingLength`. */
  get pendingLength(): number {
    return this.#slices?.pendingLength ?? 0;
  }

  /**
   * Takes bytes from the transport.
   *
   * @param chunk any length; the connection's own unless `ownsChunks` is false
   * @returns what happened, in order. A ping has been answered and a Close replied to already: see `outgoingLength`
   */
  receive(chunk: Uint8Array): MessageEvent[] {
    const events: MessageEvent[] = [];
    this.dispatch(chunk, collectInto(events));
    return events;
  }

  /**
   * The same with calls on a handler instead of event objects. Called from inside a delivery of this connection, it lets
   * the outer call's handler have what comes of the chunk too, in order.
   *
   * @throws what the handler throws; TypeError for a chunk that is not bytes
   */
  dispatch(chunk: Uint8Array, handler: MessageHandler): void {
    const isNested = this.#handler !== undefined;
    if (!isNested) this.#handler = handler;
    try {
      this.#decoder.dispatch(this.#hasEnded ? EMPTY : chunk, this.#relay);
    } finally {
      if (!isNested) this.#handler = undefined;
    }
  }

  /** See `MessageDecoder.receiveBuffer`. */
  get receiveBuffer(): Uint8Array<ArrayBuffer> {
    return this.#decoder.receiveBuffer;
  }

  /**
   * `dispatch` for bytes that the transport has put at the start of `receiveBuffer`. Only for a transport that calls back at
   * once when it has read: see `MessageDecoder.dispatchReceived`.
   *
   * @param length how many bytes, 0 to 64 KiB
   * @throws what the handler throws; RangeError for a length that cannot be
   */
  dispatchReceived(length: number, handler: MessageHandler): void {
    const isNested = this.#handler !== undefined;
    if (!isNested) this.#handler = handler;
    try {
      this.#decoder.dispatchReceived(this.#hasEnded ? 0 : length, this.#relay);
    } finally {
      if (!isNested) this.#handler = undefined;
    }
  }

  /**
   * Tells the connection that the transport has ended; what is given to it afterwards is dropped.
   *
   * @returns the error if it ended without a Close from the peer (`WSIMD_CONNECTION_LOST`, close code 1006)
   */
  receiveEnd(): ProtocolError | undefined {
    const isClean = this.#hasReceivedClose || this.#decoder.error !== undefined;
    this.#closed();
    this.#hasEnded = true;
    return isClean ? undefined : new ProtocolError('WSIMD_CONNECTION_LOST');
  }

  /** Gives up what compression remembers; nothing may be received or sent any more. `receiveEnd` does it too. */
  release(): void {
    this.#compression?.release();
  }

  /** Sends a text message. @param text a string, or the bytes of valid UTF-8 @throws ProtocolError as `send…` all do:
   * `WSIMD_NOT_OPEN`, `WSIMD_MESSAGE_OPEN` inside a fragmented message */
  sendText(text: string | Uint8Array, options?: SendMessageOptions): void {
    this.#sendMessage(OPCODE_TEXT, text, options);
  }

  /** Sends a binary message. Copied: `data` is the caller's again at once. */
  sendBinary(data: Uint8Array, options?: SendMessageOptions): void {
    requireBytes(data);
    this.#sendMessage(OPCODE_BINARY, data, options);
  }

  /** Sends a message that was framed before. */
  sendPrepared(message: PreparedMessage): void {
    this.#checkMaySend();
    this.#inTurn(0, () => this.#writer.writeEncoded(this.#frameOf(message)));
  }

  /**
   * The frame of a message that was framed before, for who writes it to the transport himself; with nothing outgoing that
   * spares a copy. It must be written, and before anything that is sent later.
   *
   * @returns of a server, the frame that all share, to be read only; of a client, a new one, masked
   * @throws ProtocolError as `send…` do; `WSIMD_MESSAGE_OPEN` too where `hasSlices`
   */
  framePrepared(message: PreparedMessage): Uint8Array {
    this.#checkMaySend();
    if (this.hasSlices) throw new ProtocolError('WSIMD_MESSAGE_OPEN');
    return this.#frameOf(message);
  }

  /**
   * The header of a message whose payload the caller writes to the transport himself: spares the copy of a long one. Header and
   * payload must be written, in this order, and behind what is outgoing now and before anything that is sent later.
   *
   * @returns undefined where the message has to be sent with `sendText` or `sendBinary`: of a client, which masks; where it had
   *   better be compressed; where `hasSlices`
   * @throws ProtocolError as `send…` do
   */
  headerFor(type: 'text' | 'binary', payload: Uint8Array, options?: SendMessageOptions): Uint8Array | undefined {
    this.#checkMaySend();
    const isCompressed = options?.compress !== false && this.#compression?.isWorthDeflating(payload) === true;
    if (this.role === 'client' || isCompressed || this.hasSlices) return undefined;
    return this.#encoder.headerOf(type === 'text' ? OPCODE_TEXT : OPCODE_BINARY, payload.length);
  }

  /**
   * Sends the first fragment of a message, to be continued with `sendFragment`. Whether the message is compressed is decided
   * with it.
   *
   * @param type of the message; a text's fragments may cut a character in two when given as bytes
   */
  startMessage(
    type: 'text' | 'binary',
    data: string | Uint8Array,
    options?: Pick<SendMessageOptions, 'compress'>,
  ): void {
    if (type !== 'text' && type !== 'binary') throw new TypeError(`a message is text or binary, not ${String(type)}`);
    if (typeof data !== 'string') requireBytes(data);
    this.#checkMaySend();
    const opcode = type === 'text' ? OPCODE_TEXT : OPCODE_BINARY;
    const isCompressed = (options?.compress ?? true) && this.#compression?.isWorthDeflating(data) === true;
    this.#sendPart(opcode, data, isCompressed, { fin: false, rsv1: isCompressed });
    this.#isSendingFragments = true;
    this.#isDeflatingFragments = isCompressed;
  }

  /**
   * Sends a further fragment.
   *
   * @param isLast the message ends with it
   * @throws ProtocolError `WSIMD_NO_MESSAGE_OPEN`, `WSIMD_NOT_OPEN`
   */
  sendFragment(data: string | Uint8Array, isLast: boolean): void {
    if (typeof isLast !== 'boolean') throw new TypeError(`isLast is true or false, not ${String(isLast)}`);
    if (typeof data !== 'string') requireBytes(data);
    this.#checkOpen();
    if (!this.#isSendingFragments) throw new ProtocolError('WSIMD_NO_MESSAGE_OPEN');
    this.#sendPart(OPCODE_CONTINUATION, data, this.#isDeflatingFragments, { fin: isLast });
    this.#isSendingFragments = !isLast;
  }

  /** Makes the next fragment of a message that leaves in slices; without effect if there is none. */
  sendNextSlice(): void {
    this.#slices?.next();
  }

  /** Sends a ping. @param payload at most 125 bytes @throws ProtocolError `WSIMD_CONTROL_PAYLOAD`, `WSIMD_NOT_OPEN` */
  ping(payload: string | Uint8Array = ''): void {
    this.#checkOpen();
    this.#writer.write(OPCODE_PING, payload);
  }

  /** Sends a pong that nobody asked for, or the answer where `autoPong` is off. Arguments and errors as of `ping`. */
  pong(payload: string | Uint8Array = ''): void {
    this.#checkOpen();
    this.#writer.write(OPCODE_PONG, payload);
  }

  /**
   * Begins the closing handshake; without effect if it has begun. A message that is leaving in slices leaves first, and what
   * waits for it.
   *
   * @param closeCode 1000-1003, 1007-1014 or 3000-4999; without one the Close is empty
   * @param reason at most 123 bytes of UTF-8
   * @throws ProtocolError `WSIMD_INVALID_CLOSE_CODE`, `WSIMD_INVALID_REASON`
   */
  close(closeCode?: number, reason?: string): void {
    const payload = this.#encoder.closePayload(closeCode, reason);
    if (this.#state !== 'open') return;
    this.#inTurn(0, () => this.#sendClose(payload));
    this.#state = 'closing';
  }

  /**
   * Takes what is to be sent; owned. Empty if there is nothing.
   *
   * @param Part the class of the bytes, for a transport that has one of its own and would make another view of them
   */
  takeOutgoing(Part?: PartConstructor): Uint8Array<ArrayBuffer> {
    return this.#writer.take(Part);
  }

  /** Gives back what `takeOutgoing` gave, once the transport has copied it: the memory serves again. */
  releaseOutgoing(bytes: Uint8Array<ArrayBuffer>): void {
    FrameWriter.release(bytes);
  }

  #sendMessage(opcode: number, payload: string | Uint8Array, options: SendMessageOptions | undefined): void {
    this.#checkMaySend();
    if (this.hasSlices) {
      const kept = typeof payload === 'string' ? payload : payload.slice();
      this.#inTurn(kept.length, () => this.#writeMessage(opcode, kept, options));
    } else {
      this.#writeMessage(opcode, payload, options);
    }
  }

  #writeMessage(opcode: number, payload: string | Uint8Array, options: SendMessageOptions | undefined): void {
    const compression = options?.compress === false ? undefined : this.#compression;
    if (compression === undefined) {
      this.#writer.write(opcode, payload);
    } else if (options?.inSlices === true && isLong(payload, compression) && compression.isWorthDeflating(payload)) {
      const bytes = typeof payload === 'string' ? encodeUtf8(getHost(), payload) : payload.slice();
      this.#slices ??= new SliceQueue(compression, this.#writer);
      this.#slices.begin(opcode, bytes);
    } else {
      const deflated = compression.deflate(payload);
      if (deflated === undefined) this.#writer.write(opcode, payload);
      else this.#writer.write(opcode, deflated, COMPRESSED);
    }
  }

  #sendPart(opcode: number, data: string | Uint8Array, isCompressed: boolean, bits: FrameBits): void {
    const kept = typeof data === 'string' || !this.hasSlices ? data : data.slice();
    this.#inTurn(kept.length, () => {
      const part = isCompressed ? this.#compression!.deflatePart(kept, bits.fin === true) : kept;
      this.#writer.write(opcode, part, bits);
    });
  }

  #frameOf(message: PreparedMessage): Uint8Array {
    const form = message.compress ? this.#compression?.deflatePrepared(message) : undefined;
    if (this.role === 'server') return form?.serverFrame ?? message.serverFrame;
    return form === undefined
      ? this.#encoder.encode(message.opcode, message.payload)
      : this.#encoder.encode(message.opcode, form.payload, COMPRESSED);
  }

  /** Does it now, or behind the message that is leaving in slices. @param length what it holds on to */
  #inTurn(length: number, send: () => void): void {
    if (this.hasSlices) this.#slices!.add(length, send);
    else send();
  }

  #checkMaySend(): void {
    this.#checkOpen();
    if (this.#isSendingFragments) throw new ProtocolError('WSIMD_MESSAGE_OPEN');
  }

  #checkOpen(): void {
    if (this.#state !== 'open') throw new ProtocolError('WSIMD_NOT_OPEN', { detail: this.#state });
  }

  #sendClose(payload: Uint8Array): void {
    if (this.#hasSentClose || this.#hasEnded) return;
    this.#hasSentClose = true;
    this.#writer.write(OPCODE_CLOSE, payload);
  }

  #receivedPing(payload: Uint8Array): void {
    if (this.#autoPong && this.#state === 'open') this.#writer.write(OPCODE_PONG, payload);
  }

  #receivedClose(closeCode: number, reason: string): void {
    this.#hasReceivedClose = true;
    // Section 5.5.1 lets what is being sent leave before the reply, and whoever sent it counts on that: all of it, now.
    while (this.hasSlices) this.#slices!.next();
    // Section 5.5.1: the reply "typically echos the status code"; the reason goes with it, as most peers do it, unless it
    // was not validated and has grown too long by the replacement of bad bytes.
    const fits = portableUtf8Length(reason) <= MAX_CLOSE_REASON;
    const code = closeCode === CLOSE_NO_STATUS ? undefined : closeCode;
    this.#sendClose(this.#encoder.closePayload(code, fits ? reason : ''));
    this.#closed();
  }

  #failed(error: ProtocolError): void {
    this.#slices?.clear();
    this.#sendClose(this.#encoder.closePayload(error.closeCode));
    this.#closed();
  }

  #closed(): void {
    this.#state = 'closed';
    this.#slices?.clear();
    this.#compression?.release();
  }

  /** Stands between the decoder and the user's handler: the connection acts first. A class, so that it costs one field. */
  static readonly #Relay = class implements MessageHandler {
    readonly #connection: Connection;

    constructor(connection: Connection) {
      this.#connection = connection;
    }
    onText(text: string): void {
      this.#connection.#handler?.onText(text);
    }
    onTextBytes(bytes: Uint8Array): void {
      this.#connection.#handler?.onTextBytes?.(bytes);
    }
    onBinary(data: Uint8Array): void {
      this.#connection.#handler?.onBinary(data);
    }
    onFragments(fragments: Uint8Array[]): void {
      this.#connection.#handler?.onFragments?.(fragments);
    }
    onPiece(piece: MessagePiece): void {
      this.#connection.#handler?.onPiece?.(piece);
    }
    onPing(payload: Uint8Array): void {
      this.#connection.#receivedPing(payload);
      this.#connection.#handler?.onPing(payload);
    }
    onPong(payload: Uint8Array): void {
      this.#connection.#handler?.onPong(payload);
    }
    onClose(closeCode: number, reason: string): void {
      this.#connection.#receivedClose(closeCode, reason);
      this.#connection.#handler?.onClose(closeCode, reason);
    }
    onError(error: ProtocolError): void {
      this.#connection.#failed(error);
      this.#connection.#handler?.onError(error);
    }
  };
}
