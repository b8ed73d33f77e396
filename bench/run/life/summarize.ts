// Samples → the figures of a case: medians, quartiles, ratios to the peers.

import type { LifeCase } from '../../cases/life/case.js';
import { summarize } from '../../core/statistics.js';
import type { Measurement } from './measure.js';
import type { CaseResult, Ratio, Sample, SubjectResult } from './result.js';

/** Whose ratios to all other subjects are of interest. */
const OURS = ['wsimd', 'wsimd borrowed', 'wsimd broadcast', 'wsimd web'];

export function summarizeCase(life: LifeCase, measurements: readonly Measurement[]): CaseResult {
  const { id, chapter, title, measure, isHeadline } = life;
  return {
    id,
    chapter,
    title,
    measure,
    isHeadline,
    subjects: measurements.map(summarizeSubject),
    ratios: listRatios(life, measurements),
  };
}

function summarizeSubject({ name, samples }: Measurement): SubjectResult {
  const median = (read: (sample: Sample) => number) => summarize(samples.map(read)).median;
  const collections = summarizeCollections(samples);
  return {
    name,
    ...summarize(samples.map(({ figure }) => figure)),
    samples: samples.map(({ figure }) => figure),
    perSecond: median((sample) => sample.perSecond),
    latency: {
      p50: median(({ latency }) => latency.p50),
      p99: median(({ latency }) => latency.p99),
      p999: median(({ latency }) => latency.p999),
      max: median(({ latency }) => latency.max),
    },
    memory: {
      rss: median(({ memory }) => memory.rss),
      heapUsed: median(({ memory }) => memory.heapUsed),
      external: median(({ memory }) => memory.external),
      arrayBuffers: median(({ memory }) => memory.arrayBuffers),
    },
    ...(collections === undefined ? {} : { collections }),
    busy: median(({ busy }) => busy),
    loadBusy: median(({ loadBusy }) => loadBusy),
  };
}

function summarizeCollections(samples: readonly Sample[]): SubjectResult['collections'] {
  if (samples.every(({ collections }) => collections === undefined)) return undefined;
  const kinds = new Set(samples.flatMap(({ collections = {} }) => Object.keys(collections)));
  const seconds = samples.reduce((sum, sample) => sum + sample.seconds, 0);
  return Object.fromEntries(
    [...kinds].map((kind) => {
      const all = samples.flatMap(({ collections }) => collections?.[kind] ?? []);
      return [
        kind,
        {
          perSecond: all.reduce((sum, { count }) => sum + count, 0) / seconds,
          milliseconds: all.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / seconds,
          longest: Math.max(0, ...all.map(({ longest }) => longest)),
        },
      ];
    }),
  );
}

/** Within a round the subjects met the same machine, so each round has a ratio of its own. */
function listRatios({ measure, targets }: LifeCase, measurements: readonly Measurement[]): Ratio[] {
  const isSmallerBetter = measure.endsWith('memory');
  return measurements
    .filter(({ name }) => OURS.includes(name))
    .flatMap((subject) =>
      measurements
        .filter((peer) => peer !== subject)
        .map((peer) => {
          const ratios = subject.samples.map(({ figure }, round) => {
            const other = peer.samples[round]!.figure;
            return isSmallerBetter ? other / figure : figure / other;
          });
          const target = targets.find((one) => (one.subject ?? 'wsimd') === subject.name && one.peer === peer.name);
          return {
            subject: subject.name,
            peer: peer.name,
            ...summarize(ratios),
            ...(target === undefined ? {} : { target: target.atLeast }),
          };
        }),
    );
}
