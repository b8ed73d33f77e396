// Strings out of UTF-8, whether it lies in the arena or in a buffer of JavaScript's, by the way that is fastest for what is known of
// it and on this host: UTF-16 made by the kernel where the host makes strings of that, else the host's own decoder.

import { SCRATCH_CAPACITY, SCRATCH_PTR, TEXT_PTR } from '../../assembly/shared/layout.js';
import type { Host } from '../bytes/host.js';
import type { Kernel } from './kernel.js';

/** What is asked of an arena: that of frames, or that of compressed messages. */
export interface TextArena {
  readonly host: Host;
  readonly bytes: Uint8Array;
  readonly kernel: Pick<Kernel, 'transcode'>;
}

/**
 * The string of a text.
 *
 * @param isValidated false for bytes that may be anything: the host puts U+FFFD for what is not UTF-8
 * @param bytes the arena's, or a buffer of JavaScript's; what is in the scratch is then lost
 * @param scratchPtr SCRATCH_CAPACITY bytes of the arena
 * @param textPtr room for their UTF-16
 */
export function readText(
  arena: TextArena,
  isAscii: boolean,
  isValidated: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
  scratchPtr = SCRATCH_PTR,
  textPtr = TEXT_PTR,
): string {
  const { host } = arena;
  if (isAscii) return host.readAscii(bytes, start, end);
  if (!isValidated || host.readUtf16 === undefined) return host.readUtf8(bytes, start, end);
  return transcode(arena, host.readUtf16, bytes, start, end, scratchPtr, textPtr);
}

function transcode(
  arena: TextArena,
  readUtf16: NonNullable<Host['readUtf16']>,
  bytes: Uint8Array,
  start: number,
  end: number,
  scratchPtr: number,
  textPtr: number,
): string {
  let text = '';
  while (start < end) {
    const next = end - start <= SCRATCH_CAPACITY ? end : characterStart(bytes, start + SCRATCH_CAPACITY);
    let ptr = start;
    if (bytes !== arena.bytes) {
      ptr = scratchPtr;
      arena.bytes.set(bytes.subarray(start, next), ptr);
    }
    const units = arena.kernel.transcode(ptr, next - start, textPtr);
    text += readUtf16(arena.bytes, textPtr, textPtr + units * 2);
    start = next;
  }
  return text;
}

/** Where the character begins that the byte at `at` belongs to. */
function characterStart(bytes: Uint8Array, at: number): number {
  while ((bytes[at]! & 0xc0) === 0x80) at--;
  return at;
}
