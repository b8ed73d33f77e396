// Runs a list of hostile scripts against servers in processes of their own. Nothing may go unhandled there, no process may end,
// an honest client is served during and after, and no socket may be left.
//
//     WSIMD_HOSTILE_ONLY='third path' npx vitest run test/robustness/hostile      runs the scripts whose names contain that

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { ServerProcess } from '../server-process.js';
import { FRAME_SCRIPTS } from './scripts/frame-scripts.js';
import { HANDSHAKE_SCRIPTS } from './scripts/handshake-scripts.js';
import { HTTP2_SCRIPTS } from './scripts/http2-scripts.js';
import { LIMIT_SCRIPTS } from './scripts/limit-scripts.js';
import { onHttp1, type Script } from './scripts/script.js';
import { Target } from './scripts/target.js';
import { CONFIGURATIONS, type Configuration, type ConfigurationName } from './victims/configurations.js';
import { HonestClient } from './victims/honest-client.js';
import type { Construction, Left, VictimQuestion } from './victims/victim.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const VICTIM = join(ROOT, 'build', 'test', 'robustness', 'hostile', 'victims', 'victim.js');
const SCRIPTS: readonly Script[] = [...HANDSHAKE_SCRIPTS, ...FRAME_SCRIPTS, ...HTTP2_SCRIPTS, ...LIMIT_SCRIPTS];
const ONLY = process.env.WSIMD_HOSTILE_ONLY ?? '';

beforeAll(() => {
  execFileSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-b', 'tsconfig.robustness.json'], { cwd: ROOT });
});

function scriptsFor(configuration: Configuration, name: ConfigurationName): readonly Script[] {
  return SCRIPTS.filter(({ runsOn = onHttp1 }) => runsOn(configuration, name)).filter((one) => one.name.includes(ONLY));
}

/** Milliseconds for a script: each waits for the server with a limit of its own, which is shorter. */
const SCRIPT_PATIENCE = 60_000;

async function tooLate(): Promise<never> {
  await sleep(SCRIPT_PATIENCE, undefined, { ref: false });
  throw new Error(`it did not end within ${SCRIPT_PATIENCE} ms`);
}

/** @returns what went wrong, each with the script during which it did */
async function attack(configuration: Configuration, name: ConfigurationName): Promise<string[]> {
  const faults: string[] = [];
  const server = new ServerProcess(VICTIM, [name], [], configuration.addressSpace);
  const ask = <Answer>(what: 'port' | 'faults' | 'idle') => server.ask<Answer>({ what });
  try {
    const port = await ask<number>('port');
    if (port === undefined) return [`the server did not start: ${server.stderr}`];
    let honest = await HonestClient.connect(configuration, port);
    for (const script of scriptsFor(configuration, name)) {
      const target = new Target(configuration, port);
      const echoed = honest.echo();
      try {
        await Promise.race([script.run(target), tooLate()]);
      } catch (error) {
        faults.push(`${script.name} (${script.does}): ${(error as Error).message}`);
      } finally {
        target.cleanUp();
      }
      const slow = (await echoed) ?? (await honest.echo());
      if (slow !== undefined) {
        faults.push(`${script.name}: an honest client was not served: ${slow}`);
        honest.close();
        honest = await HonestClient.connect(configuration, port);
      }
      const unhandled = (await ask<string[]>('faults')) ?? [];
      faults.push(...unhandled.map((fault) => `${script.name} (${script.does}): ${fault}`));
      if (server.unexpectedExit !== undefined) return [...faults, `${script.name}: ${server.unexpectedExit}`];
      if (slow !== undefined && (await honest.echo()) !== undefined) return [...faults, 'no client is served any more'];
    }
    honest.close();
    const left = await ask<Left>('idle');
    if (left === undefined || left.clients + left.sockets > 0) faults.push(`left at the end: ${JSON.stringify(left)}`);
    faults.push(...((await ask<string[]>('faults')) ?? []).map((fault) => `at the end: ${fault}`));
    return faults;
  } finally {
    await server.stop();
  }
}

describe('hostile peers leave a server standing', () => {
  for (const [name, configuration] of Object.entries(CONFIGURATIONS) as [ConfigurationName, Configuration][]) {
    it.concurrent(`configuration: ${name}`, { timeout: 240_000 }, async () => {
      const faults = await attack(configuration, name);
      expect(faults, faults.join('\n')).toEqual([]);
    });
  }
});

/** Nonsense, by the option that it is given for. */
const ODD_OPTIONS: Readonly<Record<string, readonly unknown[]>> = {
  port: [Number.NaN, -1, 65_536, 'http'],
  maxPayload: [Number.NaN, 'x', 0.5, {}],
  maxFragments: [Number.NaN, 'many'],
  maxBackpressure: [Number.NaN, -1],
  maxHeldLength: [Number.NaN, -1],
  closeTimeout: [Number.NaN, -1],
  heartbeat: [{ interval: 2 ** 31 }, { interval: 0 }, {}, 5],
  kernel: ['bogus', 1],
  textAs: ['utf8', null],
  perMessageDeflate: ['on', { serverMaxWindowBits: 99 }, { threshold: Number.NaN }],
  verifyClient: ['yes', {}],
  path: [5],
};

describe('a server is not made of nonsense', () => {
  it('the constructor names the option, and leaves nothing behind', { timeout: 60_000 }, async () => {
    const server = new ServerProcess(VICTIM, ['plain'], []);
    try {
      for (const [option, values] of Object.entries(ODD_OPTIONS)) {
        for (const value of values) {
          const question: VictimQuestion = { what: 'construct', options: { [option]: value } };
          const made = await server.ask<Construction>(question);
          expect(made?.thrown, `${option}: ${String(value)}`).toContain(option);
          expect(made?.listening, `${option}: ${String(value)}`).toBe(1);
        }
      }
      expect(await server.ask<Construction>({ what: 'construct', options: {} })).toMatchObject({ thrown: undefined });
      expect(await server.ask<string[]>({ what: 'faults' })).toEqual([]);
      expect(server.unexpectedExit).toBe(undefined);
    } finally {
      await server.stop();
    }
  });
});

describe('the list of scripts', () => {
  it('has a name of its own and a sentence for each, and every configuration meets some', () => {
    expect(new Set(SCRIPTS.map(({ name }) => name)).size).toBe(SCRIPTS.length);
    for (const { does } of SCRIPTS) expect(does).toMatch(/^[a-z].{10,}/);
    if (ONLY !== '') return;
    for (const [name, configuration] of Object.entries(CONFIGURATIONS) as [ConfigurationName, Configuration][]) {
      expect(scriptsFor(configuration, name).length, name).toBeGreaterThan(configuration.meets === 'own' ? 0 : 10);
    }
  });
});
