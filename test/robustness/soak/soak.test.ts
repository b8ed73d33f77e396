// The soak, short: what it says of messages, attacks and what is left. Memory is for the long run; a few seconds tell nothing.

import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../support/inputs/random.js';
import { ATTACKS, MUTE } from './peers/attacks.js';
import { LONGEST_MESSAGE } from './peers/limits.js';
import { makePayload } from './peers/payloads.js';
import type { SoakResult } from './soak.js';
import { trendOf } from './trend.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Runs it to its end, as a program. */
function runSoak(...args: readonly string[]): Promise<{ output: string; result: SoakResult }> {
  const directory = mkdtempSync(join(tmpdir(), 'wsimd-soak-'));
  const file = join(directory, 'result.json');
  const main = join(ROOT, 'build', 'test', 'robustness', 'soak', 'main.js');
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [main, ...args, '--json', file], (_error, stdout, stderr) => {
      try {
        resolve({ output: stdout + stderr, result: JSON.parse(readFileSync(file, 'utf8')) as SoakResult });
      } catch {
        reject(new Error(stdout + stderr));
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  });
}

describe('the soak', () => {
  it('echoes every valid message intact, under attack, and leaves nothing behind', { timeout: 240_000 }, async () => {
    execFileSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-b', 'tsconfig.soak.json'], { cwd: ROOT });
    const options = ['--connections', '50', '--rate', '300', '--heartbeat', '10000', '--seed', '7'];
    const { output, result } = await runSoak('--minutes', '0.3', ...options);
    expect(result.faults, output).toEqual([]);
    expect(result.unhandled).toEqual([]);
    const { sent, echoed, abandoned } = result.messages;
    expect(echoed + abandoned).toBe(sent);
    expect(echoed).toBeGreaterThan(500);
    expect(result.after.connections).toBe(0);
    expect(result.after.resources).toBeLessThanOrEqual(result.before.resources + 5);
    const expected = new Map([...ATTACKS, ...MUTE].map(({ name, outcome }) => [name, outcome]));
    expect(Object.keys(result.attacks).length).toBeGreaterThan(20);
    for (const [name, outcomes] of Object.entries(result.attacks)) {
      expect(Object.keys(outcomes), name).toEqual([expected.get(name)]);
    }
  });
});

describe('the trend of a figure', () => {
  const allowance = { share: 0.05, atLeast: 10 };
  const series = (value: (i: number) => number) =>
    Array.from({ length: 60 }, (_, i) => ({ seconds: i, value: value(i) }));

  it('is found where there is one, through bursts and noise', () => {
    const random = createRandom(3);
    const noisy = (i: number) => 1000 + (random() % 100) + (i % 7 === 0 ? 5000 : 0);
    expect(trendOf('steady', series(noisy), allowance).isSteady).toBe(true);
    const growing = trendOf(
      'growing',
      series((i) => noisy(i) + i * 10),
      allowance,
    );
    expect(growing.isSteady).toBe(false);
    expect(growing.growth).toBeGreaterThan(400);
    expect(growing.growth).toBeLessThan(800);
  });

  it('may be downwards, or nothing', () => {
    expect(
      trendOf(
        'shrinking',
        series((i) => 1000 - i),
        allowance,
      ),
    ).toMatchObject({ growth: -59, isSteady: true });
    expect(trendOf('none', [], allowance)).toMatchObject({ median: 0, growth: 0, isSteady: true });
  });
});

describe('the messages of the soak', () => {
  it('are of every length and kind, texts whole', () => {
    const random = createRandom(5);
    const lengths: number[] = [];
    for (let i = 0; i < 5000; i++) {
      const { data, isBinary } = makePayload(random);
      lengths.push(data.length);
      if (!isBinary) new TextDecoder('utf-8', { fatal: true }).decode(data);
    }
    lengths.sort((a, b) => a - b);
    expect(lengths[0]).toBe(0);
    expect(lengths.at(-1)).toBeGreaterThan(LONGEST_MESSAGE / 2);
    expect(lengths.at(-1)).toBeLessThanOrEqual(LONGEST_MESSAGE);
    expect(lengths[2500]).toBeLessThan(64);
  });
});
