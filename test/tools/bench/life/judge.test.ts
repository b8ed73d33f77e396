// Ratios of the life benchmark, and what counts as a regression.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeCase } from '../../../../bench/cases/life/case.js';
import { lifeCases, selectCases } from '../../../../bench/cases/life/index.js';
import { describeBars, describeRun } from '../../../../bench/report/life.js';
import { drawLife } from '../../../../bench/report/life-chart.js';
import { replaceChapter, writeChapter } from '../../../../bench/report/life-document.js';
import { countTargets } from '../../../../bench/report/life-figures.js';
import { stringifyLifeRun, writeDocument } from '../../../../bench/run/life/files.js';
import { findRegressions, findSlowerThanBaseline } from '../../../../bench/run/life/judge.js';
import type { Measurement } from '../../../../bench/run/life/measure.js';
import { readLifeOptions } from '../../../../bench/run/life/options.js';
import { isLoadBound, type LifeRun, type Sample } from '../../../../bench/run/life/result.js';
import { summarizeCase } from '../../../../bench/run/life/summarize.js';
import type { SubjectName } from '../../../../bench/subjects/subjects.js';
import { checkXml } from '../xml.js';

function makeSample(figure: number): Sample {
  return {
    figure,
    perSecond: figure / 2,
    latency: { p50: 0.5, p99: 2, p999: 3, max: 4 },
    memory: { rss: 1, heapUsed: 1, external: 1, arrayBuffers: 1 },
    collections: { minor: { count: 2, milliseconds: 10, longest: 6 } },
    busy: 0.9,
    loadBusy: 0.5,
    seconds: 0.5,
  };
}

const subject = (name: SubjectName, ...figures: number[]): Measurement => ({ name, samples: figures.map(makeSample) });

const echo = makeCase('echo', {
  title: '64 B × 1',
  subjects: ['wsimd', 'ws'],
  isHeadline: true,
  targets: [{ peer: 'ws', atLeast: 1.3 }],
});
const tls = makeCase('tls', { title: '64 B × 1', subjects: ['wsimd', 'ws'], isHeadline: true });

function makeRun(...cases: ReturnType<typeof summarizeCase>[]): LifeRun {
  return {
    format: 'life-1',
    date: '2026-01-01T00:00:00.000Z',
    commit: 'abc1234',
    seconds: 10,
    pace: { rounds: 3, headlineTimes: 1, window: 300 },
    machine: { cpu: 'a processor', cores: 2, load: 0 },
    versions: { node: '26.12.1', ws: '8.23.0', bun: '1.4.5' },
    mask: 'node:http',
    cases,
    failures: [],
  };
}

describe('a summary', () => {
  it('has the median of the ratios that the rounds had, each by itself', () => {
    // The second round met a machine of half the speed.
    const { ratios } = summarizeCase(echo, [subject('wsimd', 300, 150, 330), subject('ws', 100, 50, 100)]);
    expect(ratios).toEqual([{ subject: 'wsimd', peer: 'ws', median: 3, p25: 3, p75: 3.15, target: 1.3 }]);
  });

  it('turns ratios of memory around, so that above 1 is better', () => {
    const memory = makeCase('memory', { title: 'idle', measure: 'idle memory', subjects: ['wsimd', 'ws'] });
    expect(summarizeCase(memory, [subject('wsimd', 2000), subject('ws', 3000)]).ratios[0]).toMatchObject({
      median: 1.5,
    });
  });

  it('counts collections for a second', () => {
    const { subjects } = summarizeCase(echo, [subject('wsimd', 1, 1)]);
    expect(subjects[0]!.collections).toEqual({ minor: { perSecond: 4, milliseconds: 20, longest: 6 } });
  });
});

describe('the load', () => {
  it('is the limit where it has no rest and the server has', () => {
    expect(isLoadBound({ busy: 0.7, loadBusy: 0.99 })).toBe(true);
    expect(isLoadBound({ busy: 0.97, loadBusy: 0.99 })).toBe(false);
    expect(isLoadBound({ busy: 0.7, loadBusy: 0.6 })).toBe(false);
  });
});

