// The list of deliberate faults fits the sources: each text that is to be replaced stands once, and the tests that are to see it
// are there. Whether they do see it takes longer: npm run mutations.

import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { MUTATIONS } from './list.mjs';

const root = new URL('../../../', import.meta.url);
const paths = readdirSync(new URL('test', root), { recursive: true, encoding: 'utf8' }).map((path) => `test/${path}`);

it.each(MUTATIONS)('%s (%s)', (_name, file, find, replace, tests) => {
  const source = readFileSync(new URL(file, root), 'utf8');
  expect(source.split(find).length - 1, `how often "${find}" stands in ${file}`).toBe(1);
  expect(replace).not.toBe(find);
  expect(tests).not.toEqual([]);
  for (const { file } of tests)
    expect(
      paths.filter((path) => path.startsWith(file)),
      file,
    ).not.toEqual([]);
});

it('has no name twice', () => {
  expect(new Set(MUTATIONS.map(([name]) => name)).size).toBe(MUTATIONS.length);
});
