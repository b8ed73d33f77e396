// The options of a WebSocket over streams, and their check. It comes before the streams are taken, so that an error leaves them to the
// caller.

import type { ConnectionOptions } from '../connection-options.js';
import type { PerMessageDeflate } from '../deflate/per-message-deflate.js';
import { requireKernelName } from '../kernel/select.js';
import {
  atLeast,
  callable,
  checkOptions,
  duration,
  type OptionCheck,
  objectWith,
  trueOrFalse,
  wholeNumber,
} from '../protocol/option-checks.js';
import type { Message } from './inbox/message.js';

/** Options of a WebSocket over streams, for both roles. */
export interface WebSocketStreamOptions
  extends Pick<
    ConnectionOptions,
    | 'maxFrameLength'
    | 'maxMessageLength'
    | 'skipUtf8Validation'
    | 'autoPong'
    | 'maxPendingPongs'
    | 'kernel'
    | 'ownsChunks'
  > {
  /**
   * permessage-deflate, from `wsimd/deflate`: one object for all connections, whose memory they share. Default: none is
   * offered or accepted.
   */
  readonly perMessageDeflate?: PerMessageDeflate;
  /**
   * How much may be unread before the peer has to wait: one for each message, plus one for each of its bytes or UTF-16 units.
   * Default 65,536.
   */
  readonly highWaterMark?: number;
  /** Milliseconds for the handshake, 0 to 2^31 - 1. Infinity: as long as a timer can wait, 24.8 days. Default 30,000. */
  readonly handshakeTimeout?: number;
  /**
   * Milliseconds that the peer has to answer our Close frame, and then to end the transport, before it is cut; as `handshakeTimeout`.
   * Default 30,000.
   */
  readonly closeTimeout?: number;
  /**
   * Milliseconds that the peer may have to wait because no message is read, before the connection fails with `WSIMD_UNREAD`
   * (close code 1008): 0 to 2^31 - 1, or Infinity for no limit. Default 300,000, five minutes. Each message that is read restarts
   * the time. The option bounds how long a peer that has gone can stay unnoticed: its end comes behind its messages, and is
   * noticed at once only if at most about 64 KiB of them are unread in the transport (1 MiB after two seconds). Messages in
   * `readable` can still be read after the failure.
   */
  readonly unreadTimeout?: number;
  /** Aborts the attempt to open the WebSocket. No effect once it is open. */
  readonly signal?: AbortSignal;
}

/** An option that clients and servers share. */
export interface MessageListenerOption<Socket> {
  /**
   * Gets the messages that come, one by one and in order, in place of `readable`; this takes less time. If it returns a promise, the
   * next message comes once that is fulfilled; until then messages are read as far as they are for a `readable` that is not read
   * (`highWaterMark`, `unreadTimeout`). If it throws, or the promise is rejected, the WebSocket is closed with 1011, `closed` rejects
   * with the error, and no more messages come. An error `WSIMD_NOT_OPEN`, which `send` throws once the peer has closed, does
   * nothing of that.
   *
   * ```ts
   * acceptWebSocket(connection, { onMessage: (message, socket) => socket.send(message) });
   * ```
   *
   * The messages that have come before the peer's Close frame, or before the connection failed, are all handed out, even if `closed` is
   * settled by then; what the listener throws after that is dropped.
   *
   * @param message the listener owns it
   * @param socket the WebSocket, which is open or closing. Code behind `await socket.opened` may run later than the first call
   */
  readonly onMessage?: (message: Message, socket: Socket) => void | PromiseLike<void>;
}

const length = wholeNumber(0, Number.MAX_SAFE_INTEGER);

/** Made once: a server checks its options for each connection. */
const STREAM_CHECKS: Readonly<Record<string, OptionCheck>> = {
  maxFrameLength: length,
  maxMessageLength: length,
  skipUtf8Validation: trueOrFalse,
  autoPong: trueOrFalse,
  maxPendingPongs: atLeast(1),
  ownsChunks: trueOrFalse,
  highWaterMark: atLeast(0),
  handshakeTimeout: duration(0),
  closeTimeout: duration(0),
  unreadTimeout: duration(0),
  perMessageDeflate: objectWith('offer', 'a PerMessageDeflate of wsimd/deflate'),
  signal: objectWith('addEventListener', 'an AbortSignal'),
  requireOrigin: trueOrFalse,
  secure: trueOrFalse,
  refuse: callable,
  onMessage: callable,
};

/**
 * Checks the options that clients and servers share, and those of a server that have one meaning only.
 *
 * @throws RangeError, TypeError, which name the option; ProtocolError `WSIMD_NO_KERNEL` for a kernel that is none
 */
export function checkStreamOptions(options: WebSocketStreamOptions): void {
  checkOptions(options, STREAM_CHECKS);
  requireKernelName(options.kernel);
}
