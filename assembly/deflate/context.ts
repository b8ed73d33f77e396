// What one direction of one connection remembers between messages: the context of ../shared/deflate-layout.ts, its ring and its
// header. Knows neither inflate nor deflate.

import {
  CONTEXT_HASH_BITS,
  CONTEXT_HISTORY,
  CONTEXT_POSITION,
  CONTEXT_RING,
  CONTEXT_RING_LENGTH,
} from '../shared/deflate-layout';

/** The contract stands in src/deflate/kernel/deflate-kernel.ts. */
export function initContext(contextPtr: usize, ringLength: u32, hashBits: u32): void {
  store<u32>(contextPtr, ringLength, CONTEXT_RING_LENGTH);
  store<u32>(contextPtr, 0, CONTEXT_POSITION);
  store<u32>(contextPtr, 0, CONTEXT_HISTORY);
  store<u32>(contextPtr, hashBits, CONTEXT_HASH_BITS);
}

/** The contract stands in src/deflate/kernel/deflate-kernel.ts. */
export function remember(contextPtr: usize, ptr: usize, length: u32): void {
  const ringLength = load<u32>(contextPtr, CONTEXT_RING_LENGTH);
  const position = load<u32>(contextPtr, CONTEXT_POSITION);
  const ring = contextPtr + CONTEXT_RING;
  store<u32>(contextPtr, position + length, CONTEXT_POSITION);
  store<u32>(contextPtr, min<u32>(ringLength, load<u32>(contextPtr, CONTEXT_HISTORY) + length), CONTEXT_HISTORY);

  // Of more than the ring holds, the last bytes, at the places where they would have come to lie.
  const kept = min<u32>(length, ringLength);
  const from = ptr + <usize>(length - kept);
  const offset = (position + (length - kept)) & (ringLength - 1);
  const untilEnd = min<u32>(kept, ringLength - offset);
  copyExactly(ring + <usize>offset, from, untilEnd);
  if (kept > untilEnd) copyExactly(ring, from + <usize>untilEnd, kept - untilEnd);
}

/**
 * Copies and writes nothing beside: a ring has valid history on both sides of what is appended.
 *
 * 16 bytes or more are whole vectors from the front and one that ends where the bytes end; fewer are two words that may
 * overlap, or single bytes. (memory.copy is a call out of the module: ten times the cost at 100 bytes.)
 */
function copyExactly(to: usize, from: usize, length: u32): void {
  if (length > 1024) {
    memory.copy(to, from, length);
    return;
  }
  const end = from + <usize>length;
  if (length >= 16) {
    const toLast = to + <usize>length - 16;
    while (to < toLast) {
      v128.store(to, v128.load(from));
      to += 16;
      from += 16;
    }
    v128.store(toLast, v128.load(end - 16));
    return;
  }
  if (length >= 8) {
    store<u64>(to + <usize>length - 8, load<u64>(end - 8));
    store<u64>(to, load<u64>(from));
    return;
  }
  if (length >= 4) {
    store<u32>(to + <usize>length - 4, load<u32>(end - 4));
    store<u32>(to, load<u32>(from));
    return;
  }
  while (from < end) {
    store<u8>(to, load<u8>(from));
    to++;
    from++;
  }
}
