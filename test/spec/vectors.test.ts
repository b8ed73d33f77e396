// The conformance suite: every vector of test/spec/vectors, on both kernels, in every cut, through every decoder and
// the connection. Its figures are printed at the end; it skips nothing.

import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import * as implementation from '../../src/index.js';
import { AUTOBAHN_CASES } from './replay/autobahn-cases.js';
import { Counts } from './replay/counts.js';
import { readVector, splitVectors, type VectorSource } from './replay/format.js';
import { replayVector } from './replay/replay-vector.js';

const folder = new URL('vectors/', import.meta.url);
const KERNELS = ['wasm', 'portable'] as const;

const files = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .sort()
  .map((name) => ({ name, vectors: splitVectors(readFileSync(new URL(name, folder), 'utf8')) }));

const counts = new Counts(KERNELS);

function replayAll(source: VectorSource): void {
  const vector = readVector(source);
  counts.add(vector.section, replayVector(implementation, vector, KERNELS));
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

afterAll(() => counts.print(files.reduce((sum, { vectors }) => sum + vectors.length, 0)));
