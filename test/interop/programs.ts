// Servers that are programs of their own. It must not know which.

import { type ChildProcess, spawn } from 'node:child_process';
import { next } from '../support/servers/servers.js';

export interface PeerServer {
  readonly port: number;
  stop(): void;
}

/** Starts a program that prints its port, as the last number of its first line. */
export async function startPeerServer(file: string, args: readonly string[]): Promise<PeerServer> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = () => child.kill();
  process.once('exit', end);
  const [line] = await Promise.race([next<[Buffer]>(child.stdout, 'data'), exitOf(child, file)]);
  return {
    port: Number(/(\d+)\D*$/.exec(line.toString())![1]),
    stop: () => {
      process.removeListener('exit', end);
      end();
    },
  };
}

function exitOf(child: ChildProcess, file: string): Promise<never> {
  return new Promise((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
  });
}
