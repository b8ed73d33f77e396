// The types of `wsimd/node`, and of the package in shim/, beside `@types/ws`: each snippet of ws-snippets.ts compiles with ours in ESM
// and in CommonJS, with every kind of module resolution, by TypeScript from 5.0 to that of the project; and with `@types/ws` in
// CommonJS (to ESM those don't give all their names).

import { execFile } from 'node:child_process';
import { cpSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../../support/programs/describe-with.js';
import { findRuntime } from '../../support/programs/runtimes.js';
import { installPackage, type Project } from '../installed.js';
import { COMMONJS_SNIPPETS, DEPENDENT_SNIPPETS, HEADER, SNIPPETS, WRONG } from './ws-snippets.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

let project: Project;
/** The files of each kind of module, and what they are of. */
const files: Record<'mts' | 'cts', { path: string; title: string }[]> = { mts: [], cts: [] };

beforeAll(() => {
  project = installPackage();
  for (const name of ['@types', 'graphql', 'graphql-ws']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(project.directory, 'node_modules', name));
  }
  // Under a name of its own, as `ws` stands for `@types/ws` here.
  cpSync(join(ROOT, 'shim'), join(project.directory, 'node_modules', 'ws-override'), { recursive: true });
  for (const extension of ['mts', 'cts'] as const) {
    const snippets = {
      ...SNIPPETS,
      ...DEPENDENT_SNIPPETS,
      ...(extension === 'cts' ? COMMONJS_SNIPPETS : {}),
      ...Object.fromEntries(
        Object.entries(WRONG).map(([name, code]) => [name, `// @ts-expect-error ${name}\n${code}`]),
      ),
    };
    for (const from of extension === 'cts' ? ['ws', 'wsimd/node', 'ws-override'] : ['wsimd/node', 'ws-override']) {
      for (const [title, code] of Object.entries(snippets)) {
        const name = `${from.replace('/', '-')}/${extension}/${title.replace(/\W+/g, '-')}.${extension}`;
        // `export {}` as each is a module of its own; a block, as snippets have names of their own for what the header names.
        const [imports, body] = splitImports(code);
        const text = `${HEADER}\n${imports}\nexport {};\n{\n${body}\n}\n`;
        const path = project.write(name, text.replaceAll('PACKAGE', from));
        files[extension].push({ path, title: `${from}: ${title}` });
      }
    }
  }
}, 180_000);
afterAll(() => project?.dispose());

/** Imports, exports and ambient declarations stand outside of blocks. */
function splitImports(code: string): [string, string] {
  const outside = /^\s*(?:import\s[^;]*;|export type [^;]*;|declare [^;]*;)$/gm;
  return [[...code.matchAll(outside)].map(([line]) => line).join('\n'), code.replace(outside, '')];
}

const OPTIONS = '--noEmit --strict --target es2022 --lib es2023 --types node --esModuleInterop'.split(' ');

/** Compiles the snippets. Returns those that fail, with the first error of each. */
async function failuresOf(compiler: string, extensions: readonly ('mts' | 'cts')[], more: readonly string[]) {
  // node10 finds only packages that are made for it too.
  const leftOut = more.includes('node10') ? Object.keys(DEPENDENT_SNIPPETS) : [];
  const chosen = extensions
    .flatMap((extension) => files[extension])
    .filter(({ title }) => !leftOut.some((name) => title.endsWith(`: ${name}`)));
  expect(chosen.length).toBeGreaterThan(140);
  const output = await new Promise<string>((resolve) => {
    const args = [compiler, ...OPTIONS, ...more, ...chosen.map(({ path }) => relative(project.directory, path))];
    const options = { cwd: project.directory, maxBuffer: 1 << 26 };
    execFile(process.execPath, args, options, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
  const lines = output.split('\n').filter((line) => /error TS\d+/.test(line));
  const failures = chosen.flatMap(({ path, title }) => {
    const name = relative(project.directory, path);
    const first = lines.find((line) => line.startsWith(`${name}(`));
    return first === undefined ? [] : [`${title}: ${first.slice(name.length)}`];
  });
  const elsewhere = lines.filter((line) => !/^ws(?:imd-node|-override)?\//.test(line));
  return [...failures, ...elsewhere];
}

const RESOLUTIONS = {
  node10: [['cts'], ['--module', 'commonjs', '--moduleResolution', 'node10']],
  node16: [
    ['mts', 'cts'],
    ['--module', 'node16', '--moduleResolution', 'node16'],
  ],
  nodenext: [
    ['mts', 'cts'],
    ['--module', 'nodenext', '--moduleResolution', 'nodenext'],
  ],
  bundler: [['mts'], ['--module', 'esnext', '--moduleResolution', 'bundler']],
} as const;

function compilesWith(
  compiler: string | undefined,
  names: readonly (keyof typeof RESOLUTIONS)[],
  more: readonly string[],
) {
  it.each(names)(
    'compiles every snippet, of ws, of wsimd/node and of the override: %s',
    async (name) => {
      const [extensions, options] = RESOLUTIONS[name];
      expect(await failuresOf(compiler!, extensions, [...options, ...more])).toEqual([]);
    },
    120_000,
  );
}

// Before 5.7 the library has a Uint8Array without a parameter: the types of the package are not checked, only read.
describe.each([
  ['typescript-5.0', ['node10', 'node16', 'nodenext', 'bundler'], ['--skipLibCheck']],
  ['typescript-5.4', ['nodenext'], ['--skipLibCheck']],
  ['typescript-5.9', ['node10', 'nodenext'], []],
  // It has node10 for the last time.
  ['typescript-6.0', ['node10', 'bundler'], ['--ignoreDeprecations', '6.0']],
] as const)('%s', (id, names, more) => {
  const compiler = findRuntime(id);
  describeWith(id, compiler !== undefined, () => compilesWith(compiler, names, more));
});

describe('the compiler of the project', () => {
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  compilesWith(compiler, ['node16', 'nodenext', 'bundler'], []);
});
