// `wsimd/node` as one CommonJS file, for programs that can load nothing else.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** @returns a new folder with `wsimd.cjs` in it; call `dispose` when it is done with */
export async function bundleCommonJs(): Promise<{ folder: string; file: string; dispose(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-cjs-'));
  const file = join(folder, 'wsimd.cjs');
  await build({
    entryPoints: [fileURLToPath(new URL('../../../build/src/node/index.js', import.meta.url))],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'error',
  });
  return { folder, file, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}
