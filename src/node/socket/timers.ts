// The timers of a connection: its heartbeat, its end when it is idle or old, and the cut of a peer that does not finish the closing
// handshake. Unless options ask for more, there is no timer before the connection closes.

import type { TimeLimit } from '../operate/limits.js';
import type { Config } from '../websocket/options/config.js';
import { type Alive, Heartbeat } from './heartbeat.js';
import { STREAM_END_DELAY } from './reads/socket-events.js';

/** The connection whose timers they are. */
export interface Timed extends Alive {
  /**
   * A text that changes with every message in either direction, and while a long message is under way. Undefined while the program holds
   * the connection up, so that quiet says nothing about the peer: it has paused it, or the source of a stream has nothing to send.
   */
  readonly activity: string | undefined;
  /** Ends the connection because it has hit this limit. */
  endFor(limit: TimeLimit): void;
}

/** How often activity is checked within `idleTimeout`. An idle connection ends late by at most a quarter of that time. */
const IDLE_LOOKS = 4;

export class Timers {
  readonly #timed: Timed;
  readonly #closeTimeout: number;
  readonly #heartbeat: Heartbeat | undefined;
  #closeTimer: NodeJS.Timeout | undefined;
  #endTimer: NodeJS.Timeout | undefined;
  #idle: IdleWatch | undefined;
  #lifetime: NodeJS.Timeout | undefined;

  constructor(config: Config, timed: Timed) {
    const { heartbeat, idleTimeout, maxLifetime, lifetimeJitter } = config;
    this.#timed = timed;
    this.#closeTimeout = config.closeTimeout;
    if (heartbeat !== undefined) this.#heartbeat = new Heartbeat(heartbeat, timed);
    if (idleTimeout !== undefined) this.#idle = new IdleWatch(timed, idleTimeout);
    if (maxLifetime !== undefined) {
      // Connections that opened together, for example after a restart, should not close together.
      const lifetime = maxLifetime * (1 - Math.random() * lifetimeJitter);
      this.#lifetime = setTimeout(Timers.#endOfLife, lifetime, timed);
      this.#lifetime.unref?.();
    }
  }

  /** Bytes have arrived. */
  hear(): void {
    this.#heartbeat?.hear();
  }

  /**
   * Reading goes on after a pause: what came meanwhile counts before the peer is found dead.
   *
   * @param isByProgram the program had paused it: then it counts before the peer is found idle, too. Pings alone can make deliveries wait
   */
  readOn(isByProgram: boolean): void {
    this.#heartbeat?.readOn();
    if (isByProgram) this.#idle?.readOn();
  }

  /** The closing handshake has begun: it must not take longer than `closeTimeout`. */
  beginClosing(): void {
    this.#closeTimer ??= setTimeout(Timers.#cutLate, this.#closeTimeout, this.#timed);
    this.#stopLimits();
  }

  /** A stream of HTTP/2 ends soon, unless the server ends it first. */
  endStreamSoon(): void {
    this.#endTimer ??= setTimeout(() => this.#timed.socket.end(), STREAM_END_DELAY);
  }

  /** The socket is gone, so nothing more will arrive. */
  stopHeartbeat(): void {
    this.#heartbeat?.stop();
    this.#stopLimits();
  }

  /** The connection has ended. */
  stop(): void {
    clearTimeout(this.#closeTimer);
    clearTimeout(this.#endTimer);
  }

  #stopLimits(): void {
    this.#idle?.stop();
    this.#idle = undefined;
    clearTimeout(this.#lifetime);
    this.#lifetime = undefined;
  }

  static #cutLate(timed: Timed): void {
    timed.endFor('closeTimeout');
  }

  static #endOfLife(timed: Timed): void {
    timed.endFor('maxLifetime');
  }
}

/** Checks for activity at intervals, so that messages don't have to reset a timer. */
class IdleWatch {
  readonly #timed: Timed;
  readonly #interval: NodeJS.Timeout;
  #activity: string | undefined;
  /** Checks in a row without activity. */
  #quietLooks = 0;

  constructor(timed: Timed, idleTimeout: number) {
    this.#timed = timed;
    this.#activity = timed.activity;
    this.#interval = setInterval(IdleWatch.#look, idleTimeout / IDLE_LOOKS, this);
    this.#interval.unref?.();
  }

  readOn(): void {
    // The next check is of an interval that had begun before.
    this.#quietLooks = -1;
  }

  stop(): void {
    clearInterval(this.#interval);
  }

  static #look(watch: IdleWatch): void {
    const { activity } = watch.#timed;
    if (activity === undefined || activity !== watch.#activity) {
      watch.#activity = activity;
      watch.#quietLooks = 0;
    } else if (++watch.#quietLooks === IDLE_LOOKS) {
      watch.#timed.endFor('idleTimeout');
    }
  }
}
