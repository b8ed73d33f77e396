// Copies of bytes that are on their way to a socket. Fresh memory for each large chunk would cost more than all the rest of relaying
// it (page faults, and a full garbage collection for every 64 MiB), so the memory of large ones is used again.

import type { Duplex } from 'node:stream';

/** Copies of chunks that are shorter come from Node's own pool, or are cheap. */
const MIN_REUSED = 16 * 1024;
const LENGTH = 256 * 1024;
/** Buffers that are kept. */
const MAX_FREE = 8;
const free: Buffer[] = [];

/**
 * Writes bytes that the caller will overwrite.
 *
 * @returns what `write` returns
 */
export function writeCopy(target: Duplex, bytes: Uint8Array): boolean {
  const { length } = bytes;
  // Behind a slow reader many copies may wait: those have no more memory than they need.
  if (length < MIN_REUSED || length > LENGTH || target.writableLength > 0) return target.write(Buffer.from(bytes));
  const buffer = free.pop() ?? Buffer.allocUnsafeSlow(LENGTH);
  buffer.set(bytes);
  return target.write(buffer.subarray(0, length), () => {
    if (free.length < MAX_FREE) free.push(buffer);
  });
}
