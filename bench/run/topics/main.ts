// `npm run bench -- topics`: what a publish costs. CPU time of the server for one message to all clients, the bytes that each receives,
// and memory. Servers are processes of their own; clients are bare sockets that count.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { replaceChapter } from '../../report/life-document.js';
import { writeTopicsChapter } from '../../report/topics-document.js';
import { writeText } from '../files.js';
import { describeMachine, listVersions } from '../machine.js';
import { findRuntime } from '../runtimes.js';
import { measureMemory } from './memory.js';
import type { TopicsCase, TopicsRun } from './result.js';
import { type Subject, type SubscriptionCost, startSubject } from './subject.js';

const HELP = `npm run bench -- topics [options]

What a publish to many costs: processor time of the server and bytes for each receiver, beside ws, Bun and bare sockets.

  --clients LIST    how many receivers (default 1000,10000; more than a file descriptor each takes ulimit -n)
  --rounds N        turns of each subject that count (default 3)
  --json FILE       where the results go (default build/bench-results/topics-node-26.json)
  --docs            only write the chapter of docs/background/benchmarks.md from bench/results/topics-node-26.json
  --help            this`;

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const STORED = join(ROOT, 'bench/results/topics-node-26.json');
const DOCUMENT = join(ROOT, 'docs/background/benchmarks.md');
/** More sockets than this are not open at a time: then subjects run one after another. */
const MOST_SOCKETS = 15_000;
const SUBSCRIBERS = 10_000;
const TOPICS_EACH = 100;

type Spec = Pick<TopicsCase, 'library' | 'compression' | 'length' | 'batch'>;

const spec = (library: string, compression: string, length: number, batch = 1): Spec => ({
  library,
  compression,
  length,
  batch,
});
/** Subjects of one group take turns. */
const FAN_OUT = [1, 10].map((batch) =>
  ['publish', 'ws', 'bun', 'bare', 'handle'].map((one) => spec(one, 'none', 200, batch)),
);
const COMPRESSED = [200, 1000, 2000].map((length) => [
  spec('publish', 'shared', length),
  spec('publish', 'none', length),
  spec('publish', 'alone', length),
  spec('ws', 'own', length),
]);

export async function runTopics(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      clients: { type: 'string', default: '1000,10000' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'string', default: join(ROOT, 'build/bench-results/topics-node-26.json') },
      docs: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) console.log(HELP);
  else if (values.docs) writeDocument();
  else await measureAll(values.clients.split(',').map(Number), Number(values.rounds), values.json);
}

function writeDocument(): void {
  const run = JSON.parse(readFileSync(STORED, 'utf8')) as TopicsRun;
  writeText(DOCUMENT, replaceChapter(readFileSync(DOCUMENT, 'utf8'), writeTopicsChapter(run), 'topics'));
}

async function measureAll(counts: readonly number[], rounds: number, json: string): Promise<void> {
  const node = findRuntime('node-26').program;
  const cases: TopicsCase[] = [];
  for (const clients of counts) {
    // Compressing for each of 10,000 takes ws seconds.
    for (const group of clients > 1000 ? FAN_OUT.slice(0, 1) : [...FAN_OUT, ...COMPRESSED]) {
      const isTogether = clients * group.length <= MOST_SOCKETS;
      const runs = isTogether ? [group] : group.map((one) => [one]);
      for (const specs of runs) cases.push(...(await measureGroup(specs, clients, rounds, node)));
    }
  }
  const run: TopicsRun = {
    format: 'topics-1',
    date: new Date().toISOString(),
    machine: describeMachine(),
    versions: { ...listVersions(), node: versionOf(node), bun: versionOf(findRuntime('bun').program) },
    cases,
    memory: measureMemory(node),
    subscriptions: {
      publish: await measureSubscriptions('publish', node),
      bun: await measureSubscriptions('bun', findRuntime('bun').program),
    },
  };
  console.log(run.memory, run.subscriptions);
  writeFileSync(json, `${JSON.stringify(run, undefined, 1)}\n`);
}

/** A million subscriptions. */
async function measureSubscriptions(library: string, program: string): Promise<SubscriptionCost> {
  const subject = await startSubject(program, [library, 'none', '0'], SUBSCRIBERS);
  const cost = await subject.subscribe(TOPICS_EACH);
  subject.stop();
  return cost;
}

function versionOf(program: string): string {
  return execFileSync(program, ['--version'], { encoding: 'utf8' }).trim().replace(/^v/, '');
}

async function measureGroup(
  specs: readonly Spec[],
  clients: number,
  rounds: number,
  node: string,
): Promise<TopicsCase[]> {
  const subjects: Subject[] = [];
  for (const { library, compression, length } of specs) {
    const program = library === 'bun' ? findRuntime('bun').program : node;
    subjects.push(await startSubject(program, [library, compression, String(length)], clients));
  }
  const results = subjects.map(() => [] as Awaited<ReturnType<Subject['run']>>[]);
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const [i, subject] of subjects.entries()) {
      const result = await subject.run(specs[i]!.batch);
      if (round > 0) results[i]!.push(result);
    }
  }
  for (const subject of subjects) subject.stop();
  return specs.map((one, i) => {
    const times = results[i]!.map(({ nanoseconds }) => nanoseconds);
    const bytes = results[i]!.reduce((sum, result) => sum + result.bytes, 0) / rounds;
    const made: TopicsCase = { ...one, clients, times, bytes };
    console.log(JSON.stringify(made));
    return made;
  });
}
