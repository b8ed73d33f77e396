// The Python peers as programs: as a client that is told what to try, as a server that says its port.

import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { type PeerServer, startPeerServer } from '../programs.js';

export const PYTHON_PEERS = ['websockets', 'tornado', 'aiohttp', 'autobahn'] as const;
export type PythonPeer = (typeof PYTHON_PEERS)[number];

/** One plan of a client; `deflate` as its library says it. */
export interface PythonPlan {
  readonly url: string;
  readonly length: number;
  readonly deflate?: unknown;
  /** The command to ask for fragments with. */
  readonly fragments?: '!fragments' | '!fragments-alone';
}

export interface PythonTried {
  readonly protocol: string;
  readonly wrong: readonly number[];
  readonly fragments: string;
  readonly ponged: string;
  readonly sentFragments?: string;
  readonly closes: readonly (readonly [closeCode: number, reason: string])[];
}

const PYTHON = '/usr/bin/python3';
const program = (peer: PythonPeer) => new URL(`../peers/${peer}_peer.py`, import.meta.url).pathname;

/** @returns undefined where it is not installed */
export function pythonVersion(peer: PythonPeer): string | undefined {
  const code = `import ${peer}; print(getattr(${peer}, '__version__', None) or ${peer}.version)`;
  const { status, stdout } = spawnSync(PYTHON, ['-c', code], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** @param certificatePath to trust */
export async function runPythonClient(
  peer: PythonPeer,
  plans: readonly PythonPlan[],
  certificatePath?: string,
): Promise<PythonTried[]> {
  const args = ['client', JSON.stringify(plans), ...(certificatePath === undefined ? [] : [certificatePath])];
  const { stdout } = await promisify(execFile)(PYTHON, [program(peer), ...args], { maxBuffer: 1 << 24 });
  return JSON.parse(stdout) as PythonTried[];
}

/** @param files a certificate and its key, for TLS */
export async function startPythonServer(peer: PythonPeer, files: readonly string[] = []): Promise<PeerServer> {
  return startPeerServer(PYTHON, [program(peer), 'server', ...files]);
}
