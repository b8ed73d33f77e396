// How much a subject allocates a message: what the heap and the buffers outside it grow by in a run without a collection;
// prints samples in bytes. To be started with GARBAGE_FLAGS. It must not know what the figures are for.
//
// The new space is so large that no scavenge falls into a run; an object that only a WeakRef knows is there to tell if one
// did, and then the sample is thrown away.

import { getHeapStatistics } from 'node:v8';
import { makeGarbageSubjects } from '../cases/garbage-work.js';
import type { Measurement, Subject } from '../harness.js';
import type { Content } from '../inputs.js';
import { readJob } from './run-child.js';

export interface GarbageJob {
  readonly kind: 'decode' | 'encode';
  readonly content: Content;
  readonly size: number;
}

const SAMPLES = 3;
const ATTEMPTS = 5 * SAMPLES;
/** So that what is measured is what the optimized code allocates. */
const WARMUP_TIME = 80;
/** A sample has so many runs that V8's counting by the block does not show, and none of them fills the new space. */
const MAX_RUNS = 128;
const MAX_ALLOCATED = 24 * 1024 * 1024;

const { gc } = globalThis as { gc?: () => void };
const job = readJob() as GarbageJob;
const { operations, subjects } = makeGarbageSubjects(job.kind, job.content, job.size);
const measurements: Measurement[] = [];
for (const subject of subjects) measurements.push({ name: subject.name, samples: await sample(subject) });
console.log(JSON.stringify(measurements));

async function sample(subject: Subject): Promise<number[]> {
  if (gc === undefined) throw new Error('start me with --expose-gc');
  const end = performance.now() + WARMUP_TIME;
  let allocatedByRun = 0;
  while (performance.now() < end) {
    subject.prepare?.();
    const before = allocated();
    subject.run();
    allocatedByRun = allocated() - before;
    await nextTurn();
  }
  const runs = Math.max(1, Math.min(MAX_RUNS, Math.floor(MAX_ALLOCATED / Math.max(1, allocatedByRun))));
  const samples: number[] = [];
  for (let attempt = 0; attempt < ATTEMPTS && samples.length < SAMPLES; attempt++) {
    // The second waits until what the first found has been given back: else it goes in the middle of the sample.
    gc();
    gc();
    // What a WeakRef refers to is kept until the turn is over.
    const canary = new WeakRef({});
    await nextTurn();
    const before = allocated();
    for (let run = 0; run < runs; run++) {
      subject.prepare?.();
      subject.run();
    }
    const after = allocated();
    if (canary.deref() !== undefined) samples.push(Number(((after - before) / (runs * operations)).toFixed(2)));
  }
  if (samples.length < SAMPLES) throw new Error(`${subject.name}: there is always a collection in a run`);
  return samples;
}

function allocated(): number {
  return getHeapStatistics().used_heap_size + process.memoryUsage().arrayBuffers;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
