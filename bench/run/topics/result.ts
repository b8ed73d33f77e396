// What the benchmark of topics comes to, as it is stored. Types only.

import type { MemoryResult } from './memory.js';
import type { SubscriptionCost } from './subject.js';

export interface TopicsCase {
  /** publish: of wsimd; ws: a loop of send; bun: its publish; bare: writes to sockets of Node; handle: to what is below them. A part of the
   * cases can also have baseline: publish of another build. */
  readonly library: string;
  /** shared: with the topic's history; own: with a history for each connection; alone: without history. */
  readonly compression: string;
  /** Bytes of a message, about. */
  readonly length: number;
  /** Messages published in one turn. */
  readonly batch: number;
  readonly clients: number;
  /** Nanoseconds of the server's processor time for one message to one receiver, one for each round. */
  readonly times: readonly number[];
  /** Of one message to one receiver, with its header. */
  readonly bytes: number;
}

export interface TopicsRun {
  readonly format: 'topics-1';
  readonly date: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly TopicsCase[];
  readonly memory: MemoryResult;
  /** With real connections, by library. */
  readonly subscriptions: Readonly<Record<string, SubscriptionCost>>;
}
