// Measures one case: starts its subjects, gives each its turn in every round, and ends them. It doesn't know how figures are shown.

import { turnOrder } from '../../../src/page/benchmark/turns.js';
import type { LifeCase } from '../../cases/life/case.js';
import type { Certificate, ClientJob, Memory, Report, ServerJob } from '../../subjects/server/job.js';
import { commandFor, libraryOf, type Programs, SUBJECTS, type SubjectName } from '../../subjects/subjects.js';
import type { LoadJob, LoadReport } from '../load/job.js';
import { Load, Program } from './processes.js';
import type { Sample } from './result.js';

export interface Pace {
  readonly rounds: number;
  /**
   * How many times all processes of the cases that are shown first are started, to make so many rounds each: what is quoted must not
   * depend on how the memory of one process happens to lie.
   */
  readonly headlineTimes: number;
  /** Milliseconds that are counted in a turn. */
  readonly window: number;
  /** Milliseconds of traffic before the first turn that counts, at least. */
  readonly warmup: number;
  /** Milliseconds of traffic in each turn before the counting begins. */
  readonly settle: number;
}

export interface Setting {
  readonly programs: Programs;
  /** Runs the load. */
  readonly loadProgram: string;
  readonly pace: Pace;
  readonly baseline?: string | undefined;
  /** Asked once, by the first case that needs it. */
  certificate(): Certificate;
}

export interface Measurement {
  readonly name: SubjectName;
  readonly samples: readonly Sample[];
}

export interface Outcome {
  readonly measurements: readonly Measurement[];
  readonly failures: readonly { readonly subject: SubjectName; readonly reason: string }[];
  readonly versions: Readonly<Record<string, string>>;
}

/** So many messages make a window, and a warm-up; else it is prolonged, up to so many times. */
const MIN_MESSAGES = 100;
const MAX_WINDOWS = 10;
const WARM_MESSAGES = 10_000;
const MAX_WARMUPS = 4;

/** A subject while it is measured. */
interface Contestant {
  readonly name: SubjectName;
  readonly samples: Sample[];
  readonly measured: Program;
  /** The server that a client under test talks to. */
  readonly beside?: Program | undefined;
}

/** A subject that fails is left out; the others go on. */
export async function measureCase(life: LifeCase, names: readonly SubjectName[], setting: Setting): Promise<Outcome> {
  const { rounds, headlineTimes } = setting.pace;
  const starts = life.isHeadline && !isOfMemory(life) ? headlineTimes : 1;
  let outcome = await measureOnce(life, names, setting, 0);
  for (let start = 1; start < starts; start++) {
    const left = outcome.measurements.map(({ name }) => name);
    outcome = joined(outcome, await measureOnce(life, left, setting, start * rounds));
  }
  return outcome;
}

function isOfMemory({ measure }: LifeCase): boolean {
  return measure.endsWith('memory');
}

/** A subject that failed in the second is left out: its rounds would not be those of the others. */
function joined(first: Outcome, second: Outcome): Outcome {
  return {
    measurements: second.measurements.map(({ name, samples }) => ({
      name,
      samples: [...first.measurements.find((one) => one.name === name)!.samples, ...samples],
    })),
    failures: [...first.failures, ...second.failures],
    versions: first.versions,
  };
}

/** With processes of its own. @param firstRound its number among those of all starts */
async function measureOnce(
  life: LifeCase,
  names: readonly SubjectName[],
  setting: Setting,
  firstRound: number,
): Promise<Outcome> {
  const failures: { subject: SubjectName; reason: string }[] = [];
  const contestants: Contestant[] = [];
  const fail = (subject: SubjectName, error: unknown) => {
    failures.push({ subject, reason: error instanceof Error ? error.message : String(error) });
  };
  const isMemory = isOfMemory(life);
  const load = isMemory || life.measure === 'client' ? undefined : new Load(setting.loadProgram);
  try {
    for (const name of names) {
      try {
        contestants.push(await startContestant(name, life, setting));
      } catch (error) {
        fail(name, error);
      }
    }
    const lost = new Set<Contestant>();
    const rounds = isMemory ? 1 : setting.pace.rounds;
    for (let round = isMemory ? 0 : -1; round < rounds; round++) {
      for (const place of turnOrder(firstRound + Math.max(0, round), contestants.length)) {
        const contestant = contestants[place]!;
        if (lost.has(contestant)) continue;
        try {
          const sample = isMemory
            ? await measureMemory(contestant, life, setting)
            : await measureTurn(contestant, life, setting, load, round < 0);
          if (round >= 0) contestant.samples.push(sample);
        } catch (error) {
          lost.add(contestant);
          fail(contestant.name, error);
        }
      }
    }
    const measurements = contestants.filter((one) => !lost.has(one)).map(({ name, samples }) => ({ name, samples }));
    const versions = Object.assign({}, ...contestants.map(({ measured }) => measured.hello.versions));
    return { measurements, failures, versions };
  } finally {
    load?.stop();
    for (const { measured, beside } of contestants) {
      measured.stop();
      beside?.stop();
    }
  }
}

