// What the package weighs: the tarball, and what esbuild makes of an import of it, minified and gzipped. The figures here are
// budgets: what grows beyond one fails, and whoever raises one says why.

import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPackage, type Project } from './installed.js';

const KIB = 1024;

let project: Project;
beforeAll(() => {
  project = installPackage();
}, 180_000);
afterAll(() => project?.dispose());

/** Says what something weighs, and holds it to its budget. */
function holdTo(budget: number, what: string, length: number): void {
  console.log(`${what}: ${(length / KIB).toFixed(1)} KiB of ${(budget / KIB).toFixed(1)}`);
  expect(length, what).toBeLessThanOrEqual(budget);
}

async function bundle(program: string, conditions: string[] = []): Promise<Uint8Array> {
  const { outputFiles, warnings } = await build({
    stdin: { contents: program, resolveDir: project.directory },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions,
    external: ['*.wasm'],
    write: false,
  });
  expect(warnings).toEqual([]);
  return outputFiles[0]!.contents;
}

/** What moves frames and messages, without the handshake; both kernels, and all that is exported beside them. */
const CODEC = `export {
  Connection, FrameDecoder, FrameEncoder, FrameWriter, MessageDecoder, PreparedMessage, ProtocolError,
  findInvalidUtf8, init, isCloseCode, isValidUtf8, mask, selectKernel, unmask,
} from 'wsimd';`;

describe('a bundle, minified and gzipped', () => {
  it.each([
    ['the codec', 20 * KIB, CODEC],
    ['all of wsimd, the handshake too', 25 * KIB, "export * from 'wsimd';"],
    ['FrameDecoder alone', 12 * KIB, "export { FrameDecoder } from 'wsimd';"],
    ['acceptKey alone, which needs no kernel', 2 * KIB, "export { acceptKey } from 'wsimd';"],
    ['wsimd and wsimd/deflate', 43.5 * KIB, "export * from 'wsimd'; export * from 'wsimd/deflate';"],
    ['wsimd/web', 25.5 * KIB, "export * from 'wsimd/web';"],
  ])('%s', async (what, budget, program) => {
    holdTo(budget, what, gzipSync(await bundle(program), { level: 9 }).length);
  });

  it('is nothing of what is not used', async () => {
    const program = ['wsimd', 'wsimd/deflate', 'wsimd/web'].map((entry, i) => `import * as e${i} from '${entry}';`);
    expect((await bundle(program.join('\n'))).length).toBe(0);
  });

  it('is, under the condition workerd, more than an import of the module: what names it is not shaken off', async () => {
    const text = new TextDecoder().decode(await bundle("import 'wsimd/web';", ['workerd']));
    expect(text).toMatch(/from"[^"]*kernel\.wasm"/);
    expect(text).not.toContain('deflate.wasm');
  });
});

describe('the tarball', () => {
  it('is within its budget', () => {
    holdTo(310 * KIB, 'the tarball', project.packed.size);
    holdTo(1100 * KIB, 'the package, unpacked', project.packed.unpackedSize);
  });

  it('holds what is run and read, and nothing that only builds or tests', () => {
    const paths = project.packed.files.map(({ path }) => path);
    const isOurs =
      /^(?:build\/(?:src|assembly)\/.*\.(?:js|d\.ts)|build\/(?:kernel|deflate)\.wasm|build\/src\/cli\/page\/.*)$/;
    expect(paths.filter((path) => !isOurs.test(path)).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'package.json',
    ]);
    // Every script comes with its types, but for the bytes of the page's own files.
    const scripts = paths.filter((path) => path.endsWith('.js'));
    expect(scripts.filter((path) => !paths.includes(path.replace(/js$/, 'd.ts')))).toEqual([]);
  });
});
