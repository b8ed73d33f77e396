// What is made of the benchmark's results: files, comparisons, the report, the README.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findBar } from '../../bench/bars.js';
import { compare, compareAll, overlap } from '../../bench/compare.js';
import { DARK, DARK_PAGE, LIGHT, LIGHT_PAGE } from '../../bench/draw/palette.js';
import { drawPlot } from '../../bench/draw/plot.js';
import { makeLogScale, makeSizeScale, spread } from '../../bench/draw/scale.js';
import { readRuns, stringifyRun, writeRun } from '../../bench/files.js';
import { makePage } from '../../bench/html/page.js';
import { readOptions } from '../../bench/options.js';
import { formatFigure, formatTime } from '../../bench/page/format.js';
import { makeDrawings } from '../../bench/readme/drawings.js';
import { describeSpeed } from '../../bench/readme/table.js';
import { replaceBetween, writeReadme } from '../../bench/readme/write.js';
import { findRuntimeName } from '../../bench/runtime-name.js';
import { parseRuntimeList } from '../../bench/runtimes.js';
import { summarize } from '../../bench/statistics.js';
import { formatRatio, listShortfalls, tally } from '../../bench/verdicts.js';
import { makeCase, makeGroup, makeRun, sampleRun } from './sample-runs.js';
import { contrast, distance } from './sight.js';

const bunRun = makeRun(sampleRun.groups.slice(0, 1), { bun: '1.4.5' });

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wsimd-bench-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** As XML: every element closed in its order, every attribute quoted, no stray `&`. @returns the names of the elements */
function checkXml(text: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const withoutTags = text.replace(
    /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g,
    (_all, end, name, _attributes, single) => {
      if (end) expect(open.pop()).toBe(name);
      else {
        names.push(name);
        if (!single) open.push(name);
      }
      return '';
    },
  );
  expect(open).toEqual([]);
  expect(withoutTags).not.toMatch(/<[a-z/]/i);
  expect(text).not.toMatch(/&(?!#\d+;|\w+;)/);
  return names;
}

const svgsOf = (html: string) => html.match(/<svg[\s\S]*?<\/svg>/g) ?? [];

describe('statistics', () => {
  it('finds the median and the quartiles between samples', () => {
    expect(summarize([4, 1, 3, 2])).toEqual({ median: 2.5, p25: 1.75, p75: 3.25 });
    expect(summarize([7])).toEqual({ median: 7, p25: 7, p75: 7 });
    expect(summarize([]).median).toBeNaN();
  });
});

describe('bars', () => {
  it('are found by size, and the first counts', () => {
    expect(findBar('decode/cursor/binary', '125', 'wsimd', 'ws')).toBe(25);
    expect(findBar('decode/cursor/binary', '126', 'wsimd', 'ws')).toBe(10);
    expect(findBar('decode/single/binary', '16', 'wsimd', 'ws')).toBe(3);
    expect(findBar('decode/single/binary', '65536', 'wsimd', 'ws')).toBe(1);
    expect(findBar('decode/cursor/binary', 'many', 'wsimd', 'ws')).toBeUndefined();
    expect(findBar('decode/cursor/binary', '16', 'wsimd', 'nobody')).toBeUndefined();
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
    expect(tally(judged)).toMatchObject({ slower: 2, bars: 6, barsMet: 3 });
  });

  it('take what rounds to 1.00 for level, and our other kernel for one of us', () => {
    const rows = [makeCase('16', 1000, 997), makeCase('17', 1000, 500, ['wsimd', 'portable'])];
    expect(listShortfalls(makeRun([makeGroup('else', rows)]))).toEqual([]);
  });

  it('say more than 0.00 of a large loss', () => {
    expect(formatRatio(0.00041234)).toBe('0.00041');
  });
});

function readBack(run: typeof sampleRun): typeof sampleRun {
  const file = join(folder, 'run.json');
  writeRun(file, run);
  return readRuns([file])[0]!;
}

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

  it('keep a run of the whole benchmark under 300 KB: 200 cases, four subjects, 41 rounds', () => {
    const samples = Array.from({ length: 41 }, (_, i) => 12.3456 * (i + 1));
    const subjects = ['a', 'b', 'c', 'd'].map((name) => ({ name, samples, ...summarize(samples) }));
    const ratios = ['b', 'c'].map((peer) => ({ subject: 'a', peer, ...summarize(samples) }));
    const cases = Array.from({ length: 200 }, (_, i) => ({ label: String(i), bytes: i, subjects, ratios }));
    expect(stringifyRun(makeRun([makeGroup('all', cases)])).length).toBeLessThan(300_000);
  });

  it('are judged by the bars of today', () => {
    const old = {
      ...sampleRun.groups[0]!.cases[1]!,
      ratios: [{ ...sampleRun.groups[0]!.cases[1]!.ratios[0]!, bar: 999 }],
    };
    expect(readBack(makeRun([makeGroup('decode/cursor/binary', [old])])).groups[0]!.cases[0]!.ratios[0]!.bar).toBe(25);
    expect(readBack(makeRun([makeGroup('else', [old])])).groups[0]!.cases[0]!.ratios[0]).not.toHaveProperty('bar');
  });

  it('come from a folder in the order of their versions, and must be runs', () => {
    for (const name of ['deno', 'node-100', 'node-20'])
      writeRun(join(folder, `${name}.json`), makeRun([], { node: name }));
    expect(readRuns([folder]).map(({ versions }) => versions.node)).toEqual(['node-20', 'node-100', 'deno']);
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
  });
});

