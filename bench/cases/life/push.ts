// Messages that the server sends by itself: pushes to many clients from a timer, with some that read slowly.

import type { SubjectName } from '../../subjects/subjects.js';
import { describeSize, type LifeCase, makeCase } from './case.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Clients, and milliseconds between two pushes: some 50,000 messages a second, which every subject can do. */
const AUDIENCES = [
  { clients: 32, interval: 1, patience: 1 },
  { clients: 200, interval: 4, patience: 1 },
  { clients: 1_000, interval: 20, patience: 2 },
  { clients: 10_000, interval: 400, patience: 8 },
] as const;

const pushes = AUDIENCES.flatMap(({ clients, interval, patience }) =>
  (clients === 1_000 ? [20, 200, KIB] : [20]).map((size) =>
    makeCase('push', {
      title: `${describeSize(size)} to ${clients.toLocaleString('en')} clients from a timer`,
      server: { kind: 'push', push: { clients, size, interval, how: 'loop' } },
      load: { kind: 'receive', connections: clients, size, form: 'string' },
      subjects: subjectsFor(clients, size),
      isHeadline: size === 20 && (clients === 32 || clients === 1_000),
      patience,
      targets: [
        { peer: 'ws', atLeast: 1.2 },
        { subject: 'wsimd broadcast', peer: 'ws', atLeast: 1.35 },
        { subject: 'wsimd broadcast', peer: 'Bun publish', atLeast: 0.9 },
        { subject: 'wsimd broadcast', peer: 'wsimd', atLeast: 1 },
      ],
    }),
  ),
);

/** Everybody where it is quick: opening 10,000 connections takes longer than counting. */
function subjectsFor(clients: number, size: number): SubjectName[] {
  const others: SubjectName[] = size === 20 && clients <= 1_000 ? ['Bun', 'Deno', 'socket'] : [];
  return ['wsimd', 'wsimd broadcast', 'ws', 'Bun publish', ...others];
}

const slowReaders = makeCase('slow readers', {
  title: '16 KiB to 200 clients from a timer, 20 of which read nothing',
  server: { kind: 'push', push: { clients: 200, size: 16 * KIB, interval: 20, how: 'loop', skipAbove: MIB } },
  load: { kind: 'receive', connections: 200, slow: 20, size: 16 * KIB, form: 'string' },
  subjects: ['wsimd', 'wsimd broadcast', 'ws', 'Bun'],
  patience: 2,
});

export const pushCases: readonly LifeCase[] = [...pushes, slowReaders];
