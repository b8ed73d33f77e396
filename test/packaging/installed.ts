// The package as its users get it: packed by npm, and unpacked into the node_modules of a project in a folder of its own,
// with a program (round-trip.mjs) in it. It asks no registry. It must not know what is done with the project.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Packed {
  readonly filename: string;
  /** Bytes of the tarball. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

export interface Project {
  readonly directory: string;
  readonly packed: Packed;
  /** Writes a file into the project. Returns its path. */
  write(name: string, text: string): string;
  dispose(): void;
}

/** Packs what `npm run build` has built, and installs it into a new project. */
export function installPackage(): Project {
  const directory = mkdtempSync(join(tmpdir(), 'wsimd-package-'));
  try {
    // Without scripts: `prepack` would build below the other tests that run from the same folder.
    const args = ['pack', '--ignore-scripts', '--offline', '--json', '--pack-destination', directory];
    const output = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const [packed] = JSON.parse(output) as [Packed];
    const installed = join(directory, 'node_modules', 'wsimd');
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['-xzf', join(directory, packed.filename), '-C', installed, '--strip-components=1']);
    const write = (name: string, text: string) => {
      const path = join(directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return path;
    };
    write('package.json', '{ "type": "module", "private": true }');
    cpSync(join(ROOT, 'test', 'packaging', 'bundles', 'round-trip.mjs'), join(directory, 'round-trip.mjs'));
    return { directory, packed, write, dispose: () => rmSync(directory, { recursive: true, force: true }) };
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** What `roundTrip` returns. */
export interface RoundTrip {
  readonly kernel: string;
  readonly reason: string;
  readonly handshake: { readonly protocol: string; readonly error: string };
  readonly deflateKernel: string;
  readonly plain: Talk;
  readonly deflated: Talk;
  readonly web: string;
  readonly pair: string;
}

interface Talk {
  readonly received: readonly unknown[];
  readonly isShort: boolean;
}

/** What `roundTrip` returns if all went as it should, on a kernel. */
export function wholeRoundTrip(kernel: 'wasm' | 'portable', reason: unknown): RoundTrip {
  const received = ['text', 100_000, 'done'];
  return {
    kernel,
    reason: reason as string,
    handshake: { protocol: 'b', error: 'WSIMD_BAD_REQUEST' },
    deflateKernel: kernel,
    plain: { received, isShort: false },
    deflated: { received, isShort: true },
    web: 'function',
    pair: 'Grüße 漢字',
  };
}

export const RUNS_HERE = 'WebAssembly with SIMD runs here';
export const WAS_GIVEN = 'WebAssembly with SIMD runs here, from the module that init was given';
