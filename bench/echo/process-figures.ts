// What Linux says of a process: its processor time and its memory. It must not know whose.

import { readdirSync, readFileSync } from 'node:fs';

/** Nanoseconds that the threads of a process, those that still run, have spent on a processor. */
export function cpuTime(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
  }
  return total;
}

/** Bytes of a process that lie in memory. */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  if (match === null) throw new Error(`process ${pid} has no memory`);
  return Number(match[1]) * 1024;
}
