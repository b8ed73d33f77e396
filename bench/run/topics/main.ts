// `npm run bench -- topics`: what a publish costs. CPU time of the server for one message to all clients, the bytes that each receives,
// and memory. Servers are processes of their own; clients are bare sockets that count.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { replaceChapter } from '../../report/life-document.js';
import { writeTopicsChapter } from '../../report/topics-document.js';
import { writeText } from '../files.js';
import { describeMachine } from '../machine.js';
import { findRuntime } from '../runtimes.js';
import { measureMemory } from './memory.js';
import type { TopicsCase, TopicsRun } from './result.js';
import { type Subject, type SubscriptionCost, startSubject } from './subject.js';

const HELP = `npm run bench -- topics [word …] [options]

What a publish to many costs: processor time of the server and bytes for each receiver, beside ws, Bun and bare sockets. With
words, only groups of cases in whose name all of them occur, as in "10 in" or "uncompressed":
  uncompressed, 1 in a turn; uncompressed, 10 in a turn; compressed, 200 B, 1 in a turn; …, 10 in a turn; the same of
  1000 B and 2000 B

  --clients LIST    how many receivers (default 1000,10000; more than a file descriptor each takes ulimit -n)
  --rounds N        turns of each subject that count (default 3)
  --subject LIST    only these: publish, ws, bun, bare, handle
  --baseline DIR    and publish of another build of wsimd, such as a worktree after npm run build
  --json FILE       where the results go (default build/bench-results/topics-node-26.json). Without effect for a part of the
                    cases, which is only printed
  --docs            only write the chapter of docs/background/benchmarks.md from bench/results/topics-node-26.json
  --help            this`;

const MACHINE = new URL('../machine.js', import.meta.url).href;
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
interface Group {
  readonly name: string;
  readonly specs: readonly Spec[];
  /** Compressing for each of 10,000 takes ws seconds. */
  readonly mostClients: number;
}

const GROUPS: readonly Group[] = [
  ...[1, 10].map((batch) => ({
    name: `uncompressed, ${batch} in a turn`,
    specs: ['publish', 'ws', 'bun', 'bare', 'handle'].map((one) => spec(one, 'none', 200, batch)),
    mostClients: batch === 1 ? Number.POSITIVE_INFINITY : 1000,
  })),
  ...[200, 1000, 2000].flatMap((length) =>
    [1, 10].map((batch) => ({
      name: `compressed, ${length} B, ${batch} in a turn`,
      specs: [
        spec('publish', 'shared', length, batch),
        spec('publish', 'none', length, batch),
        spec('publish', 'alone', length, batch),
        spec('ws', 'own', length, batch),
      ],
      mostClients: 1000,
    })),
  ),
];
/** The subject that is `publish` of another build. */
const BASELINE = 'baseline';

/** Which cases are measured. */
interface Selection {
  readonly groups: readonly Group[];
  readonly counts: readonly number[];
  readonly rounds: number;
  /** The server of another build. */
  readonly baseline: string | undefined;
}

export async function runTopics(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      clients: { type: 'string', default: '1000,10000' },
      rounds: { type: 'string', default: '3' },
      subject: { type: 'string' },
      baseline: { type: 'string' },
      json: { type: 'string', default: join(ROOT, 'build/bench-results/topics-node-26.json') },
      docs: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  if (values.docs) {
    writeDocument();
    return;
  }
  const baseline = values.baseline === undefined ? undefined : findServer(values.baseline);
  const groups = chooseGroups(positionals, values.subject?.split(','), baseline !== undefined);
  const counts = values.clients.split(',').map(Number);
  const selection = { groups, counts, rounds: Number(values.rounds), baseline };
  const isPart = positionals.length > 0 || values.subject !== undefined || baseline !== undefined;
  if (isPart) await measureCases(selection, findRuntime('node-26').program);
  else await measureAll(selection, values.json);
}

