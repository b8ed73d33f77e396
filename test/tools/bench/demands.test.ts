// What is wanted of the codec, and how runs are judged by it.

import { describe, expect, it } from 'vitest';
import type { Group } from '../../../bench/core/harness.js';
import type { CaseResult } from '../../../bench/core/results.js';
import { describeDemands, toTerminal } from '../../../bench/report/terminal.js';
import { BARS, DEMANDS, FIGURE_BARS, findBar, findFigureBar } from '../../../bench/targets/bars.js';
import {
  countBars,
  countMet,
  describeInformation,
  describeMisses,
  formatRatio,
  gatherMisses,
  judgeDemands,
  listShortfalls,
  tally,
} from '../../../bench/targets/judge.js';
import { readBack } from './read-back.js';
import { makeCase, makeGroup, makeRun, sampleRun } from './sample-runs.js';

describe('bars', () => {
  const atLeast = (group: string, label: string, peer = 'ws', subject = 'wsimd', runtime = 'node-20') =>
    findBar(group, label, subject, peer, runtime)?.atLeast;

  it('are found by size, and the first counts', () => {
    expect(atLeast('decode/cursor/binary', '125')).toBe(25);
    expect(atLeast('decode/cursor/binary', '1024')).toBe(7);
    expect(atLeast('decode/cursor/binary', '126')).toBeUndefined();
    expect(atLeast('decode/single/binary', '16')).toBe(3);
    expect(atLeast('decode/single/binary', '1048576')).toBe(1);
    expect(atLeast('decode/cursor/binary', 'many')).toBeUndefined();
    expect(atLeast('decode/cursor/binary', '16', 'nobody')).toBeUndefined();
  });

  it('may be for some runtimes only', () => {
    const bar = (runtime: string) => atLeast('utf8/cjk', '65536', 'isUtf8', 'arena', runtime);
    expect([bar('node-26'), bar('deno'), bar('bun')]).toEqual([0.33, 2, undefined]);
    expect(findFigureBar('decode/cursor/cjk', '8192', 'wsimd', 'chromium')?.bound).toBe(5);
    expect(findFigureBar('decode/cursor/cjk', '8192', 'wsimd', 'firefox')).toBeUndefined();
  });

  it('are set for every demand, on groups and subjects that are measured', async () => {
    // What is compiled: the cases of starting up read the kernel beside it.
    const url = new URL('../../../build/bench/cases/index.js', import.meta.url).href;
    const { groups }: { readonly groups: readonly Group[] } = await import(/* @vite-ignore */ url);
    const cases = groups.flatMap(({ id, cases }) => cases.map(({ label }) => ({ id, label })));
    for (const { id } of DEMANDS) expect([...BARS, ...FIGURE_BARS].some(({ demand }) => demand === id)).toBe(true);
    for (const bar of [...BARS, ...FIGURE_BARS]) {
      const { group, from, to } = bar;
      const isMeant = cases.some(
        ({ id, label }) => id.startsWith(group) && Number(label) >= from && Number(label) <= to,
      );
      expect(isMeant, JSON.stringify(bar)).toBe(true);
    }
    for (const { group, subject, peer } of BARS) {
      const pairs = groups.filter(({ id }) => id.startsWith(group)).flatMap(({ pairs }) => pairs);
      expect(pairs, group).toContainEqual([subject, peer]);
    }
  });
});

describe('verdicts', () => {
  it('tell losses, and wins that miss their bar', () => {
    const judged = readBack(sampleRun);
    expect(listShortfalls(judged).map(({ group, label, isLoss }) => `${group}/${label} ${isLoss}`)).toEqual([
      'decode/cursor/binary/8192 false',
      'decode/cursor/binary/60000 true',
      'decode/messages/binary/60000 true',
    ]);
    expect(tally(judged)).toEqual({ faster: 7, slower: 2 });
  });

  it('take what rounds to 1.00 for level, and our other kernel for one of us', () => {
    const rows = [makeCase('16', 1000, 997), makeCase('17', 1000, 500, ['wsimd', 'portable'])];
    expect(listShortfalls(makeRun([makeGroup('else', rows)]))).toEqual([]);
  });

  it('say more than 0.00 of a large loss', () => {
    expect(formatRatio(0.00041234)).toBe('0.00041');
  });
});

describe('demands', () => {
  const cursor = makeGroup('decode/cursor/binary', [makeCase('16', 20, 543), makeCase('8192', 456, 999)]);
  const cjk = makeGroup('decode/cursor/cjk', [makeCase('8192', 4096, 9999)]);
  const run = makeRun([cursor, cjk, makeGroup('garbage/decode/binary', [garbageCase(0.5)], 'bytes')]);
  const verdicts = judgeDemands(run);
  const find = (id: string) => verdicts.find(({ demand }) => demand.id === id)!;

  it('are met or missed by ratios, with the figure and the reason', () => {
    expect(countMet(find('cursor'))).toEqual({ met: 1, of: 2 });
    const [misses] = gatherMisses(find('cursor'));
    expect(describeMisses(misses!)).toBe('decode/cursor/binary, wsimd to ws: 2.19 × at 8 KiB (≥ 3 ×)');
    expect(misses![0]!.reason).toContain('bound by memory');
  });

  it('are met or missed by what a subject reaches by itself', () => {
    expect(find('text').judged).toMatchObject([{ figure: '2.00 GB/s', wanted: '≥ 5.00', isMet: false }]);
    expect(countMet(find('garbage'))).toEqual({ met: 1, of: 1 });
    const wasteful = makeRun([makeGroup('garbage/decode/text', [garbageCase(4)], 'bytes')]);
    expect(judgeDemands(wasteful)[0]!.judged).toMatchObject([{ figure: '4.00 B', wanted: '≤ 1.00', isMet: false }]);
  });

  it('of other machines inform, and count neither way', () => {
    expect(countMet(find('native'))).toEqual({ met: 0, of: 0 });
    expect(gatherMisses(find('native'))).toEqual([]);
    expect(describeInformation(find('native'))).toContain('50.0 M frames/s at 16 B (≥ 72.0)');
    expect(countBars(run)).toEqual({ met: 2, of: 4 });
  });

  it('are told on the terminal, with what is missed and what cannot be measured', () => {
    const text = describeDemands(run);
    expect(text).toContain('missed: 1 of 2');
    expect(text).toContain('✗ decode/cursor/cjk, wsimd: 2.00 GB/s at 8 KiB (≥ 5.00). Validating');
    expect(text).toMatch(/uWebSockets .*: for information/);
    expect(describeDemands(makeRun([]))).toContain('of these cases nothing');
    const skipped = [{ id: 'garbage/decode/binary/16', reason: 'no way to count' }];
    expect(toTerminal({ ...cursor, id: 'garbage/decode/binary', cases: [] }, skipped)).toContain(
      '16: cannot be measured here: no way to count',
    );
  });
});

function garbageCase(bytes: number): CaseResult {
  return { ...makeCase('125', bytes, 100, ['cursor', 'ws']), ratios: [] };
}
