// Validating UTF-8: in the arena, and in buffers of the caller's. It must not know how things are timed.

import { isUtf8 } from 'node:buffer';
import isValidUTF8 from 'utf-8-validate';
import { CHUNK_CAPACITY, CHUNK_PTR, UTF8_STATE_BITS } from '../../assembly/layout.js';
import { isValidUtf8, type KernelName, selectKernel } from '../../src/index.js';
import type { Group, Subject } from '../harness.js';
import { type Content, callsFor, makePayloads, makePlaces } from '../inputs.js';

const SIZES = [16, 64, 256, 1024, 8192, 65536];
const CONTENTS = [
  { content: 'ascii', name: 'ASCII' },
  { content: 'latin', name: 'Latin' },
  { content: 'cjk', name: 'CJK' },
  { content: 'emoji', name: 'emoji' },
] as const;

/** The texts of a run, and where in a region of 64 KiB each lies. */
interface Job {
  readonly calls: number;
  readonly places: readonly number[];
  readonly texts: readonly Uint8Array[];
  /** Each text with a byte in it that UTF-8 never has. */
  readonly damaged: readonly Uint8Array[];
}

function makeJob(content: Content, length: number): Job {
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
function makeSubject(name: string, job: Job, run: () => number, check: (bytes: Uint8Array) => boolean): Subject {
  const verdicts = (texts: readonly Uint8Array[]) => texts.map(check).join();
  return { name, run, output: () => `${verdicts(job.texts)};${verdicts(job.damaged)}` };
}

function arenaSubject(name: string, kernelName: KernelName, job: Job): Subject {
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

function callSubject(name: string, job: Job, check: (bytes: Uint8Array) => boolean): Subject {
  const { calls, texts } = job;
  const region = Buffer.allocUnsafeSlow(CHUNK_CAPACITY);
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

export const utf8Groups: readonly Group[] = CONTENTS.map(({ content, name }) => ({
  id: `utf8/${content}`,
  title: `Validate UTF-8: ${name}`,
  notes: ["arena: the kernel on bytes that lie in its memory; the others: on buffers of the caller's."],
  pairs: [
    ['arena', 'isUtf8'],
    ['arena', 'utf-8-validate'],
    ['arena', 'portable'],
    ['isValidUtf8', 'isUtf8'],
  ],
  cases: SIZES.map((length) => ({
    label: String(length),
    make() {
      const job = makeJob(content, length);
      const expected = `${job.texts.map(() => true).join()};${job.damaged.map(() => false).join()}`;
      return {
        operations: job.calls,
        bytes: job.calls * length,
        expected,
        subjects: [
          arenaSubject('arena', 'wasm', job),
          arenaSubject('portable', 'portable', job),
          callSubject('isValidUtf8', job, isValidUtf8),
          callSubject('isUtf8', job, isUtf8),
          callSubject('utf-8-validate', job, isValidUTF8),
        ],
      };
    },
  })),
}));
