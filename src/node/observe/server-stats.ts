// What `stats()` of a server says.

import type { PoolUse } from '../../deflate/index.js';
import { selectKernel } from '../../kernel/select.js';
import type { Connections } from '../operate/connections.js';
import type { LimitName } from '../operate/limits.js';
import { type TurnUse, turnUse } from '../socket/turns.js';
import type { Config } from '../websocket/options/config.js';
import { type Traffic, toTraffic } from './stats.js';

/** The kernel that is in use, and why. */
export interface KernelStats {
  /** `'wasm'` or `'portable'`. */
  readonly name: string;
  /** For people. */
  readonly reason: string;
}

/** What `stats()` of a server returns. */
export interface ServerStats extends Traffic {
  /** Open connections. */
  readonly connections: number;
  /** Requests that the program has yet to decide on. */
  readonly pendingHandshakes: number;
  /** Connections since the start. */
  readonly opened: number;
  /** Requests that were refused, by status. */
  readonly refused: Readonly<Record<number, number>>;
  /** Connections that have ended, by close code: 1005 without a code, 1006 without a Close frame. */
  readonly closed: Readonly<Record<number, number>>;
  /** How often limits were hit, by the name of the option. */
  readonly limits: Readonly<Partial<Record<LimitName, number>>>;
  /** Bytes that the system has not taken yet, of all connections. */
  readonly buffered: number;
  /** Bytes that count towards `maxHeldLength`. */
  readonly held: number;
  /** The memory of compression; undefined if the server has none. */
  readonly pool: PoolUse | undefined;
  /** The kernel that is in use, and why. */
  readonly kernel: KernelStats;
  /** Turns of connections that had more to do than is done at once, of the whole process. */
  readonly turns: TurnUse;
}

export function serverStats(
  connections: Connections,
  { held, deflate, connection }: Config,
  pendingHandshakes: number,
): ServerStats {
  const { kernel, reason } = selectKernel(connection.kernel);
  const { tally, buffered } = connections.sum();
  return {
    connections: connections.size,
    pendingHandshakes,
    opened: connections.openedCount,
    refused: Object.fromEntries(connections.refusals),
    closed: Object.fromEntries(connections.closeCodes),
    ...toTraffic(tally),
    buffered,
    held: held?.total ?? 0,
    limits: connections.limits.toObject(),
    pool: deflate?.poolUse,
    kernel: { name: kernel.name, reason },
    turns: turnUse(),
  };
}
