// The long run: `npm run soak -- [--minutes N] [--connections N] [--rate N] [--heartbeat MS] [--seed N] [--json FILE]`. Ends by
// itself, prints a summary, and makes the exit code 1 where anything went wrong.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type SoakResult, soak } from './soak.js';

const string = { type: 'string' } as const;
const { values } = parseArgs({
  options: { minutes: string, connections: string, rate: string, heartbeat: string, seed: string, json: string },
});
const minutes = Number(values.minutes ?? 60);
let nextReport = 0;
const result = await soak({
  minutes,
  connections: Number(values.connections ?? 1000),
  rate: Number(values.rate ?? 400),
  heartbeat: Number(values.heartbeat ?? 20_000),
  seed: Number(values.seed ?? Math.floor(Math.random() * 2 ** 32)),
  onSample: (sample, seconds) => {
    if (seconds < nextReport) return;
    nextReport = seconds + minutes * 3;
    const { connections, messages, heapUsed, external, rss, resources } = sample;
    console.log(
      `${seconds.toFixed(0)} s: ${connections} connections, ${messages} messages, heap ${mebibytes(heapUsed)}, ` +
        `external ${mebibytes(external)}, rss ${mebibytes(rss)}, ${resources} resources`,
    );
  },
});
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
print(result);
process.exitCode = result.isWell ? 0 : 1;
// What hung is not waited for.
process.exit();

function print({ messages, connections, cores, trends, attacks, before, after, ...rest }: SoakResult): void {
  console.log(`\n${rest.isWell ? 'well' : 'NOT WELL'}: ${(rest.seconds / 60).toFixed(1)} min, ${rest.node}`);
  console.log(`options      ${JSON.stringify(rest.options)}`);
  console.log(`cores        server ${cores.server.toFixed(2)}, load ${cores.load.toFixed(2)}`);
  console.log(`stalls       server ${rest.longestStalls.server} ms, load ${rest.longestStalls.load} ms at the longest`);
  console.log(`messages     ${JSON.stringify(messages)}`);
  console.log(`connections  ${JSON.stringify(connections)}`);
  console.log(`close codes  ${JSON.stringify(rest.closeCodes)}`);
  console.log(`errors       ${JSON.stringify(rest.errors)}`);
  console.log('attacks');
  for (const [name, outcomes] of Object.entries(attacks)) console.log(`  ${name}: ${JSON.stringify(outcomes)}`);
  console.log('memory after warm-up: median, course, growth, allowance');
  for (const { name, median, course, growth, allowance, isSteady } of trends) {
    const show = name === 'resources' ? String : mebibytes;
    const steady = isSteady ? 'steady' : 'GROWS';
    console.log(
      `  ${name}: ${show(median)}; ${course.map(show).join(', ')}; ${show(growth)} of ${show(allowance)}: ${steady}`,
    );
  }
  console.log(`before: heap ${mebibytes(before.heapUsed)}, ${before.resources} resources`);
  console.log(
    `after:  heap ${mebibytes(after.heapUsed)}, ${after.resources} resources, ${after.connections} connections`,
  );
  console.log(`unhandled    ${rest.unhandled.length}`);
  for (const text of rest.unhandled.slice(0, 10)) console.log(`  ${text}`);
  console.log(`faults       ${rest.faultCount}`);
  for (const text of rest.faults) console.log(`  ${text}`);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
