// What a run of the benchmark comes to: the shape of the JSON, and of all that is drawn from it. It must not know how it was
// measured or how it is shown.

import { findBar } from '../targets/bars.js';
import type { Group, Measurement, Workload } from './harness.js';
import { type Summary, summarize } from './statistics.js';

/** Times are nanoseconds an operation (a message or a call). */
export interface SubjectResult extends Summary {
  readonly name: string;
  /** One a round, in the order of the rounds. */
  readonly samples: readonly number[];
}

/**
 * How many times as fast as the peer the subject is: the median and quartiles of the ratios that the rounds had, each by
 * itself. On a machine whose speed changes during a case the medians of two subjects may be of different speeds; within a
 * round they met the same.
 */
export interface Ratio extends Summary {
  readonly subject: string;
  readonly peer: string;
  readonly bar?: number;
}

export interface CaseResult {
  readonly label: string;
  /** Bytes of payload in one operation. */
  readonly bytes: number;
  readonly subjects: readonly SubjectResult[];
  readonly ratios: readonly Ratio[];
  /** Peers of the comparison that this runtime does not have. */
  readonly missing?: readonly string[];
}

export interface GroupResult {
  readonly id: string;
  readonly title: string;
  readonly notes: readonly string[];
  /** Of the samples; nanoseconds unless it says otherwise. */
  readonly unit?: 'ns' | 'bytes';
  readonly cases: readonly CaseResult[];
}

export interface RunResult {
  /** Of this shape. */
  readonly format: 1;
  readonly date: string;
  readonly seconds: number;
  readonly plan: { readonly rounds: number; readonly warmupRounds: number; readonly turn: number };
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly groups: readonly GroupResult[];
  /** The cases that could not be measured, though they should. */
  readonly failures?: readonly Failure[];
  /** The cases that cannot be measured on this engine. */
  readonly skipped?: readonly Failure[];
}

/** A case that came to nothing, and why. */
export interface Failure {
  /** Group and label. */
  readonly id: string;
  readonly reason: string;
}

export function isMet({ median, bar }: Ratio): boolean {
  return bar === undefined || median >= bar;
}

/** @param runtime its id (see runtime-name.ts) */
export function summarizeCase(
  group: Group,
  label: string,
  { operations, bytes }: Workload,
  measurements: readonly Measurement[],
  runtime: string,
): CaseResult {
  const subjects = measurements.map(({ name, samples }) => ({ name, samples, ...summarize(samples) }));
  const ratios = group.pairs.flatMap(([name, peerName]) => {
    const subject = subjects.find((one) => one.name === name);
    const peer = subjects.find((one) => one.name === peerName);
    if (subject === undefined || peer === undefined) return [];
    const summary = summarize(peer.samples.map((sample, round) => sample / subject.samples[round]!));
    // Neither makes any garbage: there is nothing to compare.
    if (Number.isNaN(summary.median)) return [];
    const bar = findBar(group.id, label, name, peerName, runtime)?.atLeast;
    return [{ subject: name, peer: peerName, ...summary, ...(bar === undefined ? {} : { bar }) }];
  });
  return { label, bytes: bytes / operations, subjects, ratios };
}
