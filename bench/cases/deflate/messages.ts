// permessage-deflate: inflating and deflating messages, with and without context takeover. It must not know how things are timed.

import type { Group } from '../../core/harness.js';
import { fflateSubject, IN_FLIGHT, wsSubject, zlibSubject } from '../../subjects/peers/deflate.js';
import { deflateSubject, inflateSubject } from '../../subjects/wsimd/deflate.js';
import { type DeflateJob, makeDeflateJob } from './work.js';

/** A message of a ticker, and a long one. */
const SIZES = [175, 256 * 1024];
/** Also where a target changes. */
const ALONE_SIZES = [175, 1024, 256 * 1024];
const NOTES = [
  `Messages like JSON. ws awaited: its PerMessageDeflate, a message after the other; ws in flight: ${IN_FLIGHT} connections at once, for which zlib has threads of its own beside this one.`,
  'node:zlib: inflateRawSync, and deflateRawSync at level 1; with what came before, where it is remembered, as its dictionary. fflate: inflateSync and deflateSync, which remember nothing. wsimd deflates every message here, whatever its length; what becomes no smaller it would send as it is.',
];

type Direction = 'inflate' | 'deflate';

const TITLES = { inflate: 'Inflate', deflate: 'Deflate' } as const;

function makeSubjects(direction: Direction, job: DeflateJob) {
  return [
    direction === 'inflate' ? inflateSubject(job) : deflateSubject(job),
    zlibSubject(job, direction),
    ...(job.isTakeover ? [] : [fflateSubject(job, direction)]),
    wsSubject(job, direction, false),
    wsSubject(job, direction, true),
  ];
}

function makeGroup(direction: Direction, isTakeover: boolean): Group {
  const peers = ['node:zlib', ...(isTakeover ? [] : ['fflate']), 'ws awaited', 'ws in flight'];
  return {
    id: `deflate/${direction}/${isTakeover ? 'takeover' : 'alone'}`,
    title: `${TITLES[direction]} messages, ${isTakeover ? 'with those before remembered' : 'each by itself'}`,
    notes: NOTES,
    pairs: peers.map((peer) => ['wsimd', peer] as const),
    cases: (isTakeover ? SIZES : ALONE_SIZES).map((size) => ({
      label: String(size),
      make() {
        const job = makeDeflateJob(size, isTakeover);
        const operations = job.batches[0]!.length;
        return { operations, bytes: job.bytes, expected: job.expected, subjects: makeSubjects(direction, job) };
      },
    })),
  };
}

export const deflateGroups: readonly Group[] = [
  makeGroup('inflate', true),
  makeGroup('inflate', false),
  makeGroup('deflate', true),
  makeGroup('deflate', false),
];
