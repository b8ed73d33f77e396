// Starts `wsimd serve` as a program, from the build, on a port that is free.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

/** The program, built. */
export const MAIN = fileURLToPath(new URL('../../../build/src/cli/main.js', import.meta.url));

/** Those that have not ended yet. */
const running = new Set<ChildProcess>();

// Of the file that imports this, and called last: where a test or a hook has run out of time, nobody else ends what it started.
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

export interface Exit {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Serve {
  /** Of the page, as the program printed it. */
  readonly url: string;
  /** Of the echo endpoint, as the program printed it. */
  readonly echoUrl: string;
  readonly port: number;
  /** Sends SIGINT, and waits for the end. */
  stop(): Promise<Exit>;
}

/** Runs `wsimd` to its end. */
export function runWsimd(...args: readonly string[]): Promise<Exit> {
  return exitOf(start(args));
}

/** The same with something on its standard input, which with undefined does not end. */
export function runWsimdOn(input: string | Uint8Array | undefined, ...args: readonly string[]): Promise<Exit> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  // It may end before it has read all of it.
  child.stdin.on('error', () => {});
  if (input !== undefined) child.stdin.end(input);
  return exitOf(child);
}

export async function startServe(...args: readonly string[]): Promise<Serve> {
  const child = start(['serve', '--port', '0', ...args]);
  const exit = exitOf(child);
  let stdout = '';
  const addresses = new Promise<RegExpExecArray>((resolve) => {
    child.stdout?.on('data', (text: string) => {
      stdout += text;
      const match = /page +(\S+)\n +echo +(\S+)\n/.exec(stdout);
      if (match !== null) resolve(match);
    });
  });
  const failed = exit.then(({ code, stderr }) => {
    throw new Error(`wsimd serve ended with ${code}: ${stderr}`);
  });
  const [, url = '', echoUrl = ''] = await Promise.race([addresses, failed]);
  failed.catch(() => {});
  return {
    url,
    echoUrl,
    port: Number(new URL(url).port),
    stop() {
      child.kill('SIGINT');
      return exit;
    },
  };
}

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function exitOf(child: ChildProcess): Promise<Exit> {
  running.add(child);
  child.once('exit', () => running.delete(child));
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
