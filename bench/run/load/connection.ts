// One connection of the load: sends frames made before, and times the answers. It does as little as it can, so that the server is
// what is measured.

import type { Checker } from './checkers.js';
import type { Transport } from './transport.js';
import type { FrameCycle } from './wire.js';

/** What the connections of a job share. */
export interface Traffic {
  readonly requests: FrameCycle | undefined;
  readonly limit: number;
  isStopped: boolean;
  onMessages(count: number, bytes: number): void;
  onLatency(milliseconds: number): void;
}

export class LoadConnection {
  readonly #traffic: Traffic;
  readonly #checker: Checker;
  #transport: Transport | undefined;
  #sent = 0;
  /** Sent together: when, and how many of them have yet to come back. First in, first out. */
  readonly #sentAt: number[] = [];
  readonly #unanswered: number[] = [];

  constructor(traffic: Traffic, checker: Checker) {
    this.#traffic = traffic;
    this.#checker = checker;
  }

  set transport(transport: Transport) {
    this.#transport = transport;
  }

  /** @param count at most a cycle */
  send(count: number): void {
    const { requests, limit } = this.#traffic;
    const allowed = Math.min(count, limit - this.#sent);
    if (allowed <= 0) return;
    const bytes = requests!.slice(this.#sent, allowed);
    this.#sent += allowed;
    this.#sentAt.push(performance.now());
    this.#unanswered.push(allowed);
    this.#transport!.write(bytes);
  }

  take(bytes: Uint8Array, start: number, end: number): void {
    const count = this.#checker.take(bytes, start, end);
    const traffic = this.#traffic;
    traffic.onMessages(count, end - start);
    if (count === 0 || traffic.requests === undefined) return;
    this.#time(count);
    if (!traffic.isStopped) this.send(count);
  }

  stopReading(): void {
    this.#transport?.stopReading();
  }

  cut(): void {
    this.#transport?.cut();
  }

  #time(count: number): void {
    const now = performance.now();
    for (let left = count; left > 0; ) {
      const some = Math.min(left, this.#unanswered[0]!);
      for (let i = 0; i < some; i++) this.#traffic.onLatency(now - this.#sentAt[0]!);
      left -= some;
      this.#unanswered[0]! -= some;
      if (this.#unanswered[0] === 0) {
        this.#unanswered.shift();
        this.#sentAt.shift();
      }
    }
  }
}
