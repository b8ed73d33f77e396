// What the tests of inflate share: the kernels, a driver that gives a message piece by piece as a connection does, zlib as
// the judge, and a writer of bits for streams that no compressor writes. Holds no rule: what is right is said in the tests.

import { constants, createDeflateRaw, deflateRawSync, inflateRawSync, type ZlibOptions } from 'node:zlib';
import {
  INFLATE_DONE,
  INFLATE_ERROR_DATA,
  INFLATE_ERROR_UTF8,
  INFLATE_FIRST,
  INFLATE_LAST,
  INFLATE_NEEDS_INPUT,
  INFLATE_NEEDS_OUTPUT,
  INFLATE_TEXT,
  INPUT_CAPACITY,
  INPUT_PTR,
  MAX_WINDOW_LENGTH,
  OUTCOME_PTR,
  OUTCOME_STATUS,
  OUTCOME_UTF8,
  OUTPUT_CAPACITY,
  OUTPUT_PTR,
  POOL_PTR,
} from '../../../assembly/shared/deflate-layout.js';
import type { DeflateKernel } from '../../../src/deflate/kernel/deflate-kernel.js';
import { createPortableDeflateKernel } from '../../../src/deflate/kernel/portable/portable-deflate.js';
import { createWasmDeflateKernel } from '../../../src/deflate/kernel/wasm-deflate.js';
import type { KernelName } from '../../../src/kernel/kernel.js';

export const POOL_PAGES = 4;

export const INFLATE_KERNELS: readonly { readonly name: KernelName; readonly kernel: DeflateKernel }[] = [
  { name: 'wasm', kernel: createWasmDeflateKernel(POOL_PAGES) },
  { name: 'portable', kernel: createPortableDeflateKernel(POOL_PAGES) },
];

const TRAILER = Uint8Array.of(0x00, 0x00, 0xff, 0xff);
/** An empty stored block with BFINAL, and the same behind one without. */
const ENDS = [
  Uint8Array.of(0x01, 0, 0, 0xff, 0xff),
  Uint8Array.of(0, 0, 0, 0xff, 0xff, 0x01, 0, 0, 0xff, 0xff),
] as const;

// ---- The driver

export type Outcome =
  | { readonly status: 'done'; readonly bytes: Buffer; readonly utf8: number }
  | { readonly status: 'data' | 'utf8' };

export interface InflaterOptions {
  readonly contextPtr?: number;
  readonly ringLength?: number;
  readonly windowLength?: number;
}

export interface MessageOptions {
  /** How much of the message each call gets; the rest comes as one. */
  readonly pieces?: readonly number[];
  /** The most bytes that each call may put out, in turn. */
  readonly capacities?: readonly number[];
  readonly text?: boolean;
}

/** One direction of a connection with takeover. */
export class Inflater {
  readonly #kernel: DeflateKernel;
  readonly #contextPtr: number;
  readonly #windowLength: number;
  readonly #bytes: Uint8Array;
  readonly #outcome: Int32Array;

  constructor(kernel: DeflateKernel, options: InflaterOptions = {}) {
    const { contextPtr = POOL_PTR, ringLength = MAX_WINDOW_LENGTH, windowLength = ringLength } = options;
    this.#kernel = kernel;
    this.#contextPtr = contextPtr;
    this.#windowLength = windowLength;
    this.#bytes = new Uint8Array(kernel.memory);
    this.#outcome = new Int32Array(kernel.memory, OUTCOME_PTR, 2);
    kernel.initContext(contextPtr, ringLength, 0);
  }

