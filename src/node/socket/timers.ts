// All that happens to a connection because time has passed: pings and missed answers, its end when it is idle or old, and the cut of a
// peer that does not finish the closing handshake. Only those two timers are made that every connection needs, unless options ask for more.

import type { TimeLimit } from '../operate/limits.js';
import type { Config } from '../websocket/options/config.js';
import { type Alive, Heartbeat } from './heartbeat.js';

/** The connection whose timers they are. */
export interface Timed extends Alive {
  /** A text that changes with every message, in either direction, and while a long one is under way. */
  readonly activity: string;
  /** Ends the connection: with a Close frame if it is open. */
  endFor(limit: TimeLimit): void;
  endStream(): void;
}

/** Milliseconds that the server of an HTTP/2 stream has to end it first: the time a proxy needs to pass our Close frame on. */
export const STREAM_END_DELAY = 100;
/** How often within `idleTimeout` an idle connection is looked at: it ends at most a quarter of the time too late. */
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
      // Connections that were opened together, after a restart, are not to be closed together.
      const lifetime = maxLifetime * (1 - Math.random() * lifetimeJitter);
      this.#lifetime = setTimeout(Timers.#endOfLife, lifetime, timed);
      this.#lifetime.unref?.();
    }
  }

  /** Something came. */
  hear(): void {
    this.#heartbeat?.hear();
  }

  /** The closing handshake has begun: it must not take longer than `closeTimeout`. */
  beginClosing(): void {
    this.#closeTimer ??= setTimeout(Timers.#cutLate, this.#closeTimeout, this.#timed);
    this.#stopLimits();
  }

  /** A stream of HTTP/2 ends soon, unless the server ends it first. */
  endStreamSoon(): void {
    this.#endTimer ??= setTimeout(() => this.#timed.endStream(), STREAM_END_DELAY);
  }

  /** The socket is gone: nothing more is to be heard. */
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

/** Looks at intervals whether there were messages: so none of them has to set a timer. */
class IdleWatch {
  readonly #timed: Timed;
  readonly #interval: NodeJS.Timeout;
  #activity: string;
  /** Looks since there was something. */
  #quietLooks = 0;

  constructor(timed: Timed, idleTimeout: number) {
    this.#timed = timed;
    this.#activity = timed.activity;
    this.#interval = setInterval(IdleWatch.#look, idleTimeout / IDLE_LOOKS, this);
    this.#interval.unref?.();
  }

  stop(): void {
    clearInterval(this.#interval);
  }

  static #look(watch: IdleWatch): void {
    const { activity } = watch.#timed;
    if (activity !== watch.#activity) {
      watch.#activity = activity;
      watch.#quietLooks = 0;
    } else if (++watch.#quietLooks === IDLE_LOOKS) {
      watch.#timed.endFor('idleTimeout');
    }
  }
}
