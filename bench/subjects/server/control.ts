// The protocol between a program under test and the benchmark: one JSON line on stdout when the program is ready, then one JSON line for
// each command on stdin. The process ends with its stdin, so that none outlives the benchmark. It runs in Node, Bun and Deno.

import process from 'node:process';
import { CollectionCounter } from './collections.js';
import type { Hello, Memory, Report, Traffic } from './job.js';

/** What a program can do beside the common commands. */
export interface Abilities {
  /** Starts what it measures anew. */
  reset?(): void;
  /** Of a client. */
  traffic?(): Traffic;
  /** Of a client: starts and stops sending. */
  resume?(): void;
  pause?(): void;
  /** Sends one message to every connection, without returning to the event loop. */
  sendToAll?(): void;
}

/** Answers the commands below until stdin ends. */
export function control(hello: Hello, abilities: Abilities = {}): void {
  const collections = new CollectionCounter();
  let cpu = process.cpuUsage();
  let start = process.hrtime.bigint();

  const begin = () => {
    collections.reset();
    abilities.reset?.();
    cpu = process.cpuUsage();
    start = process.hrtime.bigint();
    return {};
  };
  const end = (): Report => {
    const { user, system } = process.cpuUsage();
    const nanoseconds = Number(process.hrtime.bigint() - start);
    const kinds = collections.read();
    return {
      // Deno's cpuUsage takes no earlier value.
      cpuMicroseconds: user - cpu.user + system - cpu.system,
      nanoseconds,
      memory: readMemory(),
      ...(kinds === undefined ? {} : { collections: kinds }),
      ...(abilities.traffic === undefined ? {} : { traffic: abilities.traffic() }),
    };
  };
  const memory = (): Memory => {
    collect();
    return readMemory();
  };
  /** What the memory grows by while a message is pending on every connection. */
  const pending = (): { before: Memory; after: Memory } => {
    const before = memory();
    abilities.sendToAll?.();
    return { before, after: memory() };
  };

  const resume = () => abilities.resume?.() ?? {};
  const pause = () => abilities.pause?.() ?? {};
  const commands: Readonly<Record<string, () => unknown>> = { begin, end, memory, pending, resume, pause };
  let rest = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const command = commands[line];
      if (command === undefined) throw new Error(`there is no command ${line}`);
      console.log(JSON.stringify(command()));
    }
  });
  process.stdin.on('end', () => process.exit());
  console.log(JSON.stringify(hello));
}

function readMemory(): Memory {
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { rss, heapUsed, external, arrayBuffers };
}

/** Twice: what the first pass finalizes, the second frees. */
function collect(): void {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(isForced: boolean): void } };
  if (Bun !== undefined) Bun.gc(true);
  gc?.();
  gc?.();
}
