// Part of the build: joins the modules of build/src in few files, which start in a third to a half of the time. Names stay as they are, and
// lines are short enough for a stack trace to say something.
//
// build/bundles has the ES modules that Node, Deno and Bun get: a file for each entry point, and the parts that several need, so that the
// entry points share classes and memory. Bundlers for browsers and Workers get build/src, of which they leave out what is not used.
//
// build/commonjs/src/node/index.js is the CommonJS form of `wsimd/node`, one file with the codec and the bytes of its WebAssembly modules in
// it. `require` returns the class WebSocket, as `require('ws')` does. Beside it lie copies of the types that it needs, which package.json's type
// there makes those of CommonJS. They are without `#private`, which would keep TypeScript from accepting a PerMessageDeflate or a
// PreparedMessage of the ES modules, as the code does.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const from = fileURLToPath(new URL('../build/', import.meta.url));
const bundles = join(from, 'bundles');
const commonjs = join(from, 'commonjs');
/** Modules of build/src, as package.json's exports have them. */
const ENTRY_POINTS = [
  ...['index', 'node/index', 'deflate/index', 'handshake/index', 'web/index', 'testing/index'],
  ...['addons/bufferutil', 'addons/utf-8-validate'],
];

// Files of an earlier build must not stay.
for (const folder of [bundles, commonjs]) rmSync(folder, { recursive: true, force: true });
await bundle({
  entryPoints: ENTRY_POINTS.map((name) => join(from, 'src', `${name}.js`)),
  outdir: bundles,
  outbase: join(from, 'src'),
  chunkNames: 'shared/[hash]',
  format: 'esm',
  splitting: true,
});
await bundle({
  entryPoints: [join(from, 'src/node/index.js')],
  outfile: join(commonjs, 'src/node/index.js'),
  format: 'cjs',
  footer: { js: "module.exports = module.exports['module.exports'];" },
});
for (const path of typesOf('src/node/index.d.ts')) {
  mkdirSync(dirname(join(commonjs, path)), { recursive: true });
  const text = readFileSync(join(from, path), 'utf8').replace(/^ +#private;\n/gm, '');
  writeFileSync(join(commonjs, path.replace('node/index.d.ts', 'node/exports.d.ts')), text);
}
writeFileSync(
  join(commonjs, 'src/node/index.d.ts'),
  "import { WebSocket } from './exports.js';\n\nexport = WebSocket;\n",
);
writeFileSync(join(commonjs, 'package.json'), '{ "type": "commonjs" }\n');

async function bundle(options) {
  const { outputFiles, warnings } = await build({
    bundle: true,
    platform: 'node',
    target: 'node20',
    minifyWhitespace: true,
    lineLimit: 120,
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
    ...options,
  });
  if (warnings.length > 0) process.exit(1);
  for (const { path, text } of outputFiles) {
    if (text === '') continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, withNames(withoutBareImports(text)));
  }
}

/** Imports of which nothing is used: our modules do nothing when they are loaded, and bundlers would warn of each. */
function withoutBareImports(text) {
  return text.replace(/\bimport"[^"]*\/shared\/\w+\.js";|\bimport"\.\/\w+\.js";/g, '');
}

/** Classes that refer to themselves have a `_` before their names, which errors would show. */
function withNames(text) {
  const renamed = [...text.matchAll(/\b(\w+)=class (_\1)\b/g)];
  const names = new Map(renamed.map(([, name, inner]) => [inner, name]));
  return text.replace(/(?<![\w$.#])_\w+/g, (word) => names.get(word) ?? word);
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
