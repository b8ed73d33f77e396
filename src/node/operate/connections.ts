// The open connections of a server, by which it counts and closes them, and sums of those that have ended. Kept apart from
// `WebSocketServer.clients`, which programs may change or do without.

import { addTo, emptyTally, type Measured, type Tally } from '../observe/stats.js';
import type { SocketClosed } from './ending.js';
import { LimitCounts } from './limits.js';

/** An open connection, as its server sees it. */
export interface Member extends Measured {
  /** No Close frame has been sent or received. */
  readonly isOpen: boolean;
  /** Both sides have sent a Close frame. */
  readonly wasClean: boolean;
  /** Sends a Close frame. */
  close(closeCode: number | undefined, reason: string): void;
  /** Ends the connection without one. */
  cut(): void;
}

export class Connections {
  readonly limits = new LimitCounts();
  /** How many have ended, by close code. */
  readonly closeCodes = new Map<number, number>();
  /** How many requests were refused, by status. */
  readonly refusals = new Map<number, number>();
  openedCount = 0;
  /** Called with each connection that has ended. */
  onEnded: ((member: Member) => void) | undefined;
  readonly #members = new Set<Member>();
  /** Of those that have ended. */
  readonly #ended = emptyTally();

  /** How many are open. */
  get size(): number {
    return this.#members.size;
  }

  /** Those that are open at this moment. */
  list(): Member[] {
    return [...this.#members];
  }

  opened(member: Member): void {
    this.openedCount++;
    this.#members.add(member);
  }

  ended(member: Member, { closeCode }: SocketClosed): void {
    if (!this.#members.delete(member)) return;
    this.closeCodes.set(closeCode, (this.closeCodes.get(closeCode) ?? 0) + 1);
    addTo(this.#ended, member.observer);
    this.onEnded?.(member);
  }

  refused(status: number): void {
    this.refusals.set(status, (this.refusals.get(status) ?? 0) + 1);
  }

  /** What went through all connections so far, and what is pending on those that are open. */
  sum(): { tally: Tally; buffered: number } {
    const tally = { ...this.#ended, counts: { ...this.#ended.counts } };
    let buffered = 0;
    for (const member of this.#members) {
      addTo(tally, member.observer);
      buffered += member.buffered;
    }
    return { tally, buffered };
  }
}
