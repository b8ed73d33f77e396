// Ways of masking, as subjects: in the arena, in place, into another buffer. It must not know any peer but the loop that
// anybody would write, nor any runtime: the page in browsers measures the same.

import { CHUNK_CAPACITY, CHUNK_PTR } from '../../../assembly/shared/layout.js';
import { type KernelName, type mask, selectKernel } from '../../../src/index.js';
import { Digest } from '../../core/digest.js';
import type { Subject } from '../../core/harness.js';
import { callsFor, makePlaces, Random } from '../../core/inputs.js';

/** The calls of a run: which bytes of a region, with which keys. */
export class MaskJob {
  readonly calls: number;
  readonly places: readonly number[];
  readonly keys: readonly Uint8Array[];
  readonly content = new Random(2).bytes(CHUNK_CAPACITY);
  readonly length: number;

  constructor(length: number) {
    const random = new Random(length);
    this.length = length;
    this.calls = callsFor(length);
    this.places = makePlaces(length);
    this.keys = Array.from({ length: this.calls }, () => random.bytes(4));
  }

  /** A region of 64 KiB with the content at the start, and views of the places in it. */
  makeBuffers(): { region: Uint8Array; places: Uint8Array[] } {
    const region = new Uint8Array(CHUNK_CAPACITY);
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
function makeSubject(name: string, job: MaskJob, run: () => number, region: Uint8Array): Subject {
  const output = () => {
    region.set(job.content);
    run();
    return digestOf(region);
  };
  return { name, run, output };
}

/** Bytes that lie in the memory of a kernel. */
export function arenaSubject(name: string, kernelName: KernelName, job: MaskJob): Subject {
  const { kernel } = selectKernel(kernelName);
  const region = new Uint8Array(kernel.memory, CHUNK_PTR, CHUNK_CAPACITY);
  const { calls, length } = job;
  const places = job.places.map((place) => CHUNK_PTR + place);
  const last = places.length - 1;
  const keys = Int32Array.from(job.keys, keyToWord);
  const run = () => {
    for (let call = 0; call < calls; call++) kernel.mask(places[call & last]!, length, keys[call]!, 0);
    return calls;
  };
  return makeSubject(name, job, run, region);
}

/** A buffer of the caller's, in place. */
export function inPlaceSubject(
  name: string,
  unmaskOne: (buffer: Uint8Array, key: Uint8Array) => void,
  job: MaskJob,
): Subject {
  const { calls, keys } = job;
  const { region, places } = job.makeBuffers();
  const last = places.length - 1;
  const run = () => {
    for (let call = 0; call < calls; call++) unmaskOne(places[call & last]!, keys[call]!);
    return calls;
  };
  return makeSubject(name, job, run, region);
}

/** From one buffer of the caller's into another. */
export function copySubject(name: string, maskOne: typeof mask, job: MaskJob): Subject {
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

function keyToWord(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset, 4).getInt32(0, true);
}

/** The loop in JavaScript, 32 bits at a time where the address allows it: no library is as fast without help. */
export function unmaskByLoop(buffer: Uint8Array, key: Uint8Array): void {
  const { length } = buffer;
  let at = 0;
  for (; at < length && ((buffer.byteOffset + at) & 3) !== 0; at++) buffer[at]! ^= key[at & 3]!;
  const words = new Int32Array(buffer.buffer, buffer.byteOffset + at, (length - at) >> 2);
  const word = key[at & 3]! | (key[(at + 1) & 3]! << 8) | (key[(at + 2) & 3]! << 16) | (key[(at + 3) & 3]! << 24);
  for (let i = 0; i < words.length; i++) words[i]! ^= word;
  for (at += words.length * 4; at < length; at++) buffer[at]! ^= key[at & 3]!;
}
