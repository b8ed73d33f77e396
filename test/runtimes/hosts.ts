// The hosts that the conformance suite must pass on, and how it is run on each. It must not know what is done with the
// results.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { KernelName } from '../../src/index.js';
import type { BrowserName } from '../support/programs/browsers.js';
import { findRuntime, type RuntimeId } from '../support/programs/runtimes.js';
import { replayInBrowser } from './browser-host.js';
import type { Replayed } from './replay-all.js';
import { replayInWorkerd } from './workerd-host.js';

/** What a host says of itself and of the suite. */
export interface HostReport extends Replayed {
  readonly version: string;
  /** With its version, where the host says it. */
  readonly engine: string;
}

export interface Host {
  readonly id: string;
  readonly name: string;
  /** @throws Error if it is not installed, or with the first difference that the suite has found */
  replay(kernels: readonly KernelName[]): Promise<HostReport>;
}

const execute = promisify(execFile);
const IN_PROCESS = fileURLToPath(new URL('in-process.js', import.meta.url));
const DENO_FLAGS = ['run', '--no-prompt', '--allow-read', '--allow-env'];

export const HOSTS: readonly Host[] = [
  processHost('node-20', 'Node 20', ownNode),
  processHost('node-22', 'Node 22', () => programOf('node-22')),
  processHost('node-24', 'Node 24', () => programOf('node-24')),
  processHost('node-26', 'Node 26', () => programOf('node-26')),
  processHost('deno', 'Deno', () => programOf('deno'), DENO_FLAGS),
  processHost('bun', 'Bun', () => programOf('bun')),
  { id: 'workerd', name: 'workerd (Workers)', replay: replayInWorkers },
  browserHost('chromium', 'Chromium', 'V8'),
  browserHost('firefox', 'Firefox ESR', 'SpiderMonkey'),
  browserHost('webkit', 'WebKitGTK', 'JavaScriptCore'),
];

function processHost(id: string, name: string, program: () => string, flags: readonly string[] = []): Host {
  return {
    id,
    name,
    async replay(kernels) {
      const running = execute(program(), [...flags, IN_PROCESS, ...kernels]);
      const end = () => running.child.kill();
      process.once('exit', end);
      try {
        return JSON.parse((await running).stdout) as HostReport;
      } finally {
        process.removeListener('exit', end);
      }
    },
  };
}

function browserHost(id: BrowserName, name: string, engine: string): Host {
  return { id, name, replay: async (kernels) => ({ engine, ...(await replayInBrowser(id, kernels)) }) };
}

async function replayInWorkers(kernels: readonly KernelName[]): Promise<HostReport> {
  const program = programOf('workerd');
  const { stdout } = await execute(program, ['--version']);
  return { version: stdout.trim().replace('workerd ', ''), engine: 'V8', ...(await replayInWorkerd(program, kernels)) };
}

function programOf(id: RuntimeId): string {
  const program = findRuntime(id);
  if (program === undefined) throw new Error(`${id} is not installed: run .ci/install-runtimes`);
  return program;
}

/** The oldest that is supported runs the tests. */
function ownNode(): string {
  if (!process.versions.node.startsWith('20.')) throw new Error(`this must be run by Node 20, not ${process.version}`);
  return process.execPath;
}
