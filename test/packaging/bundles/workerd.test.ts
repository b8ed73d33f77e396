// A Worker that imports wsimd, in workerd: as a bundle that has left the `.wasm` files beside it, which is how wrangler
// deploys one, and in workerd's own configuration.

import { execFile } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../support/programs/describe-with.js';
import { findRuntime } from '../../support/programs/runtimes.js';
import { installPackage, type Project, WAS_GIVEN, wholeRoundTrip } from '../installed.js';

const workerd = findRuntime('workerd');

describeWith('workerd', workerd !== undefined, () => {
  let project: Project;
  beforeAll(() => {
    project = installPackage();
  }, 180_000);
  afterAll(() => project?.dispose());

  /** Runs the test of a Worker whose files lie in the project. Returns what it wrote to the console, as JSON. */
  async function runWorker(name: string, modules: readonly string[]): Promise<unknown> {
    const config = project.write(
      `${name}.capnp`,
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .worker)]);
const worker :Workerd.Worker = (
  compatibilityDate = "2025-01-01",
  modules = [
    ${modules.join(',\n    ')}
  ],
);
`,
    );
    const output = await new Promise<string>((resolve, reject) => {
      execFile(workerd!, ['test', config], { cwd: project.directory }, (error, stdout, stderr) => {
        if (error) reject(new Error(`${error.message}\n${stderr}`));
        else resolve(stdout);
      });
    });
    const answer = output.split('\n').find((line) => line.startsWith('{'));
    return JSON.parse(answer ?? `"no answer: ${output}"`);
  }

  const WORKER = `
    import { roundTrip } from './round-trip.mjs';
    export default { test() { console.log(JSON.stringify(roundTrip())); } };
  `;

  it('runs the kernel from its file, in a bundle under the condition workerd', async () => {
    const bundled = await build({
      stdin: { contents: WORKER, resolveDir: project.directory },
      bundle: true,
      format: 'esm',
      conditions: ['workerd', 'worker', 'browser'],
      loader: { '.wasm': 'copy' },
      assetNames: '[name]',
      outfile: join(project.directory, 'bundle', 'worker.js'),
      logLevel: 'silent',
    });
    expect(bundled.warnings).toEqual([]);
    expect(readdirSync(join(project.directory, 'bundle')).sort()).toEqual(['deflate.wasm', 'kernel.wasm', 'worker.js']);
    const answer = await runWorker('bundled', [
      '(name = "worker.js", esModule = embed "bundle/worker.js")',
      '(name = "kernel.wasm", wasm = embed "bundle/kernel.wasm")',
      '(name = "deflate.wasm", wasm = embed "bundle/deflate.wasm")',
    ]);
    expect(answer).toEqual(wholeRoundTrip('wasm', WAS_GIVEN));
  });

  it('serves from the portable kernel where a bundler does not know the condition, and says why', async () => {
    await build({
      stdin: { contents: WORKER, resolveDir: project.directory },
      bundle: true,
      format: 'esm',
      outfile: join(project.directory, 'plain', 'worker.js'),
    });
    const answer = await runWorker('plain', ['(name = "worker.js", esModule = embed "plain/worker.js")']);
    const because = expect.stringMatching(/^WebAssembly cannot run here: CompileError: .*disallowed by embedder/);
    expect(answer).toEqual(wholeRoundTrip('portable', because));
  });

  it('runs from the files of the package, without a bundler', async () => {
    // A Worker's modules find each other by relative names; those that its program names as a package are told here.
    const { exports } = JSON.parse(
      readFileSync(join(project.directory, 'node_modules', 'wsimd', 'package.json'), 'utf8'),
    ) as { exports: Record<string, { readonly workerd?: string; readonly default: string }> };
    const program = readFileSync(join(project.directory, 'round-trip.mjs'), 'utf8').replace(
      /from 'wsimd(\/\w+)?'/g,
      (_, entry = '') => `from '${exports[`.${entry}`]!.workerd ?? exports[`.${entry}`]!.default}'`,
    );
    project.write('worker.js', WORKER);
    project.write('round-trip.js', program);
    copyFileSync(join(project.directory, 'round-trip.js'), join(project.directory, 'round-trip-relative.mjs'));
    const parts = project.packed.files.map(({ path }) => path);
    const codec = parts.filter((path) => /^build\/.*\.js$/.test(path) && !/\/(node|cli|addons)\//.test(path));
    const answer = await runWorker('whole', [
      '(name = "worker.js", esModule = embed "worker.js")',
      '(name = "round-trip.mjs", esModule = embed "round-trip-relative.mjs")',
      ...codec.map((path) => `(name = "${path}", esModule = embed "node_modules/wsimd/${path}")`),
      ...['build/kernel.wasm', 'build/deflate.wasm'].map(
        (path) => `(name = "${path}", wasm = embed "node_modules/wsimd/${path}")`,
      ),
    ]);
    expect(answer).toEqual(wholeRoundTrip('wasm', WAS_GIVEN));
  });
});
