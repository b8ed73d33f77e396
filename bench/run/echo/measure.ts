// Measures servers in turns: echo, broadcast, idle connections. It must not know how the figures are shown.

import type { Measurement, Plan } from '../../core/harness.js';
import type { TrafficJob } from './job.js';
import { residentBytes } from './process-figures.js';
import { LoadGenerator, type Server, startServer } from './processes.js';
import { bareSocket, findServers, type ServerKind } from './subjects.js';

/** What a server is sent. */
export type Traffic = Pick<TrafficJob, 'kind' | 'connections' | 'isText' | 'size' | 'inFlight'>;

/** Nanoseconds a message, on the clock and of the server's processor time. */
export interface TrafficFigures {
  readonly clock: readonly Measurement[];
  readonly cpu: readonly Measurement[];
}

const MAX_ROUNDS = 15;
/** From so many rounds of a plan on, memory is measured three times. */
const MANY_ROUNDS = 15;
/** The first round of a server, in which its code is compiled, lasts this many times as long and does not count. */
const WARMUP = 8;
const SETTLE = 300;

/**
 * How many rounds, and milliseconds of counting in each: bounded, whatever the plan is. Many short ones: what else goes on on the
 * machine then falls upon all servers alike.
 */
function pace(plan: Plan): { rounds: number; window: number } {
  return {
    rounds: Math.max(3, Math.min(MAX_ROUNDS, Math.round(plan.rounds / 2))),
    window: Math.min(200, plan.turn * 20),
  };
}

/** @throws Error if a server sends anything but what it should */
export async function measureTraffic(traffic: Traffic, plan: Plan): Promise<TrafficFigures> {
  const { rounds, window } = pace(plan);
  const load = new LoadGenerator();
  const servers: Server[] = [];
  try {
    for (const kind of findEchoServers(traffic)) servers.push(await startServer(kind));
    const clock = servers.map(({ name }) => ({ name, samples: [] as number[] }));
    const cpu = servers.map(({ name }) => ({ name, samples: [] as number[] }));
    for (let round = -1; round < rounds; round++) {
      for (let turn = 0; turn < servers.length; turn++) {
        // Each round begins with another one.
        const i = (turn + Math.max(0, round)) % servers.length;
        const { port, pid } = servers[i]!;
        const warmup = round < 0 ? window * WARMUP : window / 2;
        const answer = await load.run({ ...traffic, port, pid, warmup, window: round < 0 ? 1 : window });
        if (round < 0) continue;
        clock[i]!.samples.push(perMessage(answer.nanoseconds, answer.messages));
        cpu[i]!.samples.push(perMessage(answer.cpuNanoseconds, answer.messages));
      }
    }
    return { clock, cpu };
  } finally {
    for (const server of servers) server.stop();
    load.stop();
  }
}

/** A broadcast is work of the server's; prepared bytes are no answer to it. */
function findEchoServers({ kind, isText, size }: Traffic): ServerKind[] {
  return kind === 'echo' ? [...findServers(), bareSocket(isText, size)] : findServers();
}

function perMessage(nanoseconds: number, messages: number): number {
  return Number((nanoseconds / messages).toPrecision(5));
}

/** Bytes that each idle connection costs a server, resident and on its heap. */
export async function measureIdle(connections: number, plan: Plan): Promise<Measurement[]> {
  const rounds = plan.rounds >= MANY_ROUNDS ? 3 : 1;
  const samples = new Map<string, number[]>();
  const add = (name: string, bytes: number) => {
    samples.set(name, [...(samples.get(name) ?? []), Math.round(bytes / connections)]);
  };
  for (let round = 0; round < rounds; round++) {
    for (const kind of findServers()) {
      // A process of its own each time: what one has taken from the system it does not give back.
      const server = await startServer(kind);
      const load = new LoadGenerator();
      try {
        // The first few make what all of them need.
        await load.run({ kind: 'idle', port: server.port, connections: 10 });
        const before = await memory(server);
        const more = new LoadGenerator();
        await more.run({ kind: 'idle', port: server.port, connections });
        await sleep(SETTLE);
        const after = await memory(server);
        more.stop();
        add(kind.name, after.resident - before.resident);
        if (after.heap !== undefined && before.heap !== undefined) add(`${kind.name} heap`, after.heap - before.heap);
      } finally {
        load.stop();
        server.stop();
      }
    }
  }
  return [...samples].map(([name, samples]) => ({ name, samples }));
}

async function memory(server: Server): Promise<{ heap: number | undefined; resident: number }> {
  const heap = await server.heap();
  return { heap, resident: residentBytes(server.pid) };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
