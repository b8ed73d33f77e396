// Two runs beside each other.

import { describe, expect, it } from 'vitest';
import { compare, compareAll, overlap } from '../../../bench/run/compare.js';
import { makeCase, makeGroup, makeRun, sampleRun } from './sample-runs.js';

const bunRun = makeRun(sampleRun.groups.slice(0, 1), { bun: '1.4.5' });

describe('compare', () => {
  const before = makeRun([makeGroup('g', [makeCase('16', 100, 400), makeCase('64', 100, 400)])]);

  it('names what is faster or slower beyond the noise, and nothing else', () => {
    const after = makeRun([makeGroup('g', [makeCase('16', 50, 400), makeCase('64', 101, 400), makeCase('99', 1, 1)])]);
    const text = compare(before, after);
    expect(text).toMatch(/g\/16 +wsimd +100 ns +→ +50.0 ns +2.00 times faster/);
    expect(text).toMatch(/g\/16 +wsimd to ws +4.00 × +→ +8.00 × +2.00 times higher/);
    expect(text).toContain('Times: 0 worse, 1 better, 3 the same within the noise.');
    expect(text).not.toContain('g/64');
    expect(text).toContain('the machine was about the same');
    expect(text).toContain('2 cases are in both runs, 1 in one only.');
  });

  it('says when the machine is another', () => {
    const after = makeRun([makeGroup('g', [makeCase('16', 150, 600), makeCase('64', 150, 600)])]);
    const text = compare(before, after);
    expect(text).toMatch(/wsimd +100 ns +→ +150 ns +50 % slower/);
    expect(text).toContain('believe the ratios');
    expect(text).toContain('Ratios: 0 worse, 0 better');
  });

  it('pairs runs of the same runtime', () => {
    expect(compareAll([sampleRun, bunRun], [bunRun])).toContain('Bun 1.4.5, 2026-01-02');
    expect(compareAll([sampleRun, sampleRun], [bunRun])).toContain('nothing to compare it with');
    expect(overlap({ median: 2, p25: 1, p75: 3 }, { median: 4, p25: 3, p75: 5 })).toBe(true);
  });
});
