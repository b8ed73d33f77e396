// Buffers that are lent to handlers: for messages that are valid until the handler returns, so that none is allocated for a message. They
// are kept for reuse up to a bound in bytes.

import { getHost } from './host.js';

/** Bytes: a lent buffer is at most four times what it holds, but for the shortest. A longer one is allocated, and not kept. */
const LENGTHS = [4 * 1024, 16 * 1024, 64 * 1024, 256 * 1024, 1024 * 1024];
/** Bytes of all buffers that are kept while nobody has them. */
const MAX_SPARE_LENGTH = 4 * 1024 * 1024;
/** What a stale view shows where that is checked. */
const STALE = 0xdb;

const spares = new Map<number, Uint8Array<ArrayBuffer>[]>(LENGTHS.map((length) => [length, []]));
/** The whole buffer of each ArrayBuffer that is lent, or kept to be. */
const buffers = new WeakMap<ArrayBufferLike, Uint8Array<ArrayBuffer>>();
let spareLength = 0;

/** Lends a buffer of at least this length, of any content. On Node it is a Buffer. */
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

/** Whether these bytes are part of a buffer that is lent: nobody may keep them, or have them written later. */
export function isLent(bytes: Uint8Array): boolean {
  return buffers.has(bytes.buffer);
}

/** Takes back the buffer that these bytes are part of; without effect on others. */
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
