// Every public function and class has a property that holds whatever it is given: this list says where.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as handshake from '../../../src/handshake/index.js';
import * as wsimd from '../../../src/index.js';

const WHERE: Readonly<Record<string, string>> = {
  init: 'init.test.ts',
  isValidUtf8: '../../spec/lessons.test.ts',
};
const FILES = ['frames.test.ts', 'handshake.test.ts', 'topics.test.ts'];

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');

const callables = Object.entries({ ...wsimd, ...handshake }).flatMap(([name, value]) =>
  typeof value === 'function' ? [name] : [],
);

it.each(callables)('%s has a property', (name) => {
  const files = WHERE[name] === undefined ? FILES : [WHERE[name]];
  const uses = files
    .map(read)
    .filter((text) => new RegExp(`\\b${name}[.(<]`).test(text) || text.includes(`new ${name}(`));
  expect(uses.length).toBeGreaterThan(0);
  expect(uses.every((text) => text.includes('fc.property'))).toBe(true);
});
