// What Linux says of a process: its processor time and its memory. It must not know whose.

import { readdirSync, readFileSync } from 'node:fs';

/**
 * Nanoseconds that the threads of a process, those that still run, have spent on a processor.
 *
 * @throws Error if there is no such process
 */
export function cpuTime(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) total += threadTime(`/proc/${pid}/task/${thread}/schedstat`);
  return total;
}

function threadTime(path: string): number {
  try {
    return Number(readFileSync(path, 'latin1').split(' ')[0]);
  } catch (error) {
    // It has ended since it was listed, as threads of a collector's or a compiler's do: what it took is gone with it.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return 0;
    throw error;
  }
}

/** Bytes of a process that lie in memory. */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  if (match === null) throw new Error(`process ${pid} has no memory`);
  return Number(match[1]) * 1024;
}
