// How things are measured: the work of all subjects is verified equal, then they run in turns, A, B, C, B, A, C …, many
// short turns, so that whatever else the machine does meets all of them alike. It must not know what is measured, nor any
// runtime: it is to run in a browser as it is.

import { Bench } from 'tinybench';
import { turnOrder } from '../../src/page/benchmark/turns.js';

/** One way to do a case's work. */
export interface Subject {
  readonly name: string;
  /** Makes the input fresh; before every run, not timed. */
  prepare?(): void;
  /**
   * The work that is timed; where it can be had no other way, with a promise.
   *
   * @returns a number that all subjects agree on, such as the bytes delivered
   */
  run(): number | Promise<number>;
  /** Does the work once more and says all that came of it (see digest.ts). */
  output(): string | Promise<string>;
  /** Gives back what it holds, once it is measured. */
  dispose?(): void;
}

/** What all subjects of a case do in one run. */
export interface Workload {
  /** Messages or calls in a run: times are given for one of them. */
  readonly operations: number;
  /** Bytes of payload in a run. */
  readonly bytes: number;
  /** What every subject's output must be, made from the input without any subject. */
  readonly expected: string;
  readonly subjects: readonly Subject[];
  /**
   * Measures all subjects by itself, in place of `subjects`: where they must have a process of their own, or where it is not
   * time that is measured. It verifies their work itself too.
   *
   * @throws NotMeasurable
   */
  gauge?(plan: Plan): Promise<Measurement[]>;
}

/** The work of a case that measures itself: see `Workload.gauge`. */
export function gaugedWorkload(bytes: number, gauge: NonNullable<Workload['gauge']>): Workload {
  return { operations: 1, bytes, expected: '', subjects: [], gauge };
}

/** That a case cannot be measured on this engine at all, and why: it is shown, and is no failure of the run. */
export class NotMeasurable extends Error {
  override readonly name = 'NotMeasurable';
}

/** One row of a table. */
export interface Case {
  /** What sets it apart in its group: a length in bytes, mostly. */
  readonly label: string;
  make(): Workload;
}

/** One table: the same work at several sizes. */
export interface Group {
  /** Words with slashes between them, for filters and bars. */
  readonly id: string;
  readonly title: string;
  /** What a reader must know to judge the figures. */
  readonly notes: readonly string[];
  /** Subject and peer: how many times as fast as the second is the first? */
  readonly pairs: readonly (readonly [subject: string, peer: string])[];
  readonly cases: readonly Case[];
  /** Of what is measured; default: nanoseconds. */
  readonly unit?: 'ns' | 'bytes';
}

/** How long to measure. */
export interface Plan {
  readonly rounds: number;
  /** Rounds before those that count. */
  readonly warmupRounds: number;
  /** Milliseconds that one subject works in one round. */
  readonly turn: number;
  /** Lets what the subjects have deferred happen, between turns. */
  rest(): Promise<void>;
}

/** What was measured of one subject: a sample a round, each the mean of a turn, in nanoseconds an operation. */
export interface Measurement {
  readonly name: string;
  readonly samples: readonly number[];
}

/**
 * Verifies that all subjects do the same work, and measures them.
 *
 * A sample is the mean of its turn, not the median, so that a subject pays for the garbage that it makes.
 *
 * @throws Error if a subject does not do what the case expects
 */
export async function measure(workload: Workload, plan: Plan): Promise<Measurement[]> {
  if (workload.gauge !== undefined) return workload.gauge(plan);
  try {
    return await measureInTurns(workload, plan);
  } finally {
    for (const subject of workload.subjects) subject.dispose?.();
  }
}

async function measureInTurns(workload: Workload, plan: Plan): Promise<Measurement[]> {
  const { subjects, operations } = workload;
  const { result, areAsync } = await verify(workload);
  const bench = new Bench({ time: plan.turn, iterations: 1, warmup: false, throws: true, subtractTimerOverhead: true });
  const entries = subjects.map((subject, i) => {
    const { name } = subject;
    const entry = { name, subject, isAsync: areAsync[i]!, samples: [] as number[], last: result };
    const hooks = { async: false, beforeEach: () => subject.prepare?.() };
    const work = () => {
      entry.last = subject.run() as number;
    };
    if (!entry.isAsync) bench.add(name, work, hooks);
    return entry;
  });
  for (let round = 0; round < plan.warmupRounds + plan.rounds; round++) {
    bench.reset();
    for (const place of turnOrder(round, entries.length)) {
      const entry = entries[place]!;
      const mean = entry.isAsync ? await takeAsyncTurn(entry, plan.turn) : takeTurn(bench, entry.name);
      if (entry.last !== result) throw new Error(`${entry.name} no longer comes to ${result} but to ${entry.last}`);
      if (round >= plan.warmupRounds) entry.samples.push(Number(((mean * 1e6) / operations).toPrecision(5)));
      await plan.rest();
    }
  }
  return entries.map(({ name, samples }) => ({ name, samples }));
}

/** @returns the mean of a run, in milliseconds */
function takeTurn(bench: Bench, name: string): number {
  const result = bench.getTask(name)?.runSync().result;
  if (result?.state !== 'completed') throw new Error(`${name} did not complete its turn`);
  return result.latency.mean;
}

/** The same where a run ends with a promise; such a run is long enough for the clock. */
async function takeAsyncTurn(entry: { readonly subject: Subject; last: number }, turn: number): Promise<number> {
  let time = 0;
  let runs = 0;
  for (; time < turn; runs++) {
    entry.subject.prepare?.();
    const start = performance.now();
    entry.last = await entry.subject.run();
    time += performance.now() - start;
  }
  return time / runs;
}

/** @returns what the runs of all subjects return, and which of them do so with a promise */
async function verify({ subjects, expected }: Workload): Promise<{ result: number; areAsync: boolean[] }> {
  const areAsync: boolean[] = [];
  const results: number[] = [];
  for (const subject of subjects) {
    const output = await subject.output();
    if (output !== expected) throw new Error(`${subject.name} delivers ${output}, not ${expected}`);
    subject.prepare?.();
    const result = subject.run();
    areAsync.push(typeof result !== 'number');
    results.push(await result);
  }
  const odd = results.findIndex((result) => result !== results[0]);
  if (odd > 0) throw new Error(`${subjects[odd]!.name} comes to ${results[odd]}, not to ${results[0]}`);
  return { result: results[0] ?? 0, areAsync };
}
