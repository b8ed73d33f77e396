// The children that count garbage, as the benchmark starts them: by what is compiled, for they are processes of their own.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { METER_FLAGS } from '../../../bench/run/children/allocation-meter.js';
import type { GarbageAnswer, GarbageJob } from '../../../bench/run/children/garbage.js';

const PROGRAM = fileURLToPath(new URL('../../../build/bench/run/children/garbage.js', import.meta.url));

async function count(job: GarbageJob, flags: readonly string[]): Promise<GarbageAnswer> {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, PROGRAM, JSON.stringify(job)]);
  return JSON.parse(stdout);
}

describe('garbage', () => {
  const job = { kind: 'decode', content: 'ascii', size: 16 } as const;

  it('is counted to the byte: none by cursor, a string for a text', async () => {
    const { measurements, reason } = await count(job, METER_FLAGS);
    expect(reason).toBeUndefined();
    const median = (name: string) =>
      [...measurements.find((one) => one.name === name)!.samples].sort((a, b) => a - b)[1]!;
    expect(median('cursor')).toBeLessThan(1);
    // A header of 12 to 20 bytes, and 16 letters; a rope or a slice would be as large.
    expect(median('string alone')).toBeGreaterThanOrEqual(24);
    expect(median('string alone')).toBeLessThan(72);
    expect(median('ws')).toBeGreaterThan(median('messages'));
  });

  it('is not made up where it cannot be counted', async () => {
    const { measurements, reason } = await count(job, []);
    expect(measurements).toEqual([]);
    expect(reason).toContain('gc()');
  });
});
