// Runs a Worker in workerd, bundled as wrangler does. It knows no test.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';
import { findRuntime } from './runtimes.js';

export const workerd = findRuntime('workerd');

/** It may reach what is on this machine, and nothing else. */
const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  compatibilityDate = "2025-01-01",
  modules = [(name = "worker.js", esModule = embed "worker.js"), WASM_MODULES],
);
`;

/**
 * Starts a Worker, until the test is over.
 *
 * @param entry its module
 * @param wasm the modules of WebAssembly that come to stand beside it
 * @returns its address
 */
export async function startWorker(entry: string, wasm: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-worker-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    outfile: join(folder, 'worker.js'),
  });
  const modules = wasm.map((name) => `(name = "${name}", wasm = embed "${name}")`);
  writeFileSync(join(folder, 'config.capnp'), CONFIG.replace('WASM_MODULES', modules.join(', ')));
  // It tells its port on a file of our choice.
  const child = spawn(workerd!, ['serve', '--control-fd=3', 'config.capnp'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const end = () => child.kill();
  process.once('exit', end);
  onTestFinished(() => {
    process.removeListener('exit', end);
    end();
  });
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`workerd ended with ${code}`)));
  const [said] = await Promise.race([once(child.stdio[3]!, 'data'), failed]);
  failed.catch(() => {});
  return `http://127.0.0.1:${(JSON.parse(String(said)) as { port: number }).port}/`;
}
