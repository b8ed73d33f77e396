// The long run: `npm run fuzz -- [--target frames|deflate|handshake] [--minutes N] [--streams N] [--seed N]`; without a target
// all in turns. Prints the seed, progress and figures; a case that shows a fault is shrunk, printed as a line for
// test/robustness/fuzz/kept.jsonl, and makes the exit code 1.

import { parseArgs } from 'node:util';
import { differences, TARGETS, type Target } from './targets.js';

const string = { type: 'string' } as const;
const { values } = parseArgs({ options: { target: string, minutes: string, streams: string, seed: string } });
const minutes = Number(values.minutes ?? (values.streams === undefined ? 1 : Number.POSITIVE_INFINITY));
const mostStreams = Number(values.streams ?? Number.POSITIVE_INFINITY);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const targets = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
if (targets.length === 0) throw new Error(`no target ${values.target}: ${TARGETS.map(({ name }) => name).join(', ')}`);
const MOST_FAULTS = 10;

interface Figures {
  readonly target: Target;
  streams: number;
  bytes: number;
  seconds: number;
  faults: number;
}

// Most streams end with an error, and stacks would cost more than all else.
Error.stackTraceLimit = 0;
console.log(`seed ${seed} (stream i is the one of seed + i)`);
const all: Figures[] = targets.map((target) => ({ target, streams: 0, bytes: 0, seconds: 0, faults: 0 }));
const start = performance.now();
let nextReport = start + 30_000;
const sum = (of: (figures: Figures) => number) => all.reduce((total, figures) => total + of(figures), 0);

while (
  sum(({ streams }) => streams) < mostStreams &&
  performance.now() - start < minutes * 60_000 &&
  sum(({ faults }) => faults) < MOST_FAULTS
) {
  // The one that has had the least time.
  await runBatch(all.reduce((least, figures) => (figures.seconds < least.seconds ? figures : least)));
  if (performance.now() < nextReport) continue;
  nextReport += 30_000;
  for (const figures of all) report(figures);
}
for (const figures of all) report(figures);
for (const [name, count] of [...differences].sort(([, a], [, b]) => b - a))
  console.log(`ws differs: ${count} × ${name}`);
process.exitCode = sum(({ faults }) => faults) === 0 ? 0 : 1;

async function runBatch(figures: Figures): Promise<void> {
  const { target } = figures;
  const begun = performance.now();
  for (let i = 0; i < target.batch; i++, figures.streams++) {
    const { length, fault } = await target.run((seed + figures.streams) >>> 0);
    figures.bytes += length;
    if (fault === undefined) continue;
    figures.faults++;
    console.log(`${target.name}, stream ${figures.streams}:\n${fault}`);
  }
  figures.seconds += (performance.now() - begun) / 1000;
}

function report({ target, streams, bytes, seconds, faults }: Figures): void {
  const rate = Math.round(streams / seconds);
  console.log(
    `${target.name}: ${streams} streams, ${(bytes / 1e6).toFixed(1)} MB, ${(seconds / 60).toFixed(1)} min, ` +
      `${rate} streams/s, ${faults} faults`,
  );
}
