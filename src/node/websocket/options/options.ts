// The options of a WebSocket, whichever side it is on, as the caller gives them.

import type { ConnectionOptions } from '../../../connection-options.js';
import type { PerMessageDeflateOption } from './per-message-deflate.js';

/** Automatic pings, which detect a peer that has gone without closing. */
export interface HeartbeatOptions {
  /** Milliseconds between two pings, from 1 to 2^31 - 1; Infinity: none is sent. */
  readonly interval: number;
  /**
   * Milliseconds within which something must come after a ping, from 1 to `interval`, which is the default; otherwise the
   * connection is cut.
   */
  readonly timeout?: number | undefined;
}

/** Options of a WebSocket, for both roles. */
export interface WebSocketOptions {
  /**
   * Whether several messages, pings and pongs may come in one turn of the event loop (default), or each in one of its own, as
   * in browsers.
   */
  readonly allowSynchronousEvents?: boolean | undefined;
  /** Answer each ping with a pong (default true). */
  readonly autoPong?: boolean | undefined;
  /**
   * Milliseconds that the peer has to answer our Close frame, and then to end the socket, before it is cut: 0 to 2^31 - 1. Infinity
   * sets the longest time that a timer can wait, 24.8 days. Default 30,000.
   */
  readonly closeTimeout?: number | undefined;
  /**
   * Bytes of payload in a message; longer ones fail with 1009, at the header. Default 100 MiB. As with `ws`, null, 0 and
   * negative numbers mean no limit, and so does Infinity; fractions are rounded down. NaN throws.
   */
  readonly maxPayload?: number | null | undefined;
  /** Frames that a message may have; with more it fails with 1008. Default 16,384. No limit: as with `maxPayload`. */
  readonly maxFragments?: number | null | undefined;
  /**
   * Bytes that all connections of a server together may hold for incomplete messages; each connection that holds any counts 512
   * more. Beyond that, the connection that holds most is closed with 1013 and cut, with an `error` event (`WSIMD_TOO_MUCH_HELD`).
   * Default 1 GiB; 0: no limit. No effect on a client, which has one connection.
   */
  readonly maxHeldLength?: number | undefined;
  /** Accepted and without effect: chunks are not kept. */
  readonly maxBufferedChunks?: number | undefined;
  /**
   * How many pongs may be pending for a peer that does not read; beyond that it is cut. Default 60. No limit: as with
   * `maxPayload`, and NaN too, as with `ws`.
   */
  readonly maxPendingAutoPongs?: number | null | undefined;
  /**
   * Pings a second that are answered, and how many may come at once. A peer that sends more is closed with 1008 and cut, with an
   * `error` event (`WSIMD_TOO_MANY_PINGS`). Default 1,000; 0: no limit. No effect if `autoPong` is off.
   */
  readonly maxPingRate?: number | undefined;
  /** Negotiate compression (RFC 7692). Default: false on a server, true on a client, as with `ws`. */
  readonly perMessageDeflate?: PerMessageDeflateOption | undefined;
  /** Do not validate text and close reasons as UTF-8 (for peers that you trust). Default: false. */
  readonly skipUTF8Validation?: boolean | undefined;

