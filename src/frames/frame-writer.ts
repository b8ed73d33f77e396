// Frames gathered in one buffer, to leave in one write.

import { copyBytes } from '../bytes/copy.js';
import type { PartConstructor } from '../bytes/host.js';
import { giveSlab, MIN_SLAB_LENGTH, type Slab, slabOf, takeSlab } from '../bytes/slab-pool.js';
import { MAX_SLAB_LENGTH, MEASURED_UNITS } from '../bytes/thresholds.js';
import type { FrameBits, FrameEncoder } from './frame-encoder.js';

const EMPTY = new Uint8Array(0);
/** A writer whose last batch was long takes no more than this for the next one, which may be 20 bytes. */
const MAX_EXPECTED = 8 * 1024;
/** What was given away last: mostly it comes back at once. */
let lastGiven: Slab | undefined;

/** Gathers frames. `take()` gives what was gathered away; once it has been read, `release` takes the memory back. */
export class FrameWriter {
  readonly #encoder: FrameEncoder;
  #slab: Slab | undefined;
  /** Bytes gathered. */
  length = 0;
  /** How much the next batch is expected to be: as much as the last one, so that the slab need not grow again. */
  #expected = 0;

  constructor(encoder: FrameEncoder) {
    this.#encoder = encoder;
  }

  /** Adds a frame; see `FrameEncoder.encodeInto`. */
  write(opcode: number, payload: string | Uint8Array, bits?: FrameBits): void {
    let room = this.#encoder.maxFrameLength(payload);
    const isLoose = typeof payload === 'string' && payload.length <= MEASURED_UNITS;
    // The bound for a short string is loose: before a longer slab is taken for it, the string is measured.
    if (isLoose && this.length + room > (this.#slab?.bytes.length ?? MIN_SLAB_LENGTH)) {
      room = this.#encoder.frameLength(payload);
    }
    const buffer = this.#reserve(room);
    this.length = this.#encoder.writeFrame(buffer, this.length, opcode, payload, bits);
  }

  /** Adds bytes that are frames already. */
  writeEncoded(frames: Uint8Array): void {
    this.#reserve(frames.length).set(frames, this.length);
    this.length += frames.length;
  }

  /**
   * Gives away what was gathered, owned, and is empty again.
   *
   * @param Part of what class it is to be: see `Host.partClass`
   */
  take(Part: PartConstructor = Uint8Array): Uint8Array<ArrayBuffer> {
    const slab = this.#slab;
    if (slab === undefined) return EMPTY;
    const bytes = new Part(slab.memory, 0, this.length);
    slab.given = bytes;
    // A longer one is not pooled, and must not stay alive for being the last.
    if (slab.bytes.length <= MAX_SLAB_LENGTH) lastGiven = slab;
    this.#slab = undefined;
    this.#expected = Math.min(this.length, MAX_EXPECTED);
    this.length = 0;
    return bytes;
  }

  /**
   * Gives back what `take()` gave, once nobody will read it any more: a later frame will lie there. Without effect for
   * anything else, and for what was given back before.
   */
  static release(bytes: Uint8Array<ArrayBuffer>): void {
    const slab = lastGiven?.given === bytes ? lastGiven : slabOf(bytes);
    if (slab !== undefined) giveSlab(slab);
  }

  #reserve(more: number): Uint8Array<ArrayBuffer> {
    const needed = this.length + more;
    const before = this.#slab;
    if (before !== undefined && before.bytes.length >= needed) return before.bytes;
    // Beyond the pooled lengths a slab doubles, so that gathering stays linear.
    let length = needed;
    if (before === undefined) length = Math.max(needed, this.#expected);
    else if (needed > MAX_SLAB_LENGTH) length = Math.max(needed, 2 * before.bytes.length);
    const slab = takeSlab(length);
    if (before !== undefined) {
      copyBytes(before.bytes, 0, this.length, slab.bytes, 0);
      giveSlab(before);
    }
    this.#slab = slab;
    return slab.bytes;
  }
}
