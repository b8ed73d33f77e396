// Whose echo is measured, and how each server is started. What it is sent only the bare socket is told.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A server that can be started here. */
export interface ServerKind {
  readonly name: string;
  readonly command: readonly string[];
  /** It answers a line with a report of its memory (see servers/serving.ts). */
  readonly reportsMemory: boolean;
}

/** Where `npm run bench -- --runtime all` puts what is missing. */
const RUNTIMES = new URL('../../../runtimes/', import.meta.url);
/** The programs themselves: what npm puts in `.bin` starts them in another process. */
const PROGRAMS = {
  bun: ['bun/node_modules/@oven/bun-linux-x64/bin/bun', 'bun/node_modules/bun/bin/bun.exe'],
  deno: ['deno/node_modules/@deno/linux-x64-glibc/deno', 'deno/node_modules/deno/deno'],
} as const;

/** The servers whose runtimes are there. */
export function findServers(): ServerKind[] {
  const servers = [
    { name: 'wsimd', command: [process.execPath, '--expose-gc', program('wsimd')], reportsMemory: true },
    {
      name: 'wsimd direct',
      command: [process.execPath, '--expose-gc', program('wsimd'), 'direct'],
      reportsMemory: true,
    },
    { name: 'ws', command: [process.execPath, '--expose-gc', program('ws')], reportsMemory: true },
  ];
  const bun = findProgram('bun');
  const deno = findProgram('deno');
  if (bun !== undefined) servers.push({ name: 'Bun', command: [bun, program('bun')], reportsMemory: false });
  if (deno !== undefined) {
    servers.push({ name: 'Deno', command: [deno, 'run', '--allow-net', program('deno')], reportsMemory: false });
  }
  return servers;
}

/**
 * A socket of Node's that sends prepared bytes back, whatever comes in: what is there to be won at all.
 *
 * @param size of the messages that come
 */
export function bareSocket(isText: boolean, size: number): ServerKind {
  const command = [process.execPath, program('bare'), isText ? 'text' : 'binary', String(size)];
  return { name: 'bare socket', command, reportsMemory: false };
}

function program(name: string): string {
  return fileURLToPath(new URL(`servers/${name}.js`, import.meta.url));
}

function findProgram(name: keyof typeof PROGRAMS): string | undefined {
  return PROGRAMS[name].map((path) => fileURLToPath(new URL(path, RUNTIMES))).find((path) => existsSync(path));
}
