// The conformance suite in the Node, Deno or Bun that executes this, on the kernels that are named, as
// `node build/test/runtimes/in-process.js wasm portable`. It writes what came of it as JSON, or fails.

import * as compression from '../../src/deflate/index.js';
import * as handshake from '../../src/handshake/index.js';
import type { KernelName } from '../../src/index.js';
import * as implementation from '../../src/index.js';
import { replayAll } from './replay-all.js';
import { readVectorFiles } from './vector-files.js';

const { Deno, Bun } = globalThis as {
  Deno?: { readonly version: { readonly deno: string; readonly v8: string } };
  Bun?: { readonly version: string };
};

function describeHost(): { readonly version: string; readonly engine: string } {
  if (Deno !== undefined) return { version: Deno.version.deno, engine: `V8 ${Deno.version.v8}` };
  if (Bun !== undefined) return { version: Bun.version, engine: 'JavaScriptCore' };
  return { version: process.versions.node, engine: `V8 ${process.versions.v8}` };
}

const kernels = process.argv.slice(2) as KernelName[];
const replayed = await replayAll({ ...implementation, ...handshake, ...compression }, readVectorFiles(), kernels);
console.log(JSON.stringify({ ...describeHost(), ...replayed }));
