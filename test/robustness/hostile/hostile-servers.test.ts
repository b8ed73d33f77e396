// Our client, in a process of its own, meets hostile servers and requests that cannot be made. Nothing may go unhandled, each
// attempt ends, and no socket is left.
//
//     WSIMD_HOSTILE_ONLY=redirect npx vitest run test/robustness/hostile/hostile-servers.test.ts

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerProcess } from '../server-process.js';
import { DEFAULTS, SERVER_SCRIPTS } from './hostile-servers.js';
import type { ClientQuestion, Outcome } from './victims/client-victim.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const VICTIM = join(ROOT, 'build', 'test', 'robustness', 'hostile', 'victims', 'client-victim.js');
const ONLY = process.env.WSIMD_HOSTILE_ONLY ?? '';
let client: ServerProcess;
const ask = <Answer>(question: ClientQuestion) => client.ask<Answer>(question);

beforeAll(() => {
  execFileSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-b', 'tsconfig.robustness.json'], { cwd: ROOT });
  client = new ServerProcess(VICTIM, [], []);
});
afterAll(() => client.stop());

describe('a hostile server does not end the client process, nor leave an attempt open', () => {
  for (const { name, does, options, onSession = false, start, check } of SERVER_SCRIPTS.filter((one) =>
    one.name.includes(ONLY),
  )) {
    it(`${name}: the server ${does}`, async () => {
      const { port, stop } = await start();
      try {
        const dial = {
          url: `ws://127.0.0.1:${port}/`,
          options: { ...DEFAULTS, ...options },
          onSession,
          sends: 'hello',
        };
        const outcome = await ask<Outcome>({ what: 'dial', dial });
        expect(client.unexpectedExit).toBe(undefined);
        expect(await ask<string[]>({ what: 'faults' })).toEqual([]);
        if (outcome?.thrown === undefined) expect(outcome?.closes.length, JSON.stringify(outcome)).toBe(1);
        check?.(outcome!);
        expect(await ask<number>({ what: 'sockets' })).toBe(0);
      } finally {
        stop();
      }
    });
  }
});
