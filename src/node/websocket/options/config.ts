// The options of a server or a client, checked and with their defaults (defaults.ts) filled in: made once for all its connections.

import type { ConnectionOptions } from '../../../connection-options.js';
import type { PerMessageDeflate } from '../../../deflate/index.js';
import { MAX_TIMER } from '../../../protocol/option-checks.js';
import type { Role } from '../../../protocol/role.js';
import { Connections } from '../../operate/connections.js';
import { HeldBudget } from '../../server/held-budget.js';
import { ServerTopics } from '../../topics/server-topics.js';
import {
  DEFAULT_CLOSE_TIMEOUT,
  DEFAULT_LIFETIME_JITTER,
  DEFAULT_MAX_FRAGMENTS,
  DEFAULT_MAX_HELD,
  DEFAULT_MAX_PAYLOAD,
  DEFAULT_MAX_PENDING_PONGS,
  DEFAULT_MAX_PING_RATE,
  DEFAULT_STREAM_LENGTH,
} from './defaults.js';
import { checkNodeOptions } from './option-checks.js';
import type { HeartbeatOptions, WebSocketOptions } from './options.js';
import { perMessageDeflateFor } from './per-message-deflate.js';

/** The options with their defaults, made once for all connections of a server. */
export interface Config {
  readonly connection: ConnectionOptions;
  readonly deflate: PerMessageDeflate | undefined;
  /** Of a server: for all its connections. */
  readonly held: HeldBudget | undefined;
  /** Of a server: those that are open. */
  readonly connections: Connections | undefined;
  /** Of a server: what its connections subscribe to. */
  readonly topics: ServerTopics | undefined;
  readonly closeTimeout: number;
  readonly maxPendingPongs: number;
  /** Undefined where pings are not counted. */
  readonly maxPingRate: number | undefined;
  readonly maxBackpressure: number;
  readonly dropsMessages: boolean;
  readonly allowSynchronousEvents: boolean;
  readonly directReads: boolean;
  readonly earlyScavenges: boolean;
  readonly directWrites: boolean;
  /** Messages are valid until their listener returns. */
  readonly isLent: boolean;
  /** Bytes from which on a message is delivered as a stream; undefined: none is. */
  readonly streamLength: number | undefined;
  readonly heartbeat: HeartbeatOptions | undefined;
  readonly idleTimeout: number | undefined;
  readonly maxLifetime: number | undefined;
  readonly lifetimeJitter: number;
}

/**
 * Checks the options of a server or a client, all of them, and fills in the defaults.
 *
 * @throws RangeError, TypeError, which name the option; ProtocolError `WSIMD_NO_KERNEL`
 */
export function makeConfig(role: Role, options: WebSocketOptions): Config {
  checkNodeOptions(role, options);
  const { kernel, generateMask, heartbeat } = options;
  const { perMessageDeflate = role === 'client', maxPingRate = DEFAULT_MAX_PING_RATE } = options;
  const autoPong = isOn(options.autoPong, true);
  const allowSynchronousEvents = isOn(options.allowSynchronousEvents, true);
  // Deliveries in turns of their own outlive the call that decodes.
  const messageLifetime = allowSynchronousEvents ? (options.messageLifetime ?? 'owned') : 'owned';
  const streamLength = streamLengthOf(options.streamMessages);
  return {
    connection: {
      role,
      maxMessageLength: limit(options.maxPayload, DEFAULT_MAX_PAYLOAD),
      maxFragments: limit(options.maxFragments, DEFAULT_MAX_FRAGMENTS),
      skipUtf8Validation: isOn(options.skipUTF8Validation, false),
      autoPong,
      // All that a chunk asks for: those that the system does not take, and their rate, have limits of their own.
      maxPendingPongs: Number.POSITIVE_INFINITY,
      inTurns: true,
      textAs: options.textAs === 'string' ? 'string' : 'bytes',
      messageLifetime,
      deliver: streamLength === undefined ? 'messages' : 'pieces',
      ...(kernel === undefined ? {} : { kernel }),
      ...(generateMask ? { maskingKey: toNumber(generateMask) } : {}),
    },
    deflate: perMessageDeflateFor(role, perMessageDeflate, kernel),
    held: role === 'server' ? new HeldBudget(limit(options.maxHeldLength, DEFAULT_MAX_HELD)) : undefined,
    connections: role === 'server' ? new Connections() : undefined,
    topics: role === 'server' ? new ServerTopics() : undefined,
    closeTimeout: Math.min(options.closeTimeout ?? DEFAULT_CLOSE_TIMEOUT, MAX_TIMER),
    maxPendingPongs: limit(options.maxPendingAutoPongs, DEFAULT_MAX_PENDING_PONGS),
    maxPingRate: autoPong && maxPingRate !== 0 ? maxPingRate : undefined,
    maxBackpressure: options.maxBackpressure ?? Number.POSITIVE_INFINITY,
    dropsMessages: options.backpressurePolicy === 'drop',
    allowSynchronousEvents,
    isLent: messageLifetime !== 'owned',
    streamLength,
    directReads: isOn(options.directReads, true),
    earlyScavenges: isOn(options.earlyScavenges, true),
    directWrites: isOn(options.directWrites, true),
    heartbeat: heartbeat && heartbeat.interval !== Number.POSITIVE_INFINITY ? heartbeat : undefined,
    idleTimeout: finite(options.idleTimeout),
    maxLifetime: finite(options.maxLifetime),
    lifetimeJitter: options.lifetimeJitter ?? DEFAULT_LIFETIME_JITTER,
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

function streamLengthOf(value: boolean | number | null | undefined): number | undefined {
  if (value === true) return DEFAULT_STREAM_LENGTH;
  return value ? value : undefined;
}

/** A time; undefined where there is none. */
function finite(time: number | null | undefined): number | undefined {
  return time === null || time === Number.POSITIVE_INFINITY ? undefined : time;
}

function toNumber(generateMask: (key: Buffer) => void): () => number {
  const key = Buffer.alloc(4);
  return () => {
    generateMask(key);
    return key.readInt32LE(0);
  };
}
