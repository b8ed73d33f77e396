// UTF-8 validation of buffers that the caller owns. Invalid bytes are found in assembly/frames/utf8.ts and portable/utf8.ts.

import { SCRATCH_CAPACITY, SCRATCH_PTR, UTF8_OFFSET_BITS, UTF8_STATE_BITS } from '../../assembly/shared/layout.js';
import { requireBytes } from '../bytes/copy.js';
import { getNativeBytes } from '../bytes/host.js';
import { UTF8_KERNEL_LENGTH } from '../bytes/thresholds.js';
import { arenaFor } from './arena.js';
import type { KernelChoice } from './select.js';

/**
 * Whether bytes are valid UTF-8 (Unicode table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF).
 *
 * @throws TypeError for anything but bytes
 */
export function isValidUtf8(bytes: Uint8Array): boolean {
  requireBytes(bytes);
  const isUtf8 = bytes.length > UTF8_KERNEL_LENGTH ? getNativeBytes().isUtf8 : undefined;
  return isUtf8 === undefined ? findInvalidUtf8(bytes) === -1 : isUtf8(bytes);
}

/** Whether the host validates texts itself. */
export function validatesNatively(): boolean {
  const { isUtf8, isAscii } = getNativeBytes();
  return isUtf8 !== undefined && isAscii !== undefined;
}

/** Whether bytes are ASCII; false also where the host doesn't say. */
export function isKnownAscii(bytes: Uint8Array): boolean {
  return getNativeBytes().isAscii?.(bytes) === true;
}

/**
 * Where bytes stop being UTF-8.
 *
 * @returns -1 if they are valid; else the offset of the first byte that no continuation can mend, or the length of the
 *   bytes where they end inside a character
 */
export function findInvalidUtf8(bytes: Uint8Array, choice?: KernelChoice): number {
  requireBytes(bytes);
  const arena = arenaFor(choice);
  let state = 0;
  for (let done = 0; done < bytes.length; done += SCRATCH_CAPACITY) {
    const length = Math.min(bytes.length - done, SCRATCH_CAPACITY);
    arena.bytes.set(length === bytes.length ? bytes : bytes.subarray(done, done + length), SCRATCH_PTR);
    const result = arena.kernel.validate(SCRATCH_PTR, length, state);
    if (result < 0) return done + (result & UTF8_OFFSET_BITS);
    state = result & UTF8_STATE_BITS;
  }
  return state === 0 ? -1 : bytes.length;
}
