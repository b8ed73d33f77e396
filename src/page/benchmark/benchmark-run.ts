// Measures the cases on both kernels, in turns. Knows no DOM.

import { type KernelName, ProtocolError, selectKernel } from '../../index.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';
import type { BenchmarkCase, BenchmarkGroup, Subject } from './benchmark-cases.js';
import { turnOrder } from './turns.js';

/** Long against the clock of a page, which is rounded to as much as a millisecond. */
const TURN = 25;
const ROUNDS = 7;

/** The kernels that run here; why one does not. */
export interface Kernels {
  readonly names: readonly KernelName[];
  readonly missing: string | undefined;
}

export function findKernels(): Kernels {
  try {
    selectKernel('wasm');
    return { names: ['wasm', 'portable'], missing: undefined };
  } catch (error) {
    rethrowUnless(error, ProtocolError);
    return { names: ['portable'], missing: error.message };
  }
}

/** Messages, or bytes, a second. */
export type Rates = Readonly<Partial<Record<KernelName, number>>>;

/**
 * Measures all cases.
 *
 * @param onCase called with a case before it is measured @param onRates called with its rates
 * @throws Error if the kernels' results differ
 */
export async function measureAll(
  groups: readonly BenchmarkGroup[],
  kernels: readonly KernelName[],
  onCase: (one: BenchmarkCase) => void,
  onRates: (one: BenchmarkCase, rates: Rates) => void,
): Promise<void> {
  for (const one of groups.flatMap(({ cases }) => cases)) {
    onCase(one);
    await rest();
    onRates(one, await measure(one, kernels));
  }
}

async function measure(one: BenchmarkCase, kernels: readonly KernelName[]): Promise<Rates> {
  const subjects = kernels.map((kernel) => one.make(kernel));
  const expected = subjects[0]?.run();
  const times = subjects.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const at of turnOrder(round, subjects.length)) {
      if (subjects[at]!.run() !== expected)
        throw new Error(`${one.label}: ${kernels[at]} does not come to ${expected}`);
      const time = takeTurn(subjects[at]!);
      // The first round is for the engine, which compiles.
      if (round > 0) times[at]!.push(time);
      await rest();
    }
  }
  return Object.fromEntries(kernels.map((kernel, i) => [kernel, (one.amount * 1000) / medianOf(times[i]!)]));
}

/** @returns milliseconds a run */
function takeTurn(subject: Subject): number {
  const start = performance.now();
  let runs = 0;
  let time = 0;
  do {
    subject.run();
    runs++;
    time = performance.now() - start;
  } while (time < TURN);
  return time / runs;
}

function medianOf(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** Lets the browser draw and answer. */
function rest(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve);
  });
}
