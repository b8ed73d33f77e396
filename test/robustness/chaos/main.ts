// The chaos test as a program: `node build/test/robustness/chaos/main.js --transport tcp|tls|http2 [--server wsimd|ws]
// [--rounds N] [--seed N] [--concurrency N] [--seconds N] [--json FILE]`. The exit code is 1 where anything is wrong.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { guardProcess } from '../guard.js';
import { runChaos } from './run.js';
import type { Implementation, Transport } from './script/rounds.js';

const string = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    ...{ transport: string, server: string, rounds: string, seed: string, concurrency: string },
    ...{ seconds: string, json: string },
  },
});
const guard = guardProcess();
const result = await runChaos(
  {
    transport: (values.transport ?? 'tcp') as Transport,
    implementation: (values.server ?? 'wsimd') as Implementation,
    rounds: Number(values.rounds ?? 100),
    seed: Number(values.seed ?? 1),
    concurrency: Number(values.concurrency ?? 4),
    maxDuration: values.seconds === undefined ? undefined : Number(values.seconds) * 1000,
  },
  guard,
);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
const { faults, ...figures } = result;
console.log(JSON.stringify(figures));
for (const { fault } of faults) console.log(fault);
console.log(`${faults.length} faults`);
process.exit(faults.length > 0 ? 1 : 0);
