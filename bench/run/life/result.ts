// What a run of the life benchmark comes to: the shape of its JSON file.

import type { Measure } from '../../cases/life/case.js';
import type { Summary } from '../../core/statistics.js';
import type { Collections, Latency, Memory } from '../../subjects/server/job.js';

/** One window of one subject. */
export interface Sample {
  /** Messages per second of processor time; of memory cases, bytes a connection. */
  readonly figure: number;
  /** Messages per second on the clock. */
  readonly perSecond: number;
  readonly latency: Latency;
  readonly memory: Memory;
  readonly collections?: Readonly<Record<string, Collections>> | undefined;
  /** Parts of the window that the measured process and the load were on a processor. */
  readonly busy: number;
  readonly loadBusy: number;
  readonly seconds: number;
}

export interface SubjectResult extends Summary {
  readonly name: string;
  /** One a round. */
  readonly samples: readonly number[];
  readonly perSecond: number;
  readonly latency: Latency;
  readonly memory: Memory;
  /** By kind: in a second, milliseconds in a second, and the longest in milliseconds. */
  readonly collections?: Readonly<Record<string, { perSecond: number; milliseconds: number; longest: number }>>;
  readonly busy: number;
  readonly loadBusy: number;
}

/** How many times as good as the peer: quartiles of the ratios of the rounds. Above 1 the subject is better, of memory too. */
export interface Ratio extends Summary {
  readonly subject: string;
  readonly peer: string;
  readonly target?: number;
}

export interface CaseResult {
  readonly id: string;
  readonly chapter: string;
  readonly title: string;
  readonly measure: Measure;
  readonly isHeadline: boolean;
  readonly subjects: readonly SubjectResult[];
  readonly ratios: readonly Ratio[];
}

export interface LifeRun {
  readonly format: 'life-1';
  readonly date: string;
  /** Of the working tree; with `+` where it had changes. */
  readonly commit: string;
  readonly seconds: number;
  /** `starts` is missing where the processes of a headline case were started once, and had `headlineTimes` times the rounds. */
  readonly pace: {
    readonly rounds: number;
    readonly headlineTimes: number;
    readonly starts?: number;
    readonly window: number;
  };
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  /** How ws masks. */
  readonly mask: string;
  readonly cases: readonly CaseResult[];
  readonly failures: readonly { readonly id: string; readonly subject?: string; readonly reason: string }[];
}

/** The load is the limit where it has no rest and the server has. */
export function isLoadBound({ busy, loadBusy }: Pick<SubjectResult, 'busy' | 'loadBusy'>): boolean {
  return loadBusy > 0.97 && busy < 0.9;
}
