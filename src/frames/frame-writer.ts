// Many frames gathered in one buffer, to leave in one write. The buffers are shared by all writers: an idle connection
// holds none. Knows frames and no connection.

import { copyBytes } from '../kernel/bytes.js';
import { getHost, type PartConstructor } from '../kernel/host.js';
import type { FrameBits, FrameEncoder } from './frame-encoder.js';

/**
 * The length of the buffers that are shared: room for the replies to a chunk of 64 KiB, and for one message of that length.
 * A batch that needs more gets a buffer of its own, which is not kept.
 */
const SHARED_LENGTH = 128 * 1024;
const MAX_SPARES = 8;

/** A buffer to gather in. Its memory is kept beside it: to ask a typed array for that is a call out of JavaScript. */
interface Slab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly memory: ArrayBuffer;
}

const spares: Slab[] = [];
/**
 * What was given away last and may come back, once: what is no writer's own, or no more, is never written to. (A WeakSet would
 * remember all of it, at ten times the cost of a small frame.)
 */
const givenAway: (Uint8Array | undefined)[] = new Array(MAX_SPARES).fill(undefined);
/** In what each of them lies. */
const givenSlabs: (Slab | undefined)[] = new Array(MAX_SPARES).fill(undefined);
let lastGiven = 0;

/** Gathers frames. `take()` gives what was gathered; whoever is done with it may give it back with `release`. */
export class FrameWriter {
  readonly #encoder: FrameEncoder;
  #slab: Slab | undefined;
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

  /**
   * Gives away what was gathered, owned, and is empty again.
   *
   * @param Part of what class it is to be: see `Host.partClass`
   */
  take(Part: PartConstructor = Uint8Array): Uint8Array<ArrayBuffer> {
    const slab = this.#slab;
    if (slab === undefined) return EMPTY;
    const bytes = new Part(slab.memory, 0, this.length);
    lastGiven = (lastGiven + 1) % MAX_SPARES;
    givenAway[lastGiven] = bytes;
    givenSlabs[lastGiven] = slab;
    this.#slab = undefined;
    this.length = 0;
    return bytes;
  }

  /**
   * Gives back what `take()` gave, once nobody will read it any more: a later frame will lie there. Without effect for
   * anything else, and for what was given before the last eight.
   */
  static release(bytes: Uint8Array<ArrayBuffer>): void {
    const index = givenAway[lastGiven] === bytes ? lastGiven : givenAway.indexOf(bytes);
    if (index === -1) return;
    const slab = givenSlabs[index]!;
    givenAway[index] = givenSlabs[index] = undefined;
    if (slab.bytes.length === SHARED_LENGTH) keep(slab);
  }

  #reserve(more: number): Uint8Array<ArrayBuffer> {
    const needed = this.length + more;
    const before = this.#slab;
    if (before !== undefined && before.bytes.length >= needed) return before.bytes;
    let slab: Slab;
    if (before === undefined && needed <= SHARED_LENGTH) {
      slab = spares.pop() ?? newSlab(SHARED_LENGTH);
    } else {
      slab = newSlab(Math.max(needed, 2 * (before?.bytes.length ?? 0)));
      if (before !== undefined) {
        copyBytes(before.bytes, 0, this.length, slab.bytes, 0);
        if (before.bytes.length === SHARED_LENGTH) keep(before);
      }
    }
    this.#slab = slab;
    return slab.bytes;
  }
}

const EMPTY = new Uint8Array(0);

function newSlab(length: number): Slab {
  const bytes = getHost().allocate(length);
  return { bytes, memory: bytes.buffer };
}

function keep(shared: Slab): void {
  if (spares.length < MAX_SPARES) spares.push(shared);
}
