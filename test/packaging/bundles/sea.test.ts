// A single executable application of Node: the recipe of docs/how-to/bundling.md, as one program with the codec and Node in it.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { describeWith } from '../../support/programs/describe-with.js';
import { findRuntime } from '../../support/programs/runtimes.js';

const execute = promisify(execFile);
const node = findRuntime('node-26');

describeWith('node-26', node !== undefined, () => {
  test('a server and a client in a single executable, away from all other files', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wsimd-sea-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const main = join(folder, 'server.cjs');
    const entryPoints = [fileURLToPath(new URL('sea-server.cjs', import.meta.url))];
    await build({ entryPoints, bundle: true, platform: 'node', outfile: main, logLevel: 'error' });
    const output = join(folder, 'server');
    const config = join(folder, 'sea.json');
    writeFileSync(config, JSON.stringify({ main, output, disableExperimentalSEAWarning: true }));
    await execute(node!, [`--build-sea=${config}`], { cwd: folder });
    rmSync(main);
    const { stdout } = await execute(output, [], { cwd: folder, env: {}, timeout: 60_000 });
    const extensions = expect.stringContaining('permessage-deflate');
    expect(JSON.parse(stdout)).toEqual({ isSea: true, data: 'hello', extensions, kernel: 'wasm' });
  });
});