async function startContestant(name: SubjectName, life: LifeCase, setting: Setting): Promise<Contestant> {
  const { programs, baseline } = setting;
  const subject = SUBJECTS[name];
  const job: ServerJob = {
    ...life.server,
    library: libraryOf(name, baseline),
    certificate: life.isTls ? setting.certificate() : undefined,
  };
  const adapted = subject.adapt?.(job) ?? job;
  if (life.measure !== 'client') {
    const command = commandFor(subject, adapted, programs);
    if (command === undefined) throw new Error(`${subject.runtime} is not installed`);
    return { name, samples: [], measured: await Program.start(command, 'measured') };
  }
  const server = commandFor(SUBJECTS.socket, job, { ...programs, node: setting.loadProgram });
  const beside = await Program.start(server!, 'beside');
  try {
    const clientJob: ClientJob = { ...adapted, port: beside.hello.port, connections: life.load.connections };
    const measured = await Program.start(commandFor(subject, clientJob, programs)!, 'measured');
    return { name, samples: [], measured, beside };
  } catch (error) {
    beside.stop();
    throw error;
  }
}

/** @param isWarmup the first turn lasts until code is compiled, and doesn't count */
async function measureTurn(
  contestant: Contestant,
  life: LifeCase,
  { pace }: Setting,
  load: Load | undefined,
  isWarmup: boolean,
): Promise<Sample> {
  const { name, measured, beside } = contestant;
  if (load === undefined) await measured.ask('resume');
  else await load.open(jobFor(name, life, measured));
  await sleep(pace.settle);
  await Promise.all([measured.ask('begin'), load?.begin(), beside?.ask('begin')]);
  const window = isWarmup ? pace.warmup : pace.window * life.patience;
  const [enough, most] = isWarmup ? [WARM_MESSAGES, MAX_WARMUPS] : [MIN_MESSAGES, MAX_WINDOWS];
  let reports = await readAfter(window, contestant, load);
  // Where messages are long or the machine is busy, a window has too few of them.
  for (let i = 1; i < most && reports[1].messages < enough; i++) reports = await readAfter(window, contestant, load);
  if (load === undefined) await measured.ask('pause');
  else await load.close();
  if (reports[1].messages === 0) throw new Error('no message came in the window');
  return toSample(...reports);
}

/** A client counts for itself; then the server beside it is the load. */
async function readAfter(
  window: number,
  { measured, beside }: Contestant,
  load: Load | undefined,
): Promise<[Report, LoadReport]> {
  await sleep(window);
  if (load !== undefined) return Promise.all([measured.ask<Report>('end'), load.end()]);
  const [report, other] = await Promise.all([measured.ask<Report>('end'), beside!.ask<Report>('end')]);
  const { cpuMicroseconds, nanoseconds } = other;
  return [report, { ...report.traffic!, cpuMicroseconds, nanoseconds }];
}

function jobFor(name: SubjectName, life: LifeCase, { hello }: Program): LoadJob {
  return { ...life.load, port: hello.port, isHttp2: life.load.isHttp2 && name !== 'HTTP/1.1' };
}

function toSample(report: Report, traffic: LoadReport): Sample {
  const { cpuMicroseconds, nanoseconds, memory, collections } = report;
  return {
    figure: (traffic.messages / cpuMicroseconds) * 1e6,
    perSecond: (traffic.messages / traffic.nanoseconds) * 1e9,
    latency: traffic.latency,
    memory,
    collections,
    busy: (cpuMicroseconds * 1000) / nanoseconds,
    loadBusy: (traffic.cpuMicroseconds * 1000) / traffic.nanoseconds,
    seconds: nanoseconds / 1e9,
  };
}

/** Connections that are there before those that are counted: they make what all of them share. */
const FIRST = 10;
const SETTLE = 500;

/** @returns bytes that each connection costs */
async function measureMemory({ name, measured }: Contestant, life: LifeCase, setting: Setting): Promise<Sample> {
  const first = new Load(setting.loadProgram);
  const rest = new Load(setting.loadProgram);
  const job = jobFor(name, life, measured);
  const { connections } = job;
  try {
    await first.open({ ...job, connections: FIRST });
    const empty = await measured.ask<Memory>('memory');
    await rest.open(job);
    await sleep(SETTLE);
    const pair =
      life.measure === 'pending memory'
        ? await measured.ask<{ before: Memory; after: Memory }>('pending')
        : { before: empty, after: await measured.ask<Memory>('memory') };
    return memorySample(life.measure, pair.before, pair.after, connections);
  } finally {
    first.stop();
    rest.stop();
  }
}

/** What is pending may lie in pages that nothing has touched yet: there, what was allocated counts, not what is resident. */
function memorySample(measure: LifeCase['measure'], before: Memory, after: Memory, connections: number): Sample {
  const grown = (key: keyof Memory) => (after[key] - before[key]) / connections;
  const memory = {
    rss: grown('rss'),
    heapUsed: grown('heapUsed'),
    external: grown('external'),
    arrayBuffers: grown('arrayBuffers'),
  };
  const figure = measure === 'pending memory' ? memory.heapUsed + memory.external : memory.rss;
  const none = { p50: 0, p99: 0, p999: 0, max: 0 };
  return { figure, perSecond: 0, latency: none, memory, busy: 0, loadBusy: 0, seconds: 0 };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
