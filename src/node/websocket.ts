// A WebSocket on a Node socket: events and methods named as browsers and `ws` name them. It carries bytes between a
// Duplex and a Connection, and sees that a close ends. It knows no HTTP: who opened the socket hands it over.

import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CLOSE_ABNORMAL } from '../../assembly/protocol.js';
import { Connection, type ConnectionOptions, type SendMessageOptions } from '../connection.js';
import { ProtocolError } from '../errors.js';
import type { PreparedMessage } from '../frames/prepared-message.js';
import type { MessageHandler } from '../messages/handler.js';

export const CONNECTING = 0;
export const OPEN = 1;
export const CLOSING = 2;
export const CLOSED = 3;
/** `readyState`: 0 connecting, 1 open, 2 closing, 3 closed. */
export type ReadyState = 0 | 1 | 2 | 3;

/** What can be sent: a string goes as text, the rest as binary. */
export type Sendable = string | Uint8Array | ArrayBuffer | ArrayBufferView;

/** What a WebSocket can be told, whichever side it is on. */
export interface WebSocketOptions
  extends Pick<
    ConnectionOptions,
    'maxFrameLength' | 'maxMessageLength' | 'skipUtf8Validation' | 'autoPong' | 'kernel'
  > {
  /** Milliseconds that the peer has to answer our Close, and then to end the socket, before it is cut. Default 30,000. */
  readonly closeTimeout?: number;
}

/** How a message is sent. */
export interface SendOptions {
  /** Text or binary; by default what the data's type says. */
  readonly binary?: boolean;
  /** Where compression was agreed on, compress it if that makes it shorter. Default true. */
  readonly compress?: boolean;
}

interface Events {
  /** `data` is a string for a text message, a Buffer (owned) for a binary one. */
  message: [data: string | Buffer, isBinary: boolean];
  ping: [payload: Buffer];
  pong: [payload: Buffer];
  /** The socket has ended. 1005: the peer's Close had no code; 1006: there was none. */
  close: [closeCode: number, reason: string];
  /** Comes before `close`. Nobody listening is no error: the connection ends all the same. */
  error: [error: Error];
}

const DEFAULT_CLOSE_TIMEOUT = 30_000;
const EMPTY = new Uint8Array(0);
const IN_SLICES: SendMessageOptions = { inSlices: true };
const UNCOMPRESSED: SendMessageOptions = { compress: false };

/**
 * One connection, from the moment that its handshake is done.
 *
 * What is sent while a chunk is being read leaves in one write when all of the chunk has been delivered; what is sent
 * outside leaves together at the end of the tick.
 */
export class WebSocket extends EventEmitter<Events> {
  static readonly CONNECTING = CONNECTING;
  static readonly OPEN = OPEN;
  static readonly CLOSING = CLOSING;
  static readonly CLOSED = CLOSED;

  /** The subprotocol that was agreed on; empty if none was. */
  readonly protocol: string;
  /** The extensions that were agreed on, as the header has them; empty if none were. */
  readonly extensions: string;
  readonly #socket: Duplex;
  readonly #connection: Connection;
  readonly #handler: MessageHandler;
  readonly #closeTimeout: number;
  #closeTimer: NodeJS.Timeout | undefined;
  #readyState: ReadyState = OPEN;
  #closeCode = CLOSE_ABNORMAL;
  #closeReason = '';
  #isReading = false;
  #isFlushScheduled = false;
  #isSliceScheduled = false;
  /** To be called when what has been gathered has left. */
  #sent: ((error?: Error | null) => void)[] = [];