describe('a comparison with a stored run', () => {
  const before = makeRun(summarizeCase(echo, [subject('wsimd', 140, 150, 160), subject('ws', 100, 100, 100)]));

  it('names a ratio that is below the noise of both', () => {
    const after = makeRun(summarizeCase(echo, [subject('wsimd', 110, 120, 125), subject('ws', 100, 100, 100)]));
    expect(findRegressions(before, after)).toEqual([
      { id: 'echo/64 B × 1', text: 'wsimd is 1.20 (1.15-1.23) times ws, before 1.50 (1.45-1.55)' },
    ]);
  });

  it('lets noise pass, and cases that one of the two lacks', () => {
    const noisy = makeRun(summarizeCase(echo, [subject('wsimd', 100, 130, 150), subject('ws', 100, 100, 100)]));
    const other = makeRun(summarizeCase(tls, [subject('wsimd', 10), subject('ws', 100)]));
    expect(findRegressions(before, noisy)).toEqual([]);
    expect(findRegressions(before, other)).toEqual([]);
  });
});

describe('a baseline', () => {
  const against = (...figures: number[]) =>
    makeRun(summarizeCase(echo, [subject('wsimd', ...figures), subject('baseline', 100, 100, 100)]));

  it('is lost to where three quarters of the rounds are clearly slower', () => {
    expect(findSlowerThanBaseline(against(55, 62, 68)).map(({ id }) => id)).toEqual(['echo/64 B × 1']);
  });

  it('is not lost to by one slow round, or by a little', () => {
    expect(findSlowerThanBaseline(against(60, 96, 99))).toEqual([]);
    expect(findSlowerThanBaseline(against(75, 80, 84))).toEqual([]);
  });
});

describe('the cases', () => {
  it('have ten headlines and names of their own', () => {
    expect(lifeCases.filter(({ isHeadline }) => isHeadline)).toHaveLength(10);
    expect(new Set(lifeCases.map(({ id }) => id)).size).toBe(lifeCases.length);
  });

  it('are found by the beginnings of words', () => {
    expect(selectCases(lifeCases, ['tls', '16']).map(({ id }) => id)).toEqual(['tls/64 B × 16', 'tls/16 KiB × 1']);
    expect(selectCases(lifeCases, [])).toHaveLength(lifeCases.length);
    expect(selectCases(lifeCases, ['zebra'])).toEqual([]);
  });
});

describe('the options', () => {
  it('have Node 26 and a short run by default', () => {
    expect(readLifeOptions(['tls', '64'])).toMatchObject({
      words: ['tls', '64'],
      runtime: 'node-26',
      pace: { rounds: 3, headlineTimes: 3, window: 300 },
      isHeadlineOnly: false,
    });
  });

  it('run the headline cases against a baseline', () => {
    expect(readLifeOptions(['--baseline', '/tmp/other']).isHeadlineOnly).toBe(true);
  });

  it.each([
    [['--runtime', 'deno'], '--runtime is one version of Node'],
    [['--rounds', '0'], '--rounds is a whole number'],
    [['--subject', 'uWebSockets'], '--subject is one of'],
    [['--brief', '--long'], 'choose one'],
  ])('%j is refused', (args, message) => {
    expect(() => readLifeOptions(args)).toThrow(message);
  });
});

