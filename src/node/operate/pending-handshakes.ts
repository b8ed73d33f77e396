// Handshakes that wait for the program: `verifyClient` or `shouldHandle` has returned a promise, or a listener answers in its place.

import type { Upgrade } from '../server/upgrade.js';

export class PendingHandshakes {
  /** By request: ends it. */
  readonly #pending = new Map<Upgrade, () => void>();

  /** How many there are. */
  get size(): number {
    return this.#pending.size;
  }

  readonly #timeout: number | undefined;
  readonly #onTimeout: () => void;

  /** @param timeout milliseconds; undefined: there is none */
  constructor(timeout: number | undefined, onTimeout: () => void) {
    this.#timeout = timeout;
    this.#onTimeout = onTimeout;
  }

  /** Waits for the answer to a request. @param end answers it in the program's place */
  add(upgrade: Upgrade, end: () => void): void {
    const { socket } = upgrade;
    const timer = this.#timeout === undefined ? undefined : setTimeout(() => this.#late(end), this.#timeout);
    const forget = () => {
      clearTimeout(timer);
      this.#pending.delete(upgrade);
      socket.removeListener('close', forget);
    };
    this.#pending.set(upgrade, end);
    upgrade.onAnswered = forget;
    socket.once('close', forget);
  }

  /** Ends all of them. */
  end(): void {
    for (const end of [...this.#pending.values()]) end();
  }

  #late(end: () => void): void {
    this.#onTimeout();
    end();
  }
}
