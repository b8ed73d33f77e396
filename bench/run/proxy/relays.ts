// Starts the relays that are programs of their own. They end with this process.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.js';

/** A relay that listens. */
export interface Relay {
  readonly port: number;
  readonly pid: number;
  stop(): void;
}

const CLI = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));
const children: ChildProcess[] = [];
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** @returns undefined if HAProxy is not installed */
export function haproxyVersion(): string | undefined {
  const { status, stdout } = spawnSync('haproxy', ['-v'], { encoding: 'utf8' });
  return status === 0 ? /version (\d+\.\d+\.\d+)/.exec(stdout)?.[1] : undefined;
}

/** One thread of it: more would take the cores of client and server. */
export async function startHaproxy(target: number): Promise<Relay> {
  const port = await freePort();
  const file = join(mkdtempSync(join(tmpdir(), 'wsimd-haproxy-')), 'haproxy.cfg');
  writeFileSync(
    file,
    `global
  nbthread 1
defaults
  mode tcp
  timeout connect 1s
  timeout client 1m
  timeout server 1m
listen relay
  bind 127.0.0.1:${port}
  server echo 127.0.0.1:${target}
`,
  );
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  while (!(await isListening(port))) {
    if (child.exitCode !== null) throw new Error('HAProxy has ended');
    await sleep(20);
  }
  rmSync(dirname(file), { recursive: true });
  return relayOf(child, port);
}

/** Its output goes nowhere, as if to a file. */
export async function startProxy(target: number, options: readonly string[]): Promise<Relay> {
  const args = [CLI, 'proxy', '--port', '0', ...options, `ws://127.0.0.1:${target}`];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  children.push(child);
  for await (const line of createInterface({ input: child.stderr })) {
    const [, port] = /^ {2}proxy +ws:\/\/127\.0\.0\.1:(\d+)\/$/.exec(line) ?? [];
    if (port !== undefined) return relayOf(child, Number(port));
  }
  throw new Error('the proxy has ended');
}

function relayOf(child: ChildProcess, port: number): Relay {
  return { port, pid: child.pid!, stop: () => child.kill('SIGKILL') };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
