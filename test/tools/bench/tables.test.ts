// docs/background/benchmarks.md: its tables and its drawings; and what the README takes from it.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Group } from '../../../bench/core/harness.js';
import { makeDrawings } from '../../../bench/report/tables/drawings.js';
import { describeSpeed } from '../../../bench/report/tables/table.js';
import { replaceBetween, writeTables } from '../../../bench/report/tables/write.js';
import { readRuns, writeRun } from '../../../bench/run/files.js';
import { writeDocument } from '../../../bench/run/life/files.js';
import { readBack } from './read-back.js';
import { makeCase, makeGroup, makeRun, sampleRun } from './sample-runs.js';
import { checkXml } from './xml.js';

const bunRun = makeRun(sampleRun.groups.slice(0, 1), { bun: '1.4.5' });

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wsimd-bench-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('docs/background/benchmarks.md', () => {
  it('has a table with the losses in it, and a list of them', () => {
    const text = describeSpeed([readBack(sampleRun), bunRun]);
    expect(text).toContain('| decode by cursor: binary | `ws` Receiver | 31.9 | – | – | 2.19 | **0.55** | – |');
    expect(text).toContain('| accept key (24 B) | `node:crypto` createHash | 2.59 |');
    expect(text).toContain('2.19 × at 8 KiB (≥ 3 ×), 0.55 × at 60000 B (≥ 1.7 ×). A frame costs');
    expect(text).toContain('Of 9 figures against others 2 are losses, all of them above.');
    expect(text).toMatch(/\| Bun 1\.4\.5 \| 41 \|.*\| 1 of 4 \| 2 of 3 \|/);
    expect(text).toContain('- Bun 1.4.5: 0.55 in decode/cursor/binary/60000 to ws');
  });

  it('names losses on which there is no bar, and counts those of other pairs', () => {
    const row = makeCase('8192', 200, 100, ['writer', 'ws frame']);
    const other = { subject: 'single', peer: 'ws frame', median: 0.25, p25: 0.2, p75: 0.3 };
    const text = describeSpeed([
      makeRun([makeGroup('encode/server/text', [{ ...row, ratios: [...row.ratios, other] }])]),
    ]);
    expect(text).toContain('2 are losses. Beside those above');
    expect(text).toContain('- and 1 of other ways and peers');
    expect(text).not.toContain('undefined');
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
    const document = join(folder, 'docs/background/benchmarks.md');
    mkdirSync(join(folder, 'docs/background'), { recursive: true });
    writeFileSync(document, 'before\n<!-- bench:begin -->\nwhat was there\n<!-- bench:end -->\nafter\n');
    mkdirSync(join(folder, 'bench/results'), { recursive: true });
    writeRun(join(folder, 'bench/results/node-20.json'), sampleRun);
    writeTables(folder);
    const once = readFileSync(document, 'utf8');
    writeTables(folder);
    expect(readFileSync(document, 'utf8')).toBe(once);
    expect(once).toMatch(/^before\n<!-- bench:begin -->\n!\[[^\]]+\]\(\.\.\/\.\.\/bench\/results\/cursor\.svg\)/);
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

  it('is drawn from results of cases that exist', async () => {
    // What is compiled: the cases of starting up read the kernel beside it.
    const load = async (module: string): Promise<readonly Group[]> => {
      const url = new URL(`../../../build/bench/${module}`, import.meta.url).href;
      return (await import(/* @vite-ignore */ url)).groups;
    };
    const list = (groups: readonly { readonly id: string; readonly cases: readonly { readonly label: string }[] }[]) =>
      groups.flatMap(({ id, cases }) => cases.map(({ label }) => `${id}/${label}`));
    const inProcess = list(await load('cases/index.js'));
    const inPage = list(await load('page/groups.js'));
    const explained = readFileSync(new URL('../../../docs/background/how-we-measure.md', import.meta.url), 'utf8');
    expect(explained).toContain(`has ${inProcess.length} cases`);
    const runs = readRuns([fileURLToPath(new URL('../../../bench/results', import.meta.url))]);
    expect(runs).toHaveLength(8);
    for (const { groups, failures = [], skipped = [], versions } of runs) {
      const known = versions.node === undefined ? inPage : inProcess;
      const stored = [...list(groups), ...[...failures, ...skipped].map(({ id }) => id)];
      expect(stored.filter((id) => !known.includes(id))).toEqual([]);
    }
  });

  it('is what the kept results give, and so is the table of the README', () => {
    const root = fileURLToPath(new URL('../../../', import.meta.url));
    const kept = readFileSync(join(root, 'docs/background/benchmarks.md'), 'utf8');
    mkdirSync(join(folder, 'docs/background'), { recursive: true });
    writeFileSync(join(folder, 'docs/background/benchmarks.md'), kept);
    cpSync(join(root, 'bench/results'), join(folder, 'bench/results'), { recursive: true });
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    writeFileSync(join(folder, 'README.md'), readme);
    writeTables(folder);
    writeDocument(folder);
    expect(kept).toBe(readFileSync(join(folder, 'docs/background/benchmarks.md'), 'utf8'));
    expect(readme).toBe(readFileSync(join(folder, 'README.md'), 'utf8'));
    expect(readme.match(/^\| (echo|tls|push)/gm)?.length).toBeGreaterThan(3);
  });
});
