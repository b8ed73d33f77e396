// XOR with a masking key: in the arena, and on buffers of the caller's. It must not know how things are timed.

import * as http from 'node:http';
import bufferutil from 'bufferutil';
import { mask, unmask } from '../../../src/index.js';
import type { Group, Subject, Workload } from '../../core/harness.js';
import { arenaSubject, copySubject, inPlaceSubject, MaskJob, unmaskByLoop } from '../../subjects/wsimd/mask.js';

const SIZES = [16, 125, 1024, 8192, 65536];
const COPY_SIZES = [125, 65536];

const IN_PLACE =
  "arena: the kernel on bytes that lie in its memory; unmask: on a buffer of the caller's, as the others; js loop: JavaScript, 32 bits at a time.";

/** Node's own, which ws takes where there are any. */
const nodeUnmask = (http as { websocketUnmask?: (buffer: Uint8Array, key: Uint8Array) => void }).websocketUnmask;
const NODE =
  nodeUnmask === undefined ? 'node:http exports no masking functions here.' : 'node:http: its websocketUnmask.';

function makeWorkload(job: MaskJob, expected: string, subjects: Subject[]): Workload {
  return { operations: job.calls, bytes: job.calls * job.length, expected, subjects };
}

const inPlaceGroup: Group = {
  id: 'mask/in-place',
  title: 'Unmask in place',
  notes: [IN_PLACE, NODE],
  pairs: [
    ['arena', 'bufferutil'],
    ['arena', 'portable'],
    ['unmask', 'bufferutil'],
    ['unmask', 'js loop'],
    ...(nodeUnmask === undefined ? [] : [['unmask', 'node:http'] as const]),
  ],
  cases: SIZES.map((length) => ({
    label: String(length),
    make() {
      const job = new MaskJob(length);
      return makeWorkload(job, job.expected(), [
        arenaSubject('arena', 'wasm', job),
        arenaSubject('portable', 'portable', job),
        inPlaceSubject('unmask', unmask, job),
        inPlaceSubject('bufferutil', bufferutil.unmask, job),
        inPlaceSubject('js loop', unmaskByLoop, job),
        ...(nodeUnmask === undefined ? [] : [inPlaceSubject('node:http', nodeUnmask, job)]),
      ]);
    },
  })),
};

const copyGroup: Group = {
  id: 'mask/copy',
  title: 'Mask from one buffer into another',
  notes: [],
  pairs: [['mask', 'bufferutil']],
  cases: COPY_SIZES.map((length) => ({
    label: String(length),
    make() {
      const job = new MaskJob(length);
      return makeWorkload(job, job.expected(true), [
        copySubject('mask', mask, job),
        copySubject('bufferutil', bufferutil.mask, job),
      ]);
    },
  })),
};

export const maskGroups: readonly Group[] = [inPlaceGroup, copyGroup];
