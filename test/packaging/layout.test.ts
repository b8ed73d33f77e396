// How the sources lie: short files, folders that a reader can take in, and a rule on imports for each folder of src/.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MOST_LINES = 400;
/** Files at one level of a folder. Tests need more: one file of src may have several. */
const MOST_FILES: Readonly<Record<string, number>> = { src: 13, assembly: 13, bench: 13, scripts: 13, test: 16 };
/** What is written by programs. */
const GENERATED = /^bench\/results$/;

interface Rules {
  readonly overrides: readonly { readonly includes: readonly string[]; readonly linter: { readonly rules: object } }[];
}

const files = Object.keys(MOST_FILES).flatMap((root) =>
  readdirSync(join(ROOT, root), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((path) => !path.includes('node_modules/')),
);

it(`no source file is longer than ${MOST_LINES} lines`, () => {
  const sources = files.filter((file) => /\.(ts|mts|mjs|cjs|js|css|html)$/.test(file));
  expect(sources.length).toBeGreaterThan(500);
  const linesOf = (file: string) => readFileSync(join(ROOT, file), 'utf8').split('\n').length - 1;
  expect(sources.filter((file) => linesOf(file) > MOST_LINES)).toEqual([]);
});

it('no folder has more files at one level than a reader can take in', () => {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  expect(counts.get('src/bytes')).toBeGreaterThan(5);
  const crowded = [...counts].filter(([folder, count]) => count > MOST_FILES[folder.split('/', 1)[0]!]!);
  expect(crowded.filter(([folder]) => !GENERATED.test(folder))).toEqual([]);
});

it('each file and folder at the top of src has a rule in biome.json on what it may import', () => {
  const { overrides }: Rules = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8'));
  const ruled = overrides
    .filter(({ linter }) => JSON.stringify(linter.rules).includes('noRestrictedImports'))
    .flatMap(({ includes }) => includes);
  const parts = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).map((entry) =>
    entry.isDirectory() ? `src/${entry.name}/**` : `src/${entry.name}`,
  );
  expect(parts.filter((part) => !ruled.includes(part))).toEqual([]);
});
