// A WebSocket whose messages are streams, in the shape of the WebSocketStream that browsers have begun to offer: it carries bytes
// between a transport and a Connection, and messages between the Connection and two streams, with backpressure both ways. In place of
// the streams, a listener may get the messages that come, and `send` takes those that go.

import { CLOSE_INTERNAL_ERROR, CLOSE_NO_STATUS } from '../../assembly/shared/protocol.js';
import { Connection } from '../connection.js';
import type { MessageHandler } from '../messages/handler.js';
import type { SendMessageOptions } from '../messages/send/message-sender.js';
import { ProtocolError } from '../protocol/errors.js';
import { MAX_TIMER } from '../protocol/option-checks.js';
import type { Transport } from './byte-streams.js';
import type { HandshakeResult } from './handshake.js';
import { type Inbox, ReadableInbox } from './inbox/inbox.js';
import { ListenerInbox } from './inbox/listener-inbox.js';
import { type Message, toBytes, type WritableMessage } from './inbox/message.js';
import type { MessageListenerOption, WebSocketStreamOptions } from './options.js';
import { Outlet } from './outlet.js';
import { ReadAhead } from './read-ahead.js';
import { nextTurn } from './turns.js';
import { watchUnread } from './unread-watch.js';

/** What an open WebSocket has. */
export interface OpenedWebSocket {
  /**
   * The messages that come. While `highWaterMark` is reached, at most 64 KiB more are read from the transport, and 1 MiB after two
   * seconds, to notice a peer that has gone. Beyond that the peer has to wait, for `unreadTimeout` at most. After our
   * Close frame up to 1 MiB more of messages is read, to find the peer's Close frame behind them. Ends when the closing handshake is
   * done; fails with a ProtocolError if the connection does. With the option `onMessage` reading from it fails with a TypeError.
   */
  readonly readable: ReadableStream<Message>;
  /**
   * The messages to send. Those of one turn of the event loop leave in one write of the transport, and so do those that come
   * while it writes. A write is done at once while less than 64 KiB are gathered, else once the transport has taken them.
   * Closing it closes the WebSocket.
   */
  readonly writable: WritableStream<WritableMessage>;
  /** The negotiated subprotocol; empty if there is none. */
  readonly protocol: string;
  /** The negotiated extensions, as in the header; empty if there are none. */
  readonly extensions: string;
}

/** How a WebSocket was closed. */
export interface CloseInfo {
  /** 1000-1003, 1005 (there was none), 1007-1014 or 3000-4999. */
  readonly closeCode: number;
  /** At most 123 bytes of UTF-8; may be empty. */
  readonly reason: string;
}

const DEFAULT_HIGH_WATER_MARK = 64 * 1024;
const DEFAULT_TIMEOUT = 30_000;
const DEFAULT_UNREAD_TIMEOUT = 300_000;
/** The most bytes that are gathered while the transport writes, before the sender has to wait. */
const MAX_GATHERED = 64 * 1024;
/**
 * How much more may wait to be read once we have sent a Close frame: the peer's is behind its messages, and is no message. Beyond it
 * the peer has to wait for the reader again.
 */
const CLOSING_ALLOWANCE = 1024 * 1024;

/**
 * A WebSocket over a pair of byte streams, as `acceptWebSocket` and `connectWebSocket` return it.
 *
 * `opened` and `closed` may be left alone: their rejection is not reported as unhandled.
 */
export class WebSocketStream<Opened extends object = object> {
  /** Fulfilled when the handshake is done; rejects with what it failed for. */
  readonly opened: Promise<OpenedWebSocket & Opened>;
  /**
   * Fulfilled when the closing handshake is done and the transport has ended. Rejects with a ProtocolError, whose `closeCode`
   * says what the connection was failed with, or 1006 where the transport ended without a Close frame; or with what `onMessage` has
   * thrown; or, like `opened`, with what the handshake failed for.
   */
  readonly closed: Promise<CloseInfo>;

