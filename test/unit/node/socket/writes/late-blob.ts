// What the tests of queued sends share.

import { onTestFinished } from 'vitest';

/** A Blob of another maker than Node, which is read when the test says so. */
export class LateBlob {
  readonly size = 4;
  readonly type = '';
  readonly [Symbol.toStringTag] = 'Blob';
  settle!: (bytes: ArrayBuffer | Error) => void;
  readonly #bytes = new Promise<ArrayBuffer>((resolve, reject) => {
    this.settle = (bytes) => (bytes instanceof Error ? reject(bytes) : resolve(bytes));
  });

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#bytes;
  }
}

/** Uncaught exceptions from here to the end of the test. */
export function collectUncaught(): unknown[] {
  const others = process.listeners('uncaughtException');
  const thrown: unknown[] = [];
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error));
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const other of others) process.on('uncaughtException', other);
  });
  return thrown;
}
