// The other end of a compressed connection, by node:zlib: it shares nothing with src/.

import { constants, deflateRawSync, inflateRawSync, type ZlibOptions } from 'node:zlib';
import { bytesOf, concat } from '../frames/wire.js';

const TRAILER = Uint8Array.of(0, 0, 0xff, 0xff);

export interface PeerOptions {
  readonly takeover?: boolean;
  readonly windowBits?: number;
  readonly zlib?: ZlibOptions;
}

/** Deflates messages as a peer does. */
export class DeflatingPeer {
  readonly #takeover: boolean;
  readonly #windowBits: number;
  readonly #zlib: ZlibOptions;
  #history: Uint8Array = new Uint8Array(0);

  constructor({ takeover = true, windowBits = 15, zlib = {} }: PeerOptions = {}) {
    this.#takeover = takeover;
    this.#windowBits = windowBits;
    this.#zlib = zlib;
  }

  /** The payload of a compressed message. */
  deflate(message: string | Uint8Array): Uint8Array {
    const bytes = bytesOf(message);
    const deflated = deflateRawSync(bytes, {
      ...this.#zlib,
      windowBits: Math.max(this.#windowBits, 9),
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(this.#history.length > 0 ? { dictionary: this.#history } : {}),
    });
    if (this.#takeover) this.#history = concat(this.#history, bytes).slice(-(2 ** this.#windowBits));
    return deflated.subarray(0, -TRAILER.length);
  }
}

/** Inflates messages as a peer does, which has no more window than was agreed on. */
export class InflatingPeer {
  readonly #takeover: boolean;
  readonly #windowBits: number;
  #stream: Uint8Array = new Uint8Array(0);
  #length = 0;

  constructor({ takeover = true, windowBits = 15 }: PeerOptions = {}) {
    this.#takeover = takeover;
    this.#windowBits = windowBits;
  }

  /** @throws where the payload is not one of a compressed message */
  inflate(payload: Uint8Array): Buffer {
    // The whole stream anew each time: inflate needs nothing but what a peer has seen.
    this.#stream = concat(this.#takeover ? this.#stream : new Uint8Array(0), payload, TRAILER);
    if (!this.#takeover) this.#length = 0;
    const all = inflateRawSync(this.#stream, {
      windowBits: this.#windowBits,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    const message = all.subarray(this.#length);
    this.#length = all.length;
    return message;
  }
}
