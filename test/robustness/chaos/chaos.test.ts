// The chaos test, short: `npm test` runs some rounds over each transport. For a long run:
//
//     WSIMD_CHAOS_ROUNDS=2000 WSIMD_CHAOS_SEED=7 npx vitest run test/robustness/chaos/chaos.test.ts

import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ChaosResult } from './run.js';
import { TRANSPORTS } from './script/rounds.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MAIN = join(ROOT, 'build', 'test', 'robustness', 'chaos', 'main.js');
const ROUNDS = Number(process.env.WSIMD_CHAOS_ROUNDS ?? 24);
const SEED = Number(process.env.WSIMD_CHAOS_SEED ?? 1);
/** Milliseconds: rounds whose peer falls silent wait for a close timeout. */
const PATIENCE = 240_000 + ROUNDS * 1500;

beforeAll(() => {
  execFileSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-b', 'tsconfig.robustness.json'], { cwd: ROOT });
});

function runChaos(...args: readonly string[]): Promise<ChaosResult> {
  const directory = mkdtempSync(join(tmpdir(), 'wsimd-chaos-'));
  const file = join(directory, 'result.json');
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [MAIN, ...args, '--json', file], { timeout: PATIENCE }, (_error, stdout, stderr) => {
      try {
        resolve(JSON.parse(readFileSync(file, 'utf8')) as ChaosResult);
      } catch {
        reject(new Error(stdout + stderr));
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  });
}

/** The faults, each with the command that runs its round again. */
function describeFaults({ faults }: ChaosResult): string {
  return faults
    .map(({ seed, fault }) => {
      const replay = `WSIMD_CHAOS_SEED=${seed} WSIMD_CHAOS_ROUNDS=1 npx vitest run test/robustness/chaos/chaos.test.ts`;
      return seed === undefined ? fault : `${fault}\n    again: ${replay}`;
    })
    .join('\n');
}

async function expectNoFaults(transport: string, server: string, rounds: number): Promise<void> {
  const result = await runChaos(
    ...['--transport', transport, '--server', server],
    ...['--rounds', String(rounds), '--seed', String(SEED)],
  );
  const figures = `${result.rounds} rounds, ${result.connections} connections, ${result.messages} messages`;
  console.info(`${server} over ${transport}: ${figures}, ${result.memory.join(' and ')} MiB, seed ${SEED}`);
  expect(result.faults.length, describeFaults(result)).toBe(0);
  expect(result.rounds).toBe(rounds);
  // Otherwise it would find nothing.
  if (rounds < 20) return;
  expect(result.messages).toBeGreaterThan(rounds * 5);
  expect(result.clean).toBeGreaterThan(result.connections / 4);
}

describe('a wsimd server and clients that do anything at all', () => {
  for (const transport of TRANSPORTS) {
    it(`lose, reorder and change no message over ${transport}`, { timeout: PATIENCE }, async () => {
      await expectNoFaults(transport, 'wsimd', ROUNDS);
    });
  }
});

describe('the chaos test itself', () => {
  it('finds no fault in a server of `ws` with clients of `ws`', { timeout: PATIENCE }, async () => {
    await expectNoFaults('tcp', 'oracle', Math.max(1, Math.ceil(ROUNDS / 3)));
  });
});
