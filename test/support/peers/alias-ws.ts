// Puts our package where CommonJS packages ask for `ws`, as a bundler's or a loader's alias does. It is for one test file, whose
// process ends with it.

import { createRequire } from 'node:module';

interface ModuleWithResolver {
  _resolveFilename(request: string, ...rest: unknown[]): string;
}

/** How often somebody asked for `ws`. */
export const asked: string[] = [];

const require = createRequire(import.meta.url);
const Module: ModuleWithResolver = require('node:module');
const ours = require.resolve('wsimd/node');
const { _resolveFilename } = Module;

Module._resolveFilename = (request, ...rest) => {
  if (request !== 'ws') return Reflect.apply(_resolveFilename, Module, [request, ...rest]);
  asked.push(request);
  return ours;
};

/** Loads a CommonJS package, and what it asks for, with the alias in place. */
export function requireAliased(name: string): unknown {
  return require(name);
}
