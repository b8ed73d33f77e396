// How many bytes this process has allocated, on each engine in its own way; only the growth between two readings means
// anything, and only while nothing is collected. It must not know who allocates.

import { readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';

export interface AllocationMeter {
  read(): number;
  /** Gives back what can be, so that it goes in no sample. */
  collect(): void;
  /** Whether there may be collections, which show as a reading that is lower than the one before. */
  readonly hasCollections: boolean;
  /** Milliseconds that a sample should take: what one reading is off by is to be little beside it. */
  readonly sampleTime: number;
}

/** What must be in the environment or among the flags of the process. */
export const METER_FLAGS = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];
export const METER_ENVIRONMENT = { BUN_JSC_useGC: '0' };

const MEMORY_MAP = '/proc/self/smaps_rollup';
const TRIAL_OBJECTS = 4000;
const TRIAL_LENGTH = 1000;
/** Of V8 an array of 1000 bytes takes some 200 more, of JavaScriptCore its allocators give 1310. */
const TRIAL_MOST = 1500;

/** @throws Error where there is no sound way */
export function findMeter(): AllocationMeter {
  const meter = 'bun' in process.versions ? measureMemory() : measureHeap();
  tryOut(meter);
  return meter;
}

/**
 * V8: what its heap holds, which it counts to the byte, and the buffers outside. The new space is so large that no scavenge
 * falls into a sample.
 */
function measureHeap(): AllocationMeter {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('V8 shows no gc()');
  // Deno's memoryUsage() knows no buffers; V8 itself counts them among what is external.
  const isDeno = 'deno' in process.versions;
  const read = () => {
    const { used_heap_size, external_memory } = getHeapStatistics();
    return used_heap_size + (isDeno ? external_memory : process.memoryUsage().arrayBuffers);
  };
  // The second waits until what the first found has been given back.
  const collect = () => {
    gc();
    gc();
  };
  return { read, collect, hasCollections: true, sampleTime: 40 };
}

/**
 * JavaScriptCore: it counts its heap by the block and only when it collects, and strings and buffers lie elsewhere. But its
 * collector can be switched off, and then all that is allocated stays: the process grows by it.
 */
function measureMemory(): AllocationMeter {
  if (process.env.BUN_JSC_useGC !== '0') throw new Error('the collector is not switched off');
  const read = () => {
    const kibibytes = /^Private_Dirty: +(\d+) kB$/m.exec(readFileSync(MEMORY_MAP, 'latin1'))?.[1];
    if (kibibytes === undefined) throw new Error(`${MEMORY_MAP} does not say it`);
    return Number(kibibytes) * 1024;
  };
  return { read, collect: () => {}, hasCollections: false, sampleTime: 200 };
}

/** A meter is believed that finds what is known to be allocated. */
function tryOut({ read, collect }: AllocationMeter): void {
  const allocate = () => Array.from({ length: TRIAL_OBJECTS }, () => new Uint8Array(TRIAL_LENGTH).fill(1));
  allocate();
  collect();
  const before = read();
  const kept = allocate();
  const each = (read() - before) / kept.length;
  if (each < TRIAL_LENGTH || each > TRIAL_MOST)
    throw new Error(`${TRIAL_OBJECTS} arrays of ${TRIAL_LENGTH} bytes seem to take ${Math.round(each)} each`);
}
