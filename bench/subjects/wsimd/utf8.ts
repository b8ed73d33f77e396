// Ways of validating UTF-8, as subjects: in the arena, and in buffers of the caller's. It must not know any peer, nor any
// runtime: the page in browsers measures the same.

import { CHUNK_CAPACITY, CHUNK_PTR, UTF8_STATE_BITS } from '../../../assembly/shared/layout.js';
import { type KernelName, selectKernel } from '../../../src/index.js';
import type { Subject, Workload } from '../../core/harness.js';
import { type Content, callsFor, makePayloads, makePlaces } from '../../core/inputs.js';

/** The texts of a run, and where in a region of 64 KiB each lies. */
export interface Utf8Job {
  readonly calls: number;
  readonly places: readonly number[];
  readonly texts: readonly Uint8Array[];
  /** Each text with a byte in it that UTF-8 never has. */
  readonly damaged: readonly Uint8Array[];
}

export function makeUtf8Job(content: Content, length: number): Utf8Job {
  const places = makePlaces(length);
  const texts = makePayloads(content, length, places.length);
  const damaged = texts.map((text, i) => {
    const copy = text.slice();
    copy[(i * 7919) % length] = 0xff;
    return copy;
  });
  return { calls: callsFor(length), places, texts, damaged };
}

/** @param check whether these bytes are valid: the same question as `run` asks, of any bytes */
function makeSubject(name: string, job: Utf8Job, run: () => number, check: (bytes: Uint8Array) => boolean): Subject {
  const verdicts = (texts: readonly Uint8Array[]) => texts.map(check).join();
  return { name, run, output: () => `${verdicts(job.texts)};${verdicts(job.damaged)}` };
}

/** Bytes that lie in the memory of a kernel. */
export function arenaSubject(name: string, kernelName: KernelName, job: Utf8Job): Subject {
  const { kernel } = selectKernel(kernelName);
  const region = new Uint8Array(kernel.memory, CHUNK_PTR, CHUNK_CAPACITY);
  const { calls, texts } = job;
  const { length } = texts[0]!;
  const places = job.places.map((place) => CHUNK_PTR + place);
  const last = places.length - 1;
  const isValid = (result: number) => result >= 0 && (result & UTF8_STATE_BITS) === 0;
  const run = () => {
    let valid = 0;
    for (let call = 0; call < calls; call++) if (isValid(kernel.validate(places[call & last]!, length, 0))) valid++;
    return valid;
  };
  const check = (bytes: Uint8Array) => {
    region.set(bytes);
    return isValid(kernel.validate(CHUNK_PTR, bytes.length, 0));
  };
  // The region is shared with all other subjects of the kernel: their bytes may lie in it.
  const prepare = () => {
    for (let i = 0; i < texts.length; i++) region.set(texts[i]!, job.places[i]!);
  };
  return { ...makeSubject(name, job, run, check), prepare };
}

/** A function of somebody's, on buffers of the caller's. */
export function callSubject(name: string, job: Utf8Job, check: (bytes: Uint8Array) => boolean): Subject {
  const { calls, texts } = job;
  const region = new Uint8Array(CHUNK_CAPACITY);
  const buffers = texts.map((text, i) => {
    const start = job.places[i]!;
    region.set(text, start);
    return region.subarray(start, start + text.length);
  });
  const last = buffers.length - 1;
  const run = () => {
    let valid = 0;
    for (let call = 0; call < calls; call++) if (check(buffers[call & last]!)) valid++;
    return valid;
  };
  return makeSubject(name, job, run, check);
}

/** @param makeSubjects what validates the job's texts */
export function makeUtf8Workload(
  content: Content,
  length: number,
  makeSubjects: (job: Utf8Job) => Subject[],
): Workload {
  const job = makeUtf8Job(content, length);
  return {
    operations: job.calls,
    bytes: job.calls * length,
    expected: `${job.texts.map(() => true).join()};${job.damaged.map(() => false).join()}`,
    subjects: makeSubjects(job),
  };
}
