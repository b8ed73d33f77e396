// The conformance vectors on whatever runtime executes this, from the build (`npm run build && npx tsc -b tsconfig.fuzz.json`), on
// the kernels that are named: `conformance.mjs [--without-buffer] wasm portable`. Without `Buffer` the strings are made as in a
// browser. It exits with 1 at the first difference.

import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

const args = process.argv.slice(2);
const kernels = args.filter((arg) => !arg.startsWith('--'));
const folder = new URL('../conformance/vectors/', import.meta.url);
const texts = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
if (args.includes('--without-buffer')) delete globalThis.Buffer;

const implementation = await import('../../build/src/index.js');
const { readVector, splitVectors } = await import('../../build/test/conformance/format.js');
const { replayVector } = await import('../../build/test/conformance/replay-vector.js');

const decoded = kernels.map(() => 0);
const sources = texts.flatMap((text) => splitVectors(text));
for (const source of sources) {
  for (const [i, count] of replayVector(implementation, readVector(source), kernels).entries()) decoded[i] += count;
}
const figures = kernels.map((kernel, i) => `${kernel} ${decoded[i]}`).join(', ');
console.log(`${sources.length} vectors; streams decoded: ${figures}`);
