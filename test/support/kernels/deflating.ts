// What the tests of deflate share: the kernels, a connection's way of calling them, and zlib doing the same. Holds no rule:
// what is right is said in the tests.

import { constants, createDeflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib';
import {
  CONTEXT_GUARD,
  CONTEXT_HISTORY,
  CONTEXT_RING,
  DEFLATE_LAST,
  INPUT_CAPACITY,
  INPUT_PTR,
  LEVEL_DEFAULT,
  LEVEL_FASTEST,
  LEVEL_SMALLEST,
  LEVEL_THOROUGH,
  MAX_HASH_BITS,
  MAX_WINDOW_LENGTH,
  OUTPUT_PTR,
  SHARED_DEFLATE_CONTEXT_PTR,
} from '../../../assembly/shared/deflate-layout.js';
import type { DeflateKernel } from '../../../src/deflate/kernel/deflate-kernel.js';
import { createPortableDeflateKernel } from '../../../src/deflate/kernel/portable/portable-deflate.js';
import { createWasmDeflateKernel } from '../../../src/deflate/kernel/wasm-deflate.js';
import type { KernelName } from '../../../src/kernel/kernel.js';

export const POOL_PAGES = 8;

export const DEFLATERS: readonly { readonly name: KernelName; readonly kernel: DeflateKernel }[] = [
  { name: 'wasm', kernel: createWasmDeflateKernel(POOL_PAGES) },
  { name: 'portable', kernel: createPortableDeflateKernel(POOL_PAGES) },
];

export const LEVELS = [LEVEL_FASTEST, LEVEL_DEFAULT, LEVEL_SMALLEST, LEVEL_THOROUGH] as const;

export const TRAILER = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

/** What a context takes. */
export function contextLength(ringLength: number, hashBits: number): number {
  return CONTEXT_RING + ringLength + CONTEXT_GUARD + 2 * 2 ** hashBits;
}

export interface DeflaterOptions {
  readonly contextPtr?: number;
  readonly ringLength?: number;
  readonly hashBits?: number;
  readonly windowLength?: number;
  /** Without it the history is forgotten before each message. */
  readonly takeover?: boolean;
  readonly level?: number;
}

/** One direction of one connection. */
export class Deflater {
  readonly kernel: DeflateKernel;
  readonly contextPtr: number;
  readonly windowLength: number;
  level: number;
  readonly #takeover: boolean;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(kernel: DeflateKernel, options: DeflaterOptions = {}) {
    this.kernel = kernel;
    this.contextPtr = options.contextPtr ?? SHARED_DEFLATE_CONTEXT_PTR;
    const ringLength = options.ringLength ?? MAX_WINDOW_LENGTH;
    this.windowLength = options.windowLength ?? ringLength;
    this.level = options.level ?? LEVEL_DEFAULT;
    this.#takeover = options.takeover ?? false;
    this.#bytes = new Uint8Array(kernel.memory);
    this.#view = new DataView(kernel.memory);
    kernel.initContext(this.contextPtr, ringLength, options.hashBits ?? MAX_HASH_BITS);
  }

  /** A message in slices: what each call put out. */
  slices(message: Uint8Array, sliceLength = INPUT_CAPACITY): Buffer[] {
    if (!this.#takeover) this.#view.setUint32(this.contextPtr + CONTEXT_HISTORY, 0, true);
    const outputs: Buffer[] = [];
    let start = 0;
    do {
      const slice = message.subarray(start, start + sliceLength);
      start += sliceLength;
      this.#bytes.set(slice, INPUT_PTR);
      const flags = start >= message.length ? DEFLATE_LAST : 0;
      const length = this.kernel.deflate(this.contextPtr, this.windowLength, slice.length, this.level, flags);
      outputs.push(Buffer.from(this.#bytes.subarray(OUTPUT_PTR, OUTPUT_PTR + length)));
    } while (start < message.length);
    return outputs;
  }

  deflate(message: Uint8Array, sliceLength?: number): Buffer {
    return Buffer.concat(this.slices(message, sliceLength));
  }
}

/** Payloads, one behind the other, as zlib inflates them over one window. */
export function inflateAll(payloads: readonly Uint8Array[], windowBits = 15): Buffer {
  const stream = Buffer.concat(payloads.flatMap((payload) => [payload, TRAILER]));
  return inflateRawSync(stream, { finishFlush: constants.Z_SYNC_FLUSH, windowBits });
}

/** How many bytes zlib makes of each message, without the four that RFC 7692 takes off. */
export async function zlibLengths(
  messages: readonly Uint8Array[],
  level: number,
  takeover: boolean,
  windowBits: number,
): Promise<number[]> {
  if (!takeover) {
    const options = { level, windowBits, finishFlush: constants.Z_SYNC_FLUSH };
    return messages.map((message) => deflateRawSync(message, options).length - TRAILER.length);
  }
  const stream = createDeflateRaw({ level, windowBits });
  const lengths: number[] = [];
  for (const message of messages) {
    let length = 0;
    const count = (chunk: Buffer) => {
      length += chunk.length;
    };
    stream.on('data', count);
    stream.write(message);
    await new Promise<void>((resolve) => stream.flush(constants.Z_SYNC_FLUSH, resolve));
    stream.off('data', count);
    lengths.push(length - TRAILER.length);
  }
  stream.close();
  return lengths;
}
