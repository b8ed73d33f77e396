// Masking and unmasking of buffers that the caller owns (RFC 6455 section 5.3), with the signatures of `bufferutil`. Bytes are masked
// in the arena's scratch memory; a few bytes are masked in place.

import { SCRATCH_PTR } from '../../assembly/shared/layout.js';
import { requireBytes } from '../bytes/copy.js';
import { getNativeBytes } from '../bytes/host.js';
import { MASK_LOOP_LENGTH, MASK_SLAB_LENGTH } from '../bytes/thresholds.js';
import { type Arena, arenaFor } from './arena.js';
import { readMaskingKey } from './read-header.js';

/**
 * XORs `length` bytes of `source` with the masking key into `output`, from `offset` of `output` on. Masking and unmasking
 * are the same.
 *
 * @param maskingKey 4 bytes
 * @param output may be `source`, if `offset` is 0
 * @throws RangeError if `source`, `output` or `maskingKey` is too short; TypeError for anything but bytes
 */
export function mask(
  source: Uint8Array,
  maskingKey: Uint8Array,
  output: Uint8Array,
  offset: number,
  length: number,
): void {
  requireBytes(source);
  requireBytes(output);
  const isInside = length >= 0 && length <= source.length && offset >= 0 && offset + length <= output.length;
  if (!Number.isInteger(offset) || !Number.isInteger(length) || !isInside) {
    throw new RangeError('the bytes to mask lie outside a buffer');
  }
  maskOwn(source, maskingKey, output, offset, length);
}

/**
 * XORs all of a buffer with the masking key, in place.
 *
 * @param maskingKey 4 bytes
 * @throws RangeError if `maskingKey` is too short
 */
export function unmask(buffer: Uint8Array, maskingKey: Uint8Array): void {
  requireBytes(buffer);
  maskOwn(buffer, maskingKey, buffer, 0, buffer.length);
}

/** Native where the way into the kernel's memory and back would cost more than the call. */
function maskOwn(source: Uint8Array, maskingKey: Uint8Array, output: Uint8Array, offset: number, length: number): void {
  const key = readKey(maskingKey);
  const native = length > MASK_LOOP_LENGTH ? getNativeBytes().mask : undefined;
  if (native === undefined) maskBytes(undefined, source, 0, output, offset, length, key);
  else native(source, maskingKey, output, offset, length);
}

/**
 * The same for bytes of one buffer that go into another, or stay.
 *
 * @param arena the default kernel's if undefined; not asked for where the bytes are few
 * @param maskingKey its first byte lowest
 */
export function maskBytes(
  arena: Arena | undefined,
  source: Uint8Array,
  sourceOffset: number,
  output: Uint8Array,
  outputOffset: number,
  length: number,
  maskingKey: number,
): void {
  if (length <= MASK_LOOP_LENGTH) {
    maskInLoop(source, sourceOffset, output, outputOffset, length, maskingKey);
    return;
  }
  const { bytes, kernel, maskSlab } = arena ?? arenaFor();
  // A multiple of 4 bytes at a time, so that each begins at phase 0.
  for (let done = 0; done < length; done += MASK_SLAB_LENGTH) {
    const slab = Math.min(length - done, MASK_SLAB_LENGTH);
    const start = source.byteOffset + sourceOffset + done;
    bytes.set(slab === source.length ? source : new Uint8Array(source.buffer, start, slab), SCRATCH_PTR);
    kernel.mask(SCRATCH_PTR, slab, maskingKey, 0);
    const masked = slab === MASK_SLAB_LENGTH ? maskSlab : bytes.subarray(SCRATCH_PTR, SCRATCH_PTR + slab);
    output.set(masked, outputOffset + done);
  }
}

/** Four bytes a turn, so that each meets its byte of the key without a shift. */
function maskInLoop(
  source: Uint8Array,
  sourceOffset: number,
  output: Uint8Array,
  outputOffset: number,
  length: number,
  maskingKey: number,
): void {
  const key1 = maskingKey >>> 8;
  const key2 = maskingKey >>> 16;
  const key3 = maskingKey >>> 24;
  let i = 0;
  for (; i < length - 3; i += 4) {
    output[outputOffset + i] = source[sourceOffset + i]! ^ maskingKey;
    output[outputOffset + i + 1] = source[sourceOffset + i + 1]! ^ key1;
    output[outputOffset + i + 2] = source[sourceOffset + i + 2]! ^ key2;
    output[outputOffset + i + 3] = source[sourceOffset + i + 3]! ^ key3;
  }
  for (; i < length; i++) {
    output[outputOffset + i] = source[sourceOffset + i]! ^ (maskingKey >>> ((i & 3) << 3));
  }
}

/** The key of a native call. */
const nativeKey = new Uint8Array(4);

/** Whether the host masks long payloads itself: the way into the arena and back costs twice as much. */
export function masksNatively(): boolean {
  return getNativeBytes().mask !== undefined;
}

/**
 * The same for all of a long payload.
 *
 * @param output as long as `source`, or `source` itself
 * @param maskingKey its first byte lowest
 */
export function maskLong(arena: Arena, source: Uint8Array, output: Uint8Array, maskingKey: number): void {
  const { length } = source;
  const native = getNativeBytes().mask;
  if (native === undefined) {
    maskBytes(arena, source, 0, output, 0, length, maskingKey);
    return;
  }
  nativeKey[0] = maskingKey;
  nativeKey[1] = maskingKey >>> 8;
  nativeKey[2] = maskingKey >>> 16;
  nativeKey[3] = maskingKey >>> 24;
  native(source, nativeKey, output, 0, length);
}

function readKey(maskingKey: Uint8Array): number {
  if (maskingKey.length < 4) throw new RangeError('a masking key has 4 bytes');
  return readMaskingKey(maskingKey, 0);
}
