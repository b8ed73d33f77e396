// The frames of one connection that wait for its transport: gathered in a slab, shared with other connections, or passed on by reference,
// in order.

import { MAX_HEADER_LENGTH } from '../../assembly/shared/protocol.js';
import { copyBytes } from '../bytes/copy.js';
import { type BytesConstructor, getHost } from '../bytes/host.js';
import { holdLent, releaseLent } from '../bytes/lent-buffers.js';
import { giveSlab, MIN_SLAB_LENGTH, type Slab, slabOf, takeSlab } from '../bytes/slab-pool.js';
import { MAX_SLAB_LENGTH, MEASURED_UNITS, PREPARED_REFERENCE_LENGTH } from '../bytes/thresholds.js';
import type { FrameBits, FrameEncoder } from './frame-encoder.js';
import { SharedSequence } from './shared-sequence.js';

const EMPTY = new Uint8Array(0);
/** A writer whose last batch was long takes no more than this for the next one, which may be 20 bytes. */
const MAX_EXPECTED = 8 * 1024;
/** Shared frames are joined up to this length. */
const MAX_SHARED = MAX_SLAB_LENGTH / 2;
/** The slab that was given away last: mostly it comes back at once. */
let lastGiven: Slab | undefined;

/**
 * A queue of frames with one byte count. `take()` and `takeSegments()` empty it; `release` takes the memory back once the transport has
 * read it.
 */
export class FrameWriter {
  readonly #encoder: FrameEncoder;
  /** What comes before the slab or the shared frames: earlier ones, and references. */
  #segments: Uint8Array<ArrayBufferLike>[] | undefined;
  #segmentsLength = 0;
  #slab: Slab | undefined;
  /** Bytes in the slab. */
  #filled = 0;
  /** Prepared frames. While there are any, nothing is in the slab: what is gathered comes behind them. */
  #shared: SharedSequence | undefined;
  /** How long the next batch is expected to be: as long as the last one, so that the slab need not grow again. */
  #expected = 0;

  constructor(encoder: FrameEncoder) {
    this.#encoder = encoder;
  }

  /** Bytes in the queue, references included. */
  get length(): number {
    return this.#segmentsLength + this.#filled + (this.#shared?.length ?? 0);
  }

  /** Adds a frame; see `FrameEncoder.encodeInto`. */
  write(opcode: number, payload: string | Uint8Array, bits?: FrameBits): void {
    let room = this.#encoder.maxFrameLength(payload);
    const isLoose = typeof payload === 'string' && payload.length <= MEASURED_UNITS;
    // The bound for a short string is loose: before a longer slab is taken for it, the string is measured.
    if (isLoose && this.#filled + room > (this.#slab?.bytes.length ?? MIN_SLAB_LENGTH)) {
      room = this.#encoder.frameLength(payload);
    }
    const buffer = this.#reserve(room);
    this.#filled = this.#encoder.writeFrame(buffer, this.#filled, opcode, payload, bits);
  }

  /** Adds the frame of an unmasked message whose payload is not copied: it must not change until the transport has written it. */
  writeByReference(opcode: number, payload: Uint8Array): void {
    const buffer = this.#reserve(MAX_HEADER_LENGTH);
    this.#filled = this.#encoder.writeHeaderOf(buffer, this.#filled, opcode, payload.length);
    holdLent(payload);
    this.#addReference(payload);
  }

  /**
   * Adds bytes that are frames already.
   *
   * @param isShared other connections send them too, and they never change: they are not copied, unless they are short and come behind
   *   others that are gathered
   */
  writeEncoded(frames: Uint8Array, isShared: boolean): void {
    const isLong = frames.length >= PREPARED_REFERENCE_LENGTH;
    if (isShared && isLong) this.#addReference(frames);
    else if (isShared && this.#filled === 0) this.#share(frames);
    else this.#copy(frames);
  }

  #share(frame: Uint8Array): void {
    const before = this.#shared;
    if (before !== undefined && before.length + frame.length > MAX_SHARED) this.#endShared();
    this.#shared = SharedSequence.add(this.#shared, frame);
  }

