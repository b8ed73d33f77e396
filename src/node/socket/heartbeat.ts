// Pings at intervals, and the end of a connection whose peer has gone without a word. It knows no frame.

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HeartbeatOptions } from '../websocket/options/options.js';
import { clearImmediate, setImmediate } from './machinery.js';

/** The connection whose heart it is. */
export interface Alive {
  sendPing(): void;
  readonly socket: Duplex;
  /** Bytes of the peer may lie unread, whose turn does not depend on the peer: the program has paused, or has yet to take what came. */
  readonly isHeldBack: boolean;
  readonly outgoing: {
    /** The program holds back a ping that is sent now. */
    readonly isPingHeld: boolean;
  };
  endFor(limit: 'heartbeat'): void;
}

/**
 * Pings, and cuts the connection if nothing at all comes within the timeout. A peer that slowly takes what was sent is alive: the
 * ping is behind that. While the program holds the ping back, nothing is cut. Its timers keep no process alive.
 */
export class Heartbeat {
  readonly #alive: Alive;
  readonly #timeout: number;
  readonly #interval: NodeJS.Timeout;
  #deadline: NodeJS.Timeout | undefined;
  /** What `progressOf` returned when the deadline was set. */
  #progress: string | undefined;
  #lastLook: NodeJS.Immediate | undefined;
  /** The program held the ping back when the deadline was set: the peer cannot have answered. */
  #isPingHeld = false;
  /** Reading has gone on after a pause since the deadline was set. */
  #hasReadOn = false;
  /** A deadline has been extended for that. Once is enough: a program that pauses again and again must not keep a dead peer. */
  #isExtended = false;

  constructor({ interval, timeout = interval }: HeartbeatOptions, alive: Alive) {
    this.#alive = alive;
    this.#timeout = timeout;
    this.#interval = setInterval(Heartbeat.#beat, interval, this);
    // A clock of jsdom gives numbers.
    this.#interval.unref?.();
  }

  /** Something came. */
  hear(): void {
    if (this.#deadline === undefined) return;
    this.#isExtended = false;
    clearTimeout(this.#deadline);
    clearImmediate(this.#lastLook);
    this.#deadline = undefined;
  }

  /** Nothing holds reading back any more: what came during the pause is read soon. */
  readOn(): void {
    this.#hasReadOn = true;
  }

  stop(): void {
    clearInterval(this.#interval);
    this.hear();
  }

  static #beat(heartbeat: Heartbeat): void {
    const alive = heartbeat.#alive;
    alive.sendPing();
    if (heartbeat.#deadline !== undefined) return;
    heartbeat.#isPingHeld = alive.outgoing.isPingHeld;
    heartbeat.#await();
  }

  #await(): void {
    this.#hasReadOn = false;
    this.#progress = progressOf(this.#alive.socket);
    this.#deadline = setTimeout(Heartbeat.#miss, this.#timeout, this);
    this.#deadline.unref?.();
  }

  /** An answer may have arrived while the process was busy: timers run before sockets are read. */
  static #miss(heartbeat: Heartbeat): void {
    heartbeat.#lastLook = setImmediate(Heartbeat.#cut, heartbeat);
  }

  static #cut(heartbeat: Heartbeat): void {
    const { isHeldBack, outgoing, socket } = heartbeat.#alive;
    const isExtended = !isHeldBack && heartbeat.#hasReadOn && !heartbeat.#isExtended;
    heartbeat.#isExtended = !isHeldBack && (isExtended || heartbeat.#isExtended);
    // Into an empty buffer of the system a ping leaves whether or not there is a peer: that is no sign.
    const hasProgress = heartbeat.#progress !== undefined && progressOf(socket) !== heartbeat.#progress;
    if (isHeldBack || isExtended || heartbeat.#isPingHeld || hasProgress) {
      heartbeat.#isPingHeld &&= outgoing.isPingHeld;
      heartbeat.#await();
      return;
    }
    heartbeat.stop();
    heartbeat.#alive.endFor('heartbeat');
  }
}

/** A text that changes when pending bytes leave, whatever is sent meanwhile; undefined if nothing is pending. */
function progressOf(socket: Duplex): string | undefined {
  if (!(socket instanceof Socket) || socket.writableLength === 0) return undefined;
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null };
  // The stream reports a long write only when all of it has left.
  return `${socket.bytesWritten - socket.writableLength} ${handle?.writeQueueSize}`;
}
