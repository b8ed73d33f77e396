// The conformance suite: every vector of test/conformance/vectors, on both kernels, in every cut, through every decoder and
// the connection. Its figures are printed at the end; it skips nothing.

import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import * as implementation from '../../src/index.js';
import { AUTOBAHN_CASES } from './autobahn-cases.js';
import { readVector, splitVectors, type VectorSource } from './format.js';
import { replayVector } from './replay-vector.js';

const folder = new URL('vectors/', import.meta.url);
const KERNELS = ['wasm', 'portable'] as const;

const files = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .sort()
  .map((name) => ({ name, vectors: splitVectors(readFileSync(new URL(name, folder), 'utf8')) }));

/** Of each section: vectors, and how many times a stream was decoded on each kernel. */
const counts = new Map<string, { vectors: number; wasm: number; portable: number }>();

function replayAll(source: VectorSource): void {
  const vector = readVector(source);
  const { section } = vector;
  const count = counts.get(section) ?? { vectors: 0, wasm: 0, portable: 0 };
  counts.set(section, count);
  count.vectors++;
  for (const [i, decoded] of replayVector(implementation, vector, KERNELS).entries()) count[KERNELS[i]!] += decoded;
}

for (const { name, vectors } of files) {
  describe(name, () => {
    it.each(vectors.map((vector) => [vector.title, vector] as const))('%s', (_, vector) => replayAll(vector));
  });
}

describe('the suite', () => {
  const all = files.flatMap(({ vectors }) => vectors);

  it('has a vector for each case of Autobahn without compression', () => {
    const named = new Set(all.flatMap(({ autobahn }) => autobahn));
    expect(AUTOBAHN_CASES).toHaveLength(301);
    expect(AUTOBAHN_CASES.filter((id) => !named.has(id))).toEqual([]);
    expect([...named].filter((id) => !AUTOBAHN_CASES.includes(id))).toEqual([]);
  });

  it('gives each vector a name of its own', () => {
    for (const { name, vectors } of files) {
      const titles = vectors.map(({ title }) => title);
      expect(new Set(titles).size, name).toBe(titles.length);
    }
  });
});

afterAll(() => {
  const row = (...cells: readonly (string | number)[]) =>
    console.info(cells.map((cell, i) => (i === 0 ? String(cell).padEnd(8) : String(cell).padStart(18))).join(''));
  const total = { vectors: 0, wasm: 0, portable: 0 };
  row('section', 'vectors', 'decoded, wasm', 'decoded, portable');
  for (const [section, count] of [...counts].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))) {
    row(section, count.vectors, count.wasm, count.portable);
    for (const key of ['vectors', ...KERNELS] as const) total[key] += count[key];
  }
  row('all', total.vectors, total.wasm, total.portable);
  const skipped = files.reduce((sum, { vectors }) => sum + vectors.length, 0) - total.vectors;
  row('skipped', skipped);
});
