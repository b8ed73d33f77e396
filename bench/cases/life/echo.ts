// Echo in its kinds: sizes, text, many connections, TLS, late replies, streams, HTTP/2, an application with a heap.

import type { Form, Reply } from '../../subjects/server/job.js';
import type { SubjectName } from '../../subjects/subjects.js';
import { type CaseInput, describeFlow, describeSize, type LifeCase, makeCase, type Target } from './case.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const ALL: readonly SubjectName[] = ['wsimd', 'wsimd borrowed', 'ws', 'Bun', 'Deno', 'socket'];
const FEW: readonly SubjectName[] = ['wsimd', 'wsimd borrowed', 'ws', 'Bun'];

const against = (peer: SubjectName, atLeast: number): Target => ({ peer, atLeast });

interface Flow {
  readonly size: number;
  readonly inFlight: number;
  readonly atLeast?: number;
  readonly bun?: number;
  /** Of borrowed messages, against `ws` and Bun. */
  readonly borrowed?: { readonly atLeast?: number; readonly bun?: number };
  readonly isHeadline?: boolean;
}

function targetsOf({ atLeast, bun, borrowed = {} }: Flow): Target[] {
  const targets: Target[] = [];
  if (atLeast !== undefined) targets.push(against('ws', atLeast));
  if (bun !== undefined) targets.push(against('Bun', bun));
  const subject = 'wsimd borrowed';
  if (borrowed.atLeast !== undefined) targets.push({ subject, ...against('ws', borrowed.atLeast) });
  if (borrowed.bun !== undefined) targets.push({ subject, ...against('Bun', borrowed.bun) });
  return targets;
}

const BINARY: readonly Flow[] = [
  { size: 64, inFlight: 1, atLeast: 1.35, bun: 0.8, isHeadline: true },
  { size: 64, inFlight: 16, atLeast: 9, isHeadline: true },
  { size: KIB, inFlight: 16, atLeast: 6, borrowed: { bun: 1.2 } },
  { size: 16 * KIB, inFlight: 1, atLeast: 1.15, borrowed: { atLeast: 1.5, bun: 1.1 }, isHeadline: true },
  { size: 16 * KIB, inFlight: 16, atLeast: 1.15, isHeadline: true },
  { size: 64 * KIB, inFlight: 4, atLeast: 1.05 },
  { size: MIB, inFlight: 1, atLeast: 1.1 },
];

const sizes = BINARY.map((flow) =>
  makeCase('echo', {
    title: describeFlow(flow.size, flow.inFlight),
    load: { size: flow.size, inFlight: flow.inFlight },
    subjects: ALL,
    isHeadline: flow.isHeadline ?? false,
    targets: targetsOf(flow),
  }),
);

const text = (['buffer', 'string'] as const satisfies readonly Form[]).flatMap((form) =>
  [
    { size: 64, inFlight: 16 },
    { size: 16 * KIB, inFlight: 1 },
  ].map((flow) =>
    makeCase('text', {
      title: `${describeFlow(flow.size, flow.inFlight)} as ${form}`,
      load: { ...flow, form },
      subjects: FEW,
    }),
  ),
);

const COUNTS: readonly (Flow & { readonly connections: number })[] = [
  { connections: 4, size: 16 * MIB, inFlight: 1 },
  { connections: 10, size: 64, inFlight: 1 },
  { connections: 200, size: 16 * KIB, inFlight: 1, atLeast: 1.15 },
  { connections: 500, size: 16 * KIB, inFlight: 1, atLeast: 1.1 },
  { connections: 1_000, size: 64, inFlight: 1, atLeast: 1.25 },
  { connections: 10_000, size: 64, inFlight: 1 },
];

const connections = COUNTS.map((flow) =>
  makeCase('connections', {
    title: `${flow.connections.toLocaleString('en')} connections, ${describeFlow(flow.size, flow.inFlight)}`,
    load: { connections: flow.connections, size: flow.size, inFlight: flow.inFlight },
    subjects: FEW,
    patience: flow.connections > 1_000 || flow.size > MIB ? 2 : 1,
    targets: targetsOf(flow),
  }),
);

const TLS: readonly Flow[] = [
  { size: 64, inFlight: 1, atLeast: 1.15, isHeadline: true },
  { size: 64, inFlight: 16, atLeast: 2 },
  { size: 16 * KIB, inFlight: 1, atLeast: 1.05, isHeadline: true },
];