  /**
   * Takes over a socket whose handshake is done. Server and client call it; there is no need to.
   *
   * @param head bytes that arrived behind the handshake
   */
  constructor(
    socket: Duplex,
    head: Uint8Array,
    options: WebSocketOptions &
      Pick<ConnectionOptions, 'compression'> & {
        readonly role: 'client' | 'server';
        readonly protocol?: string | undefined;
        readonly extensions?: string;
      },
  ) {
    super();
    this.protocol = options.protocol ?? '';
    this.extensions = options.extensions ?? '';
    this.#socket = socket;
    this.#closeTimeout = options.closeTimeout ?? DEFAULT_CLOSE_TIMEOUT;
    this.#connection = new Connection(options);
    this.#handler = new WebSocket.#Receiver(this);

    if (socket instanceof Socket) {
      socket.setTimeout(0);
      socket.setNoDelay();
    }
    socket.on('end', () => this.#receivedEnd());
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', () => this.#ended());
    if (head.length > 0) socket.unshift(head);
    const startReading = () => void socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    // Nothing may come before somebody listens: a server's listener does at once, a client's when a promise is fulfilled.
    if (options.role === 'server') startReading();
    else setImmediate(startReading);
  }

  get readyState(): ReadyState {
    return this.#readyState;
  }

  /** Bytes that are on their way to the operating system; of a long message that is being compressed, bytes of itself. */
  get bufferedAmount(): number {
    return this.#connection.outgoingLength + this.#connection.pendingLength + this.#socket.writableLength;
  }

  /**
   * Sends a message. The data is copied: it is the caller's again at once.
   *
   * @param callback called when the message has been handed to the system, or with the error that it could not be
   * @throws ProtocolError `WSIMD_NOT_OPEN` where there is no callback to tell; TypeError for data that cannot be sent
   */
  send(data: Sendable, options?: SendOptions, callback?: (error?: Error | null) => void): void {
    const payload = typeof data === 'string' ? data : toBytes(data);
    const isBinary = options?.binary ?? typeof data !== 'string';
    const how = options?.compress === false ? UNCOMPRESSED : IN_SLICES;
    this.#write(callback, () => {
      if (isBinary) this.#connection.sendBinary(typeof payload === 'string' ? Buffer.from(payload) : payload, how);
      else this.#connection.sendText(payload, how);
    });
  }

  /** Sends a message that was framed before; see `PreparedMessage`. Arguments and errors as of `send`. */
  sendPrepared(message: PreparedMessage, callback?: (error?: Error | null) => void): void {
    if (this.#isReading || this.#connection.outgoingLength > 0 || this.#connection.hasSlices) {
      this.#write(callback, () => this.#connection.sendPrepared(message));
      return;
    }
    // Nothing else is to leave with it, so the frame itself does: a broadcast makes no copy for any receiver.
    this.#attempt(callback, () => {
      const frame = this.#connection.framePrepared(message);
      this.#socket.write(frame, callback);
    });
  }

  /** Sends a ping. @param payload at most 125 bytes @throws ProtocolError `WSIMD_CONTROL_PAYLOAD`, `WSIMD_NOT_OPEN` */
  ping(payload: Sendable = '', callback?: (error?: Error | null) => void): void {
    const bytes = typeof payload === 'string' ? payload : toBytes(payload);
    this.#write(callback, () => this.#connection.ping(bytes));
  }

  /** Sends a pong that nobody asked for; pings are answered without it. Arguments and errors as of `ping`. */
  pong(payload: Sendable = '', callback?: (error?: Error | null) => void): void {
    const bytes = typeof payload === 'string' ? payload : toBytes(payload);
    this.#write(callback, () => this.#connection.pong(bytes));
  }

  /**
   * Begins the closing handshake; what was sent before still leaves. Without effect if it has begun.
   *
   * @param closeCode 1000-1003, 1007-1014 or 3000-4999; without one the Close is empty
   * @param reason at most 123 bytes of UTF-8
   * @throws ProtocolError `WSIMD_INVALID_CLOSE_CODE`, `WSIMD_INVALID_REASON`
   */
  close(closeCode?: number, reason?: string): void {
    this.#connection.close(closeCode, reason);
    if (this.#readyState !== OPEN) return;
    this.#readyState = CLOSING;
    this.#startCloseTimer();
    this.#flushSoon();
  }

  /** Cuts the connection without a Close. */
  terminate(): void {
    if (this.#readyState === CLOSED) return;
    this.#readyState = CLOSING;
    this.#socket.destroy();
  }

  /** Stops reading from the socket; messages of the chunk at hand still come. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads on. */
  resume(): void {
    this.#socket.resume();
  }

  #receive(chunk: Uint8Array): void {
    this.#isReading = true;
    let isWhole = false;
    try {
      this.#connection.dispatch(chunk, this.#handler);
      isWhole = true;
    } finally {
      this.#isReading = false;
      // A listener threw: that is for the process to hear of, but the messages behind it are delivered first.
      if (!isWhole) setImmediate(() => this.#receive(EMPTY));
      this.#flush();
      if (this.#connection.state === 'closed') this.#endSocket();
    }
  }

  /** Both have sent a Close, or a rule was broken: a server ends the socket, a client gives it time to (section 7.1.1). */
  #endSocket(): void {
    if (this.#readyState === CLOSED) return;
    this.#readyState = CLOSING;
    this.#startCloseTimer();
    if (this.#connection.role === 'server' || !this.#connection.hasReceivedClose) this.#socket.end();
  }

  #receivedEnd(): void {
    const error = this.#connection.receiveEnd();
    if (error !== undefined && this.#readyState === OPEN) this.#readyState = CLOSING;
    this.#socket.end();
  }

  #failed(error: Error): void {
    this.#readyState = this.#readyState === CLOSED ? CLOSED : CLOSING;
    this.#socket.destroy();
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }

  #ended(): void {
    clearTimeout(this.#closeTimer);
    this.#connection.receiveEnd();
    this.#readyState = CLOSED;
    const waiting = this.#sent;
    this.#sent = [];
    for (const callback of waiting) callback(new ProtocolError('WSIMD_NOT_OPEN'));
    this.emit('close', this.#closeCode, this.#closeReason);
  }

  #startCloseTimer(): void {
    this.#closeTimer ??= setTimeout(() => this.#socket.destroy(), this.#closeTimeout);
  }

  #write(callback: ((error?: Error | null) => void) | undefined, send: () => void): void {
    if (!this.#attempt(callback, send)) return;
    if (callback !== undefined) this.#sent.push(callback);
    this.#flushSoon();
  }

  /**
   * Does what sends. That the connection is not open is told to the callback, if there is one.
   *
   * @returns whether it was done
   */
  #attempt(callback: ((error?: Error | null) => void) | undefined, send: () => void): boolean {
    try {
      send();
      return true;
    } catch (error) {
      if (callback === undefined || !(error instanceof ProtocolError && error.code === 'WSIMD_NOT_OPEN')) throw error;
      process.nextTick(callback, error);
      return false;
    }
  }

  #flushSoon(): void {
    if (this.#isReading || this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    process.nextTick(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  }

  /** Hands all that was gathered to the socket, in one write. */
  #flush(): void {
    const connection = this.#connection;
    const socket = this.#socket;
    if (connection.hasSlices) this.#sliceSoon();
    if (connection.outgoingLength === 0) return;
    const bytes = connection.takeOutgoing();
    // While a message leaves in slices, nothing that was sent behind it has left.
    const callbacks = connection.hasSlices ? [] : this.#sent;
    if (callbacks.length > 0) this.#sent = [];
    const callback =
      callbacks.length === 0
        ? undefined
        : (error?: Error | null) => {
            for (const sent of callbacks) sent(error);
          };
    if (socket.writableLength > 0) {
      // The peer reads slowly: what waits for it must not hold a shared buffer.
      socket.write(bytes.slice(), callback);
      connection.releaseOutgoing(bytes);
      return;
    }
    socket.write(bytes, callback);
    // If nothing waits, the system has taken all. Only of a real socket: another Duplex may keep what it says it wrote.
    if (socket.writableLength === 0 && socket instanceof Socket) connection.releaseOutgoing(bytes);
  }

  /** A long message is compressed slice by slice, so that other connections have their turn. */
  #sliceSoon(): void {
    if (this.#isSliceScheduled) return;
    this.#isSliceScheduled = true;
    setImmediate(() => {
      this.#isSliceScheduled = false;
      this.#connection.sendNextSlice();
      this.#flush();
    });
  }

  static readonly #Receiver = class implements MessageHandler {
    readonly #webSocket: WebSocket;

    constructor(webSocket: WebSocket) {
      this.#webSocket = webSocket;
    }
    onText(text: string): void {
      this.#webSocket.emit('message', text, false);
    }
    onBinary(data: Uint8Array): void {
      this.#webSocket.emit('message', toBuffer(data), true);
    }
    onPing(payload: Uint8Array): void {
      this.#webSocket.emit('ping', toBuffer(payload));
    }
    onPong(payload: Uint8Array): void {
      this.#webSocket.emit('pong', toBuffer(payload));
    }
    onClose(closeCode: number, reason: string): void {
      this.#webSocket.#closeCode = closeCode;
      this.#webSocket.#closeReason = reason;
    }
    onError(error: ProtocolError): void {
      if (this.#webSocket.listenerCount('error') > 0) this.#webSocket.emit('error', error);
    }
  };
}

function toBytes(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new TypeError(`a message is a string or bytes, not ${Object.prototype.toString.call(data)}`);
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