/** @throws RangeError if nothing is left */
function chooseGroups(
  words: readonly string[],
  subjects: readonly string[] | undefined,
  hasBaseline: boolean,
): Group[] {
  const groups: Group[] = [];
  for (const group of GROUPS) {
    if (!words.every((word) => group.name.includes(word))) continue;
    const specs = group.specs.filter(({ library }) => subjects?.includes(library) ?? true);
    if (hasBaseline) {
      const own = group.specs.filter(({ library }) => library === 'publish');
      specs.push(...own.map((one) => ({ ...one, library: BASELINE })));
    }
    if (specs.length > 0) groups.push({ ...group, specs });
  }
  if (groups.length === 0) throw new RangeError('there are no such cases: see --help');
  return groups;
}

/** @returns the server of the benchmark of another build. @throws RangeError if there is none */
function findServer(folder: string): string {
  const path = join(resolve(folder), 'build/bench/run/topics/server.js');
  if (!existsSync(path)) throw new RangeError(`--baseline: there is no ${path}`);
  return path;
}

function writeDocument(): void {
  const run = JSON.parse(readFileSync(STORED, 'utf8')) as TopicsRun;
  writeText(DOCUMENT, replaceChapter(readFileSync(DOCUMENT, 'utf8'), writeTopicsChapter(run), 'topics'));
}

async function measureCases({ groups, counts, rounds, baseline }: Selection, node: string): Promise<TopicsCase[]> {
  const cases: TopicsCase[] = [];
  for (const clients of counts) {
    for (const { specs, mostClients } of groups) {
      if (clients > mostClients) continue;
      const isTogether = clients * specs.length <= MOST_SOCKETS;
      const runs = isTogether ? [specs] : specs.map((one) => [one]);
      for (const some of runs) cases.push(...(await measureGroup(some, clients, rounds, node, baseline)));
    }
  }
  return cases;
}

async function measureAll(selection: Selection, json: string): Promise<void> {
  const node = findRuntime('node-26').program;
  const bun = findRuntime('bun').program;
  const cases = await measureCases(selection, node);
  const run: TopicsRun = {
    format: 'topics-1',
    date: new Date().toISOString(),
    machine: describeMachine(),
    versions: { ...versionsIn(node), bun: versionOf(bun) },
    cases,
    memory: measureMemory(node),
    subscriptions: {
      publish: await measureSubscriptions('publish', node),
      bun: await measureSubscriptions('bun', bun),
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

/** Those that the servers have, which run in another Node than this. */
function versionsIn(node: string): Record<string, string> {
  const program = `import { listVersions } from ${JSON.stringify(MACHINE)}; console.log(JSON.stringify(listVersions()));`;
  return JSON.parse(execFileSync(node, ['--input-type=module', '--eval', program], { encoding: 'utf8' }));
}

function versionOf(program: string): string {
  return execFileSync(program, ['--version'], { encoding: 'utf8' }).trim().replace(/^v/, '');
}

async function measureGroup(
  specs: readonly Spec[],
  clients: number,
  rounds: number,
  node: string,
  baseline: string | undefined,
): Promise<TopicsCase[]> {
  const subjects: Subject[] = [];
  for (const { library, compression, length } of specs) {
    const program = library === 'bun' ? findRuntime('bun').program : node;
    const isBaseline = library === BASELINE;
    const args = [isBaseline ? 'publish' : library, compression, String(length)];
    subjects.push(await startSubject(program, args, clients, isBaseline ? baseline : undefined));
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
    console.log(`${JSON.stringify(made)} ${medianRatio(results[0]!, results[i]!)} × the first`);
    return made;
  });
}

/** How many times the time of `first` that of `other` is, as the rounds had it. */
function medianRatio(first: readonly { nanoseconds: number }[], other: readonly { nanoseconds: number }[]): string {
  const ratios = other.map(({ nanoseconds }, i) => nanoseconds / first[i]!.nanoseconds).sort((a, b) => a - b);
  return ratios[ratios.length >> 1]!.toFixed(3);
}
