import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: [
      // The modules' bytes are generated beside the compiled files; the tests run the sources.
      {
        find: /^\.\/kernel-bytes\.js$/,
        replacement: fileURLToPath(new URL('build/src/kernel/wasm/kernel-bytes.js', import.meta.url)),
      },
      {
        find: /^\.\/deflate-bytes\.js$/,
        replacement: fileURLToPath(new URL('build/src/deflate/kernel/deflate-bytes.js', import.meta.url)),
      },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    reporters: [
      'default',
      fileURLToPath(new URL('test/tools/skipped-reporter.ts', import.meta.url)),
      fileURLToPath(new URL('test/tools/second-try-reporter.ts', import.meta.url)),
    ],
    // Browsers and servers run beside each other on two cores there. What needed its second try is listed at the end.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 60_000,
    // Hooks start programs too, and what is waited for may come late where the machine is busy.
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    // Every core: most of the long files wait for other programs.
    maxWorkers: '100%',
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'assembly/shared/*.ts'],
      reportsDirectory: 'build/coverage',
    },
  },
});
