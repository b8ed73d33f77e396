// Starts the servers and the load generator, each on a core of its own where there are two, and ends them with this process.
// It must not know what is measured.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Answer, Job } from './job.js';
import type { MemoryReport } from './servers/serving.js';
import type { ServerKind } from './subjects.js';

/** A server that listens. */
export interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** What its heap and its buffers hold after a collection; undefined where it cannot say. */
  heap(): Promise<number | undefined>;
  stop(): void;
}

const SERVER_CORE = 0;
const LOAD_CORE = 1;
const JOB_LIMIT = 60_000;
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

const canPin = availableParallelism() >= 2 && hasTaskset();

/** How the processes are spread, for the notes. */
export const PINNING = canPin
  ? 'The server has one core to itself, the load another.'
  : 'Server and load share the cores: taskset is not there.';

export async function startServer(kind: ServerKind): Promise<Server> {
  const { name, reportsMemory } = kind;
  const child = start(SERVER_CORE, kind.command, ['pipe', 'pipe', 'inherit']);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const nextLine = async () => {
    // The last line comes before the end of the process.
    const line = await lines.next();
    if (line.done) throw new Error(`the ${name} server has ended`);
    return line.value;
  };
  const port = Number(await nextLine());
  const heap = async () => {
    if (!reportsMemory) return undefined;
    child.stdin!.write('\n');
    return (JSON.parse(await nextLine()) as MemoryReport).heap;
  };
  return { name, pid: child.pid!, port, heap, stop: () => stop(child) };
}

/** The process that opens connections and sends. */
export class LoadGenerator {
  readonly #child: ChildProcess;
  readonly #ended: Promise<[{ readonly error: string }]>;

  constructor() {
    const program = fileURLToPath(new URL('load.js', import.meta.url));
    this.#child = start(LOAD_CORE, [process.execPath, program], ['ignore', 'inherit', 'inherit', 'ipc']);
    this.#ended = once(this.#child, 'exit').then(() => [{ error: 'the load generator has ended' }]);
  }

  /** @throws Error if it fails or takes longer than a minute */
  async run(job: Job): Promise<Answer> {
    this.#child.send(job);
    const answered = once(this.#child, 'message', { signal: AbortSignal.timeout(JOB_LIMIT) });
    const [answer] = (await Promise.race([answered, this.#ended])) as [Answer];
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  stop(): void {
    stop(this.#child);
  }
}

type Stdio = ('pipe' | 'inherit' | 'ignore' | 'ipc')[];

function start(core: number, command: readonly string[], stdio: Stdio): ChildProcess {
  const [file = '', ...args] = canPin ? ['taskset', '-c', String(core), ...command] : command;
  const child = spawn(file, args, { stdio });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

function stop(child: ChildProcess): void {
  child.kill('SIGKILL');
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['-c', String(SERVER_CORE), 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
