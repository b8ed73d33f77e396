// Ends all connections of a server: a Close frame to each, and a cut for those that do not answer in time. Both are done for a few
// connections at a time, so that the event loop serves others in between.

import { CLOSE_GOING_AWAY } from '../../../assembly/shared/protocol.js';
import { checkOptions, duration } from '../../protocol/option-checks.js';
import { awaitTurn, type TurnTaker } from '../socket/turns.js';
import { checkCloseArguments } from '../websocket/close-arguments.js';
import type { Connections, Member } from './connections.js';

/** How `WebSocketServer.shutdown` ends the connections. */
export interface ShutdownOptions {
  /** The close code for all of them: 1000-1003, 1007-1014 or 3000-4999. Default 1001, going away. */
  readonly code?: number | undefined;
  /** The reason in the Close frames, at most 123 bytes of UTF-8. Default: none. */
  readonly reason?: string | undefined;
  /**
   * Milliseconds that peers have to answer, from 0 to 2^31 - 1. Connections that are still open after that are cut. With Infinity, only
   * `closeTimeout` cuts them. Default 10,000.
   */
  readonly timeout?: number | undefined;
}

/** What became of the connections that were open when `shutdown` was called. */
export interface ShutdownResult {
  /** Connections that ended with Close frames from both sides. */
  readonly closed: number;
  /** Connections that ended without both: cut after the timeout, or lost before it. */
  readonly cut: number;
}

const DEFAULT_TIMEOUT = 10_000;
/**
 * Connections that are closed or cut in one turn of the event loop. A Close frame costs little, the end of the connection costs more: if
 * all peers answered at once, they would hold up the event loop. So each batch of Close frames waits for the answers to the one before.
 */
const CONNECTIONS_AT_ONCE = 32;
/** Milliseconds that a batch waits for these answers at most. */
const MAX_PAUSE = 20;
/** The share of the timeout that all these waits together may take. */
const SENDING_SHARE = 0.25;

/** The options with their defaults. */
interface ShutdownConfig {
  readonly code: number;
  readonly reason: string;
  readonly timeout: number;
}

/** @throws TypeError, RangeError for options out of range */
export function makeShutdownConfig(options: ShutdownOptions): ShutdownConfig {
  const { code = CLOSE_GOING_AWAY, reason = '', timeout = DEFAULT_TIMEOUT } = options;
  checkOptions(options, { timeout: duration(0) });
  return { code, reason: checkCloseArguments(code, reason), timeout };
}

export class Shutdown implements TurnTaker {
  /** Fulfilled when all connections have ended. */
  readonly done: Promise<ShutdownResult>;
  readonly #connections: Connections;
  readonly #code: number;
  readonly #reason: string;
  /** Milliseconds between two batches of Close frames, if the peers don't answer sooner. */
  readonly #pause: number;
  /** Connections that have not been sent a Close frame yet. The next one is last in the array. */
  #unsent: Member[];
  /** Connections that have been sent a Close frame and have not ended. */
  readonly #unanswered = new Set<Member>();
  /** How many of them were unanswered before the current batch. The next one doesn't wait for those: silent peers delay nobody else. */
  #mute = 0;
  #pauseTimer: NodeJS.Timeout | undefined;
  #closed = 0;
  #cut = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer runs out, by `performance.now()`. */
  #deadline = Number.POSITIVE_INFINITY;
  #settle: (() => void) | undefined;

  /** @param finish called when all connections have ended; `done` waits for it */
  constructor(connections: Connections, { code, reason, timeout }: ShutdownConfig, finish: () => Promise<void>) {
    this.#connections = connections;
    this.#code = code;
    this.#reason = reason;
    this.#unsent = connections.list();
    const batches = Math.ceil(this.#unsent.length / CONNECTIONS_AT_ONCE);
    this.#pause = Math.min(MAX_PAUSE, (timeout * SENDING_SHARE) / batches);
    const ended = new Promise<void>((resolve) => {
      this.#settle = resolve;
    });
    this.done = ended.then(finish).then(() => ({ closed: this.#closed, cut: this.#cut }));
    connections.onEnded = (member) => this.#ended(member);
    if (connections.size === 0) {
      this.#end();
    } else {
      awaitTurn(this);
      this.hurry(timeout);
    }
  }

  /** Cuts the remaining connections after `timeout` milliseconds, if that is sooner than the current deadline. */
  hurry(timeout: number): void {
    const deadline = performance.now() + timeout;
    if (timeout === Number.POSITIVE_INFINITY || deadline >= this.#deadline || this.#settle === undefined) return;
    this.#deadline = deadline;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => cutInTurns(this.#connections.list()), timeout);
  }

  /** Sends the next Close frames. The next batch follows when these are answered, or after the pause. */
  takeTurn(): void {
    clearTimeout(this.#pauseTimer);
    this.#mute = this.#unanswered.size;
    const batch = this.#unsent.splice(-CONNECTIONS_AT_ONCE);
    if (this.#unsent.length > 0) this.#pauseTimer = setTimeout(() => this.#goOn(), this.#pause);
    for (const member of batch) {
      if (!member.isOpen) continue;
      this.#unanswered.add(member);
      member.close(this.#code, this.#reason);
    }
  }

  #goOn(): void {
    clearTimeout(this.#pauseTimer);
    if (this.#pauseTimer !== undefined) awaitTurn(this);
    this.#pauseTimer = undefined;
  }

  #ended(member: Member): void {
    if (member.wasClean) this.#closed++;
    else this.#cut++;
    this.#unanswered.delete(member);
    if (this.#connections.size === 0) this.#end();
    else if (this.#unanswered.size <= this.#mute) this.#goOn();
  }

  #end(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#pauseTimer);
    this.#connections.onEnded = undefined;
    this.#settle?.();
    this.#settle = undefined;
  }
}

/** Cuts connections, a few in each turn of the event loop. */
function cutInTurns(members: Member[]): void {
  awaitTurn({
    takeTurn() {
      const end = Math.max(members.length - CONNECTIONS_AT_ONCE, 0);
      try {
        while (members.length > end) members.pop()!.cut();
      } finally {
        // Goes on even if a socket of the program's own throws.
        if (members.length > 0) awaitTurn(this);
      }
    },
  });
}