  readonly #transport: Transport;
  /** Made when the handshake is done, which says whether there is compression. */
  #connection!: Connection;
  #outlet!: Outlet;
  readonly #options: WebSocketStreamOptions;
  readonly #inbox: Inbox;
  readonly #writable: WritableStream<WritableMessage>;
  #outgoing: WritableStreamDefaultController | undefined;
  #isOpen = false;
  /** Ends the handshake. */
  #interrupt: ((reason: unknown) => void) | undefined;
  readonly #ahead: ReadAhead;
  #closeInfo: CloseInfo | undefined;
  #failure: { readonly error: unknown } | undefined;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;

  /** @internal `acceptWebSocket` and `connectWebSocket` make it. */
  constructor(
    transport: Transport,
    role: 'client' | 'server',
    options: WebSocketStreamOptions & MessageListenerOption<WebSocketStream<Opened>>,
    handshake: () => Promise<HandshakeResult<Opened>>,
  ) {
    this.#transport = transport;
    this.#ahead = new ReadAhead(transport);
    this.#options = options;
    this.#inbox = this.#makeInbox(options);
    this.#writable = new WritableStream<WritableMessage>({
      start: (controller) => {
        this.#outgoing = controller;
      },
      write: (message) => this.send(message),
      close: async () => {
        this.close();
        await this.closed;
      },
      abort: (reason) => this.#closeFor(reason),
    });
    const opening = this.#open(role, handshake);
    this.opened = opening.then(({ opened, protocol, extensions }) => ({
      ...opened,
      readable: this.#inbox.readable,
      writable: this.#writable,
      protocol,
      extensions,
    }));
    this.closed = opening.then(({ rest }) => this.#run(rest));
    this.opened.catch(ignore);
    this.closed.catch(ignore);
  }

  /**
   * Begins the closing handshake; what was sent before still leaves. Without effect if it has begun. Before the WebSocket is
   * open it ends the attempt.
   *
   * @param info `closeCode` 1000-1003, 1007-1014 or 3000-4999, without which the Close frame is empty, or 1000 if there is a reason;
   *   `reason` at most 123 bytes of UTF-8
   * @throws ProtocolError `WSIMD_INVALID_CLOSE_CODE`, `WSIMD_INVALID_REASON`
   */
  close({ closeCode, reason }: Partial<CloseInfo> = {}): void {
    const code = closeCode ?? (reason ? 1000 : undefined);
    if (!this.#isOpen) {
      this.#interrupt?.(new ProtocolError('WSIMD_NOT_OPEN', { detail: 'closed before it was open' }));
      return;
    }
    this.#connection.close(code, reason);
    void this.#outlet.flush();
    this.#startCloseTimer();
    this.#ahead.wake();
  }

  /**
   * Sends a message: a string as text, bytes as binary. It is copied before this returns. Messages that `onMessage` sends while it is
   * called leave together, in one write of the transport for all messages of a chunk; others as those of `writable` do.
   *
   * @param options `compress: false` to send it uncompressed
   * @returns undefined while at most 64 KiB are gathered, else a promise that is fulfilled once the transport has taken them, or has
   *   failed: wait for it before you send more. An `onMessage` that returns it makes the peer wait
   * @throws ProtocolError `WSIMD_NOT_OPEN` before the WebSocket is open, and once the closing handshake has begun or it has failed
   */
  send(message: WritableMessage, options?: Pick<SendMessageOptions, 'compress'>): Promise<void> | undefined {
    if (!this.#isOpen) throw new ProtocolError('WSIMD_NOT_OPEN', { detail: 'its handshake is not done' });
    const connection = this.#connection;
    if (typeof message === 'string') connection.sendText(message, options);
    else connection.sendBinary(toBytes(message), options);
    if (connection.outgoingLength > MAX_GATHERED) return this.#outlet.flush();
    if (!this.#inbox.isCalling) this.#outlet.flushAtEndOfTurn();
    return undefined;
  }

  /** Whether messages can be sent: from the handshake on until either side closes, or the connection fails. */
  get isOpen(): boolean {
    return this.#isOpen && this.#connection.state === 'open';
  }

  /** How many bytes of frames wait for the transport to take them. */
  get bufferedAmount(): number {
    return this.#isOpen ? this.#connection.outgoingLength + this.#outlet.writingLength : 0;
  }

  #makeInbox({
    onMessage,
    highWaterMark = DEFAULT_HIGH_WATER_MARK,
  }: WebSocketStreamOptions & MessageListenerOption<WebSocketStream<Opened>>): Inbox {
    if (onMessage === undefined) {
      return new ReadableInbox(highWaterMark, {
        onTaken: () => this.#ahead.wake(),
        onCancelled: (reason) => this.#closeFor(reason),
      });
    }
    return new ListenerInbox(highWaterMark, {
      onMessage: (message) => onMessage(message, this),
      onTaken: () => {
        this.#flushAnswers();
        this.#ahead.wake();
      },
      onError: (error) => this.#listenerFailed(error),
    });
  }

  /** @returns whether it ends the connection */
  #listenerFailed(error: unknown): boolean {
    // A message may always be answered too late.
    if (!this.isOpen && error instanceof ProtocolError && error.code === 'WSIMD_NOT_OPEN') return false;
    this.#failure ??= { error };
    this.close({ closeCode: CLOSE_INTERNAL_ERROR });
    return true;
  }

  /** The handshake, within its time. */
  async #open(
    role: 'client' | 'server',
    handshake: () => Promise<HandshakeResult<Opened>>,
  ): Promise<HandshakeResult<Opened>> {
    const { signal, handshakeTimeout = DEFAULT_TIMEOUT } = this.#options;
    const interruption = new Promise<never>((_, reject) => {
      this.#interrupt = reject;
    });
    const onAbort = () => this.#interrupt?.(signal?.reason);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort);
    const onTimeout = () => this.#interrupt?.(new ProtocolError('WSIMD_HANDSHAKE_TIMEOUT'));
    const timer = setTimeout(onTimeout, Math.min(handshakeTimeout, MAX_TIMER));
    try {
      const result = await Promise.race([handshake(), interruption]);
      const { compression } = result;
      const ownership = this.#transport.reusesBuffer ? { ownsChunks: false } : {};
      this.#connection = new Connection({ ...this.#options, ...ownership, role, inTurns: true }, compression);
      this.#outlet = new Outlet(this.#connection, this.#transport, () => this.#ahead.stop());
      this.#isOpen = true;
      return result;
    } catch (error) {
      this.#transport.cut(error);
      this.#inbox.fail(error);
      this.#outgoing?.error(error);
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#interrupt = undefined;
    }
  }

  /** Reads until the transport ends, or the connection has failed. */
  async #run(rest: Uint8Array): Promise<CloseInfo> {
    const handler = new WebSocketStream.#Receiver(this);
    const connection = this.#connection;
    try {
      for (let chunk: Uint8Array | undefined = rest; chunk !== undefined; chunk = await this.#ahead.next()) {
        connection.dispatch(chunk, handler);
        if (connection.hasPendingInput) await this.#finishInput(handler);
        if (connection.state === 'closed') {
          this.#startCloseTimer();
          await this.#outlet.flush();
          if (this.#failure !== undefined) break;
          this.#inbox.end();
          // A server ends the transport first, a client gives it time to (section 7.1.1).
          if (connection.role === 'server') await this.#transport.end();
          continue;
        }
        this.#flushAnswers();
        if (this.#hasRoom()) continue;
        await this.#awaitRoom();
        // The wait has ended by a failure.
        if (this.#connection.state === 'closed') {
          await this.#outlet.flush();
          break;
        }
      }
      const error = connection.receiveEnd();
      if (error !== undefined) this.#failure ??= { error };
    } catch (cause) {
      // After a Close frame both ways it makes no difference how the transport ends.
      if (connection.receiveEnd() !== undefined)
        this.#failure ??= { error: new ProtocolError('WSIMD_CONNECTION_LOST', { cause }) };
    }
    return this.#finish().finally(() => clearTimeout(this.#closeTimer));
  }

  #flushAnswers(): void {
    if (this.#connection.outgoingLength === 0) return;
    // Of a pipe, the first answer has been sent when a chunk was dispatched.
    if (this.#inbox.isWaiting) this.#outlet.flushAtEndOfTurn();
    else void this.#outlet.flush();
  }

  /** Delivers what is pending of a chunk, step by step: other connections have their turn in between, and the reader its say. */
  async #finishInput(handler: MessageHandler): Promise<void> {
    const connection = this.#connection;
    while (connection.hasPendingInput) {
      void this.#outlet.flush();
      await this.#awaitRoom();
      await nextTurn();
      connection.continue(handler);
    }
  }

  /** Waits for the reader, not for ever. A peer that goes is noticed meanwhile, as far as the transport can tell. */
  async #awaitRoom(): Promise<void> {
    const stopWatching = watchUnread(this.#options.unreadTimeout ?? DEFAULT_UNREAD_TIMEOUT, {
      room: () => this.#inbox.room,
      onAway: () => this.#ahead.lookFurther(),
      onTimeout: () => this.#failUnread(),
    });
    await this.#ahead.awaitRoom(() => this.#hasRoom());
    stopWatching();
  }

  /** What has been read ahead is lost. Once we have sent a Close frame, the time that the peer has to answer it is what counts. */
  #failUnread(): void {
    if (this.#connection.state !== 'open') return;
    const error = new ProtocolError('WSIMD_UNREAD');
    this.#failure ??= { error };
    this.#connection.fail(error);
    this.#startCloseTimer();
    this.#ahead.stop();
  }

  async #finish(): Promise<CloseInfo> {
    const failure = this.#failure;
    this.#startCloseTimer();
    this.#outgoing?.error(
      failure === undefined ? new ProtocolError('WSIMD_NOT_OPEN', { detail: 'closed' }) : failure.error,
    );
    if (failure !== undefined) {
      const { error } = failure;
      this.#inbox.fail(error);
      await this.#transport.end();
      this.#transport.cut(error);
      throw error;
    }
    await this.#transport.end();
    return this.#closeInfo ?? { closeCode: CLOSE_NO_STATUS, reason: '' };
  }

  /** Messages may come: the reader keeps up, has cancelled, or the peer's Close frame has to be found behind them. */
  #hasRoom(): boolean {
    const allowance = this.#connection.state === 'open' ? 0 : CLOSING_ALLOWANCE;
    return this.#inbox.room + allowance > 0;
  }

  /** Closes with the `closeCode` and `reason` of an error, if it has them, as a WebSocketError does. */
  #closeFor(error: unknown): void {
    const { closeCode, reason } = (typeof error === 'object' && error !== null ? error : {}) as Partial<CloseInfo>;
    try {
      this.close({ ...(closeCode === undefined ? {} : { closeCode }), ...(reason === undefined ? {} : { reason }) });
    } catch {
      // What it says may not be sent.
      this.close();
    }
  }

  #startCloseTimer(): void {
    const { closeTimeout = DEFAULT_TIMEOUT } = this.#options;
    this.#closeTimer ??= setTimeout(
      () => {
        this.#transport.cut(new ProtocolError('WSIMD_CONNECTION_LOST', { detail: 'the peer did not close in time' }));
        this.#ahead.stop();
      },
      Math.min(closeTimeout, MAX_TIMER),
    );
  }

  static readonly #Receiver = class implements MessageHandler {
    readonly #socket: WebSocketStream;

    constructor(socket: WebSocketStream) {
      this.#socket = socket;
    }
    onText(text: string): void {
      this.#socket.#inbox.deliver(text);
    }
    onBinary(data: Uint8Array): void {
      this.#socket.#inbox.deliver(data);
    }
    onPing(): void {}
    onPong(): void {}
    onClose(closeCode: number, reason: string): void {
      this.#socket.#closeInfo = { closeCode, reason };
    }
    onError(error: ProtocolError): void {
      this.#socket.#failure ??= { error };
    }
  };
}

function ignore(): void {}
