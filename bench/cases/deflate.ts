// permessage-deflate: inflating and deflating messages, with what came before remembered and without, and how small they
// become. It must not know how things are timed.

import type { DeflateLevel } from '../../src/deflate/index.js';
import { type Group, gaugedWorkload, type Measurement } from '../core/harness.js';
import { fflateSubject, IN_FLIGHT, measureWs, wsSubject, zlibLengths, zlibSubject } from '../subjects/peers/deflate.js';
import { deflateSubject, inflateSubject, openCompression } from '../subjects/wsimd/deflate.js';
import { type DeflateJob, makeDeflateJob } from './deflate-work.js';

const SIZES = [60, 175, 1024, 16 * 1024, 256 * 1024];
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
    cases: SIZES.map((size) => ({
      label: String(size),
      make() {
        const job = makeDeflateJob(size, isTakeover);
        const operations = job.batches[0]!.length;
        return { operations, bytes: job.bytes, expected: job.expected, subjects: makeSubjects(direction, job) };
      },
    })),
  };
}

function sizeGroup(isTakeover: boolean): Group {
  return {
    id: `deflate/size/${isTakeover ? 'takeover' : 'alone'}`,
    title: `Length of a deflated message, ${isTakeover ? 'with those before remembered' : 'each by itself'}`,
    notes: [
      'Each with its defaults: wsimd remembers 4 KiB, ws 32 KiB. What wsimd would send as it is counts with all its bytes.',
    ],
    pairs: [['wsimd', 'ws']],
    unit: 'bytes',
    cases: SIZES.map((size) => ({
      label: String(size),
      make: () => gaugedWorkload(size, () => measureSizes(size, isTakeover)),
    })),
  };
}

function mean(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
}

/** What goes uncompressed counts with all its bytes. */
function meanLength(messages: readonly Uint8Array[], isTakeover: boolean, level?: DeflateLevel): number {
  const compression = openCompression(isTakeover, level);
  const lengths = messages.map((message) => (compression.deflate(message) ?? message).length);
  compression.release();
  return mean(lengths);
}

async function measureSizes(size: number, isTakeover: boolean): Promise<Measurement[]> {
  const messages = makeDeflateJob(size, isTakeover).batches.flat();
  return [
    { name: 'wsimd', samples: [meanLength(messages, isTakeover)] },
    { name: 'ws', samples: [mean(await measureWs(messages, isTakeover))] },
  ];
}

/** Of zlib. */
const LEVELS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
/** zlib's messages may be so many times as long as ours to count as equally short. */
const AS_SHORT = 1.05;

/** Our default beside the level of this runtime's zlib that makes as few bytes: what level 1 makes is not the same in all. */
function asShortGroup(isTakeover: boolean): Group {
  return {
    id: `deflate/as-short/${isTakeover ? 'takeover' : 'alone'}`,
    title: `Deflate messages, beside zlib where it makes as few bytes, ${isTakeover ? 'with those before remembered' : 'each by itself'}`,
    notes: [
      `node:zlib: its lowest level whose messages are at most ${AS_SHORT} times as long as those of wsimd at its default. In Node that is level 1 (2 of what is remembered, from 16 KiB on), in Bun, which has zlib-ng, level 2 from 175 bytes on.`,
    ],
    pairs: [['wsimd', 'node:zlib']],
    cases: SIZES.map((size) => ({
      label: String(size),
      make() {
        const job = makeDeflateJob(size, isTakeover);
        const most = meanLength(job.batches.flat(), isTakeover) * AS_SHORT;
        const level = LEVELS.find((one) => mean(zlibLengths(job, one)) <= most);
        if (level === undefined) throw new Error('no level of zlib makes as few bytes');
        const subjects = [deflateSubject(job), zlibSubject(job, 'deflate', level)];
        return { operations: job.batches[0]!.length, bytes: job.bytes, expected: job.expected, subjects };
      },
    })),
  };
}

/** Our fastest level beside zlib's, in time and in bytes: not every zlib gives up as little at its level 1. */
function fastestGroup(isTakeover: boolean): Group {
  return {
    id: `deflate/fastest/${isTakeover ? 'takeover' : 'alone'}`,
    title: `Deflate messages at level fastest, ${isTakeover ? 'with those before remembered' : 'each by itself'}`,
    notes: ['node:zlib: level 1. How long the messages become is in the group behind this one.'],
    pairs: [['wsimd', 'node:zlib']],
    cases: SIZES.map((size) => ({
      label: String(size),
      make() {
        const job = makeDeflateJob(size, isTakeover);
        const subjects = [deflateSubject(job, 'fastest'), zlibSubject(job, 'deflate')];
        return { operations: job.batches[0]!.length, bytes: job.bytes, expected: job.expected, subjects };
      },
    })),
  };
}

async function measureFastestSizes(size: number): Promise<Measurement[]> {
  const job = makeDeflateJob(size, false);
  return [
    { name: 'wsimd', samples: [meanLength(job.batches.flat(), false, 'fastest')] },
    { name: 'node:zlib', samples: [mean(zlibLengths(job))] },
  ];
}

/** How long the messages of `fastestGroup` become. */
const fastestSizeGroup: Group = {
  id: 'deflate/fastest-size/alone',
  title: 'Length of a message deflated at level fastest, each by itself',
  notes: ['node:zlib: level 1. What wsimd would send as it is counts with all its bytes.'],
  pairs: [['wsimd', 'node:zlib']],
  unit: 'bytes',
  cases: SIZES.map((size) => ({
    label: String(size),
    make: () => gaugedWorkload(size, () => measureFastestSizes(size)),
  })),
};

export const deflateGroups: readonly Group[] = [
  makeGroup('inflate', true),
  makeGroup('inflate', false),
  makeGroup('deflate', true),
  makeGroup('deflate', false),
  sizeGroup(true),
  sizeGroup(false),
  asShortGroup(true),
  asShortGroup(false),
  fastestGroup(true),
  fastestGroup(false),
  fastestSizeGroup,
];
