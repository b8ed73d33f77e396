// Many frames gathered in one buffer, to leave in one write. The buffers are shared by all writers: an idle connection
// holds none. Knows frames and no connection.

import { getHost } from '../kernel/host.js';
import type { FrameBits, FrameEncoder } from './frame-encoder.js';

const FIRST_LENGTH = 16 * 1024;
/** Larger buffers are not kept: they were made for one large message. */
const MAX_SPARE_LENGTH = 128 * 1024;
const MAX_SPARES = 8;
const spares: Uint8Array<ArrayBuffer>[] = [];

/** Gathers frames. `take()` gives what was gathered; whoever is done with it may give it back with `release`. */
export class FrameWriter {
  readonly #encoder: FrameEncoder;
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  /** Bytes gathered. */
  length = 0;

  constructor(encoder: FrameEncoder) {
    this.#encoder = encoder;
  }

  /** Adds a frame; see `FrameEncoder.encodeInto`. */
  write(opcode: number, payload: string | Uint8Array, bits?: FrameBits): void {
    const buffer = this.#reserve(this.#encoder.maxFrameLength(payload));
    this.length = this.#encoder.encodeInto(buffer, this.length, opcode, payload, bits);
  }

  /** Adds bytes that are frames already. */
  writeEncoded(frames: Uint8Array): void {
    this.#reserve(frames.length).set(frames, this.length);
    this.length += frames.length;
  }

  /** Gives away what was gathered, owned, and is empty again. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#buffer === undefined ? EMPTY : this.#buffer.subarray(0, this.length);
    this.#buffer = undefined;
    this.length = 0;
    return bytes;
  }

  /** Gives back what `take()` gave, once nobody will read it any more: a later frame will lie there. */
  static release(bytes: Uint8Array<ArrayBuffer>): void {
    const { buffer } = bytes;
    if (bytes.byteOffset !== 0 || buffer.byteLength < FIRST_LENGTH || buffer.byteLength > MAX_SPARE_LENGTH) return;
    if (spares.length < MAX_SPARES) spares.push(new Uint8Array(buffer));
  }

  #reserve(more: number): Uint8Array<ArrayBuffer> {
    const needed = this.length + more;
    let buffer = this.#buffer;
    if (buffer !== undefined && buffer.length >= needed) return buffer;
    if (buffer === undefined && needed <= FIRST_LENGTH) {
      buffer = spares.pop() ?? getHost().allocate(FIRST_LENGTH);
    } else {
      const larger = getHost().allocate(Math.max(needed, 2 * (buffer?.length ?? 0)));
      if (buffer !== undefined) {
        larger.set(buffer.subarray(0, this.length));
        FrameWriter.release(buffer);
      }
      buffer = larger;
    }
    this.#buffer = buffer;
    return buffer;
  }
}

const EMPTY = new Uint8Array(0);
