// Early scavenges: V8's minor garbage collections, requested in proportion to the bytes that are allocated for messages.
//
// V8 counts the bytes of ArrayBuffers and starts a mark-compact of the whole heap for each 64 MiB of them, unless a scavenge has freed
// them before. A program that receives long messages leaves little garbage in the heap itself, so that V8 scavenges too rarely: on
// Node 24 and 26 every 64 MiB of messages cost a mark-compact, with a heap of 200 MB some 100 ms each. A scavenge takes 0.3 to 1 ms
// whatever the heap holds. Filling the young generation with garbage would trigger scavenges too, but takes 5 to 15 ms each time
// where that has grown to its largest size.

import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { takeAllocatedLength } from '../../../bytes/host.js';

const MIB = 1024 * 1024;
/** Bytes allocated between two scavenges. Shorter intervals gain nothing, and longer ones leave more memory than a cache holds. */
const SHORTEST_INTERVAL = 8 * MIB;
/** Half of what starts a mark-compact, as the memory that a scavenge has found free counts until the next one. */
const LONGEST_INTERVAL = 32 * MIB;
/** Bytes for each millisecond that a scavenge takes: a program with many young objects has longer intervals. */
const BYTES_PER_MILLISECOND = 8 * MIB;

/** A byte read through a stream counts as this many allocated ones. Bench: tls/16 KiB × 1, 0.4 × `ws` without it, 0.95 to 1.3 with it. */
const STREAM_READ_FACTOR = 4;

/**
 * glibc gives the end of its heap back to the system as soon as 128 KiB there are free, and a scavenge frees MiB at once: messages that
 * come next would fault that memory in again. From a long block that is freed it learns to keep twice that length.
 * Bench: echo/16 KiB × 1.
 */
const FREED_LENGTH = 16 * MIB;

/** How many scavenges the next interval is measured by. The shortest of them counts: others may have waited for the processor. */
const MEASURED_SCAVENGES = 4;

type Scavenge = () => void;

let interval = SHORTEST_INTERVAL;
let bytesSinceLast = 0;
/** Milliseconds that the last scavenges took. */
const durations: number[] = [];
/** Made once there is something to do; null where the engine offers no scavenges. */
let scavenge: Scavenge | null | undefined;

/**
 * Scavenges after each interval of bytes that were allocated for messages.
 *
 * @param chunkLength bytes of a chunk that came through a stream, which Node has allocated; what the codec allocates is counted where
 *   it does so
 */
export function countForScavenge(chunkLength: number): void {
  bytesSinceLast += STREAM_READ_FACTOR * chunkLength + takeAllocatedLength();
  if (bytesSinceLast < interval) return;
  bytesSinceLast = 0;
  if (scavenge === undefined) {
    scavenge = makeScavenge();
    // Garbage at once, and never written to: the scavenge frees it.
    if (scavenge !== null) Buffer.allocUnsafeSlow(FREED_LENGTH);
  }
  if (scavenge === null) return;
  const start = performance.now();
  scavenge();
  durations.push(performance.now() - start);
  if (durations.length > MEASURED_SCAVENGES) durations.shift();
  const wanted = Math.min(...durations) * BYTES_PER_MILLISECOND;
  interval = Math.min(Math.max(wanted, SHORTEST_INTERVAL), LONGEST_INTERVAL);
}

/**
 * Makes the function that scavenges. V8 gives it to a context that is made while the flag `--expose-gc` is set, and to no other: the
 * flag is reset at once, and the program's own global object gets no `gc`.
 *
 * @returns null on other engines than Node's V8, and where flags or contexts are not allowed
 */
function makeScavenge(): Scavenge | null {
  const { bun, deno } = process.versions;
  if (bun !== undefined || deno !== undefined) return null;
  const isExposed = typeof (globalThis as { gc?: unknown }).gc === 'function';
  try {
    if (!isExposed) setFlagsFromString('--expose-gc');
    const gc: unknown = runInNewContext('gc');
    return typeof gc === 'function' ? () => gc({ type: 'minor' }) : null;
  } catch {
    return null;
  } finally {
    if (!isExposed) setFlagsFromString('--no-expose-gc');
  }
}
