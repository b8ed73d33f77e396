// The conformance suite on every host, or on those that are named:
// `node build/test/runtimes/conformance.js [--write] [--at-once 2] [host …]`. The results go to build/conformance.json; with
// --write also to where they are kept, in place of what those hosts came to before, and into docs/reference/interop.md. It fails if any
// host is missing, or finds a difference.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BUILD } from './compiled-modules.js';
import { HOSTS, type Host } from './hosts.js';
import { SUITES } from './replay-all.js';
import { checkResults, type HostResult, type Results, replaceTable } from './results.js';
import { countVectors, readVectorFiles } from './vector-files.js';

const KERNELS = ['wasm', 'portable'] as const;
const KEPT = new URL('../test/spec/results.json', BUILD);
const DOCUMENT = new URL('../docs/reference/interop.md', BUILD);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean' }, 'at-once': { type: 'string', default: '2' } },
});
const unknown = positionals.filter((id) => !HOSTS.some((host) => host.id === id));
if (unknown.length > 0)
  throw new RangeError(`${unknown.join(', ')}: not among ${HOSTS.map(({ id }) => id).join(', ')}`);
const chosen = HOSTS.filter(({ id }) => positionals.length === 0 || positionals.includes(id));

let results: Results = {};
const failures: string[] = [];
const queue = [...chosen];
// Each host that it has started is ended as this process exits.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
await Promise.all(Array.from({ length: Number(values['at-once']) }, work));
if (failures.length > 0) {
  console.error(`failed on ${failures.join(', ')}`);
  process.exit(1);
}
checkResults(results, countVectors(readVectorFiles()));

async function work(): Promise<void> {
  for (let host = queue.shift(); host !== undefined; host = queue.shift()) await replayOn(host);
}

async function replayOn({ id, name, replay }: Host): Promise<void> {
  const start = performance.now();
  try {
    const report = await replay(KERNELS);
    const counts = SUITES.map((suite) => {
      const { vectors, decoded } = report[suite];
      return `${suite} ${vectors} vectors, decoded ${KERNELS.map((kernel) => `${kernel} ${decoded[kernel]}`).join(', ')}`;
    });
    const seconds = Math.round((performance.now() - start) / 1000);
    console.log(`${name} ${report.version}: ${counts.join('; ')}; ${seconds} s`);
    save(id, { name, date: new Date().toISOString().slice(0, 10), ...report });
  } catch (error) {
    failures.push(name);
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** At once: a run of all hosts takes minutes. The results are read anew: another run may do other hosts meanwhile. */
function save(id: string, result: HostResult): void {
  const before: Results = values.write && existsSync(KEPT) ? JSON.parse(readFileSync(KEPT, 'utf8')) : results;
  const all = { ...before, [id]: result };
  results = Object.fromEntries(HOSTS.flatMap(({ id }) => (all[id] === undefined ? [] : [[id, all[id]]])));
  const text = `${JSON.stringify(results, undefined, 2)}\n`;
  writeFileSync(new URL('conformance.json', BUILD), text);
  if (!values.write) return;
  writeFileSync(KEPT, text);
  writeFileSync(DOCUMENT, replaceTable(readFileSync(DOCUMENT, 'utf8'), results));
}
