// What the package weighs: the tarball, and what esbuild makes of an import of it, minified and gzipped. The figures here are
// budgets: growth beyond one fails, and a commit that raises one says why.

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

describe('a bundle, minified and gzipped', () => {
  // Since they were 20.5, 12.5, 26.5, 41.5 and 27.5: input in turns, topics, lent messages, segments, Node's own masking,
  // long frames that are read in their chunk.
  it.each([
    ['all of wsimd', 27.25 * KIB, "export * from 'wsimd';"],
    ['FrameDecoder alone', 13.75 * KIB, "export { FrameDecoder } from 'wsimd';"],
    ['wsimd/handshake, which needs no kernel', 9 * KIB, "export * from 'wsimd/handshake';"],
    ['acceptKey alone', 1.75 * KIB, "export { acceptKey } from 'wsimd/handshake';"],
    ['wsimd and wsimd/handshake', 33.5 * KIB, "export * from 'wsimd'; export * from 'wsimd/handshake';"],
    ['wsimd and wsimd/deflate', 51.75 * KIB, "export * from 'wsimd'; export * from 'wsimd/deflate';"],
    ['wsimd/web', 35 * KIB, "export * from 'wsimd/web';"],
  ])('%s', async (what, budget, program) => {
    holdTo(budget, what, gzipSync(await bundle(program), { level: 9 }).length);
  });

  it.each([[[]], [['node']]])('is nothing of what is not used, under the conditions %j', async (conditions) => {
    const entries = ['wsimd', 'wsimd/deflate', 'wsimd/handshake', 'wsimd/web'];
    const program = entries.map((entry, i) => `import * as e${i} from '${entry}';`);
    expect((await bundle(program.join('\n'), conditions)).length).toBe(0);
  });

  it('is, under the condition workerd, more than an import of the module: what names it is not shaken off', async () => {
    const text = new TextDecoder().decode(await bundle("import 'wsimd/web';", ['workerd']));
    expect(text).toMatch(/from"[^"]*kernel\.wasm"/);
    expect(text).not.toContain('deflate.wasm');
    const handshake = await bundle("export * from 'wsimd/handshake';", ['workerd']);
    expect(new TextDecoder().decode(handshake)).not.toContain('.wasm');
  });
});

describe('the tarball', () => {
  it('is within its budget', () => {
    // A third of it is the CommonJS form of wsimd/node, with the codec, its modules and types in it, and a seventh the ES modules that are
    // joined for Node.
    holdTo(940 * KIB, 'the tarball', project.packed.size);
    holdTo(3350 * KIB, 'the package, unpacked', project.packed.unpackedSize);
  });

  it('holds what is run and read, and nothing that only builds or tests', () => {
    const paths = project.packed.files.map(({ path }) => path);
    const isOurs =
      /^(?:build\/(?:commonjs\/)?(?:src|assembly)\/.*\.(?:js|d\.ts)|build\/bundles\/[\w/-]+\.js|build\/commonjs\/package\.json|build\/(?:kernel|deflate)\.wasm|build\/src\/page\/.*|shim\/.*)$/;
    const isDocument = /^(?:docs\/.*\.md|bench\/results\/\w+\.svg)$/;
    expect(paths.filter((path) => !isOurs.test(path) && !isDocument.test(path)).sort()).toEqual([
      'ARCHITECTURE.md',
      'CHANGELOG.md',
      'CODE_OF_CONDUCT.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'package.json',
    ]);
    // Every script comes with its types, but for the bytes of the page's own files. Those of bundles are the modules', and those of what
    // bundlers take for browsers are the shim's.
    const scripts = paths.filter((path) => path.endsWith('.js') && !/^build\/bundles\/|^shim\/browser\.js$/.test(path));
    expect(scripts.filter((path) => !paths.includes(path.replace(/js$/, 'd.ts')))).toEqual([]);
  });
});
