// The client's end of one connection: takes the frames apart, and inflates with node:zlib. It shares nothing with src/.

import { constants, inflateRawSync } from 'node:zlib';
import { readDeflate } from '../../support/oracles/read-deflate.js';

const TRAILER = Uint8Array.of(0, 0, 0xff, 0xff);
/** zlib looks into its output for what is beyond the window; so that is short. */
const CHUNK = 64;

export interface ReceiverOptions {
  readonly takeover: boolean;
  readonly windowBits: number;
}

export class Receiver {
  /** Of compressed messages in order: what they are to be, and what came. */
  readonly #expected: Uint8Array[] = [];
  readonly #compressed: Uint8Array[] = [];
  readonly #options: ReceiverOptions;
  /** Messages that were sent and have not come. */
  readonly #due: Uint8Array[] = [];
  #message: { readonly isCompressed: boolean; readonly parts: Uint8Array[] } | undefined;
  /** One in so many messages is read by the strict reader as well. */
  readonly #strictEvery: number;
  count = 0;
  compressedLength = 0;
  plainLength = 0;

  constructor(options: ReceiverOptions, strictEvery: number) {
    this.#options = options;
    this.#strictEvery = strictEvery;
  }

  expect(message: string | Uint8Array): void {
    this.#due.push(typeof message === 'string' ? Buffer.from(message) : message);
  }

  /** @param bytes whole frames of a server */
  receive(bytes: Uint8Array): void {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < view.length; ) {
      const head = view[at]!;
      const short = view[at + 1]!;
      let length = short;
      at += 2;
      if (short === 126) {
        length = view.readUInt16BE(at);
        at += 2;
      } else if (short === 127) {
        length = Number(view.readBigUInt64BE(at));
        at += 8;
      }
      if ((head & 15) !== 0) this.#message = { isCompressed: (head & 0x40) !== 0, parts: [] };
      this.#message!.parts.push(Buffer.from(view.subarray(at, at + length)));
      at += length;
      if ((head & 0x80) !== 0) this.#receiveMessage();
    }
  }

  #receiveMessage(): void {
    const { isCompressed, parts } = this.#message!;
    const payload = Buffer.concat(parts);
    const expected = this.#due.shift();
    if (expected === undefined) throw new Error('a message that nobody sent');
    this.count++;
    this.plainLength += expected.length;
    this.compressedLength += payload.length;
    if (!isCompressed) {
      if (!payload.equals(expected)) throw new Error(`message ${this.count} is another one`);
      return;
    }
    const { takeover, windowBits } = this.#options;
    if (this.count % this.#strictEvery === 0) {
      const { bytes } = readDeflate(Buffer.concat([payload, TRAILER]), 2 ** windowBits, this.#window());
      if (!Buffer.from(bytes).equals(expected)) throw new Error(`message ${this.count}: the strict reader differs`);
    }
    if (!takeover) {
      const inflated = this.#inflate(Buffer.concat([payload, TRAILER]));
      if (!inflated.equals(expected)) throw new Error(`message ${this.count} without takeover differs`);
      return;
    }
    this.#expected.push(expected);
    this.#compressed.push(payload, TRAILER);
  }

  /** What the window holds by now: the last of what came compressed. */
  #window(): Uint8Array {
    const size = 2 ** this.#options.windowBits;
    let length = 0;
    let first = this.#expected.length;
    while (first > 0 && length < size) length += this.#expected[--first]!.length;
    return Buffer.concat(this.#expected.slice(first)).subarray(-size);
  }

  /** Inflates all that has come, as one stream with one window. @param isDone every message must have come */
  finish(isDone: boolean): void {
    if (isDone && this.#due.length > 0) throw new Error(`${this.#due.length} messages have not come`);
    const inflated = this.#inflate(Buffer.concat(this.#compressed));
    if (!inflated.equals(Buffer.concat(this.#expected))) throw new Error('what was inflated differs');
  }

  #inflate(stream: Uint8Array): Buffer {
    const { windowBits } = this.#options;
    return inflateRawSync(stream, { windowBits, chunkSize: CHUNK, finishFlush: constants.Z_SYNC_FLUSH });
  }
}
