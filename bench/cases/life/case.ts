// The shape of a case from life: what the server does, what the load does, and which subjects take part.

import type { LoadJob } from '../../run/load/job.js';
import type { ServerJob } from '../../subjects/server/job.js';
import type { SubjectName } from '../../subjects/subjects.js';

/** What a case measures. */
export type Measure =
  /** The server's processor time for a message, or for a handshake. */
  | 'server'
  /** The client's. */
  | 'client'
  /** Memory of a connection that does nothing; that has one message pending; whose compression has been used. */
  | 'idle memory'
  | 'pending memory'
  | 'compressed memory';

/** A target from our own plans: `wsimd` (or `subject`) at least so many times as good as the peer. */
export interface Target {
  readonly subject?: SubjectName;
  readonly peer: SubjectName;
  readonly atLeast: number;
}

export interface LifeCase {
  /** Words for the filter, as in `tls/64 B × 16`. Chapter first. */
  readonly id: string;
  readonly chapter: string;
  readonly title: string;
  readonly measure: Measure;
  readonly server: ServerJob;
  readonly load: Omit<LoadJob, 'port'>;
  readonly isTls: boolean;
  readonly subjects: readonly SubjectName[];
  /** Among the ten that are shown first and guarded by a run against a baseline. */
  readonly isHeadline: boolean;
  /** Windows are this many times as long, where something rare is counted. */
  readonly patience: number;
  readonly targets: readonly Target[];
}

export interface CaseInput {
  readonly title: string;
  readonly measure?: Measure;
  readonly server?: Partial<ServerJob>;
  readonly load?: Partial<LoadJob>;
  readonly isTls?: boolean;
  readonly subjects: readonly SubjectName[];
  readonly isHeadline?: boolean;
  readonly patience?: number;
  readonly targets?: readonly Target[];
}

const SERVER: ServerJob = {
  library: '',
  kind: 'echo',
  form: 'binary',
  size: 64,
  inFlight: 1,
  isBorrowed: false,
  reply: 'sync',
  compression: 'off',
  isHttp2: false,
  heapObjects: 0,
};

const LOAD: Omit<LoadJob, 'port'> = {
  kind: 'echo',
  connections: 64,
  isTls: false,
  isHttp2: false,
  form: 'binary',
  size: 64,
  inFlight: 1,
  compression: 'off',
  isStream: false,
  slow: 0,
};

/** What server and load must agree about is said once, in `load`. */
export function makeCase(chapter: string, input: CaseInput): LifeCase {
  const { title, measure = 'server', isTls = false, isHeadline = false, patience = 1, targets = [] } = input;
  const load = { ...LOAD, ...input.load, isTls };
  const { form, size, inFlight, compression, isHttp2 } = load;
  const server = { ...SERVER, form, size, inFlight, compression, isHttp2, ...input.server };
  return {
    id: `${chapter}/${title}`,
    chapter,
    title,
    measure,
    server,
    load: { ...load, isStream: server.kind === 'stream' },
    isTls,
    subjects: input.subjects,
    isHeadline,
    patience,
    targets,
  };
}

const KIB = 1024;

/** As in `16 KiB × 4`. */
export function describeFlow(size: number, inFlight: number): string {
  return `${describeSize(size)} × ${inFlight}`;
}

export function describeSize(size: number): string {
  if (size < KIB) return `${size} B`;
  return size < KIB * KIB ? `${size / KIB} KiB` : `${size / KIB / KIB} MiB`;
}
