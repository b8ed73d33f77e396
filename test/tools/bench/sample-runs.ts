// Runs that nobody measured, small and with everything in them that a report must cope with.

import type { CaseResult, GroupResult, RunResult } from '../../../bench/core/results.js';
import { summarize } from '../../../bench/core/statistics.js';

/** Times of ours, and of the peer; around each some noise. */
export function makeCase(label: string, ours: number, peer: number, names = ['wsimd', 'ws']): CaseResult {
  const noisy = (median: number) => [0.99, 1, 1.01].map((factor) => median * factor);
  const subjects = [ours, peer].map((median, i) => ({
    name: names[i]!,
    samples: noisy(median),
    ...summarize(noisy(median)),
  }));
  const ratio = { subject: names[0]!, peer: names[1]!, ...summarize(noisy(peer / ours)) };
  return { label, bytes: Number(label) || 0, subjects, ratios: [ratio] };
}

export function makeGroup(id: string, cases: readonly CaseResult[], unit?: 'bytes'): GroupResult {
  return {
    id,
    title: `The <title> of ${id}`,
    notes: ['A & note.'],
    cases,
    ...(unit === undefined ? {} : { unit }),
  };
}

const VERSIONS = { wsimd: '0.1.0', node: '20.1.2', v8: '11.3', ws: '8.0.0' };

export function makeRun(groups: readonly GroupResult[], versions: Readonly<Record<string, string>> = {}): RunResult {
  return {
    format: 1,
    date: '2026-01-02T03:04:05.678Z',
    seconds: 12,
    plan: { rounds: 41, warmupRounds: 8, turn: 10 },
    machine: { cpu: 'A <fast> one', cores: 2, memoryGiB: 8, os: 'Linux', load: 0.5 },
    versions: { ...VERSIONS, ...versions },
    groups,
  };
}

/** At 16 bytes it wins, at 8192 it misses a bar, at 60000 it loses. */
export const sampleRun: RunResult = makeRun([
  makeGroup('decode/cursor/binary', [
    makeCase('0', 10, 111),
    makeCase('16', 17, 543),
    makeCase('8192', 456, 999),
    makeCase('60000', 2468, 1357),
  ]),
  makeGroup('decode/messages/binary', [makeCase('16', 50, 400), makeCase('60000', 5432, 4321)]),
  makeGroup('accept-key', [{ ...makeCase('24', 300, 777, ['acceptKey', 'createHash']), missing: ['hash'] }]),
  makeGroup('garbage/decode', [makeCase('16', 0, 856), makeCase('125', 3, 857)], 'bytes'),
]);
