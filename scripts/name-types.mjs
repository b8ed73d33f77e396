// The last step of the build, on the compiled scripts. Each names its types in its first line, for Deno and JSR, which look for
// them nowhere else when a script is imported by its path. And two say what `require` gives, by an export whose name is a
// string: in the script only, as TypeScript before 5.6 cannot read one in types. No line is added before code, so the source maps
// still fit. In the types of what both compilers read, AssemblyScript's integers become numbers: programs don't have
// assembly/shared/integers.d.ts.

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

for (const name of readdirSync(join(build, 'assembly'), { recursive: true })) {
  if (!name.endsWith('.d.ts')) continue;
  const path = join(build, 'assembly', name);
  const text = readFileSync(path, 'utf8');
  const portable = text.replace(/: (?:[iu](?:8|16|32|64)|usize)\b/g, ': number').replace(/: bool\b/g, ': boolean');
  if (portable !== text) writeFileSync(path, portable);
}

/** What `require` gives of a module: one of its names. */
const REQUIRED = new Map([
  ['node/index.js', 'WebSocket'],
  ['addons/utf-8-validate.js', 'isValidUtf8'],
]);

for (const [name, exported] of REQUIRED) {
  const path = join(build, 'src', name);
  const line = `export { ${exported} as 'module.exports' };\n`;
  const text = readFileSync(path, 'utf8');
  if (text.includes(line)) continue;
  const comment = text.lastIndexOf('//# sourceMappingURL');
  const end = comment === -1 ? text.length : comment;
  writeFileSync(path, text.slice(0, end) + line + text.slice(end));
}
