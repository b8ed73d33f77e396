// What a WebSocket can be told, whichever side it is on, and what the codec is told of it.

import type { PerMessageDeflate } from '../compression/index.js';
import type { ConnectionOptions } from '../connection.js';
import type { Role } from '../frames/chunk-decoder.js';
import { HeldBudget } from './held-budget.js';
import { type PerMessageDeflateOption, perMessageDeflateFor } from './per-message-deflate.js';

/** Pings that are sent by themselves, so that a peer that has gone without a word is found out. */
export interface HeartbeatOptions {
  /** Milliseconds between two pings. */
  readonly interval: number;
  /** Milliseconds within which something must come after a ping; else the connection is cut. At most `interval`, its default. */
  readonly timeout?: number | undefined;
}

/** What a WebSocket can be told, whichever side it is on. */
export interface WebSocketOptions {
  /**
   * Whether several messages, pings and pongs may come in one turn of the event loop (default), or each in one of its own, as
   * in browsers.
   */
  readonly allowSynchronousEvents?: boolean | undefined;
  /** Answer each ping with a pong (default true). */
  readonly autoPong?: boolean | undefined;
  /** Milliseconds that the peer has to answer our Close, and then to end the socket, before it is cut. Default 30,000. */
  readonly closeTimeout?: number | undefined;
  /** Bytes of payload in a message; longer ones fail with 1009, at the header. Default 100 MiB; 0: no limit. */
  readonly maxPayload?: number | undefined;
  /** Frames that a message may have; with more it fails with 1008. Default 16,384; 0: no limit. */
  readonly maxFragments?: number | undefined;
  /**
   * Bytes that all connections of a server together may hold of messages that have not come whole, each that holds any charged
   * 512 more. With more, the one that holds most is told 1013 and cut, with an `error` event (`WSIMD_TOO_MUCH_HELD`). Default
   * 1 GiB; 0: no limit. Without effect on a client, which has one connection.
   */
  readonly maxHeldLength?: number | undefined;
  /** Accepted and without effect: chunks are not kept. */
  readonly maxBufferedChunks?: number | undefined;
  /** Answers to pings that may wait for a peer that does not read; then it is cut. Default 60; 0: no limit. */
  readonly maxPendingAutoPongs?: number | undefined;
  /**
   * Pings a second that are answered, and how many may come at once. A peer that sends more is told 1008 and cut, with an
   * `error` event (`WSIMD_TOO_MANY_PINGS`). Default 1,000; 0: no limit. Without effect where `autoPong` is off.
   */
  readonly maxPingRate?: number | undefined;
  /** Compress messages (RFC 7692) with peers that agree. Default: false of a server, true of a client, as with `ws`. */
  readonly perMessageDeflate?: PerMessageDeflateOption | undefined;
  /** Do not validate text and close reasons (for who trusts the peer). */
  readonly skipUTF8Validation?: boolean | undefined;

  /** Text messages as a Buffer of their UTF-8 (`'buffer'`, default), or as a string without a Buffer between. */
  readonly textAs?: 'buffer' | 'string' | undefined;
  /**
   * Read from the socket straight into the memory in which frames are decoded: a tenth to a third less processor time (bench:
   * `echo`), by internals of Node (default false). Where those are not as they should be, for TLS, HTTP/2 and the
   * portable kernel it has no effect, and `WebSocket.readsDirectly` says so. For its risks see docs/ws-compatibility.md.
   */
  readonly directReads?: boolean | undefined;
  /** Pings by themselves; default none. */
  readonly heartbeat?: HeartbeatOptions | undefined;
  /** Bytes that may wait for a peer that reads slowly; what is sent beyond goes by `backpressurePolicy`. Default: no limit. */
  readonly maxBackpressure?: number | undefined;
  /**
   * `'close'` (default): the connection is cut, with an `error` event. `'drop'`: the message is left out; its callback gets
   * the error, and `dropped` comes.
   */
  readonly backpressurePolicy?: 'close' | 'drop' | undefined;
  /** Which kernel; default: WebAssembly where it runs. */
  readonly kernel?: ConnectionOptions['kernel'] | undefined;
  /** Of a client: fills the 4 bytes with a masking key. Default: from the system's generator, as RFC 6455 wants it. */
  readonly generateMask?: ((key: Buffer) => void) | undefined;
}

const DEFAULT_MAX_PAYLOAD = 100 * 1024 * 1024;
const DEFAULT_MAX_FRAGMENTS = 16 * 1024;
const DEFAULT_CLOSE_TIMEOUT = 30_000;
const DEFAULT_MAX_HELD = 1024 * 1024 * 1024;
const DEFAULT_MAX_PENDING_PONGS = 60;
const DEFAULT_MAX_PING_RATE = 1000;