describe('the report', () => {
  const run = makeRun(
    summarizeCase(echo, [subject('wsimd', 150_000), subject('ws', 100_000), subject('Bun', 200_000)]),
    summarizeCase(tls, [subject('wsimd', 25_000), subject('ws', 100_000)]),
  );

  it('lists the targets, what is furthest from its own first', () => {
    const low = makeCase('push', { title: 'x', subjects: ['wsimd', 'ws'], targets: [{ peer: 'ws', atLeast: 2 }] });
    const text = describeBars(makeRun(...run.cases, summarizeCase(low, [subject('wsimd', 1), subject('ws', 1)])));
    expect(text.split('\n')).toEqual([
      '✗ push/x: wsimd 1.00 (1.00-1.00) × ws, target 2',
      '✓ echo/64 B × 1: wsimd 1.50 (1.50-1.50) × ws, target 1.3',
    ]);
    expect(countTargets(run.cases)).toEqual({ met: 1, of: 1 });
  });

  it('becomes a chapter with losses in bold and a column for each other version', () => {
    const other = makeRun(summarizeCase(tls, [subject('wsimd', 50_000), subject('ws', 100_000)]));
    const chapter = writeChapter([run, { ...other, versions: { ...other.versions, node: '24.22.3' } }], undefined);
    const rows = chapter.split('\n').filter((line) => line.startsWith('| '));
    expect(rows[0]).toContain('| × ws on Node 24 |');
    expect(rows[2]).toBe('| tls: 64 B × 1 | 25 k | **0.25** |  |  |  | **0.50** | 2.0 ms | 2.0 ms | 2 % |');
    expect(rows[3]).toBe('| echo: 64 B × 1 | 150 k | 1.50 | 0.75 |  |  |  | 2.0 ms | 2.0 ms | 2 % |');
  });

  it('replaces the chapter between its markers, or adds it at the end', () => {
    const first = replaceChapter('# Benchmarks\n', 'one');
    expect(first).toBe('# Benchmarks\n\n<!-- life:begin -->\none\n<!-- life:end -->\n');
    expect(replaceChapter(`${first}\nmore\n`, 'two')).toBe(
      '# Benchmarks\n\n<!-- life:begin -->\ntwo\n<!-- life:end -->\n\nmore\n',
    );
    expect(() => replaceChapter('<!-- life:begin -->', 'x')).toThrow('once each');
    expect(() => replaceChapter(`${first}${first}`, 'x')).toThrow('once each');
  });

  it('is drawn as well-formed SVG, with a loss marked as one', () => {
    const { svg, alt } = drawLife(run)!;
    expect(checkXml(svg)).toContain('rect');
    expect(alt).toContain('tls: 64 B × 1 0.25; echo: 64 B × 1 1.50');
    expect(svg.match(/class="small loss-text"/g)).toHaveLength(1);
  });

  it('is written beside the stored runs', () => {
    const root = mkdtempSync(join(tmpdir(), 'wsimd-bench-'));
    try {
      mkdirSync(join(root, 'bench/results'), { recursive: true });
      mkdirSync(join(root, 'docs/background'), { recursive: true });
      expect(() => writeDocument(root)).toThrow('there is no life-node-*.json');
      for (const node of ['24.22.3', '26.12.1']) {
        const file = join(root, `bench/results/life-node-${node.slice(0, 2)}.json`);
        writeFileSync(file, stringifyLifeRun({ ...run, versions: { ...run.versions, node } }));
      }
      writeDocument(root);
      const text = readFileSync(join(root, 'docs/background/benchmarks.md'), 'utf8');
      expect(text).toContain('on Node 26.12.1');
      expect(text).toContain('× ws on Node 24');
      expect(text).toContain('](../../bench/results/life.svg)');
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('shows the worst headline first, and what could not be measured', () => {
    const run = makeRun(
      summarizeCase(echo, [subject('wsimd', 150_000), subject('ws', 100_000)]),
      summarizeCase(tls, [subject('wsimd', 25_000), subject('ws', 100_000)]),
    );
    const text = describeRun({
      ...run,
      failures: [{ id: 'echo/1 MiB × 1', subject: 'Bun', reason: 'the program has ended' }],
    });
    const lines = text.split('\n');
    const at = lines.findIndex((line) => line.startsWith('The headline cases'));
    expect(lines[at + 1]).toMatch(/^tls: 64 B × 1 +25 k +0\.25 /);
    expect(lines[at + 2]).toMatch(/^echo: 64 B × 1 +150 k +1\.50 +1\.30 /);
    expect(text).toContain('masks with node:http');
    expect(text).toContain('  echo/1 MiB × 1: Bun: the program has ended');
  });
});
