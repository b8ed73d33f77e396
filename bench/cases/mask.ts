// XOR with a masking key: in the arena, and on buffers of the caller's. It must not know how things are timed.

import bufferutil from 'bufferutil';
import { CHUNK_CAPACITY, CHUNK_PTR } from '../../assembly/layout.js';
import { type KernelName, mask, selectKernel, unmask } from '../../src/index.js';
import { Digest } from '../digest.js';
import type { Group, Subject, Workload } from '../harness.js';
import { callsFor, makePlaces, Random } from '../inputs.js';

const SIZES = [16, 64, 125, 512, 1024, 8192, 65536];
/** The longest leaves room for an odd offset. */
const UNALIGNED_SIZES = [16, 64, 125, 512, 1024, 8192, 65520];

/** The calls of a run: which bytes of a region, with which keys. */
class Job {
  readonly calls: number;
  readonly places: readonly number[];
  readonly keys: readonly Buffer[];
  readonly content = new Random(2).bytes(CHUNK_CAPACITY);
  readonly length: number;

  constructor(length: number, isAligned: boolean) {
    const random = new Random(length);
    this.length = length;
    this.calls = callsFor(length);
    this.places = makePlaces(length, isAligned);
    this.keys = Array.from({ length: this.calls }, () => Buffer.from(random.bytes(4)));
  }

  /** A region of 64 KiB with the content at the start, and views of the places in it. */
  makeBuffers(): { region: Buffer; places: Buffer[] } {
    const region = Buffer.allocUnsafeSlow(CHUNK_CAPACITY);
    region.set(this.content);
    return { region, places: this.places.map((place) => region.subarray(place, place + this.length)) };
  }

  /** What a region holds after a run: in place on the content, or from the content into it. */
  expected(isCopy = false): string {
    const region = this.content.slice();
    const source = isCopy ? this.content : region;
    this.keys.forEach((key, call) => {
      const start = this.places[call % this.places.length]!;
      for (let i = 0; i < this.length; i++) region[start + i] = source[start + i]! ^ key[i & 3]!;
    });
    return digestOf(region);
  }
}

function digestOf(region: Uint8Array): string {
  return new Digest().add(region).toString();
}

/** @param region that a run works on, or into */
function makeSubject(name: string, job: Job, run: () => number, region: Uint8Array): Subject {
  const output = () => {
    region.set(job.content);
    run();
    return digestOf(region);
  };
  return { name, run, output };
}

function arenaSubject(name: string, kernelName: KernelName, job: Job): Subject {
  const { kernel } = selectKernel(kernelName);
  const region = new Uint8Array(kernel.memory, CHUNK_PTR, CHUNK_CAPACITY);
  const { calls, length } = job;
  const places = job.places.map((place) => CHUNK_PTR + place);
  const last = places.length - 1;
  const keys = Int32Array.from(job.keys, (key) => key.readInt32LE());
  const run = () => {
    for (let call = 0; call < calls; call++) kernel.mask(places[call & last]!, length, keys[call]!, 0);
    return calls;
  };
  return makeSubject(name, job, run, region);
}

function inPlaceSubject(name: string, unmaskOne: (buffer: Uint8Array, key: Uint8Array) => void, job: Job): Subject {
  const { calls, keys } = job;
  const { region, places } = job.makeBuffers();
  const last = places.length - 1;
  const run = () => {
    for (let call = 0; call < calls; call++) unmaskOne(places[call & last]!, keys[call]!);
    return calls;
  };
  return makeSubject(name, job, run, region);
}

function copySubject(name: string, maskOne: typeof mask, job: Job): Subject {
  const { calls, keys, length } = job;
  const sources = job.makeBuffers();
  const targets = job.makeBuffers();
  const last = sources.places.length - 1;
  const run = () => {
    for (let call = 0; call < calls; call++) {
      maskOne(sources.places[call & last]!, keys[call]!, targets.places[call & last]!, 0, length);
    }
    return calls;
  };
  return makeSubject(name, job, run, targets.region);
}

function makeWorkload(job: Job, expected: string, subjects: Subject[]): Workload {
  return { operations: job.calls, bytes: job.calls * job.length, expected, subjects };
}

function inPlaceGroup(id: string, title: string, sizes: readonly number[], isAligned: boolean): Group {
  return {
    id,
    title,
    notes: ["arena: the kernel on bytes that lie in its memory; unmask: on a buffer of the caller's, as bufferutil."],
    pairs: [
      ['arena', 'bufferutil'],
      ['arena', 'portable'],
      ['unmask', 'bufferutil'],
    ],
    cases: sizes.map((length) => ({
      label: String(length),
      make() {
        const job = new Job(length, isAligned);
        return makeWorkload(job, job.expected(), [
          arenaSubject('arena', 'wasm', job),
          arenaSubject('portable', 'portable', job),
          inPlaceSubject('unmask', unmask, job),
          inPlaceSubject('bufferutil', bufferutil.unmask, job),
        ]);
      },
    })),
  };
}

const copyGroup: Group = {
  id: 'mask/copy',
  title: 'Mask from one buffer into another',
  notes: [],
  pairs: [['mask', 'bufferutil']],
  cases: SIZES.map((length) => ({
    label: String(length),
    make() {
      const job = new Job(length, true);
      return makeWorkload(job, job.expected(true), [
        copySubject('mask', mask, job),
        copySubject('bufferutil', bufferutil.mask, job),
      ]);
    },
  })),
};

export const maskGroups: readonly Group[] = [
  inPlaceGroup('mask/in-place', 'Unmask in place, aligned', SIZES, true),
  inPlaceGroup('mask/unaligned', 'Unmask in place, at odd addresses', UNALIGNED_SIZES, false),
  copyGroup,
];
