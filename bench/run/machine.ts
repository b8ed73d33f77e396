// Where a run took place: the machine and the versions. It must not know what was run.

import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { peerKinds } from '../subjects/peers/peers.js';

export function describeMachine(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()} ${arch()}`,
    // Of the last minute, before the run: what else the machine was doing.
    load: Number(loadavg()[0]?.toFixed(2)),
  };
}

export function listVersions(): Record<string, string> {
  const versions: Record<string, string> = {
    wsimd: readVersion('../../../package.json'),
    node: process.versions.node,
    // Bun gives the version of a V8 that it does not have.
    ...pick('bun' in process.versions ? ['bun', 'webkit'] : ['deno', 'v8']),
  };
  for (const name of ['ws', 'bufferutil', 'utf-8-validate', 'fflate', 'tinybench']) {
    const version = readVersion(`../../../node_modules/${name}/package.json`);
    const kind = peerKinds[name];
    versions[name] = kind === undefined ? version : `${version} (${kind})`;
  }
  return versions;
}

function pick(names: readonly string[]): Record<string, string> {
  const entries = names.map((name) => [name, process.versions[name]] as const);
  return Object.fromEntries(entries.flatMap(([name, version]) => (version === undefined ? [] : [[name, version]])));
}

/** @param path of a package.json, seen from build/bench/run/ */
function readVersion(path: string): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
  return manifest.version;
}
