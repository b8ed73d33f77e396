// Part of the build: makes the CommonJS form of `wsimd/node`, build/commonjs/src/node/index.js, one file with the codec and the bytes of
// its WebAssembly modules in it. `require` returns the class WebSocket, as `require('ws')` does. Beside it lie copies of the types
// that it needs, which package.json's type there makes those of CommonJS. They are without `#private`, which would keep TypeScript from
// accepting a PerMessageDeflate or a PreparedMessage of the ES modules, as the code does.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const from = fileURLToPath(new URL('../build/', import.meta.url));
const to = join(from, 'commonjs');

// Types of modules that are gone must not stay.
rmSync(to, { recursive: true, force: true });
writeScript(await bundle());
for (const path of typesOf('src/node/index.d.ts')) {
  mkdirSync(dirname(join(to, path)), { recursive: true });
  const text = readFileSync(join(from, path), 'utf8').replace(/^ +#private;\n/gm, '');
  writeFileSync(join(to, path.replace('node/index.d.ts', 'node/exports.d.ts')), text);
}
writeFileSync(join(to, 'src/node/index.d.ts'), "import { WebSocket } from './exports.js';\n\nexport = WebSocket;\n");
writeFileSync(join(to, 'package.json'), '{ "type": "commonjs" }\n');

async function bundle() {
  const { outputFiles, warnings } = await build({
    entryPoints: [join(from, 'src/node/index.js')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    minifyWhitespace: true,
    // Names stay as they are, and lines are short enough for a stack trace to say something.
    lineLimit: 120,
    footer: { js: "module.exports = module.exports['module.exports'];" },
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
  });
  if (warnings.length > 0) process.exit(1);
  return outputFiles[0].text;
}

/** @param text classes that refer to themselves have a `_` before their names, which errors would show */
function writeScript(text) {
  const renamed = [...text.matchAll(/\b(\w+)=class (_\1)\b/g)];
  const names = new Map(renamed.map(([, name, inner]) => [inner, name]));
  const path = join(to, 'src/node/index.js');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    text.replace(/(?<![\w$.#])_\w+/g, (word) => names.get(word) ?? word),
  );
}

/** The declaration files that one needs, itself included: paths from build/. */
function typesOf(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  const text = readFileSync(join(from, path), 'utf8');
  for (const [, name] of text.matchAll(/(?:from|import\() ?'(\.[^']+)\.js'|^import '(\.[^']+)\.js'/gm)) {
    typesOf(join(dirname(path), `${name}.d.ts`), found);
  }
  return found;
}
