// The subjects of the end-to-end benchmark, and how each is started. Each case names the subjects that take part in it.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ClientJob, ServerJob } from './server/job.js';

export type SubjectName =
  | 'wsimd'
  | 'wsimd borrowed'
  | 'wsimd broadcast'
  | 'wsimd web'
  | 'ws'
  | 'Bun'
  | 'Bun publish'
  | 'Deno'
  | 'socket'
  | 'HTTP/1.1'
  | 'baseline';

export interface Subject {
  readonly name: SubjectName;
  readonly runtime: 'node' | 'bun' | 'deno';
  /** The module, seen from build/bench/subjects/. */
  readonly program: string;
  /** What the subject does otherwise than the case says. */
  readonly adapt?: (job: ServerJob) => ServerJob;
}

const NODE_SERVER = 'server/node-server.js';
const NODE_CLIENT = 'server/node-client.js';
/** This build, in the form that programs get. */
const WSIMD = new URL('../../bundles/node/index.js', import.meta.url).href;

export const SUBJECTS: Readonly<Record<SubjectName, Subject>> = {
  wsimd: { name: 'wsimd', runtime: 'node', program: NODE_SERVER },
  'wsimd borrowed': {
    name: 'wsimd borrowed',
    runtime: 'node',
    program: NODE_SERVER,
    adapt: (job) => ({ ...job, isBorrowed: true }),
  },
  'wsimd broadcast': { name: 'wsimd broadcast', runtime: 'node', program: NODE_SERVER, adapt: withBroadcast },
  'wsimd web': { name: 'wsimd web', runtime: 'deno', program: 'wsimd/deno-web-server.js' },
  ws: { name: 'ws', runtime: 'node', program: NODE_SERVER },
  Bun: { name: 'Bun', runtime: 'bun', program: 'peers/bun-server.js' },
  'Bun publish': { name: 'Bun publish', runtime: 'bun', program: 'peers/bun-server.js', adapt: withBroadcast },
  Deno: { name: 'Deno', runtime: 'deno', program: 'peers/deno-server.js' },
  socket: { name: 'socket', runtime: 'node', program: 'plain/socket-server.js' },
  'HTTP/1.1': {
    name: 'HTTP/1.1',
    runtime: 'node',
    program: NODE_SERVER,
    adapt: (job) => ({ ...job, isHttp2: false }),
  },
  baseline: { name: 'baseline', runtime: 'node', program: NODE_SERVER },
};

function withBroadcast(job: ServerJob): ServerJob {
  return job.push === undefined ? job : { ...job, push: { ...job.push, how: 'broadcast' } };
}

/** @param baseline the URL of another build's wsimd/node */
export function libraryOf(name: SubjectName, baseline?: string): string {
  if (name === 'ws') return 'ws';
  return name === 'baseline' ? baseline! : WSIMD;
}

/** Programs of the runtimes. */
export interface Programs {
  readonly node: string;
  readonly bun: string | undefined;
  readonly deno: string | undefined;
}

/** @returns the command, or undefined where the runtime is missing */
export function commandFor(subject: Subject, job: ServerJob | ClientJob, programs: Programs): string[] | undefined {
  const file = fileURLToPath(new URL(isClient(job) ? NODE_CLIENT : subject.program, import.meta.url));
  const program = programs[subject.runtime];
  if (program === undefined) return undefined;
  const flags = { node: ['--expose-gc'], bun: [], deno: ['run', '-A'] }[subject.runtime];
  return [program, ...flags, file, JSON.stringify(job)];
}

function isClient(job: ServerJob | ClientJob): job is ClientJob {
  return 'connections' in job;
}

const RUNTIMES = new URL('../../runtimes/', import.meta.url);
/** The programs themselves: what npm puts into `.bin` starts them in another process. */
const PATHS = {
  bun: ['bun/node_modules/@oven/bun-linux-x64/bin/bun', 'bun/node_modules/bun/bin/bun.exe'],
  deno: ['deno/node_modules/@deno/linux-x64-glibc/deno', 'deno/node_modules/deno/deno'],
} as const;

export function findPrograms(node: string): Programs {
  const find = (paths: readonly string[]) =>
    paths.map((path) => fileURLToPath(new URL(path, RUNTIMES))).find((path) => existsSync(path));
  return { node, bun: find(PATHS.bun), deno: find(PATHS.deno) };
}