describe('options', () => {
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

describe('plots', () => {
  it('have colours that stay apart for the colour-blind and from the page', () => {
    for (const [colors, page] of [
      [LIGHT, LIGHT_PAGE],
      [DARK, DARK_PAGE],
    ] as const) {
      for (const [i, color] of colors.entries()) {
        expect(contrast(color, page.background)).toBeGreaterThan(3);
        for (const other of colors.slice(0, i))
          expect(distance(color, other), `${color} ${other}`).toBeGreaterThan(0.1);
      }
      expect(contrast(page.text, page.background)).toBeGreaterThan(7);
      expect(contrast(page.muted, page.background)).toBeGreaterThan(4.5);
    }
  });

  it('have scales that hold what they were made for', () => {
    const y = makeLogScale([0.5, 20], 100, 0);
    expect(y.at(0.5)).toBeLessThan(100);
    expect(y.at(20)).toBeGreaterThan(0);
    expect(y.ticks).toContain(1);
    const x = makeSizeScale([0, 16, 60000, 65536], 0, 300, 30);
    expect(x.at(0)).toBe(0);
    expect(x.at(65536)).toBe(300);
    expect(x.ticks).toEqual([0, 16, 60000]);
    expect(spread([10, 11, 12], 14, 0, 100)).toEqual([10, 24, 38]);
    expect(spread([99, 98], 14, 0, 100)).toEqual([100, 86]);
  });

  it('are drawn even where there is one value only', () => {
    const points = [{ size: 1, value: 1, text: 'one' }];
    const svg = drawPlot({
      label: 'a "b" <c>',
      quantity: 'q',
      format: String,
      series: [{ name: 's', slot: 9, points }],
    });
    checkXml(svg);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('report', () => {
  const html = makePage([sampleRun, bunRun]);

  it('is one file without network', () => {
    expect(html).not.toMatch(/(src|href)="(?!#)|@import|url\(|https?:/);
    expect(html.split('<script>')[0]).not.toMatch(/NaN|Infinity|undefined|\[object/);
    expect(html).toContain('prefers-color-scheme:dark');
  });

  it('has drawings that are XML, with every point in words', () => {
    const svgs = svgsOf(html);
    expect(svgs.length).toBeGreaterThan(10);
    for (const svg of svgs) checkXml(svg);
    expect(html).toMatch(/aria-label="wsimd, 16 B: 17.0 ns/);
    expect(html).toMatch(/aria-label="Bun 1.4.5, wsimd to ws, 60000 B: 0.55 ×/);
  });

  it('shows every figure of the results', () => {
    for (const { cases, unit } of sampleRun.groups) {
      for (const { subjects, ratios } of cases) {
        for (const { median } of unit === 'bytes' ? [] : subjects) expect(html).toContain(formatTime(median));
        for (const { median } of ratios)
          if (Number.isFinite(median)) expect(html).toContain(`${formatFigure(median)} ×`);
      }
    }
    expect(html).toContain('856 B');
  });

  it('shows losses, what is missing and what failed', () => {
    expect(html).toContain('2 slower');
    expect(html).toContain('accept-key/24: hash');
    const failed = makePage([{ ...sampleRun, failures: [{ id: 'g/16', reason: 'no <such> thing' }] }]);
    expect(failed).toContain('g/16: no &#60;such&#62; thing');
  });

  it('lets nothing of the results be markup', () => {
    expect(html).not.toContain('<fast>');
    expect(html).not.toContain('The <title>');
  });
});

describe('readme', () => {
  it('has a table with the losses in it, and a list of them', () => {
    const text = describeSpeed([readBack(sampleRun), bunRun]);
    expect(text).toContain('| decode by cursor: binary | `ws` Receiver | 31.9 | – | – | 2.19 | **0.55** |');
    expect(text).toContain('| accept key (24 B) | `node:crypto` createHash | 2.59 |');
    expect(text).toContain('2.19 at 8 KiB (wanted 3), **0.55** at 60000 B (wanted 1.7)');
    expect(text).toContain('- Bun 1.4.5: 1 of 4 are losses');
  });

  it('has drawings that stand alone', () => {
    const drawings = makeDrawings([sampleRun, bunRun]);
    expect(drawings.map(({ file }) => file)).toEqual(['cursor.svg', 'messages.svg', 'engines.svg']);
    for (const { svg, alt } of drawings) {
      expect(checkXml(svg)).toContain('title');
      expect(svg).toContain('prefers-color-scheme:dark');
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      expect(alt).toContain('16 bytes');
    }
  });

  it('is written between the markers, again and again with the same result', () => {
    const readme = join(folder, 'README.md');
    writeFileSync(readme, 'before\n<!-- bench:begin -->\nwhat was there\n<!-- bench:end -->\nafter\n');
    mkdirSync(join(folder, 'bench/results'), { recursive: true });
    writeRun(join(folder, 'bench/results/node-20.json'), sampleRun);
    writeReadme(folder);
    const once = readFileSync(readme, 'utf8');
    writeReadme(folder);
    expect(readFileSync(readme, 'utf8')).toBe(once);
    expect(once).toMatch(/^before\n<!-- bench:begin -->\n!\[/);
    expect(once).toMatch(/<!-- bench:end -->\nafter\n$/);
    expect(once).not.toContain('what was there');
    expect(readFileSync(join(folder, 'bench/results/cursor.svg'), 'utf8')).toContain('<svg');
  });

  it('must have both markers, once', () => {
    expect(() => replaceBetween('no markers', 'text')).toThrow('once each');
    expect(() => replaceBetween('<!-- bench:begin --><!-- bench:begin --><!-- bench:end -->', 'text')).toThrow(
      'once each',
    );
  });
});
