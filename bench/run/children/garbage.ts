// How much each subject allocates a message: what the process grows by in a run without a collection; prints samples in
// bytes, or why there are none. To be started with METER_FLAGS and METER_ENVIRONMENT. It must not know what the figures are
// for.
//
// A sample into which a collection fell is thrown away. A WeakRef would not tell: scavenges keep what it refers to.

import { makeGarbageSubjects } from '../../cases/garbage/work.js';
import type { Measurement, Subject } from '../../core/harness.js';
import type { Content } from '../../core/inputs.js';
import { summarize } from '../../core/statistics.js';
import { type AllocationMeter, findMeter } from './allocation-meter.js';
import { readJob } from './run-child.js';

export interface GarbageJob {
  readonly kind: 'decode' | 'encode';
  readonly content: Content;
  readonly size: number;
}

/** What the child prints. */
export interface GarbageAnswer {
  readonly measurements: readonly Measurement[];
  /** Why it cannot be measured here. */
  readonly reason?: string;
}

const SAMPLES = 3;
const ATTEMPTS = 5 * SAMPLES;
/** So that what is measured is what the optimized code allocates; where nothing is collected, no more than fits. */
const WARMUP_TIME = 80;
const WARMUP_ALLOCATED = 128 * 1024 * 1024;
/** No sample fills the new space. */
const MAX_ALLOCATED = 24 * 1024 * 1024;
const CALIBRATION = 64;

const job = readJob() as GarbageJob;
console.log(JSON.stringify(await answer()));

async function answer(): Promise<GarbageAnswer> {
  // Outside of what may fail: that the work is not what it should be is no question of the engine.
  const { operations, subjects } = makeGarbageSubjects(job.kind, job.content, job.size);
  const measurements: Measurement[] = [];
  try {
    const meter = findMeter();
    for (const subject of subjects)
      measurements.push({ name: subject.name, samples: await sample(subject, operations, meter) });
    return { measurements };
  } catch (error) {
    return { measurements: [], reason: error instanceof Error ? error.message : String(error) };
  }
}

async function sample(subject: Subject, operations: number, meter: AllocationMeter): Promise<number[]> {
  let runs = await warmUp(subject, meter);
  const samples: number[] = [];
  for (let attempt = 0; attempt < ATTEMPTS && samples.length < SAMPLES; attempt++) {
    meter.collect();
    await nextTurn();
    const bytes = meter.hasCollections ? addUp(subject, meter, runs) : growth(subject, meter, runs);
    // Less than nothing is what a reading was off by.
    if (bytes !== undefined) samples.push(Number(Math.max(0, bytes / (runs * operations)).toFixed(2)));
    // V8 also collects when buffers outside its heap have grown by much.
    else runs = Math.max(1, runs >> 1);
  }
  if (samples.length < SAMPLES) throw new Error(`${subject.name}: a collection falls into every sample`);
  return samples;
}

/** Reads before and after each run. @returns undefined if a collection fell into one */
function addUp(subject: Subject, meter: AllocationMeter, runs: number): number | undefined {
  const own = readingCost(meter);
  let sum = 0;
  for (let run = 0; run < runs; run++) {
    subject.prepare?.();
    const before = meter.read();
    subject.run();
    const bytes = meter.read() - before;
    if (bytes < 0) return undefined;
    sum += bytes - own;
  }
  return sum;
}

/** What two readings allocate of themselves, which lies between them. */
function readingCost(meter: AllocationMeter): number {
  const costs = Array.from({ length: CALIBRATION }, () => {
    const before = meter.read();
    return meter.read() - before;
  });
  return summarize(costs).median;
}

/** Where there are no collections, all runs together: readings are dear there. */
function growth(subject: Subject, meter: AllocationMeter, runs: number): number {
  const before = meter.read();
  for (let run = 0; run < runs; run++) {
    subject.prepare?.();
    subject.run();
  }
  return meter.read() - before;
}

/** @returns how many runs a sample has */
async function warmUp(subject: Subject, meter: AllocationMeter): Promise<number> {
  const start = performance.now();
  const first = meter.read();
  let runs = 0;
  let time = 0;
  let allocatedByRun = 0;
  while (time < WARMUP_TIME && meter.read() - first < WARMUP_ALLOCATED) {
    subject.prepare?.();
    const before = meter.read();
    subject.run();
    // Of one into which a collection fell, nothing is known.
    allocatedByRun = Math.max(allocatedByRun, meter.read() - before);
    await nextTurn();
    runs++;
    time = performance.now() - start;
  }
  const fitting = Math.min((meter.sampleTime * runs) / time, MAX_ALLOCATED / Math.max(1, allocatedByRun));
  return Math.max(1, Math.floor(fitting));
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