  /** Further frames come behind the shared ones. */
  #endShared(): void {
    const shared = this.#shared;
    if (shared === undefined) return;
    this.#shared = undefined;
    this.#segments ??= [];
    this.#segments.push(shared.bytes);
    this.#segmentsLength += shared.length;
  }

  #copy(frames: Uint8Array): void {
    this.#reserve(frames.length).set(frames, this.#filled);
    this.#filled += frames.length;
  }

  /**
   * Empties the queue into one buffer, which is the caller's: what was added by reference is copied.
   *
   * @param Bytes the class of the buffer: see `Host.bytesClass`
   */
  take(Bytes: BytesConstructor = Uint8Array): Uint8Array<ArrayBuffer> {
    if (this.#segments === undefined && this.#shared === undefined) {
      return this.#slab === undefined ? EMPTY : this.#takeFromSlab(Bytes);
    }
    const { buffer, byteOffset } = getHost().allocate(this.length);
    const bytes = new Bytes(buffer, byteOffset, this.length);
    let at = 0;
    for (const segment of this.takeSegments()) {
      bytes.set(segment, at);
      at += segment.length;
      FrameWriter.release(segment);
    }
    return bytes;
  }

  /**
   * Empties the queue into segments, to be written in this order. Give each to `release` once it has been written.
   *
   * @param Bytes the class of those that are not references
   * @param isCompact for a transport that may hold them for long: frames that were gathered are copied, so that they take no more memory
   *   than their own length
   */
  takeSegments(Bytes: BytesConstructor = Uint8Array, isCompact = false): Uint8Array<ArrayBufferLike>[] {
    this.#endShared();
    const segments = this.#segments ?? [];
    if (this.#filled > 0) segments.push(this.#takeFromSlab(Bytes));
    this.#segments = undefined;
    this.#segmentsLength = 0;
    if (isCompact) {
      for (const [i, segment] of segments.entries()) segments[i] = compact(segment, Bytes);
    }
    return segments;
  }

  /**
   * Takes back what was taken, once nobody will read it any more: a later frame, or the message for which a referenced buffer is lent
   * next, will lie there. Without effect for other references, and for what was given back before.
   */
  static release(bytes: Uint8Array): void {
    const slab = slabThatGave(bytes);
    if (slab === undefined) releaseLent(bytes);
    else giveSlab(slab);
  }

  #addReference(bytes: Uint8Array): void {
    this.#endShared();
    this.#segments ??= [];
    if (this.#filled > 0) {
      this.#segmentsLength += this.#filled;
      this.#segments.push(this.#takeFromSlab(Uint8Array));
    }
    this.#segments.push(bytes);
    this.#segmentsLength += bytes.length;
  }

  #takeFromSlab(Bytes: BytesConstructor): Uint8Array<ArrayBuffer> {
    const slab = this.#slab!;
    const bytes = new Bytes(slab.memory, 0, this.#filled);
    slab.given = bytes;
    // A longer one is not pooled, and must not stay alive for being the last.
    if (slab.bytes.length <= MAX_SLAB_LENGTH) lastGiven = slab;
    this.#slab = undefined;
    this.#expected = Math.min(this.#filled, MAX_EXPECTED);
    this.#filled = 0;
    return bytes;
  }

  /** A frame is about to be gathered behind shared ones: if they are short, they are gathered too, and leave in the same segment. */
  #gatherShared(more: number): void {
    const shared = this.#shared!;
    if (shared.length >= PREPARED_REFERENCE_LENGTH) {
      this.#endShared();
      return;
    }
    this.#shared = undefined;
    this.#reserve(shared.length + more).set(shared.bytes, this.#filled);
    this.#filled += shared.length;
  }

  #reserve(more: number): Uint8Array<ArrayBuffer> {
    if (this.#shared !== undefined) this.#gatherShared(more);
    const needed = this.#filled + more;
    const before = this.#slab;
    if (before !== undefined && before.bytes.length >= needed) return before.bytes;
    // Beyond the pooled lengths a slab doubles, so that gathering stays linear.
    let length = needed;
    if (before === undefined) length = Math.max(needed, this.#expected);
    else if (needed > MAX_SLAB_LENGTH) length = Math.max(needed, 2 * before.bytes.length);
    const slab = takeSlab(length);
    if (before !== undefined) {
      copyBytes(before.bytes, 0, this.#filled, slab.bytes, 0);
      giveSlab(before);
    }
    this.#slab = slab;
    return slab.bytes;
  }
}

function slabThatGave(bytes: Uint8Array): Slab | undefined {
  return lastGiven?.given === bytes ? lastGiven : slabOf(bytes);
}

/** The same bytes in memory of their own length; a reference as it is. */
function compact(segment: Uint8Array, Bytes: BytesConstructor): Uint8Array {
  const slab = slabThatGave(segment);
  if (slab === undefined) return segment;
  const { buffer, byteOffset, length } = getHost().copy(segment);
  giveSlab(slab);
  return new Bytes(buffer, byteOffset, length);
}
