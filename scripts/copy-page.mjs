// Part of the build: copies the page's files that need no compiling to where `wsimd serve` reads them. Knows nothing else.

import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';

const from = new URL('../src/page/', import.meta.url);
const to = new URL('../build/src/page/', import.meta.url);

mkdirSync(to, { recursive: true });
for (const name of readdirSync(from)) {
  if (/\.(html|css|svg)$/.test(name)) copyFileSync(new URL(name, from), new URL(name, to));
}
