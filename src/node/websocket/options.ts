// What a WebSocket can be told, whichever side it is on, and what the codec is told of it.

import type { ConnectionOptions } from '../../connection.js';
import type { PerMessageDeflate } from '../../deflate/index.js';
import { MAX_TIMER } from '../../protocol/option-checks.js';
import type { Role } from '../../protocol/role.js';
import { HeldBudget } from '../server/held-budget.js';
import { checkNodeOptions } from './option-checks.js';
import { type PerMessageDeflateOption, perMessageDeflateFor } from './per-message-deflate.js';

/** Pings that are sent by themselves, so that a peer that has gone without a word is found out. */
export interface HeartbeatOptions {
  /** Milliseconds between two pings, from 1 to 2^31 - 1; Infinity: none is sent. */
  readonly interval: number;
  /**
   * Milliseconds within which something must come after a ping, from 1 to `interval`, which is the default; otherwise the
   * connection is cut.
   */
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
  /**
   * Milliseconds that the peer has to answer our Close, and then to end the socket, before it is cut: 0 to 2^31 - 1. Infinity
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
   * Bytes that all connections of a server together may hold of messages that have not come whole, each that holds any charged
   * 512 more. With more, the one that holds most is told 1013 and cut, with an `error` event (`WSIMD_TOO_MUCH_HELD`). Default
   * 1 GiB; 0: no limit. Without effect on a client, which has one connection.
   */
  readonly maxHeldLength?: number | undefined;
  /** Accepted and without effect: chunks are not kept. */
  readonly maxBufferedChunks?: number | undefined;
  /**
   * Answers to pings that may wait for a peer that does not read; with more it is cut. Default 60. No limit: as with
   * `maxPayload`, and NaN too, as with `ws`.
   */
  readonly maxPendingAutoPongs?: number | null | undefined;
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
  /** Sends pings by itself. Default, and with null or false: none. */
  readonly heartbeat?: HeartbeatOptions | null | false | undefined;
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
  readonly generateMask?: ((key: Buffer) => void) | null | false | undefined;
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

/**
 * Checks the options of a server or a client, all of them, and fills in the defaults.
 *
 * @throws RangeError, TypeError, which name the option; ProtocolError `WSIMD_NO_KERNEL`
 */
export function makeSettings(role: Role, options: WebSocketOptions): Settings {
  checkNodeOptions(role, options);
  const { kernel, generateMask, heartbeat } = options;
  const { perMessageDeflate = role === 'client', maxPingRate = DEFAULT_MAX_PING_RATE } = options;
  const autoPong = isOn(options.autoPong, true);
  return {
    connection: {
      role,
      maxMessageLength: limit(options.maxPayload, DEFAULT_MAX_PAYLOAD),
      maxFragments: limit(options.maxFragments, DEFAULT_MAX_FRAGMENTS),
      skipUtf8Validation: isOn(options.skipUTF8Validation, false),
      autoPong,
      // All that a chunk asks for: those that the system does not take, and their rate, have limits of their own.
      maxPendingPongs: Number.POSITIVE_INFINITY,
      textAs: options.textAs === 'string' ? 'string' : 'bytes',
      ...(kernel === undefined ? {} : { kernel }),
      ...(generateMask ? { maskingKey: toNumber(generateMask) } : {}),
    },
    deflate: perMessageDeflateFor(role, perMessageDeflate, kernel),
    held: role === 'server' ? new HeldBudget(limit(options.maxHeldLength, DEFAULT_MAX_HELD)) : undefined,
    closeTimeout: Math.min(options.closeTimeout ?? DEFAULT_CLOSE_TIMEOUT, MAX_TIMER),
    maxPendingPongs: limit(options.maxPendingAutoPongs, DEFAULT_MAX_PENDING_PONGS),
    maxPingRate: autoPong && maxPingRate !== 0 ? maxPingRate : undefined,
    maxBackpressure: options.maxBackpressure ?? Number.POSITIVE_INFINITY,
    dropsMessages: options.backpressurePolicy === 'drop',
    allowSynchronousEvents: isOn(options.allowSynchronousEvents, true),
    directReads: isOn(options.directReads, false),
    heartbeat: heartbeat && heartbeat.interval !== Number.POSITIVE_INFINITY ? heartbeat : undefined,
  };
}

/** An option that may be null, 0 or 1, where `ws` takes these for false and true. */
export function isOn(value: boolean | null | undefined, byDefault: boolean): boolean {
  return value === undefined ? byDefault : Boolean(value);
}

/** A limit as a whole number; the largest one where there is none. */
function limit(value: number | null | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  return value !== null && value >= 1 ? Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER) : Number.MAX_SAFE_INTEGER;
}

function toNumber(generateMask: (key: Buffer) => void): () => number {
  const key = Buffer.alloc(4);
  return () => {
    generateMask(key);
    return key.readInt32LE(0);
  };
}