const tls = TLS.map((flow) =>
  makeCase('tls', {
    title: describeFlow(flow.size, flow.inFlight),
    isTls: true,
    load: { connections: 32, size: flow.size, inFlight: flow.inFlight },
    subjects: ['wsimd', 'ws', 'Bun', 'Deno', 'socket'],
    isHeadline: flow.isHeadline ?? false,
    targets: targetsOf(flow),
  }),
);

const REPLIES: readonly Reply[] = ['microtask', 'immediate', 'timer', 'pool'];
const LATE = { microtask: 6, immediate: 3, timer: 3, pool: 3 } as const;

const replies = [
  ...REPLIES.filter((reply) => reply !== 'sync').map((reply) =>
    makeReplyCase(reply, { load: { size: 64, inFlight: 16 }, targets: [against('ws', LATE[reply])] }),
  ),
  makeReplyCase('immediate', { load: { size: 64, inFlight: 1 }, targets: [against('ws', 1.15)] }),
  makeReplyCase('immediate', {
    load: { connections: 200, size: 64, inFlight: 4 },
    targets: [against('ws', 1.8)],
  }),
];

function makeReplyCase(
  reply: Reply,
  { load, targets }: Pick<CaseInput, 'targets'> & { load: Flow & { connections?: number } },
) {
  const many = load.connections === undefined ? '' : `${load.connections} connections, `;
  return makeCase('late replies', {
    title: `${reply}, ${many}${describeFlow(load.size, load.inFlight)}`,
    server: { reply },
    load,
    subjects: ['wsimd', 'ws', 'Bun'],
    isHeadline: reply === 'timer',
    targets: targets ?? [],
  });
}

const streams = [
  { size: KIB, inFlight: 8, atLeast: 1.5 },
  { size: 64 * KIB, inFlight: 2, atLeast: 1.05 },
].map((flow) =>
  makeCase('streams', {
    title: `createWebSocketStream, ${describeFlow(flow.size, flow.inFlight)}`,
    server: { kind: 'stream' },
    load: { size: flow.size, inFlight: flow.inFlight },
    subjects: ['wsimd', 'ws'],
    targets: targetsOf(flow),
  }),
);

/** Some 195 MB on the heap of Node. */
const HEAP_OBJECTS = 600_000;

const heap = [
  { size: 16 * KIB, inFlight: 1, atLeast: 1.3, borrowed: { atLeast: 3 } },
  { size: 64, inFlight: 16 },
].map((flow) =>
  makeCase('heap of 200 MB', {
    title: describeFlow(flow.size, flow.inFlight),
    server: { heapObjects: HEAP_OBJECTS },
    load: { size: flow.size, inFlight: flow.inFlight },
    subjects: FEW,
    isHeadline: flow.size > KIB,
    patience: 3,
    targets: targetsOf(flow),
  }),
);

const http2 = [
  { size: 64, inFlight: 1 },
  { size: 64, inFlight: 16 },
  { size: 16 * KIB, inFlight: 1 },
].map((flow) =>
  makeCase('http/2', {
    title: describeFlow(flow.size, flow.inFlight),
    load: { ...flow, isHttp2: true },
    subjects: ['wsimd', 'HTTP/1.1'],
  }),
);

const web = [
  { size: 64, inFlight: 1, atLeast: 1 },
  { size: 64, inFlight: 16, atLeast: 3 },
  { size: 16 * KIB, inFlight: 1, atLeast: 1 },
].map((flow) =>
  makeCase('wsimd/web on Deno', {
    title: describeFlow(flow.size, flow.inFlight),
    load: { size: flow.size, inFlight: flow.inFlight },
    subjects: ['wsimd web', 'Deno'],
    targets: [{ subject: 'wsimd web', peer: 'Deno', atLeast: flow.atLeast }],
  }),
);

const clients = [
  { size: 64, inFlight: 1, isTls: false },
  { size: 64, inFlight: 16, isTls: false },
  { size: 16 * KIB, inFlight: 1, isTls: false },
  { size: 64, inFlight: 1, isTls: true },
].map(({ size, inFlight, isTls }) =>
  makeCase('client', {
    title: `${isTls ? 'TLS, ' : ''}${describeSize(size)} × ${inFlight}`,
    measure: 'client',
    isTls,
    load: { connections: 32, size, inFlight },
    subjects: ['wsimd', 'ws'],
    targets: [against('ws', 1.1)],
  }),
);

export const echoCases: readonly LifeCase[] = [
  ...sizes,
  ...text,
  ...connections,
  ...tls,
  ...replies,
  ...streams,
  ...heap,
  ...http2,
  ...web,
  ...clients,
];
