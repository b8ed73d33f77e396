// The last step of the build: each compiled script names its types in its first line, for Deno and JSR, which look for them
// nowhere else when a script is imported by its path. No line is added, so the source maps still fit.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const build = fileURLToPath(new URL('../build/', import.meta.url));

for (const folder of ['src', 'assembly']) {
  for (const name of readdirSync(join(build, folder), { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    const path = join(build, folder, name);
    const types = path.replace(/js$/, 'd.ts');
    if (!existsSync(types)) continue;
    const pragma = `/* @ts-self-types="./${basename(types)}" */ `;
    const text = readFileSync(path, 'utf8');
    // A program begins with what runs it, and nobody imports it.
    if (!text.startsWith(pragma) && !text.startsWith('#!')) writeFileSync(path, pragma + text);
  }
}