/** The options with their defaults, made once for all connections of a server. */
export interface Settings {
  readonly connection: ConnectionOptions;
  readonly deflate: PerMessageDeflate | undefined;
  /** Of a server: for all its connections. */
  readonly held: HeldBudget | undefined;
  readonly closeTimeout: number;
  readonly maxPendingPongs: number;
  /** Undefined where pings are not counted. */
  readonly maxPingRate: number | undefined;
  readonly maxBackpressure: number;
  readonly dropsMessages: boolean;
  readonly allowSynchronousEvents: boolean;
  readonly directReads: boolean;
  readonly heartbeat: HeartbeatOptions | undefined;
}

/** Those that no codec checks, and `ws` does not know. */
const LIMITS = ['maxBackpressure', 'maxHeldLength'] as const;

/** @throws RangeError, TypeError for options out of range */
export function makeSettings(role: Role, options: WebSocketOptions): Settings {
  const { kernel, generateMask, textAs = 'buffer', heartbeat, backpressurePolicy = 'close' } = options;
  const { perMessageDeflate = role === 'client', autoPong = true, maxPingRate = DEFAULT_MAX_PING_RATE } = options;
  if (textAs !== 'buffer' && textAs !== 'string') throw new TypeError(`textAs is "buffer" or "string", not ${textAs}`);
  if (backpressurePolicy !== 'close' && backpressurePolicy !== 'drop') {
    throw new TypeError(`backpressurePolicy is "close" or "drop", not ${backpressurePolicy}`);
  }
  if (heartbeat !== undefined) checkHeartbeat(heartbeat);
  // Against NaN every comparison is false: a limit would be none, or would hold always.
  for (const name of LIMITS) {
    const value = options[name];
    if (value !== undefined && !(value >= 0)) throw new RangeError(`${name} is a number from 0 on, not ${value}`);
  }
  if (!(maxPingRate === 0 || maxPingRate >= 1))
    throw new RangeError(`maxPingRate is 0 or at least 1, not ${maxPingRate}`);
  return {
    connection: {
      role,
      maxMessageLength: limit(options.maxPayload, DEFAULT_MAX_PAYLOAD),
      maxFragments: limit(options.maxFragments, DEFAULT_MAX_FRAGMENTS),
      skipUtf8Validation: options.skipUTF8Validation ?? false,
      autoPong,
      // All that a chunk asks for: those that the system does not take, and their rate, have limits of their own.
      maxPendingPongs: Number.POSITIVE_INFINITY,
      textAs: textAs === 'string' ? 'string' : 'bytes',
      ...(kernel === undefined ? {} : { kernel }),
      ...(generateMask ? { maskingKey: toNumber(generateMask) } : {}),
    },
    deflate: perMessageDeflateFor(role, perMessageDeflate, kernel),
    held: role === 'server' ? new HeldBudget(limit(options.maxHeldLength, DEFAULT_MAX_HELD)) : undefined,
    closeTimeout: options.closeTimeout ?? DEFAULT_CLOSE_TIMEOUT,
    maxPendingPongs: limit(options.maxPendingAutoPongs, DEFAULT_MAX_PENDING_PONGS),
    maxPingRate: autoPong && maxPingRate !== 0 ? maxPingRate : undefined,
    maxBackpressure: options.maxBackpressure ?? Number.POSITIVE_INFINITY,
    dropsMessages: backpressurePolicy === 'drop',
    allowSynchronousEvents: options.allowSynchronousEvents ?? true,
    directReads: options.directReads ?? false,
    heartbeat,
  };
}

function limit(value: number | undefined, byDefault: number): number {
  return value === undefined
    ? byDefault
    : value === 0
      ? Number.MAX_SAFE_INTEGER
      : Math.min(value, Number.MAX_SAFE_INTEGER);
}

function toNumber(generateMask: (key: Buffer) => void): () => number {
  const key = Buffer.alloc(4);
  return () => {
    generateMask(key);
    return key.readInt32LE(0);
  };
}

function checkHeartbeat({ interval, timeout = interval }: HeartbeatOptions): void {
  if (!(interval > 0)) throw new RangeError(`heartbeat.interval is a number of milliseconds, not ${interval}`);
  if (!(timeout > 0 && timeout <= interval)) throw new RangeError('heartbeat.timeout is above 0 and at most interval');
}
