// Strings out of UTF-8, whether it lies in the arena or in a buffer of JavaScript's, by the fastest way for this text on this host:
// UTF-16 made by the kernel, or the host's own decoder.

import { SCRATCH_CAPACITY, SCRATCH_PTR, TEXT_PTR } from '../../assembly/shared/layout.js';
import type { Host } from '../bytes/host.js';
import { HOST_UTF8_LENGTH } from '../bytes/thresholds.js';
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
  if (host.isUtf8Fast && !isWide(bytes, start, end)) return host.readUtf8(bytes, start, end);
  return transcode(arena, host.readUtf16, bytes, start, end, scratchPtr, textPtr);
}

/**
 * Whether a text is long and has a run of four three-byte characters in its middle, as CJK does. A guess about speed only: both ways
 * make the same string.
 */
function isWide(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= HOST_UTF8_LENGTH) return false;
  const at = characterStart(bytes, (start + end) >>> 1);
  return isLeadOf3(bytes[at]!) && isLeadOf3(bytes[at + 3]!) && isLeadOf3(bytes[at + 6]!) && isLeadOf3(bytes[at + 9]!);
}

/** Whether a character of three bytes begins with this byte. */
const isLeadOf3 = (byte: number) => byte >> 4 === 0xe;

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
