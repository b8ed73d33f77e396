// The plots, and the report that is made of them.

import { describe, expect, it } from 'vitest';
import { formatFigure, formatTime } from '../../../bench/page/format.js';
import { makePage } from '../../../bench/report/html/page.js';
import { DARK, DARK_PAGE, dashOf, drawMarker, LIGHT, LIGHT_PAGE } from '../../../bench/report/plot/palette.js';
import { drawPlot } from '../../../bench/report/plot/plot.js';
import { makeLogScale, makeSizeScale, spread } from '../../../bench/report/plot/scale.js';
import { toMarkdown, toTerminal } from '../../../bench/report/terminal.js';
import { contrast, distance } from './color-vision.js';
import { readBack } from './read-back.js';
import { makeCase, makeGroup, makeRun, sampleRun } from './sample-runs.js';
import { checkXml, svgsOf } from './xml.js';

const bunRun = makeRun(sampleRun.groups.slice(0, 1), { bun: '1.4.5' });

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

  it('have a marker for each of nine runtimes', () => {
    const markers = Array.from({ length: 9 }, (_, slot) => drawMarker(slot, 10, 10, ''));
    expect(new Set(markers).size).toBe(9);
    expect(new Set(markers.map((_, slot) => dashOf(slot))).size).toBe(9);
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
    const skipped = makePage([{ ...sampleRun, skipped: [{ id: 'garbage/16', reason: 'no way' }] }]);
    expect(skipped).toContain('Cannot be measured on this engine</h3>');
    expect(skipped).toContain('garbage/16: no way');
  });

  it('says of every demand what came of it, and why it is missed', () => {
    const judged = makePage([readBack(sampleRun)]);
    expect(judged).toContain('1 of 3<em>2 missed</em>');
    expect(judged).toContain('decode/cursor/binary</a>, wsimd to ws: 2.19 × at 8 KiB (≥ 3 ×), 0.55 × at 60000 B');
    expect(judged).toContain('<code>ws</code> unmasks in place');
  });

  it('lets nothing of the results be markup', () => {
    expect(html).not.toContain('<fast>');
    expect(html).not.toContain('The <title>');
  });
});

describe('tables', () => {
  it('have a dash where a case lacks what another has, whichever comes first', () => {
    const whole = makeCase('16', 10, 100);
    const { subjects, ratios } = makeCase('125', 20, 300);
    const lacking = { ...whole, label: '125', subjects: subjects.slice(1), ratios: [] };
    for (const cases of [
      [whole, lacking],
      [lacking, { ...whole, subjects: [...subjects].reverse(), ratios }],
    ]) {
      const group = makeGroup('garbage/decode', cases, 'bytes');
      const lines = toTerminal(group).trimEnd().split('\n').slice(2);
      expect(lines[0]!.trim().split(/ {2,}/).sort()).toEqual(['bytes', 'ws', 'ws ÷ wsimd', 'wsimd']);
      expect(lines.find((line) => line.includes('125'))).toContain('–');
      expect(lines.map((line) => line.length)).toEqual(lines.map(() => lines[0]!.length));
      expect(toMarkdown(makeRun([group]))).toContain('| – |');
    }
  });
});
