// Pings at intervals, and the end of a connection whose peer has gone without a word. It knows no frame.

import type { HeartbeatOptions } from '../websocket/options.js';

/** The connection whose heart it is. */
export interface Alive {
  sendPing(): void;
  cut(): void;
}

/** Pings, and cuts the connection if nothing at all comes within the timeout. Its timers keep no process alive. */
export class Heartbeat {
  readonly #alive: Alive;
  readonly #timeout: number;
  readonly #interval: NodeJS.Timeout;
  #deadline: NodeJS.Timeout | undefined;
  #lastLook: NodeJS.Immediate | undefined;

  constructor({ interval, timeout = interval }: HeartbeatOptions, alive: Alive) {
    this.#alive = alive;
    this.#timeout = timeout;
    this.#interval = setInterval(Heartbeat.#beat, interval, this).unref();
  }

  /** Something came. */
  hear(): void {
    if (this.#deadline === undefined) return;
    clearTimeout(this.#deadline);
    clearImmediate(this.#lastLook);
    this.#deadline = undefined;
  }

  stop(): void {
    clearInterval(this.#interval);
    this.hear();
  }

  static #beat(heartbeat: Heartbeat): void {
    heartbeat.#alive.sendPing();
    heartbeat.#deadline ??= setTimeout(Heartbeat.#miss, heartbeat.#timeout, heartbeat).unref();
  }

  /** Whoever kept the process busy may have kept an answer waiting: timers come before what is there to be read. */
  static #miss(heartbeat: Heartbeat): void {
    heartbeat.#lastLook = setImmediate(Heartbeat.#cut, heartbeat);
  }

  static #cut(heartbeat: Heartbeat): void {
    heartbeat.stop();
    heartbeat.#alive.cut();
  }
}
