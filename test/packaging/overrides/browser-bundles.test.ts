// Programs for Node and for browsers that import `ws`, in a project that overrides it with shim/: bundled for browsers by esbuild, Vite
// and webpack, and run in a page of Chromium. It asks no registry.

import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build as buildWithEsbuild } from 'esbuild';
import type { Browser } from 'playwright-core';
import { build as buildWithVite } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import webpack from 'webpack';
import { hasChromium, launchChromium } from '../../support/programs/chromium.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { installPackage, type Project } from '../installed.js';

const SLOW = 120_000;

/** As isomorphic packages choose their WebSocket. */
const MAIN = `
import WS from 'ws';

export const Impl = typeof WebSocket !== 'undefined' ? WebSocket : WS;
let thrown = 'nothing';
try {
  WS('ws://localhost/');
} catch (error) {
  thrown = error.message;
}
globalThis.answer = { isNative: Impl === globalThis.WebSocket, thrown };
`;

let project: Project;
beforeAll(() => {
  project = installPackage();
  const { directory } = project;
  cpSync(join(directory, 'node_modules', 'wsimd', 'shim'), join(directory, 'node_modules', 'ws'), { recursive: true });
  project.write('main.mjs', MAIN);
}, SLOW);
afterAll(() => project?.dispose());

/** Bundles main.mjs into the file, as an ES module. Throws if that fails. */
type Bundler = (directory: string, file: string) => Promise<unknown>;

const BUNDLERS: Readonly<Record<string, Bundler>> = {
  esbuild: (directory, file) =>
    buildWithEsbuild({
      entryPoints: [join(directory, 'main.mjs')],
      bundle: true,
      platform: 'browser',
      format: 'esm',
      outfile: join(directory, file),
      logLevel: 'silent',
    }),
  vite: (directory, file) =>
    buildWithVite({
      root: directory,
      configFile: false,
      logLevel: 'silent',
      build: { lib: { entry: 'main.mjs', formats: ['es'], fileName: () => file }, outDir: '.', emptyOutDir: false },
    }),
  webpack: (directory, file) =>
    new Promise<void>((resolve, reject) => {
      const compiler = webpack({
        context: directory,
        mode: 'production',
        target: 'web',
        entry: './main.mjs',
        experiments: { outputModule: true },
        output: { path: directory, filename: file, library: { type: 'module' } },
      });
      if (compiler === null) throw new Error('no compiler');
      compiler.run((error, stats) => {
        compiler.close(() => (error || stats!.hasErrors() ? reject(error ?? new Error(stats!.toString())) : resolve()));
      });
    }),
};

describeWith('chromium', hasChromium, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  }, SLOW);
  afterAll(() => browser?.close());

  it.each(Object.keys(BUNDLERS))(
    'lets a page take the WebSocket of the browser, and says why that of ws is none: %s',
    async (name) => {
      const file = `bundled-by-${name}.mjs`;
      await BUNDLERS[name]!(project.directory, file);
      const page = await browser.newPage();
      try {
        await page.addScriptTag({ type: 'module', content: readFileSync(join(project.directory, file), 'utf8') });
        await expect
          .poll(() => page.evaluate('globalThis.answer'))
          .toEqual({
            isNative: true,
            thrown: expect.stringMatching(/^ws does not work in the browser/),
          });
      } finally {
        await page.close();
      }
    },
    SLOW,
  );
});
