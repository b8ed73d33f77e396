// The load generator: a process that does one job after another, as its parent says. It doesn't know which server it talks to.

import { Histogram } from '../../../src/cli/load/histogram.js';
import { summarizeLatency } from '../../subjects/server/latency.js';
import { ByteChecker, type Checker, CompressedChecker, PayloadChecker, PushChecker } from './checkers.js';
import { LoadConnection, type Traffic } from './connection.js';
import type { Answer, Command, LoadJob, LoadReport } from './job.js';
import { closeShared, openTransport } from './transport.js';
import { makeCompressedRequests, makeJsonCycle, makePayloadCycle, makeReplies, makeRequests } from './wire.js';

/** Not more at once, so that no server's backlog overflows. */
const OPENING = 100;
/** Handshakes on their way at once. */
const HANDSHAKES = 32;

let job: LoadJob | undefined;
let connections: LoadConnection[] = [];
let traffic: Traffic | undefined;
let verify: (() => void) | undefined;
let failure: Error | undefined;

let messages = 0;
let bytes = 0;
let latencies = new Histogram();
let start = process.hrtime.bigint();
let cpu = process.cpuUsage();

process.on('message', (command: Command) => {
  run(command).then(answer, (error: Error) => answer({ error: error.message }));
});
process.on('disconnect', () => process.exit());

function answer(answer: Answer): void {
  process.send?.(answer);
}

async function run(command: Command): Promise<Answer> {
  if ('open' in command) {
    await open(command.open);
    return {};
  }
  if (failure !== undefined) throw failure;
  if (command.do === 'begin') {
    messages = 0;
    bytes = 0;
    latencies = new Histogram();
    start = process.hrtime.bigint();
    cpu = process.cpuUsage();
    return {};
  }
  if (command.do === 'end') return { report: report() };
  close();
  return {};
}

function report(): LoadReport {
  const { user, system } = process.cpuUsage(cpu);
  return {
    messages,
    bytes,
    nanoseconds: Number(process.hrtime.bigint() - start),
    cpuMicroseconds: user + system,
    latency: summarizeLatency(latencies),
  };
}

async function open(wanted: LoadJob): Promise<void> {
  job = wanted;
  failure = undefined;
  messages = 0;
  const current: Traffic = {
    requests: makeRequestsOf(wanted),
    limit: wanted.limit ?? Number.POSITIVE_INFINITY,
    isStopped: false,
    onMessages: (count, length) => {
      messages += count;
      bytes += length;
    },
    onLatency: (milliseconds) => latencies.add(milliseconds),
  };
  traffic = current;
  if (wanted.kind === 'handshake') {
    for (let i = 0; i < HANDSHAKES; i++) repeatHandshakes(wanted, current).catch(fail);
    return;
  }
  const makeChecker = checkerOf(wanted, current);
  while (connections.length < wanted.connections) {
    const count = Math.min(OPENING, wanted.connections - connections.length);
    const some = Array.from(
      { length: count },
      (_, i) => new LoadConnection(current, makeChecker(connections.length + i)),
    );
    await Promise.all(some.map((connection) => connectOne(connection, wanted)));
    connections.push(...some);
  }
  for (const connection of connections.slice(0, wanted.slow)) connection.stopReading();
  if (wanted.kind !== 'echo') return;
  for (const connection of connections) connection.send(wanted.inFlight);
  if (wanted.limit === undefined) return;
  while (messages < wanted.limit * wanted.connections && failure === undefined) await sleep(10);
}

async function connectOne(connection: LoadConnection, wanted: LoadJob): Promise<void> {
  connection.transport = await openTransport(
    wanted,
    (chunk, from, to) => {
      try {
        connection.take(chunk, from, to);
      } catch (error) {
        fail(error as Error);
      }
    },
    fail,
  );
}

async function repeatHandshakes(wanted: LoadJob, current: Traffic): Promise<void> {
  while (!current.isStopped) {
    const before = performance.now();
    const transport = await openTransport(wanted, () => fail(new Error('the server sends something')), fail);
    current.onLatency(performance.now() - before);
    current.onMessages(1, 0);
    transport.cut();
  }
}

/** The next command gets it. */
function fail(error: Error): void {
  if (traffic?.isStopped !== true) failure ??= error;
}

function close(): void {
  if (traffic !== undefined) traffic.isStopped = true;
  for (const connection of connections) connection.cut();
  connections = [];
  closeShared();
  verify?.();
  verify = undefined;
}

function makeRequestsOf(wanted: LoadJob): Traffic['requests'] {
  if (wanted.kind !== 'echo') return undefined;
  if (wanted.compression === 'off') return makeRequests(wanted);
  return makeCompressedRequests(makeJsonCycle(wanted.size), wanted.compression);
}

function checkerOf(wanted: LoadJob, current: Traffic): (index: number) => Checker {
  if (wanted.kind === 'receive') return () => new PushChecker(wanted.size, current.onLatency);
  if (wanted.kind !== 'echo') return () => ({ take: () => refuseBytes() });
  if (wanted.isStream) {
    const payloads = makePayloadCycle(wanted);
    return () => new PayloadChecker(payloads);
  }
  if (wanted.compression === 'off') {
    const replies = makeReplies(wanted);
    return () => new ByteChecker(replies);
  }
  const payloads = makeJsonCycle(wanted.size);
  return (index) => {
    const checker = new CompressedChecker(payloads, wanted.compression === 'takeover', index === 0);
    if (index === 0) verify = () => checker.verify();
    return checker;
  };
}

/** Memory is measured with messages pending that arrive later; what they are is checked elsewhere. */
function refuseBytes(): number {
  if (job?.kind === 'idle') return 0;
  throw new Error('the server sends something');
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
