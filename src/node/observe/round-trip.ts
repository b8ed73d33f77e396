// The time from a ping to its pong.

import type { Payload } from '../websocket/sendable.js';

export class RoundTrip {
  /** In milliseconds, of the last ping that was answered. */
  time: number | undefined;
  /** The payload of the ping that is measured; undefined if none is. */
  #payload: string | undefined;
  #sentAt = 0;

  /**
   * A ping is sent. One that is like the ping under way is not measured: its pong could not be told from the other. One that is not
   * takes its place, as a peer may answer the latest ping alone (RFC 6455 section 5.5.3).
   */
  sent(payload: Payload): void {
    const text = textOf(payload);
    if (text === undefined || text === this.#payload) return;
    this.#payload = text;
    this.#sentAt = performance.now();
  }

  /** A pong came. @returns the time, if it answers the ping */
  received(payload: Uint8Array): number | undefined {
    if (textOf(payload) !== this.#payload) return undefined;
    this.#payload = undefined;
    this.time = performance.now() - this.#sentAt;
    return this.time;
  }
}

/** Bytes as text, one character each; undefined for a Blob. */
function textOf(payload: Payload): string | undefined {
  if (typeof payload === 'string') return Buffer.from(payload).toString('latin1');
  if (!(payload instanceof Uint8Array)) return undefined;
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('latin1');
}
