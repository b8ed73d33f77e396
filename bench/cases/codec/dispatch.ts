// Where a call has two ways to do its work: both, and the call itself, around the length at which it changes from one to the
// other. So the thresholds of src/frames are measured, not believed. It must not know how things are timed.

import { SCRATCH_PTR } from '../../../assembly/shared/layout.js';
import { unmask } from '../../../src/index.js';
import { arenaFor } from '../../../src/kernel/arena.js';
import type { Group } from '../../core/harness.js';
import { inPlaceSubject, MaskJob } from '../../subjects/wsimd/mask.js';

/** Few bytes, and both sides of the threshold. */
const SIZES = [16, 80, 81, 96];

/** Through the kernel, whatever the length: as `maskBytes` does it for many bytes. */
function makeKernelWay(): typeof unmask {
  const { bytes, kernel } = arenaFor('wasm');
  return (buffer, key) => {
    const { length } = buffer;
    bytes.set(buffer, SCRATCH_PTR);
    kernel.mask(SCRATCH_PTR, length, key[0]! | (key[1]! << 8) | (key[2]! << 16) | (key[3]! << 24), 0);
    buffer.set(bytes.subarray(SCRATCH_PTR, SCRATCH_PTR + length));
  };
}

/** In a loop, whatever the length: as `maskBytes` does it for few bytes. */
function unmaskInLoop(buffer: Uint8Array, key: Uint8Array): void {
  const key0 = key[0]!;
  const key1 = key[1]!;
  const key2 = key[2]!;
  const key3 = key[3]!;
  const { length } = buffer;
  let i = 0;
  for (; i < length - 3; i += 4) {
    buffer[i]! ^= key0;
    buffer[i + 1]! ^= key1;
    buffer[i + 2]! ^= key2;
    buffer[i + 3]! ^= key3;
  }
  for (; i < length; i++) buffer[i]! ^= key[i & 3]!;
}

export const dispatchGroup: Group = {
  id: 'dispatch/mask',
  title: "unmask() of a caller's buffer, and the two ways it chooses from",
  notes: [
    'loop: four bytes a turn in JavaScript; kernel: into the arena, a call, and back; unmask: the first up to 80 bytes, the second above.',
  ],
  pairs: [
    ['unmask', 'loop'],
    ['unmask', 'kernel'],
  ],
  cases: SIZES.map((length) => ({
    label: String(length),
    make() {
      const job = new MaskJob(length);
      const subjects = [
        inPlaceSubject('unmask', unmask, job),
        inPlaceSubject('loop', unmaskInLoop, job),
        inPlaceSubject('kernel', makeKernelWay(), job),
      ];
      return { operations: job.calls, bytes: job.calls * length, expected: job.expected(), subjects };
    },
  })),
};
