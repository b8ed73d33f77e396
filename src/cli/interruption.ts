// Ctrl-C, for the commands that do something before they end.

import { once } from 'node:events';

/** From its construction on, the first SIGINT or SIGTERM aborts the signal. A second one ends the process as usual. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #interrupt = () => {
    this.off();
    this.#controller.abort();
  };

  constructor() {
    process.on('SIGINT', this.#interrupt);
    process.on('SIGTERM', this.#interrupt);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From here on, any signal ends the process as usual. */
  off(): void {
    process.off('SIGINT', this.#interrupt);
    process.off('SIGTERM', this.#interrupt);
  }
}

/** Fulfilled at the first SIGINT or SIGTERM. */
export async function interrupted(): Promise<void> {
  await once(new Interruption().signal, 'abort');
}
