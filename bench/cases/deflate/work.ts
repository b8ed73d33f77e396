// What is compressed, and how it is told that it was done right: by node:zlib in one call, which knows nothing of what is
// measured. It must not know how things are timed.

import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { Digest } from '../../core/digest.js';
import { makePayloads } from '../../core/inputs.js';

/** Messages of a run, and how many connections share them: message i goes to connection i modulo their number. */
export interface DeflateJob {
  readonly isTakeover: boolean;
  /** In turns, so that nobody finds in what it remembers the messages of the run before. */
  readonly batches: readonly (readonly Buffer[])[];
  readonly expected: string;
  /** Bytes of payload in a batch. */
  readonly bytes: number;
}

/** What every message that is flushed ends with, and its payload lacks (RFC 7692 section 7.2.1). */
export const TRAILER = Buffer.of(0x00, 0x00, 0xff, 0xff);
/** As the default of our server asks for it; the window is what a peer may refer back to. */
export const WINDOW_BITS = 12;
const WINDOW = 2 ** WINDOW_BITS;
/** The largest window that anybody has is to see no message twice. */
const REMEMBERED = 64 * 1024;
const MAX_BATCH = 256;
const BATCH_LENGTH = 1024 * 1024;

export function makeDeflateJob(size: number, isTakeover: boolean): DeflateJob {
  const count = Math.max(4, Math.min(MAX_BATCH, Math.floor(BATCH_LENGTH / size)));
  const batchCount = Math.max(2, Math.ceil(REMEMBERED / (count * size)));
  const all = makePayloads('json', size, count * batchCount).map((bytes) => Buffer.from(bytes));
  const batches = Array.from({ length: batchCount }, (_, i) => all.slice(i * count, (i + 1) * count));
  const expected = new Digest();
  for (const message of all) expected.add(message).end();
  return { isTakeover, batches, expected: expected.toString(), bytes: count * size };
}

/** Compresses all batches as a client does: what an inflater is given. */
export function compressAll({ batches, isTakeover }: DeflateJob, connections: number): Buffer[][] {
  const histories = Array.from({ length: connections }, () => Buffer.alloc(0));
  return batches.map((batch) =>
    batch.map((message, i) => {
      const history = histories[i % connections]!;
      const deflated = deflateRawSync(message, {
        windowBits: WINDOW_BITS,
        finishFlush: constants.Z_SYNC_FLUSH,
        ...(history.length > 0 ? { dictionary: history } : {}),
      });
      if (isTakeover) histories[i % connections] = Buffer.concat([history, message]).subarray(-WINDOW);
      return deflated.subarray(0, -TRAILER.length);
    }),
  );
}

/** Inflates what somebody has compressed, each connection's messages in their order, to say what came of it. */
export class Referee {
  readonly #isTakeover: boolean;
  readonly #histories = new Map<number, Buffer>();
  readonly #digest = new Digest();

  constructor({ isTakeover }: DeflateJob) {
    this.#isTakeover = isTakeover;
  }

  /** @param connection that it is of @param payload undefined: it goes as it is */
  add(connection: number, message: Buffer, payload: Uint8Array | undefined): void {
    const history = this.#histories.get(connection);
    const inflated =
      payload === undefined
        ? message
        : inflateRawSync(Buffer.concat([payload, TRAILER]), {
            finishFlush: constants.Z_SYNC_FLUSH,
            ...(history === undefined ? {} : { dictionary: history }),
          });
    // What goes as it is, is not remembered.
    if (this.#isTakeover && payload !== undefined) {
      this.#histories.set(connection, Buffer.concat([history ?? Buffer.alloc(0), inflated]).subarray(-32 * 1024));
    }
    this.#digest.add(inflated).end();
  }

  toString(): string {
    return this.#digest.toString();
  }
}
