// vitest for coverage of what runs from the build (built.mjs): tests that import sources get the compiled files, as the
// programs that they start do, so that every process executes the same.

import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import config from '../../../vitest.config.js';

const SOURCES = fileURLToPath(new URL('../../../build/src/', import.meta.url));

export default mergeConfig(
  config,
  defineConfig({
    resolve: { alias: [{ find: /^(?:\.\.\/)+src\/(.*\.js)$/, replacement: `${SOURCES}$1` }] },
    test: {
      // Loaded by Node itself, not by vitest.
      server: { deps: { external: [/\/build\/src\//] } },
      setupFiles: [fileURLToPath(new URL('take-coverage.mjs', import.meta.url))],
    },
  }),
);
