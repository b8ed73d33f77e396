// A run as it comes back from its file: judged by the bars of today.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunResult } from '../../../bench/core/results.js';
import { readRuns, writeRun } from '../../../bench/run/files.js';

export function readBack(run: RunResult): RunResult {
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-bench-'));
  try {
    return readRuns([writeRun(folder, run)])[0]!;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
