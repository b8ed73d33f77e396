// Handshakes that wait for the program: `verifyClient` or `shouldHandle` has returned a promise, or a listener answers in its place.

import type { Duplex } from 'node:stream';

export class PendingHandshakes {
  /** Ends each of them. */
  readonly #pending = new Set<() => void>();

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

  /**
   * Waits for the answer to a request.
   *
   * @param socket that of the request: the wait is over when it closes
   * @param end answers in the program's place
   * @param leave called when the client ends its side: nothing can come of the request any more
   * @returns to be called when the wait is over
   */
  add(socket: Duplex, end: () => void, leave: () => void): () => void {
    const timer = this.#timeout === undefined ? undefined : setTimeout(() => this.#late(end), this.#timeout);
    const forget = () => {
      clearTimeout(timer);
      this.#pending.delete(end);
      socket.removeListener('close', forget);
      socket.removeListener('end', leave);
    };
    this.#pending.add(end);
    socket.once('close', forget);
    socket.once('end', leave);
    return forget;
  }

  /** Ends all of them. */
  end(): void {
    for (const end of [...this.#pending]) end();
  }

  #late(end: () => void): void {
    this.#onTimeout();
    end();
  }
}
