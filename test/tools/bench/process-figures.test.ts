// bench/echo/process-figures: what Linux says of a process.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { cpuTime, residentBytes } from '../../../bench/run/echo/process-figures.js';

describe.runIf(process.platform === 'linux')('bench/echo/process-figures', () => {
  it('counts the processor time that this process takes', () => {
    const before = cpuTime(process.pid);
    const user = process.cpuUsage();
    while (process.cpuUsage(user).user < 50_000);
    expect(cpuTime(process.pid) - before).toBeGreaterThan(40e6);
  });

  it('does not mind threads that end while it counts', async () => {
    const workers = Array.from({ length: 12 }, () => new Worker('', { eval: true }));
    let left = workers.length;
    for (const worker of workers) once(worker, 'exit').then(() => left--);
    while (left > 0) {
      for (let i = 0; i < 200; i++) expect(cpuTime(process.pid)).toBeGreaterThan(0);
      await new Promise(setImmediate);
    }
  });

  it('says that there is no such process', () => {
    expect(() => cpuTime(2 ** 22 + 1)).toThrow('ENOENT');
    expect(() => residentBytes(2 ** 22 + 1)).toThrow('ENOENT');
  });
});
