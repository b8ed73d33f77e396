// docs/benchmarks.md: its tables and its drawings; and what the README takes from it.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDrawings } from '../../../bench/report/tables/drawings.js';
import { describeSpeed } from '../../../bench/report/tables/table.js';
import { replaceBetween, writeTables } from '../../../bench/report/tables/write.js';
import { writeRun } from '../../../bench/run/files.js';
import { readBack } from './read-back.js';
import { makeCase, makeGroup, makeRun, sampleRun } from './sample-runs.js';
import { checkXml } from './xml.js';

const bunRun = makeRun(sampleRun.groups.slice(0, 1), { bun: '1.4.5' });

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wsimd-bench-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('docs/benchmarks.md', () => {
  it('has a table with the losses in it, and a list of them', () => {
    const text = describeSpeed([readBack(sampleRun), bunRun]);
    expect(text).toContain('| decode by cursor: binary | `ws` Receiver | 31.9 | – | – | – | – | 2.19 | **0.55** |');
    expect(text).toContain('| accept key (24 B) | `node:crypto` createHash | 2.59 |');
    expect(text).toContain('2.19 × at 8 KiB (≥ 3 ×), 0.55 × at 60000 B (≥ 1.7 ×). A frame costs');
    expect(text).toContain('Of 9 figures against others 2 are losses, all of them above.');
    expect(text).toMatch(/\| Bun 1\.4\.5 \|.*\| 1 of 4 \| 2 of 3 \|/);
    expect(text).toContain('- Bun 1.4.5: 0.55 in decode/cursor/binary/60000 to ws');
  });

  it('names losses on which there is no bar, and counts those of other pairs', () => {
    const row = makeCase('16', 200, 100, ['writer', 'ws frame']);
    const other = { subject: 'single', peer: 'ws frame', median: 0.25, p25: 0.2, p75: 0.3 };
    const text = describeSpeed([
      makeRun([makeGroup('encode/server/latin', [{ ...row, ratios: [...row.ratios, other] }])]),
    ]);
    expect(text).toContain('2 are losses. Beside those above');
    expect(text).toContain('- and 1 of other ways and peers');
    expect(text).not.toContain('undefined');
  });

  it('has servers end to end where they were measured', () => {
    const ratio = { subject: 'wsimd', peer: 'Bun', median: 0.75, p25: 0.7, p75: 0.8 };
    const row = makeCase('64', 1000, 9500);
    const groups = [makeGroup('echo/text-16/cpu', [{ ...row, ratios: [...row.ratios, ratio] }])];
    const text = describeSpeed([readBack(makeRun(groups))]);
    expect(text).toContain('| echo, 16 in flight: text | `ws` | 9.50 | – | – | – |');
    expect(text).toContain('| echo, 16 in flight: text | `Bun.serve` | **0.75** | – | – | – |');
    expect(text).not.toContain('bare socket');
    expect(describeSpeed([readBack(sampleRun)])).not.toContain('End to end');
  });

  it('shows what a bare socket comes to beside servers, and counts it neither as a loss nor as a win', () => {
    const row = makeCase('64', 1000, 7000);
    const [bare] = makeCase('64', 800, 1, ['bare socket', '-']).subjects;
    const ratio = { subject: 'wsimd', peer: 'bare socket', median: 0.8, p25: 0.8, p75: 0.8 };
    const groups = [
      makeGroup('echo/text-16/cpu', [{ ...row, subjects: [...row.subjects, bare!], ratios: [...row.ratios, ratio] }]),
    ];
    const text = describeSpeed([readBack(makeRun(groups))]);
    expect(text).toContain('| echo, 16 in flight: text | a bare socket of Node | 0.80 | – | – | – |');
    expect(text).toContain('The bare socket does no WebSocket');
    expect(text).toContain('Of 1 figures against others none is a loss.');
  });

  it('takes the runs of servers from a folder of their own', () => {
    mkdirSync(join(folder, 'docs'));
    writeFileSync(join(folder, 'docs/benchmarks.md'), '<!-- bench:begin --><!-- bench:end -->');
    mkdirSync(join(folder, 'bench/results'), { recursive: true });
    writeRun(join(folder, 'bench/results/node-20.json'), sampleRun);
    writeRun(
      join(folder, 'bench/results/end-to-end/node-20.json'),
      makeRun([makeGroup('echo/text-1/cpu', [makeCase('64', 1, 2)])]),
    );
    writeTables(folder);
    expect(readFileSync(join(folder, 'docs/benchmarks.md'), 'utf8')).toContain(
      '| echo, one in flight: text | `ws` | 2.00 |',
    );
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
    const document = join(folder, 'docs/benchmarks.md');
    mkdirSync(join(folder, 'docs'));
    writeFileSync(document, 'before\n<!-- bench:begin -->\nwhat was there\n<!-- bench:end -->\nafter\n');
    mkdirSync(join(folder, 'bench/results'), { recursive: true });
    writeRun(join(folder, 'bench/results/node-20.json'), sampleRun);
    writeTables(folder);
    const once = readFileSync(document, 'utf8');
    writeTables(folder);
    expect(readFileSync(document, 'utf8')).toBe(once);
    expect(once).toMatch(/^before\n<!-- bench:begin -->\n!\[[^\]]+\]\(\.\.\/bench\/results\/cursor\.svg\)/);
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

  it('is what the kept results give, and the README has the same rows of it', () => {
    const root = fileURLToPath(new URL('../../../', import.meta.url));
    const kept = readFileSync(join(root, 'docs/benchmarks.md'), 'utf8');
    mkdirSync(join(folder, 'docs'));
    writeFileSync(join(folder, 'docs/benchmarks.md'), kept);
    cpSync(join(root, 'bench/results'), join(folder, 'bench/results'), { recursive: true });
    writeTables(folder);
    expect(kept).toBe(readFileSync(join(folder, 'docs/benchmarks.md'), 'utf8'));

    const speed = /\n## How fast it is\n(.*?)\n## /s.exec(readFileSync(join(root, 'README.md'), 'utf8'))![1]!;
    const rows = speed.split('\n').filter((line) => line.startsWith('|'));
    expect(rows.length).toBeGreaterThan(3);
    for (const row of rows) expect(kept.split('\n')).toContain(row);
  });
});
