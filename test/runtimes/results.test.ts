// The table of the conformance suite in docs/reference/interop.md: made of the results that are kept, of every host, of the vectors as
// they are.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HOSTS } from './hosts.js';
import { SUITES } from './replay-all.js';
import { checkResults, describeResults, type HostResult, type Results, readTable, replaceTable } from './results.js';
import { countVectors, readVectorFiles } from './vector-files.js';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const kept = JSON.parse(read('../spec/results.json')) as Results;
const report: HostResult = {
  name: 'Node 20',
  date: '2026-11-21',
  version: '20.1.2',
  engine: 'V8 11',
  rfc6455: { vectors: 1274, decoded: { wasm: 1000, portable: 1000 } },
  rfc7692: { vectors: 313, decoded: { wasm: 700, portable: 700 } },
  chosen: 'wasm',
};
const sample: Results = { 'node-20': report };
const counted = { rfc6455: 1274, rfc7692: 313 };

describe('the results of the conformance suite that are kept', () => {
  it('are of every host, each on both kernels', () => {
    const ids = ['node-20', 'node-22', 'node-24', 'node-26', 'deno', 'bun', 'workerd', 'chromium', 'firefox', 'webkit'];
    expect(HOSTS.map(({ id }) => id)).toEqual(ids);
    expect(Object.keys(kept)).toEqual(ids);
    for (const result of Object.values(kept)) {
      for (const suite of SUITES) expect(Object.keys(result[suite].decoded), result.name).toEqual(['wasm', 'portable']);
    }
  });

  it('are of all vectors as they are, of both RFCs, the same work on each', () => {
    const vectors = countVectors(readVectorFiles());
    expect(vectors.rfc6455).toBeGreaterThan(1000);
    expect(vectors.rfc7692).toBeGreaterThan(300);
    expect(() => checkResults(kept, vectors)).not.toThrow();
  });

  it('stand in docs/reference/interop.md', () => {
    const table = readTable(read('../../docs/reference/interop.md'));
    expect(table).toBe(describeResults(kept));
    expect(table).toContain(
      '| RFC 6455: vectors passed | streams decoded | RFC 7692: vectors passed | streams decoded |',
    );
    for (const { name } of HOSTS) expect(table).toContain(`| ${name} | `);
  });
});

describe('results', () => {
  it('must be alike on all hosts and kernels, with every vector', () => {
    expect(() => checkResults(sample, counted)).not.toThrow();
    for (const suite of SUITES) {
      const other: HostResult = {
        ...report,
        name: 'Deno',
        [suite]: { ...report[suite], decoded: { wasm: 1, portable: 9 } },
      };
      expect(() => checkResults({ ...sample, deno: other }, counted)).toThrow(`${suite} is not the same on all`);
      expect(() => checkResults({ ...sample, deno: other }, counted)).toThrow('Deno, portable: 9 streams');
      const fewer: HostResult = { ...report, [suite]: { ...report[suite], vectors: 312 } };
      expect(() => checkResults({ node: fewer }, counted)).toThrow(`Node 20: 312 vectors of ${suite}, not`);
    }
    const portable: HostResult = { ...report, chosen: 'portable' };
    expect(() => checkResults({ node: portable }, counted)).toThrow('chose the portable kernel');
  });

  it('are written between the markers, again and again', () => {
    const empty = 'a\n<!-- conformance:begin -->\n<!-- conformance:end -->\nb\n';
    const written = replaceTable(empty, sample);
    expect(written).toContain('| Node 20 | 20.1.2 | V8 11 | wasm, portable | 1,274 | 2,000 | 313 | 1,400 |\n');
    expect(replaceTable(written, sample)).toBe(written);
    expect(() => replaceTable('a', sample)).toThrow('once each');
  });
});
