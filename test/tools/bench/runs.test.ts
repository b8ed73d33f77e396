// What a run is asked to do, where it takes place, and the files that come of it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRuntimeName } from '../../../bench/core/runtime-name.js';
import { summarize } from '../../../bench/core/statistics.js';
import { parseBrowserList } from '../../../bench/run/browsers/main.js';
import { readRuns, stringifyRun, writeRun } from '../../../bench/run/files.js';
import { HELP, readOptions } from '../../../bench/run/options.js';
import { parseRuntimeList } from '../../../bench/run/runtimes.js';
import { readBack } from './read-back.js';
import { makeGroup, makeRun, sampleRun } from './sample-runs.js';

const bunRun = makeRun(sampleRun.groups.slice(0, 1), { bun: '1.4.5' });

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wsimd-bench-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('statistics', () => {
  it('finds the median and the quartiles between samples', () => {
    expect(summarize([4, 1, 3, 2])).toEqual({ median: 2.5, p25: 1.75, p75: 3.25 });
    expect(summarize([7])).toEqual({ median: 7, p25: 7, p75: 7 });
    expect(summarize([]).median).toBeNaN();
  });
});

describe('files', () => {
  it('keep every figure in three digits and more, a case a line', () => {
    const text = stringifyRun(sampleRun);
    expect(JSON.parse(text).groups[0].cases[1].subjects[0]).toEqual({
      name: 'wsimd',
      samples: [16.8, 17, 17.2],
      median: 17,
      p25: 16.91,
      p75: 17.09,
    });
    expect(text.split('\n').filter((line) => line.startsWith('{"label"'))).toHaveLength(9);
  });

  it('keep a run of the whole benchmark under 150 KB: 100 cases, four subjects, 41 rounds', () => {
    const samples = Array.from({ length: 41 }, (_, i) => 12.3456 * (i + 1));
    const subjects = ['a', 'b', 'c', 'd'].map((name) => ({ name, samples, ...summarize(samples) }));
    const ratios = ['b', 'c'].map((peer) => ({ subject: 'a', peer, ...summarize(samples) }));
    const cases = Array.from({ length: 100 }, (_, i) => ({ label: String(i), bytes: i, subjects, ratios }));
    expect(stringifyRun(makeRun([makeGroup('all', cases)])).length).toBeLessThan(150_000);
  });

  it('are judged by the bars of today', () => {
    const old = {
      ...sampleRun.groups[0]!.cases[1]!,
      ratios: [{ ...sampleRun.groups[0]!.cases[1]!.ratios[0]!, bar: 999 }],
    };
    expect(readBack(makeRun([makeGroup('decode/cursor/binary', [old])])).groups[0]!.cases[0]!.ratios[0]!.bar).toBe(25);
    expect(readBack(makeRun([makeGroup('else', [old])])).groups[0]!.cases[0]!.ratios[0]).not.toHaveProperty('bar');
  });

  it('are named after their runtime in a folder, and as one says with .json', () => {
    expect(writeRun(folder, bunRun)).toBe(join(folder, 'bun.json'));
    expect(writeRun(join(folder, 'a/b.json'), bunRun)).toBe(join(folder, 'a/b.json'));
  });

  it('come from a folder with the newest Node first, and must be runs', () => {
    for (const name of ['another', 'bun', 'deno', 'node-100', 'node-20'])
      writeRun(join(folder, `${name}.json`), makeRun([], { node: name }));
    expect(readRuns([folder]).map(({ versions }) => versions.node)).toEqual([
      'node-100',
      'node-20',
      'deno',
      'bun',
      'another',
    ]);
    writeFileSync(join(folder, 'other.json'), '{}');
    expect(() => readRuns([folder])).toThrow('other.json is no run');
  });
});

describe('runtimes', () => {
  it('are told by the versions', () => {
    expect(findRuntimeName({ node: '20.1.2' })).toEqual({ id: 'node-20', title: 'Node 20.1.2' });
    expect(findRuntimeName({ node: '26.3.0', deno: '2.9.6' })).toEqual({ id: 'deno', title: 'Deno 2.9.6' });
    expect(findRuntimeName({ node: '20.1.2', chromium: '138.0.7204.100' }).title).toBe('Chromium 138');
  });

  it('are asked for by name', () => {
    expect(parseRuntimeList('node22,node@24, Bun,bun')).toEqual(['node-22', 'node-24', 'bun']);
    expect(parseRuntimeList('all')).toHaveLength(6);
    expect(() => parseRuntimeList('node21')).toThrow(RangeError);
    expect(parseBrowserList('Firefox, webkit')).toEqual(['firefox', 'webkit']);
    expect(parseBrowserList('all')).toHaveLength(3);
    expect(() => parseBrowserList('netscape')).toThrow(RangeError);
  });
});

describe('options', () => {
  it('take words with --filter and without, with spaces and slashes', () => {
    const words = ['decode', 'cursor', '64'];
    expect(readOptions(['decode', 'cursor', '64']).words).toEqual(words);
    expect(readOptions(['decode/cursor', '--filter', '64']).words).toEqual(words);
    expect(readOptions(['--filter', 'decode cursor', '--filter=64', '--subject', 'ws']).words).toEqual(words);
    expect(readOptions(['--subject', 'ws', '--subject', 'wsimd']).subject).toEqual(['ws', 'wsimd']);
  });

  it('choose a pace', () => {
    const rounds = (...args: string[]) => readOptions(args).plan.rounds;
    expect(rounds()).toBeGreaterThan(2 * rounds('--brief'));
    expect(rounds('--brief')).toBeGreaterThan(rounds('--quick'));
    expect(() => readOptions(['--brief', '--quick'])).toThrow(RangeError);
  });

  it('write the runs of several into a folder', () => {
    expect(readOptions(['--runtime', 'all', '--json', 'bench/results']).json).toBe('bench/results');
    expect(() => readOptions(['--browser', 'chromium,firefox', '--json', 'one.json'])).toThrow('a folder');
  });

  it('are all in the help', () => {
    const help = HELP;
    for (const name of ['filter', 'subject', 'quick', 'rounds', 'runtime', 'browser', 'json', 'compare', 'tables'])
      expect(help).toContain(`--${name}`);
  });

  it('tell files from words', () => {
    const { words, files, compare, plan } = readOptions([
      'decode',
      'cursor',
      '--compare',
      'a.json',
      'b.json',
      '--rounds',
      '5',
    ]);
    expect({ words, files, compare, rounds: plan.rounds }).toEqual({
      words: ['decode', 'cursor'],
      files: ['b.json'],
      compare: 'a.json',
      rounds: 5,
    });
    expect(() => readOptions(['--rounds', 'x'])).toThrow(RangeError);
    expect(() => readOptions(['--nonsense'])).toThrow(TypeError);
  });
});
