// Buffers that are lent to handlers, for messages that are valid only until the handler returns. They are reused, so that a message
// allocates none, and kept up to a bound in bytes.

import { getHost } from './host.js';

/** The lengths of lent buffers, in bytes: at most twice what they hold, except the shortest. Longer ones are not kept. */
const LENGTHS = Array.from({ length: 9 }, (_, i) => 4096 << i);
/** The most bytes of unused buffers that are kept. */
const MAX_SPARE_LENGTH = 4 * 1024 * 1024;
/** The byte that overwrites stale messages with `'listener-checked'`. */
const STALE = 0xdb;

const spares = new Map<number, Uint8Array<ArrayBuffer>[]>(LENGTHS.map((length) => [length, []]));
/** From each ArrayBuffer that is lent, or kept for lending, to the buffer that spans it. */
const buffers = new WeakMap<ArrayBufferLike, Uint8Array<ArrayBuffer>>();
let spareLength = 0;

/** Lends a buffer of at least this length, with arbitrary content. On Node it is a Buffer. */
export function lend(length: number): Uint8Array<ArrayBuffer> {
  const classLength = LENGTHS.find((each) => each >= length);
  const spare = classLength === undefined ? undefined : spares.get(classLength)!.pop();
  if (spare !== undefined) {
    spareLength -= spare.length;
    return spare;
  }
  const buffer = getHost().allocateForParts(classLength ?? length);
  buffers.set(buffer.buffer, buffer);
  return buffer;
}

/** Whether these bytes are part of a lent buffer. Such bytes may not be kept, or queued to be sent later. */
export function isLent(bytes: Uint8Array): boolean {
  return buffers.has(bytes.buffer);
}

/** Takes back the lent buffer that these bytes are part of. No effect on other bytes. */
export function takeBack(bytes: Uint8Array): void {
  const buffer = buffers.get(bytes.buffer);
  const kept = buffer && spares.get(buffer.length);
  if (kept === undefined || spareLength + buffer!.length > MAX_SPARE_LENGTH) return;
  spareLength += buffer!.length;
  kept.push(buffer!);
}

/** Overwrites bytes whose lifetime is over, so that a listener that has kept them notices. */
export function wipe(bytes: Uint8Array): void {
  bytes.fill(STALE);
}