  /**
   * How texts are delivered: as a Buffer of their UTF-8 (`'buffer'`, default, as with `ws`), or as a string, which is faster. In TypeScript,
   * give a server with `'string'` the type parameter `WebSocketWithStrings`.
   */
  readonly textAs?: 'buffer' | 'string' | undefined;
  /**
   * How long messages that are Buffers are valid. `'owned'` (default): the listener may keep them. `'listener'`: until the listener
   * returns; then their memory is used again. Copy a message that you keep longer, across an `await` too; to `send` it inside the
   * listener is safe. `'listener-checked'`: the same, and the bytes are overwritten with 0xdb after each listener, those of compressed
   * messages too, to find listeners that keep them. No effect on `'arraybuffer'`, `'blob'`, or if `allowSynchronousEvents` is false.
   */
  readonly messageLifetime?: ConnectionOptions['messageLifetime'] | undefined;
  /**
   * Deliver long messages as streams: `messageStart` is emitted with a Readable instead of `message`. `true`: messages from 64 KiB on; a
   * number: from so many bytes on, at least 1. Shorter messages are gathered, and emitted as `message`. Default: no streams. See
   * docs/how-to/flow.md.
   *
   * While 256 KiB wait to be read, nothing more is read from the connection: read each stream to its end, or destroy it. `maxPayload` still
   * holds for the whole message; `maxFragments` has no effect. With `binaryType: 'fragments'` a message has one part. A compressed message
   * is inflated as it arrives.
   */
  readonly streamMessages?: boolean | number | null | undefined;
  /**
   * Read from the socket straight into the memory in which frames are decoded (default true): a tenth to a third less processor
   * time (bench: `echo`). It uses internals of Node. Where those are not as expected, and for TLS, HTTP/2 and the portable kernel,
   * sockets are read as usual; `WebSocket.readsDirectly` tells which. See docs/reference/ws-compatibility.md.
   */
  readonly directReads?: boolean | undefined;
  /**
   * Ask V8 for a scavenge (a minor garbage collection) after each 8 to 32 MiB allocated for received messages (default true). Otherwise
   * V8 starts a mark-compact of the whole heap for each 64 MiB of them: see docs/reference/ws-compatibility.md. Without effect on Bun
   * and Deno.
   */
  readonly earlyScavenges?: boolean | undefined;
  /**
   * Write to a plain socket of Node's without going through its stream, while nothing is pending there (default true). Nothing else
   * changes: what the system does not take at once becomes a write of the stream. `false` is for programs that record the stream's
   * writes below `socket.write`.
   */
  readonly directWrites?: boolean | undefined;
  /** Send pings automatically, and cut connections whose peer has gone. Default, and with null or false: no pings. */
  readonly heartbeat?: HeartbeatOptions | null | false | undefined;
  /**
   * Milliseconds without a message in either direction, from 1 to 2^31 - 1, after which the connection is closed with 1001 and the reason
   * `idleTimeout`; at most a quarter later. Pings and pongs don't count, but a long message that is under way does. The time stands still
   * while the program has paused the connection, and while the source of `sendStream` has nothing to send. Default, and with null or
   * Infinity: no limit.
   */
  readonly idleTimeout?: number | null | undefined;
  /**
   * Milliseconds after which the connection is closed with 1001 and the reason `maxLifetime`, from 1 to 2^31 - 1. Clients that connect
   * again are spread over all servers, and have to authenticate again. Default, and with null or Infinity: no limit.
   */
  readonly maxLifetime?: number | null | undefined;
  /**
   * By which share a connection may be closed before its `maxLifetime`, at random, so that connections that were opened together do not
   * end together: 0 to 1. Default 0.1.
   */
  readonly lifetimeJitter?: number | undefined;
  /** Bytes that may be pending for a peer that reads slowly; see `backpressurePolicy` for messages beyond. Default: no limit. */
  readonly maxBackpressure?: number | undefined;
  /**
   * What happens to a message beyond `maxBackpressure`. `'close'` (default): the connection is cut, with an `error` event.
   * `'drop'`: the message is dropped; its callback gets the error (`WSIMD_BACKPRESSURE`), and `dropped` is emitted.
   */
  readonly backpressurePolicy?: 'close' | 'drop' | undefined;
  /** The kernel to use. Default: WebAssembly where it runs. */
  readonly kernel?: ConnectionOptions['kernel'] | undefined;
  /** On a client: fills the 4 bytes of a masking key. Default: the system's random generator (RFC 6455 section 5.3). */
  readonly generateMask?: ((key: Buffer) => void) | null | false | undefined;
}
