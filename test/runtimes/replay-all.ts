// The whole conformance suite on one host: every vector on the kernels that are named. Knows no host: it is given the texts
// of the files and the implementation, and runs as it is in Node, Deno, Bun, workerd and in a page.

import type * as Wsimd from '../../src/index.js';
import { readVector, splitVectors } from '../conformance/format.js';
import { type Implementation, replayVector } from '../conformance/replay-vector.js';

/** What came of it. */
export interface Replayed {
  readonly vectors: number;
  /** How many times a stream was decoded on each kernel. */
  readonly decoded: Readonly<Partial<Record<Wsimd.KernelName, number>>>;
  /** The kernel that serves here where none is named. */
  readonly chosen: Wsimd.KernelName;
}

/** Others have their turn after so many vectors: a page must stay alive. */
const VECTORS_PER_TURN = 8;

/**
 * @param files the texts of the vector files
 * @throws Error that says what differs, at the first difference
 */
export async function replayAll(
  implementation: Implementation & Pick<typeof Wsimd, 'selectKernel'>,
  files: readonly string[],
  kernels: readonly Wsimd.KernelName[],
): Promise<Replayed> {
  const sources = files.flatMap((text) => splitVectors(text));
  const totals = kernels.map(() => 0);
  for (const [at, source] of sources.entries()) {
    const counts = replayVector(implementation, readVector(source), kernels);
    for (const [i, count] of counts.entries()) totals[i]! += count;
    if (at % VECTORS_PER_TURN === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  const decoded = Object.fromEntries(kernels.map((kernel, i) => [kernel, totals[i]!]));
  return { vectors: sources.length, decoded, chosen: implementation.selectKernel().kernel.name };
}
