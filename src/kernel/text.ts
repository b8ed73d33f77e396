// Strings out of validated UTF-8, whether it lies in the arena or in a buffer of JavaScript's, by the way that is fastest
// on this host: UTF-16 made by the kernel where the host makes strings of that, else the host's own decoder.

import { SCRATCH_CAPACITY, SCRATCH_PTR, TEXT_PTR } from '../../assembly/layout.js';
import type { Arena } from './arena.js';

/**
 * The string of valid UTF-8.
 *
 * @param bytes the arena's, or a buffer of JavaScript's; what is in the scratch is lost
 */
export function readText(arena: Arena, bytes: Uint8Array, start: number, end: number): string {
  const { host, kernel } = arena;
  if (host.readUtf16 === undefined) return host.readUtf8(bytes, start, end);
  let text = '';
  while (start < end) {
    const next = end - start <= SCRATCH_CAPACITY ? end : characterStart(bytes, start + SCRATCH_CAPACITY);
    let ptr = start;
    if (bytes !== arena.bytes) {
      ptr = SCRATCH_PTR;
      arena.bytes.set(bytes.subarray(start, next), ptr);
    }
    const units = kernel.transcode(ptr, next - start, TEXT_PTR);
    text += host.readUtf16(arena.bytes, TEXT_PTR, TEXT_PTR + units * 2);
    start = next;
  }
  return text;
}

/** Where the character begins that the byte at `at` belongs to. */
function characterStart(bytes: Uint8Array, at: number): number {
  while ((bytes[at]! & 0xc0) === 0x80) at--;
  return at;
}
