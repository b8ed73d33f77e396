// The limits that a connection or a server can hit, by the names of their options. Each is counted where it is hit.

import type { ErrorCode } from '../../protocol/errors.js';

/** The timeouts that end a connection. */
export type TimeLimit = 'heartbeat' | 'closeTimeout' | 'idleTimeout' | 'maxLifetime';

/** A limit, by the name of the option that sets it. */
export type LimitName =
  | TimeLimit
  | 'handshakeTimeout'
  | 'maxBackpressure'
  | 'maxConnections'
  | 'maxFragments'
  | 'maxHeldLength'
  | 'maxPayload'
  | 'maxPendingAutoPongs'
  | 'maxPingRate';

const BY_CODE: Partial<Record<ErrorCode, LimitName>> = {
  WSIMD_BACKPRESSURE: 'maxBackpressure',
  WSIMD_FRAME_TOO_LONG: 'maxPayload',
  WSIMD_MESSAGE_TOO_LONG: 'maxPayload',
  WSIMD_TOO_MANY_FRAGMENTS: 'maxFragments',
  WSIMD_TOO_MANY_PINGS: 'maxPingRate',
  WSIMD_TOO_MUCH_HELD: 'maxHeldLength',
};

/** The limit that an error stands for; undefined if it stands for none. */
export function limitOf(code: ErrorCode): LimitName | undefined {
  return BY_CODE[code];
}

/** Counts how often each limit was hit. */
export class LimitCounts {
  readonly #counts = new Map<LimitName, number>();

  add(limit: LimitName): void {
    this.#counts.set(limit, (this.#counts.get(limit) ?? 0) + 1);
  }

  /** Only those that were hit. */
  toObject(): Partial<Record<LimitName, number>> {
    return Object.fromEntries(this.#counts);
  }
}
