// Many frames gathered in one buffer, to leave in one write. The buffers are shared by all writers: an idle connection
// holds none. Knows frames and no connection.

import { copyBytes } from '../kernel/bytes.js';
import { getHost } from '../kernel/host.js';
import type { FrameBits, FrameEncoder } from './frame-encoder.js';

/**
 * The length of the buffers that are shared: room for the replies to a chunk of 64 KiB, and for one message of that length.
 * A batch that needs more gets a buffer of its own, which is not kept.
 */
const SHARED_LENGTH = 128 * 1024;
const MAX_SPARES = 8;
const spares: Uint8Array<ArrayBuffer>[] = [];
/**
 * What was given away last and may come back, once: what is no writer's own, or no more, is never written to. (A WeakSet would
 * remember all of it, at ten times the cost of a small frame.)
 */
const givenAway: (Uint8Array | undefined)[] = new Array(MAX_SPARES).fill(undefined);
let nextGiven = 0;

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
    let room = this.#encoder.maxFrameLength(payload);
    // The bound for a string is loose: before a buffer is given up for it, the string is measured.
    if (this.length + room > SHARED_LENGTH) room = this.#encoder.frameLength(payload);
    const buffer = this.#reserve(room);
    this.length = this.#encoder.writeFrame(buffer, this.length, opcode, payload, bits);
  }

  /** Adds bytes that are frames already. */
  writeEncoded(frames: Uint8Array): void {
    this.#reserve(frames.length).set(frames, this.length);
    this.length += frames.length;
  }

  /** Gives away what was gathered, owned, and is empty again. */
  take(): Uint8Array<ArrayBuffer> {
    if (this.#buffer === undefined) return EMPTY;
    const bytes = this.#buffer.subarray(0, this.length);
    givenAway[nextGiven] = bytes;
    nextGiven = (nextGiven + 1) % MAX_SPARES;
    this.#buffer = undefined;
    this.length = 0;
    return bytes;
  }

  /**
   * Gives back what `take()` gave, once nobody will read it any more: a later frame will lie there. Without effect for
   * anything else, and for what was given before the last eight.
   */
  static release(bytes: Uint8Array<ArrayBuffer>): void {
    const index = givenAway.indexOf(bytes);
    if (index === -1) return;
    givenAway[index] = undefined;
    const { buffer } = bytes;
    if (buffer.byteLength === SHARED_LENGTH) keep(new Uint8Array(buffer));
  }

  #reserve(more: number): Uint8Array<ArrayBuffer> {
    const needed = this.length + more;
    let buffer = this.#buffer;
    if (buffer !== undefined && buffer.length >= needed) return buffer;
    if (buffer === undefined && needed <= SHARED_LENGTH) {
      buffer = spares.pop() ?? getHost().allocate(SHARED_LENGTH);
    } else {
      const larger = getHost().allocate(Math.max(needed, 2 * (buffer?.length ?? 0)));
      if (buffer !== undefined) {
        copyBytes(buffer, 0, this.length, larger, 0);
        if (buffer.length === SHARED_LENGTH) keep(buffer);
      }
      buffer = larger;
    }
    this.#buffer = buffer;
    return buffer;
  }
}

const EMPTY = new Uint8Array(0);

function keep(shared: Uint8Array<ArrayBuffer>): void {
  if (spares.length < MAX_SPARES) spares.push(shared);
}