  /** Takes a whole message and remembers it. */
  inflate(message: Uint8Array, options: MessageOptions = {}): Outcome {
    const { pieces = [], capacities = [OUTPUT_CAPACITY], text = false } = options;
    const output: Uint8Array[] = [];
    let flags = INFLATE_FIRST | (text ? INFLATE_TEXT : 0);
    let call = 0;
    let piece = 0;
    for (let at = 0; ; ) {
      let length = Math.min(pieces[piece++] ?? INPUT_CAPACITY, INPUT_CAPACITY, message.length - at);
      this.#bytes.set(message.subarray(at, at + length), INPUT_PTR);
      at += length;
      const isLast = at === message.length && piece >= pieces.length;
      if (isLast) flags |= INFLATE_LAST;
      for (;;) {
        const capacity = capacities[call++ % capacities.length]!;
        const put = this.#kernel.inflate(this.#contextPtr, this.#windowLength, length, flags, capacity);
        const status = this.#outcome[OUTCOME_STATUS / 4]!;
        if (status === INFLATE_ERROR_DATA) return { status: 'data' };
        if (status === INFLATE_ERROR_UTF8) return { status: 'utf8' };
        if (put > capacity) throw new Error(`${put} bytes where ${capacity} were allowed`);
        output.push(this.#bytes.slice(OUTPUT_PTR, OUTPUT_PTR + put));
        this.#kernel.remember(this.#contextPtr, OUTPUT_PTR, put);
        flags &= ~INFLATE_FIRST;
        length = 0;
        if (status === INFLATE_DONE) {
          return { status: 'done', bytes: Buffer.concat(output), utf8: this.#outcome[OUTCOME_UTF8 / 4]! };
        }
        if (status === INFLATE_NEEDS_INPUT && !isLast) break;
        if (status !== INFLATE_NEEDS_OUTPUT) throw new Error(`status ${status}`);
        if (put !== capacity) throw new Error(`wants room where ${capacity - put} bytes were left`);
      }
    }
  }
}

// ---- zlib

/** The payload of a compressed message that stands alone. */
export function deflateAlone(message: Uint8Array, options: ZlibOptions = {}): Uint8Array {
  return deflateRawSync(message, { ...options, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -TRAILER.length);
}

/** The payloads of compressed messages, each with those before it as its history. */
export async function deflateStream(messages: readonly Uint8Array[], options: ZlibOptions = {}): Promise<Uint8Array[]> {
  const stream = createDeflateRaw(options);
  const payloads: Uint8Array[] = [];
  let chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (const message of messages) {
    chunks = [];
    stream.write(message);
    await new Promise<void>((resolve) => stream.flush(constants.Z_SYNC_FLUSH, resolve));
    payloads.push(Buffer.concat(chunks).subarray(0, -TRAILER.length));
  }
  stream.destroy();
  return payloads;
}

/**
 * What zlib makes of a compressed message; undefined where it is none. One stops where the contract says: at a block's
 * border at the end of the four bytes, or before them. zlib cannot be asked whether it stands at a border, so a last block
 * is put behind, and must end the stream exactly where it ends; so must one of another length, lest it was taken for the
 * rest of a stored block. Behind a block with BFINAL a fresh zlib goes on, with what came out as its dictionary.
 */
export function zlibVerdict(message: Uint8Array, dictionary?: Uint8Array): Buffer | undefined {
  return inflateBlocks(Buffer.concat([message, TRAILER]), dictionary) ?? inflateBlocks(message, dictionary);
}

function inflateBlocks(blocks: Uint8Array, dictionary: Uint8Array | undefined): Buffer | undefined {
  let output = Buffer.alloc(0);
  let history = dictionary;
  while (blocks.length > 0) {
    const result = inflateWithEnd(blocks, ENDS[0], history);
    if (result === undefined) return undefined;
    output = Buffer.concat([output, result.bytes]);
    if (result.used === blocks.length + ENDS[0].length) {
      return inflateWithEnd(blocks, ENDS[1], history)?.used === blocks.length + ENDS[1].length ? output : undefined;
    }
    if (result.used > blocks.length) return undefined;
    history = Buffer.concat([dictionary ?? Buffer.alloc(0), output]).subarray(-MAX_WINDOW_LENGTH);
    blocks = blocks.subarray(result.used);
  }
  return output;
}

function inflateWithEnd(
  blocks: Uint8Array,
  end: Uint8Array,
  history: Uint8Array | undefined,
): { readonly bytes: Buffer; readonly used: number } | undefined {
  const options = history === undefined || history.length === 0 ? {} : { dictionary: history };
  try {
    const result: unknown = inflateRawSync(Buffer.concat([blocks, end]), { ...options, info: true });
    const { buffer, engine } = result as { buffer: Buffer; engine: { bytesWritten: number } };
    return { bytes: buffer, used: engine.bytesWritten };
  } catch {
    return undefined;
  }
}

// ---- Streams by hand

/** Writes bits as RFC 1951 section 3.1.1 packs them. */
export class BitWriter {
  readonly #bits: number[] = [];

  /** A number, its lowest bit first. */
  number(value: number, count: number): this {
    for (let i = 0; i < count; i++) this.#bits.push((value >>> i) & 1);
    return this;
  }

  /** Huffman codes, as text of 0 and 1, first bit first; spaces do not count. */
  codes(text: string): this {
    for (const digit of text.replaceAll(' ', '')) this.#bits.push(Number(digit));
    return this;
  }

  /** Up to the next byte. */
  align(bit = 0): this {
    while (this.#bits.length % 8 !== 0) this.#bits.push(bit);
    return this;
  }

  /** The bytes, the last one filled up with 0. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8));
    this.#bits.forEach((bit, i) => {
      bytes[i >> 3]! |= bit << (i & 7);
    });
    return bytes;
  }

  /** The payload of a message: the header of the empty stored block that its sender ends it with, without its lengths. */
  message(): Uint8Array {
    return this.number(0, 3).align().bytes();
  }
}
