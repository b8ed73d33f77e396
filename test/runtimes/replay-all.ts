// The whole conformance suite on one host: every vector on the kernels that are named. Knows no host: it is given the texts
// of the files and the implementation, and runs as it is in Node, Deno, Bun, workerd and in a page.

import type * as Wsimd from '../../src/index.js';
import { readVector, splitVectors, type TextVector } from '../spec/replay/format.js';
import { type CompressingImplementation, replayCompressed } from '../spec/replay/replay-compressed.js';
import { type Implementation, replayVector } from '../spec/replay/replay-vector.js';

/** The RFCs that have vectors. */
export const SUITES = ['rfc6455', 'rfc7692'] as const;
export type SuiteName = (typeof SUITES)[number];

/** The texts of each suite's files. */
export type VectorFiles = Readonly<Record<SuiteName, readonly string[]>>;

/** What came of a suite. */
export interface SuiteCounts {
  /** How many have passed. */
  readonly vectors: number;
  /** How many times a stream was decoded on each kernel. */
  readonly decoded: Readonly<Partial<Record<Wsimd.KernelName, number>>>;
}

/** What came of it all. */
export interface Replayed extends Readonly<Record<SuiteName, SuiteCounts>> {
  /** The kernel that serves here where none is named. */
  readonly chosen: Wsimd.KernelName;
}

type WholeImplementation = Implementation & CompressingImplementation & Pick<typeof Wsimd, 'selectKernel'>;
type Kernels = readonly Wsimd.KernelName[];

/** Others have their turn after so many vectors: a page must stay alive. */
const VECTORS_PER_TURN = 8;

/** @throws Error that says what differs, at the first difference */
export async function replayAll(
  implementation: WholeImplementation,
  files: VectorFiles,
  kernels: Kernels,
): Promise<Replayed> {
  const rfc6455 = await replaySuite(files.rfc6455, kernels, (vector) => replayVector(implementation, vector, kernels));
  const rfc7692 = await replaySuite(files.rfc7692, kernels, (vector) =>
    replayCompressed(implementation, vector, kernels),
  );
  return { rfc6455, rfc7692, chosen: implementation.selectKernel().kernel.name };
}

/** @param replay says how many times a stream was decoded on each kernel */
async function replaySuite(
  files: readonly string[],
  kernels: Kernels,
  replay: (vector: TextVector) => readonly number[],
): Promise<SuiteCounts> {
  let vectors = 0;
  const totals = kernels.map(() => 0);
  for (const source of files.flatMap((text) => splitVectors(text))) {
    for (const [i, count] of replay(readVector(source)).entries()) totals[i]! += count;
    if (vectors++ % VECTORS_PER_TURN === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  return { vectors, decoded: Object.fromEntries(kernels.map((kernel, i) => [kernel, totals[i]!])) };
}
