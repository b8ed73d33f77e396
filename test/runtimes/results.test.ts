// The README's table of the conformance suite: made of the results that are kept, of every host, of the vectors as they are.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { splitVectors } from '../conformance/format.js';
import { HOSTS } from './hosts.js';
import { checkAlike, describeResults, type HostResult, type Results, readTable, replaceTable } from './results.js';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const kept = JSON.parse(read('../conformance/results.json')) as Results;
const report: HostResult = {
  name: 'Node 20',
  date: '2026-11-21',
  version: '20.1.2',
  engine: 'V8 11',
  vectors: 1274,
  decoded: { wasm: 1000, portable: 1000 },
  chosen: 'wasm',
};
const sample: Results = { 'node-20': report };

describe('the results of the conformance suite that are kept', () => {
  it('are of every host, each on both kernels', () => {
    const ids = ['node-20', 'node-22', 'node-24', 'node-26', 'deno', 'bun', 'workerd', 'chromium', 'firefox', 'webkit'];
    expect(HOSTS.map(({ id }) => id)).toEqual(ids);
    expect(Object.keys(kept)).toEqual(ids);
    for (const { name, decoded } of Object.values(kept)) {
      expect(Object.keys(decoded), name).toEqual(['wasm', 'portable']);
    }
    expect(() => checkAlike(kept)).not.toThrow();
  });

  it('are of the vectors as they are', () => {
    const folder = new URL('../conformance/vectors/', import.meta.url);
    const texts = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
    const count = texts.reduce((sum, text) => sum + splitVectors(text).length, 0);
    for (const { name, vectors } of Object.values(kept)) expect(vectors, name).toBe(count);
  });

  it('stand in the README', () => {
    const table = readTable(read('../../README.md'));
    expect(table).toBe(describeResults(kept));
    for (const { name } of HOSTS) expect(table).toContain(`| ${name} | `);
  });
});

describe('results', () => {
  it('must be alike on all hosts and kernels', () => {
    const other: HostResult = { ...report, name: 'Deno', decoded: { wasm: 1000, portable: 999 } };
    expect(() => checkAlike(sample)).not.toThrow();
    expect(() => checkAlike({ ...sample, deno: other })).toThrow('Deno, portable: 1274');
    const portable: HostResult = { ...report, chosen: 'portable' };
    expect(() => checkAlike({ node: portable })).toThrow('chose the portable kernel');
  });

  it('are written between the markers, again and again', () => {
    const empty = 'a\n<!-- conformance:begin -->\n<!-- conformance:end -->\nb\n';
    const written = replaceTable(empty, sample);
    expect(written).toContain('| Node 20 | 20.1.2 | V8 11 | wasm, portable | 1,274 | 2,000 |\n');
    expect(replaceTable(written, sample)).toBe(written);
    expect(() => replaceTable('a', sample)).toThrow('once each');
  });
});
