// Buffers that are lent to handlers, for messages that are valid only until the handler returns. They are reused, so that a message
// allocates none, and kept up to a bound in bytes.

import { getHost } from './host.js';

/** The lengths of lent buffers, in bytes: at most twice what they hold, except the shortest. Longer ones are not kept. */
const LENGTHS = Array.from({ length: 9 }, (_, i) => 4096 << i);
/** The most bytes of unused buffers that are kept. */
const MAX_SPARE_LENGTH = 4 * 1024 * 1024;
/** The byte that overwrites stale messages with `'listener-checked'`. */
const STALE = 0xdb;

/** A buffer that is lent, or kept for lending. */
interface LentBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many transports are still to read from it. */
  readers: number;
  /** The handler that it was lent to has returned. */
  isOver: boolean;
}

const spares = new Map<number, LentBuffer[]>(LENGTHS.map((length) => [length, []]));
/** By the ArrayBuffer that each spans. */
const buffers = new WeakMap<ArrayBufferLike, LentBuffer>();
let spareLength = 0;

/** Lends a buffer of at least this length, with arbitrary content. On Node it is a Buffer. */
export function lend(length: number): Uint8Array<ArrayBuffer> {
  const classLength = LENGTHS.find((each) => each >= length);
  const spare = classLength === undefined ? undefined : spares.get(classLength)!.pop();
  if (spare !== undefined) {
    spareLength -= spare.bytes.length;
    spare.isOver = false;
    return spare.bytes;
  }
  const bytes = getHost().allocateForParts(classLength ?? length);
  buffers.set(bytes.buffer, { bytes, readers: 0, isOver: false });
  return bytes;
}

/** Whether these bytes are part of a lent buffer. Such bytes may not be kept, or queued to be sent later, but see `holdLent`. */
export function isLent(bytes: Uint8Array): boolean {
  return buffers.has(bytes.buffer);
}

/** Takes back the lent buffer that these bytes are part of. No effect on other bytes. */
export function takeBack(bytes: Uint8Array): void {
  const lent = buffers.get(bytes.buffer);
  if (lent === undefined || lent.isOver) return;
  lent.isOver = true;
  if (lent.readers === 0) keep(lent);
}

/** A transport is to read these bytes: until `releaseLent`, once for each call, nothing else comes into their lent buffer. */
export function holdLent(bytes: Uint8Array): void {
  const lent = buffers.get(bytes.buffer);
  if (lent !== undefined) lent.readers++;
}

/** The transport has read them. No effect on other bytes. */
export function releaseLent(bytes: Uint8Array): void {
  const lent = buffers.get(bytes.buffer);
  if (lent === undefined || lent.readers === 0) return;
  lent.readers--;
  if (lent.readers === 0 && lent.isOver) keep(lent);
}

function keep(lent: LentBuffer): void {
  const { length } = lent.bytes;
  const kept = spares.get(length);
  if (kept === undefined || spareLength + length > MAX_SPARE_LENGTH) return;
  spareLength += length;
  kept.push(lent);
}

/** Overwrites bytes whose lifetime is over, so that a listener that has kept them notices. Those that a transport reads are left. */
export function wipe(bytes: Uint8Array): void {
  if ((buffers.get(bytes.buffer)?.readers ?? 0) === 0) bytes.fill(STALE);
}
