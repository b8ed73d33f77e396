// The open connections of a server, by which it counts and closes them. Kept apart from `WebSocketServer.clients`, which programs may
// change or do without.

import { LimitCounts } from './limits.js';

/** An open connection, as its server sees it. */
export interface Member {
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
  /** Called with each connection that has ended. */
  onEnded: ((member: Member) => void) | undefined;
  readonly #members = new Set<Member>();

  /** How many are open. */
  get size(): number {
    return this.#members.size;
  }

  /** Those that are open at this moment. */
  list(): Member[] {
    return [...this.#members];
  }

  opened(member: Member): void {
    this.#members.add(member);
  }

  ended(member: Member): void {
    if (this.#members.delete(member)) this.onEnded?.(member);
  }
}
