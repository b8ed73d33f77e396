// Starts `wsimd proxy` as a program, from the build, on a port that is free.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { type Told, toldIn } from '../programs/inspected.js';
import { MAIN } from './serve.js';

export interface RunningProxy {
  readonly port: number;
  /** Of the endpoint, `ws:`. */
  readonly url: string;
  /** With --feed. */
  readonly feedUrl: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** What it has told so far, with --json. */
  readonly told: Told[];
  /** Gives it a line on its standard input. */
  command(line: string): void;
  /** Sends SIGINT, and waits for the end. @returns its exit code */
  stop(): Promise<number | null>;
}

/** @param args options and the target */
export async function startProxy(...args: readonly string[]): Promise<RunningProxy> {
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'proxy', '--port', '0', ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  const closed = once(child, 'close') as Promise<[number | null]>;
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const addresses = new Promise<void>((resolve, reject) => {
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (stderr.includes('Ctrl-C ends it')) resolve();
    });
    void closed.then(([code]) => reject(new Error(`wsimd proxy ended with ${code}: ${stderr}`)));
  });
  await addresses;
  const url = /proxy +(\S+)\n/.exec(stderr)![1]!;
  return {
    url,
    port: Number(new URL(url).port),
    feedUrl: /feed +(\S+)\n/.exec(stderr)?.[1],
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    get told() {
      // The last line may not be whole.
      return toldIn(stdout.slice(0, stdout.lastIndexOf('\n') + 1));
    },
    command(line) {
      child.stdin!.write(`${line}\n`);
    },
    async stop() {
      child.kill('SIGINT');
      const [code] = await closed;
      return code;
    },
  };
}
