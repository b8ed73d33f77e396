// The long run: `npm run fuzz -- [--minutes N] [--streams N] [--seed N]`. Prints the seed, progress and figures; a case that
// shows a fault is shrunk, printed as a line for test/fuzz/kept.jsonl, and makes the exit code 1.

import { parseArgs } from 'node:util';
import { check, type DifferenceCounts } from './check.js';
import { type FuzzCase, generate } from './generate.js';
import { formatCase } from './kept.js';
import { shrink } from './shrink.js';

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, streams: { type: 'string' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes ?? (values.streams === undefined ? 1 : Number.POSITIVE_INFINITY));
const mostStreams = Number(values.streams ?? Number.POSITIVE_INFINITY);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const BATCH = 1000;
const MOST_FAULTS = 10;

// Most streams end with an error, and stacks would cost more than all else.
Error.stackTraceLimit = 0;
console.log(`seed ${seed} (stream i is the one of seed + i)`);

const differences: DifferenceCounts = new Map();
const start = performance.now();
let nextReport = start + 30_000;
let [streams, bytes, faults] = [0, 0, 0];

const fault = (fuzzCase: FuzzCase, turn: number): string | undefined => {
  try {
    return check(fuzzCase, turn);
  } catch (error) {
    return `it threw: ${String(error)}`;
  }
};

while (streams < mostStreams && performance.now() - start < minutes * 60_000 && faults < MOST_FAULTS) {
  for (let i = 0; i < BATCH; i++, streams++) {
    const fuzzCase = generate((seed + streams) >>> 0);
    bytes += fuzzCase.bytes.length;
    let problem: string | undefined;
    try {
      problem = check(fuzzCase, streams, differences);
    } catch (error) {
      problem = `it threw: ${String(error)}`;
    }
    if (problem === undefined) continue;
    faults++;
    const turn = streams;
    const smallest = shrink(fuzzCase, (smaller) => fault(smaller, turn) !== undefined);
    console.log(`stream ${streams}: ${problem}\n${formatCase(smallest, fault(smallest, turn) ?? '')}`);
  }
  if (performance.now() < nextReport) continue;
  nextReport += 30_000;
  report();
}
report();
for (const [name, count] of [...differences].sort(([, a], [, b]) => b - a))
  console.log(`ws differs: ${count} × ${name}`);
process.exitCode = faults === 0 ? 0 : 1;

function report(): void {
  const seconds = (performance.now() - start) / 1000;
  const rate = Math.round(streams / seconds);
  console.log(
    `${streams} streams, ${(bytes / 1e6).toFixed(1)} MB, ${(seconds / 60).toFixed(1)} min, ${rate} streams/s, ${faults} faults`,
  );
}
