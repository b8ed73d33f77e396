// Starts the processes of the life benchmark: what is measured on the first core, all else on the others. Each ends with this process.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Hello, Latency } from '../../subjects/server/job.js';
import type { Answer, Command, LoadJob, LoadReport } from '../load/job.js';

const cores = availableParallelism();
const MEASURED_CORES = '0';
const LOAD_CORES = cores > 2 ? `1-${cores - 1}` : '1';
/** Programs can be given cores of their own. */
export const CAN_PIN = cores >= 2 && hasTaskset();
const MAX_LOAD_PROCESSES = 4;
const LIMIT = 120_000;

export const PINNING = CAN_PIN
  ? 'the measured process has one core to itself'
  : 'all processes share the cores: taskset is not there';

/** On the first core, on the others, or wherever the system likes. */
export type Place = 'measured' | 'beside' | 'anywhere';

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** A program under test, or a server that a client under test talks to. */
export class Program {
  readonly hello: Hello;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, hello: Hello) {
    this.#child = child;
    this.#lines = lines;
    this.hello = hello;
  }

  /** @throws Error if it ends, or says nothing, instead of getting ready */
  static async start(command: readonly string[], place: Place): Promise<Program> {
    const child = start(place, command, ['pipe', 'pipe', 'inherit']);
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    try {
      const hello: Hello = await nextLine(lines);
      return new Program(child, lines, hello);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** @returns the answer to one of the commands of control.ts */
  async ask<T>(command: string): Promise<T> {
    this.#child.stdin!.write(`${command}\n`);
    return nextLine<T>(this.#lines);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

async function nextLine<T>(lines: AsyncIterator<string>): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(reject, LIMIT, new Error('the program does not answer')).unref();
  });
  const line = await Promise.race([lines.next(), late]);
  if (line.done) throw new Error('the program has ended');
  return JSON.parse(line.value);
}

/** One load generator for each core that the measured process leaves. */
export class Load {
  readonly #processes: readonly LoadProcess[];

  /** @param node the program that runs it */
  constructor(node: string) {
    const count = Math.max(1, Math.min(MAX_LOAD_PROCESSES, cores - 1));
    this.#processes = Array.from({ length: count }, () => new LoadProcess(node));
  }

  /** Opens the connections of a job and starts its traffic. */
  async open(job: LoadJob): Promise<void> {
    const count = this.#processes.length;
    const share = (total: number, i: number) => Math.floor((total + count - 1 - i) / count);
    await Promise.all(
      this.#processes.map((one, i) =>
        one.run({ open: { ...job, connections: share(job.connections, i), slow: share(job.slow, i) } }),
      ),
    );
  }

  async begin(): Promise<void> {
    await this.#all('begin');
  }

  /** Percentiles of several processes are those of the slowest. */
  async end(): Promise<LoadReport> {
    const answers = await this.#all('end');
    const reports = answers.map(({ report }) => report!);
    const sum = (key: 'messages' | 'bytes' | 'cpuMicroseconds') =>
      reports.reduce((total, report) => total + report[key], 0);
    const worst = (key: keyof Latency) => Math.max(...reports.map(({ latency }) => latency[key]));
    return {
      messages: sum('messages'),
      bytes: sum('bytes'),
      nanoseconds: Math.max(...reports.map(({ nanoseconds }) => nanoseconds)),
      cpuMicroseconds: sum('cpuMicroseconds') / reports.length,
      latency: { p50: worst('p50'), p99: worst('p99'), p999: worst('p999'), max: worst('max') },
    };
  }

  async close(): Promise<void> {
    await this.#all('close');
  }

  stop(): void {
    for (const one of this.#processes) one.stop();
  }

  #all(what: 'begin' | 'end' | 'close'): Promise<Answer[]> {
    return Promise.all(this.#processes.map((one) => one.run({ do: what })));
  }
}

export class LoadProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<[Answer]>;

  constructor(node: string, place: Place = 'beside') {
    const program = fileURLToPath(new URL('../load/generator.js', import.meta.url));
    this.#child = start(place, [node, program], ['ignore', 'inherit', 'inherit', 'ipc']);
    this.#ended = once(this.#child, 'exit').then(() => [{ error: 'the load generator has ended' }]);
  }

  /** @throws Error if it fails */
  async run(command: Command): Promise<Answer> {
    this.#child.send(command);
    const answered = once(this.#child, 'message', { signal: AbortSignal.timeout(LIMIT) });
    const [answer] = (await Promise.race([answered, this.#ended])) as [Answer];
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

type Stdio = ('pipe' | 'inherit' | 'ignore' | 'ipc')[];

function start(place: Place, command: readonly string[], stdio: Stdio): ChildProcess {
  const coreList = { measured: MEASURED_CORES, beside: LOAD_CORES, anywhere: undefined }[place];
  const [file = '', ...args] = CAN_PIN && coreList !== undefined ? ['taskset', '-c', coreList, ...command] : command;
  const child = spawn(file, args, { stdio });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['-c', MEASURED_CORES, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
