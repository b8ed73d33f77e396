// What every module needs from buffers: to check that a value is bytes, to copy a range of them, and to join several.

import { COPY_LOOP_LENGTH } from './thresholds.js';

/** Copies the bytes `start` to `end` of `source` into `target`, from `at` on. The buffers do not overlap. */
export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start > COPY_LOOP_LENGTH) {
    target.set(source.subarray(start, end), at);
    return;
  }
  for (let i = start; i < end; i++) target[at++] = source[i]!;
}

/** Several byte arrays as one. Unlike `Buffer.concat`, it takes those of another realm. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/**
 * Makes sure that a caller without types gave bytes: a Uint8Array of any realm.
 *
 * @throws TypeError
 */
export function requireBytes(value: Uint8Array): void {
  if (!ArrayBuffer.isView(value) || value[Symbol.toStringTag] !== 'Uint8Array') {
    throw new TypeError(`bytes are a Uint8Array, not ${Object.prototype.toString.call(value)}`);
  }
}
