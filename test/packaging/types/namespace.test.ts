// The namespace of `WebSocket` has every type that `wsimd/node` exports: CommonJS finds them nowhere else.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const source = readFileSync(new URL('../../../src/node/index.ts', import.meta.url), 'utf8');
const [, namespace = ''] = /^export declare namespace WebSocket \{(.*?)^\}/ms.exec(source) ?? [];

it('has each type that is exported, and each class', () => {
  const exported = [...source.matchAll(/^export (?:type )?\{(.*?)\}/gms)]
    .flatMap(([, names]) => names!.split(','))
    .map((name) => name.trim().replace(/.* as /, ''))
    .filter((name) => /^[A-Z]/.test(name));
  const declared = [...source.matchAll(/^export type (\w+)/gm)].map(([, name]) => name!);
  expect(exported.length).toBeGreaterThan(40);
  expect(declared).toContain('ClientOptions');
  const found = [...namespace.matchAll(/^ {2}export type (\w+)/gm)].map(([, name]) => name!);
  expect([...exported, ...declared].filter((name) => !found.includes(name))).toEqual([]);
});
