// Writes of bytes that the caller overwrites soon. Fresh memory for each would cost more than all the rest of relaying them: page faults,
// and a full garbage collection for every 64 MiB. So they are copied into memory that is used again as soon as the system has them.

import type { Duplex } from 'node:stream';
import { type DirectSocket, takesDirectWrites, writeDirectly } from '../../node/socket/writes/direct-writes.js';

/** Copies of chunks that are shorter come from Node's own pool, or are cheap. */
const MIN_REUSED = 16 * 1024;
const LENGTH = 256 * 1024;
/** Buffers that are kept. */
const MAX_FREE = 8;
const free: Buffer[] = [];
/** For plain sockets, which take bytes during `write` as far as the system has room for them. */
let scratch = Buffer.allocUnsafeSlow(LENGTH);

/**
 * Writes bytes that the caller will overwrite.
 *
 * @returns what `write` returns
 */
export function writeCopy(target: Duplex, bytes: Uint8Array): boolean {
  const { length } = bytes;
  // Behind a slow reader many copies may wait: those have no more memory than they need.
  if (length > LENGTH || target.writableLength > 0) return target.write(Buffer.from(bytes));
  if (takesDirectWrites(target)) return writeScratch(target, bytes);
  return length < MIN_REUSED ? target.write(Buffer.from(bytes)) : writeReused(target, bytes);
}

function writeScratch(target: DirectSocket, bytes: Uint8Array): boolean {
  scratch.set(bytes);
  const copy = scratch.subarray(0, bytes.length);
  const write = writeDirectly(target, [copy]);
  if (write === true) return true;
  const hasRoom = write === undefined ? target.write(copy) : write.handOver(target, [copy], undefined);
  // What the system has not taken, Node writes from this memory later.
  if (target.writableLength > 0) scratch = Buffer.allocUnsafeSlow(LENGTH);
  return hasRoom;
}

function writeReused(target: Duplex, bytes: Uint8Array): boolean {
  const buffer = free.pop() ?? Buffer.allocUnsafeSlow(LENGTH);
  buffer.set(bytes);
  return target.write(buffer.subarray(0, bytes.length), () => {
    if (free.length < MAX_FREE) free.push(buffer);
  });
}
