// Bundles of a program that imports wsimd, made by esbuild, Vite and webpack, each run in Node and in a page and a worker of
// Chromium; and the same program without a bundler. Where a policy forbids WebAssembly the portable kernel serves.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { build as buildWithEsbuild } from 'esbuild';
import type { Browser } from 'playwright-core';
import { build as buildWithVite } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import webpack from 'webpack';
import { hasChromium, launchChromium } from '../../support/programs/chromium.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { installPackage, type Project, RUNS_HERE, wholeRoundTrip } from '../installed.js';

/** Packing and three bundlers, on a machine that does other things too. */
const SLOW = 180_000;

let project: Project;
beforeAll(async () => {
  project = installPackage();
  project.write('main.mjs', "export { roundTrip } from './round-trip.mjs';\n");
  await Promise.all([esbuildBundle(), viteBundle(), webpackBundle()]);
}, SLOW);
afterAll(() => project?.dispose());

async function esbuildBundle(): Promise<void> {
  const { warnings } = await buildWithEsbuild({
    entryPoints: [join(project.directory, 'main.mjs')],
    bundle: true,
    minify: true,
    format: 'esm',
    outfile: join(project.directory, 'bundles', 'esbuild.js'),
    logLevel: 'silent',
  });
  expect(warnings).toEqual([]);
}

async function viteBundle(): Promise<void> {
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  await buildWithVite({
    root: project.directory,
    configFile: false,
    logLevel: 'warn',
    customLogger: {
      info() {},
      warn,
      warnOnce: warn,
      error: warn,
      clearScreen() {},
      hasErrorLogged: () => false,
      hasWarned: false,
    },
    build: {
      lib: { entry: 'main.mjs', formats: ['es'], fileName: () => 'vite.js' },
      outDir: 'bundles',
      emptyOutDir: false,
    },
  });
  expect(warnings).toEqual([]);
}

async function webpackBundle(): Promise<void> {
  const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
    const compiler = webpack({
      context: project.directory,
      mode: 'production',
      performance: false,
      entry: './main.mjs',
      experiments: { outputModule: true },
      output: { path: join(project.directory, 'bundles'), filename: 'webpack.js', library: { type: 'module' } },
    });
    if (compiler === null) throw new Error('no compiler');
    compiler.run((error, result) => {
      compiler.close(() => (error ? reject(error) : resolve(result)));
    });
  });
  const { errors, warnings } = stats!.toJson({ all: false, errors: true, warnings: true });
  expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
}

const BUNDLES = ['esbuild', 'vite', 'webpack'];

describe('on Node', () => {
  it.each(BUNDLES)('runs in a bundle made by %s', async (bundler) => {
    const main = `import { roundTrip } from './bundles/${bundler}.js'; console.log(JSON.stringify(roundTrip()));`;
    const file = project.write(`run-${bundler}.mjs`, main);
    expect(await runNode(file)).toEqual(wholeRoundTrip('wasm', RUNS_HERE));
  });

  it('needs no WebAssembly file beside the bundle, and nothing of Node', () => {
    for (const bundler of BUNDLES) {
      const text = readFileSync(join(project.directory, 'bundles', `${bundler}.js`), 'utf8');
      // Where there is Node, its own functions are asked for at runtime: `getBuiltinModule`.
      expect(text).not.toMatch(/kernel\.wasm["']|(?:from|import|require)\s*\(?\s*["']node:/);
    }
  });
});

function runNode(file: string): Promise<unknown> {
  const { WSIMD_KERNEL: _, NODE_OPTIONS: __, ...env } = process.env;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [file], { env, cwd: project.directory }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stderr}`));
      else resolve(JSON.parse(stdout));
    });
  });
}

describeWith('chromium', hasChromium, () => {
  let browser: Browser;
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    browser = await launchChromium();
    server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
      const policy =
        searchParams.get('policy') ?? new URL(request.headers.referer ?? 'http://x/').searchParams.get('policy');
      if (policy !== null) response.setHeader('content-security-policy', policy);
      try {
        const body = readFileSync(join(project.directory, normalize(pathname)));
        response.setHeader('content-type', extname(pathname) === '.html' ? 'text/html' : TYPES[extname(pathname)]!);
        response.end(body);
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // Without a bundler a page says itself where a package is.
    const at = '/node_modules/wsimd/build/src';
    const imports = {
      wsimd: `${at}/index.js`,
      'wsimd/deflate': `${at}/deflate/index.js`,
      'wsimd/handshake': `${at}/handshake/index.js`,
      'wsimd/testing': `${at}/testing/index.js`,
      'wsimd/web': `${at}/web/index.js`,
    };
    const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
    for (const [name, module] of [
      ['unbundled', '/round-trip.mjs'],
      ...BUNDLES.map((name) => [name, `/bundles/${name}.js`]),
    ]) {
      project.write(
        `${name}.html`,
        `<!doctype html><title>wsimd</title>${name === 'unbundled' ? map : ''}
        <script type="module">import { roundTrip } from '${module}'; window.answer = roundTrip();</script>`,
      );
      project.write(`${name}-worker.js`, `import { roundTrip } from '${module}'; postMessage(roundTrip());`);
      project.write(
        `${name}-in-worker.html`,
        `<!doctype html><title>wsimd</title><script type="module">
          const worker = new Worker('/${name}-worker.js', { type: 'module' });
          worker.onmessage = ({ data }) => { window.answer = data; };
          worker.onerror = (event) => { window.answer = { error: String(event.message) }; };
        </script>`,
      );
    }
  }, SLOW);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  /** Opens a page of the project. Returns its answer. */
  async function answerOf(path: string): Promise<unknown> {
    const page = await browser.newPage();
    try {
      const failures: string[] = [];
      page.on('pageerror', (error) => failures.push(String(error)));
      await page.goto(`${origin}/${path}`);
      await expect
        .poll(() => page.evaluate('typeof window.answer').then((type) => type === 'object' || failures.length > 0))
        .toBe(true);
      expect(failures).toEqual([]);
      return await page.evaluate('window.answer');
    } finally {
      await page.close();
    }
  }

  it.each([...BUNDLES, 'unbundled'])('runs in a page: %s', async (name) => {
    expect(await answerOf(`${name}.html`)).toEqual(wholeRoundTrip('wasm', RUNS_HERE));
  });

  it.each(BUNDLES)('runs in a Web Worker: %s', async (name) => {
    expect(await answerOf(`${name}-in-worker.html`)).toEqual(wholeRoundTrip('wasm', RUNS_HERE));
  });

  // In force on the page by its own header, in the worker by that of the worker's script.
  it.each(['esbuild.html', 'esbuild-in-worker.html'])(
    'serves from the portable kernel under a policy without wasm-unsafe-eval, and says why: %s',
    async (path) => {
      const policy = encodeURIComponent("script-src 'self' 'unsafe-inline'");
      const because = expect.stringMatching(/^WebAssembly cannot run here: CompileError: .*Content Security Policy/);
      expect(await answerOf(`${path}?policy=${policy}`)).toEqual(wholeRoundTrip('portable', because));
      const allowing = encodeURIComponent("script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'");
      expect(await answerOf(`${path}?policy=${allowing}`)).toEqual(wholeRoundTrip('wasm', RUNS_HERE));
    },
  );
});

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.mjs': 'text/javascript' };
