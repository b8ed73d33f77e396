// The load generator: a process that does one job after another, as its parent tells it. It must not know which server it is.

import type { Answer, Job, TrafficJob } from './job.js';
import { LoadConnection } from './load-connection.js';
import { cpuTime } from './process-figures.js';
import { makeWire, type Wire } from './wire.js';

/** Not more at once, so that no server's backlog overflows. */
const OPENING = 100;
const NOTHING: Answer = { messages: 0, nanoseconds: 0, cpuNanoseconds: 0 };

let open: LoadConnection[] = [];

process.on('message', (job: Job) => {
  run(job).then(answer, (error: Error) => answer({ ...NOTHING, error: error.message }));
});
process.on('disconnect', () => process.exit());

function answer(answer: Answer): void {
  process.send?.(answer);
}

async function run(job: Job): Promise<Answer> {
  for (const connection of open) connection.destroy();
  open = [];
  return new Promise((resolve, reject) => {
    const work = job.kind === 'idle' ? openAll(job, undefined, () => {}, reject) : carry(job, reject);
    work.then(resolve, reject);
  });
}

type OnReplies = (count: number, connection: LoadConnection) => void;

/** @param wire what is sent, if anything is */
async function openAll(
  { port, connections, kind }: Job,
  wire: Wire | undefined,
  onReplies: OnReplies,
  onError: (error: Error) => void,
): Promise<Answer> {
  while (open.length < connections) {
    const count = Math.min(OPENING, connections - open.length);
    const some = Array.from({ length: count }, () => new LoadConnection(port, `/${kind}`, wire, onReplies, onError));
    open.push(...some);
    await Promise.all(some.map((connection) => connection.opened()));
  }
  return NOTHING;
}

/** Carries messages, and counts them. */
async function carry(job: TrafficJob, onError: (error: Error) => void): Promise<Answer> {
  const { kind, pid, isText, size, inFlight, connections } = job;
  let messages = 0;
  let isStopped = false;
  const onEcho: OnReplies = (count, connection) => {
    messages += count;
    if (!isStopped) connection.send(count);
  };
  // Each message comes back once on every connection.
  let whole = 0;
  const onBroadcast: OnReplies = (count) => {
    messages += count;
    const more = Math.floor(messages / connections) - whole;
    whole += more;
    if (more > 0 && !isStopped) open[0]!.send(more);
  };
  await openAll(job, makeWire(isText, size), kind === 'echo' ? onEcho : onBroadcast, onError);
  for (const connection of kind === 'echo' ? open : open.slice(0, 1)) connection.send(inFlight);

  await sleep(job.warmup);
  const before = { messages, time: process.hrtime.bigint(), cpu: cpuTime(pid) };
  await sleep(job.window);
  const cpuNanoseconds = cpuTime(pid) - before.cpu;
  const nanoseconds = Number(process.hrtime.bigint() - before.time);
  isStopped = true;
  return { messages: messages - before.messages, nanoseconds, cpuNanoseconds };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
