// Runs rounds against one server process, a few at a time, and collects what is wrong.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Guard } from '../guard.js';
import { ServerProcess } from '../server-process.js';
import { Endpoint } from './endpoints/endpoint.js';
import { RawEndpoint } from './endpoints/raw-endpoint.js';
import { Dialler } from './endpoints/transports.js';
import { type ConnectionPlan, type Implementation, makeRound, type Transport } from './script/rounds.js';
import type { ChaosQuestion, Idle } from './server.js';
import type { EndReport } from './verdict/log.js';
import { verifyConnection } from './verdict/verify.js';

export interface ChaosOptions {
  readonly transport: Transport;
  readonly implementation: Implementation;
  readonly rounds: number;
  /** Of the first round; the others have the seeds behind it. */
  readonly seed: number;
  /** Rounds at a time. */
  readonly concurrency: number;
  /** Milliseconds after which no more rounds begin. */
  readonly maxDuration?: number | undefined;
}

export interface ChaosResult {
  readonly rounds: number;
  readonly connections: number;
  /** Of them, those whose both ends got a Close frame. */
  readonly clean: number;
  readonly messages: number;
  readonly deliberateErrors: number;
  /** MiB in the server process: after the first tenth of the rounds, and at the end. */
  readonly memory: readonly number[];
  /** Each with the seed of its round, where it is a round's. */
  readonly faults: readonly { readonly seed?: number; readonly fault: string }[];
}

/** Milliseconds for a connection: longer than the longest close timeout. */
const PATIENCE = 45_000;
/**
 * MiB that the server may gain behind the first tenth of the rounds. Measured over 500 and 2,000 rounds: it gains up to 9, and
 * loses as many; the pools of slabs keep at most 10.
 */
const MEMORY_ALLOWANCE = 24;

export async function runChaos(options: ChaosOptions, guard: Guard): Promise<ChaosResult> {
  const run = new ChaosRun(options, guard);
  try {
    return await run.run();
  } finally {
    await run.stop();
  }
}

class ChaosRun {
  readonly #options: ChaosOptions;
  readonly #guard: Guard;
  readonly #server: ServerProcess;
  readonly #faults: { seed?: number; fault: string }[] = [];
  readonly #started = Date.now();
  #ports: readonly number[] = [];
  #rounds = 0;
  #connections = 0;
  #clean = 0;
  #messages = 0;

  constructor(options: ChaosOptions, guard: Guard) {
    this.#options = options;
    this.#guard = guard;
    const file = join(fileURLToPath(new URL('.', import.meta.url)), 'server.js');
    this.#server = new ServerProcess(file, [options.transport, options.implementation]);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  #ask<Answer>(question: ChaosQuestion): Promise<Answer | undefined> {
    return this.#server.ask<Answer>(question);
  }

  async run(): Promise<ChaosResult> {
    const { rounds, seed } = this.#options;
    this.#ports = (await this.#ask<number[]>({ what: 'ports' })) ?? [];
    await this.#reserveMemory();
    const warmUp = Math.ceil(rounds / 10);
    await this.#runRounds(seed, warmUp);
    const before = await this.#ask<Idle>({ what: 'idle' });
    this.#judgeIdle(before);
    await this.#runRounds(seed + warmUp, rounds - warmUp);
    const after = await this.#ask<Idle>({ what: 'idle' });
    this.#judgeIdle(after);
    const memory = [before?.memory ?? 0, after?.memory ?? 0];
    if (memory[1]! > memory[0]! + MEMORY_ALLOWANCE) {
      this.#faults.push({ fault: `the server has grown from ${memory[0]} to ${memory[1]} MiB` });
    }
    this.#faults.push(...this.#guard.faults.map((fault) => ({ fault: `client process: ${fault}` })));
    const exit = this.#server.unexpectedExit;
    if (exit !== undefined) this.#faults.push({ fault: exit });
    return {
      ...{ rounds: this.#rounds, connections: this.#connections, clean: this.#clean, messages: this.#messages },
      deliberateErrors: (after?.deliberate ?? 0) + this.#guard.deliberate,
      memory,
      faults: this.#faults,
    };
  }

  /** Each server reserves 65 MiB of addresses for compression with its first client that asks for it: that is no leak. */
  async #reserveMemory(): Promise<void> {
    const { transport, implementation } = this.#options;
    for (const port of this.#ports) {
      const dialler = new Dialler(transport, port);
      const { socket } = dialler.dial(implementation === 'oracle' ? 'ws' : 'wsimd', '/', { perMessageDeflate: true });
      socket.on('error', () => {});
      await new Promise((resolve) => socket.once('close', resolve));
      dialler.close();
    }
  }

  #judgeIdle(idle: Idle | undefined): void {
    if (idle === undefined) {
      this.#faults.push({ fault: 'the server does not answer' });
      return;
    }
    const { faults, clients, sockets, unclaimed } = idle;
    const known = new Set(this.#faults.map(({ fault }) => fault));
    for (const fault of faults) {
      if (!known.has(`server process: ${fault}`)) this.#faults.push({ fault: `server process: ${fault}` });
    }
    if (clients > 0) this.#faults.push({ fault: `the server keeps ${clients} clients` });
    if (sockets > 0) this.#faults.push({ fault: `the server keeps ${sockets} sockets` });
    for (const [key, report] of unclaimed) {
      const seed = Number(key.split('/')[0]);
      for (const fault of verifyConnection(undefined, report)) this.#faults.push({ seed, fault });
    }
  }

  async #runRounds(first: number, count: number): Promise<void> {
    const { maxDuration = Number.POSITIVE_INFINITY, concurrency } = this.#options;
    let next = first;
    const worker = async () => {
      while (next < first + count && Date.now() - this.#started < maxDuration) {
        if (this.#server.unexpectedExit !== undefined) return;
        await this.#runRound(next++);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  }

  async #runRound(seed: number): Promise<void> {
    const { transport, implementation } = this.#options;
    const plan = makeRound(seed, transport, implementation);
    const dialler = new Dialler(transport, this.#ports[plan.server]!);
    const endpoints: (Endpoint | RawEndpoint)[] = [];
    const runs = plan.connections.map((connection, at) => this.#connect(dialler, connection, seed, at, endpoints));
    if (plan.sessionCut !== undefined) {
      await sleep(plan.sessionCut);
      for (const { log } of endpoints) log.cuts.add('session');
      dialler.cutSession();
    }
    const reports = await Promise.all(runs);
    dialler.close();
    this.#rounds++;
    for (const [at, report] of reports.entries()) {
      const server = await this.#ask<EndReport>({ what: 'report', key: `${seed}/${at}`, patience: PATIENCE });
      this.#connections++;
      this.#messages += (server?.received.length ?? 0) + (report?.received.length ?? 0);
      const codes = [report, server].map((end) => end?.closes[0]?.code ?? 1006);
      if (!codes.includes(1006)) this.#clean++;
      const who = `round ${seed}, connection ${at} of ${plan.connections.length}, server ${plan.server}`;
      for (const fault of verifyConnection(report, server)) this.#faults.push({ seed, fault: `${who}: ${fault}` });
    }
  }

  /** @returns the report of the client's end; undefined if there was no connection */
  async #connect(
    dialler: Dialler,
    plan: ConnectionPlan,
    seed: number,
    at: number,
    endpoints: (Endpoint | RawEndpoint)[],
  ): Promise<EndReport | undefined> {
    const path = `/?seed=${seed}&at=${at}`;
    if (plan.client === 'raw') {
      const connection = await dialler.dialRaw(path, plan.offersDeflate);
      if (connection === undefined) return undefined;
      const { socket, head, hasDeflate, reset } = connection;
      const endpoint = new RawEndpoint(socket, head, {
        name: 'raw client',
        script: plan.clientScript,
        reset,
        hasDeflate,
      });
      endpoints.push(endpoint);
      void endpoint.run();
      return endpoint.finished;
    }
    const { socket, reset } = dialler.dial(plan.client, path, plan.clientOptions);
    const endpoint = new Endpoint(socket, {
      name: `${plan.client} client`,
      isServer: false,
      script: plan.clientScript,
      reset,
      neighbours: () => endpoints.filter((one) => one instanceof Endpoint),
    });
    endpoints.push(endpoint);
    socket.on('open', () => void endpoint.run());
    if (plan.early !== undefined) {
      const { how, milliseconds } = plan.early;
      setTimeout(() => {
        endpoint.log.cuts.add('early');
        if (how === 'terminate') socket.terminate();
        else reset();
      }, milliseconds);
    }
    const late = sleep(PATIENCE, undefined, { ref: false });
    return (await Promise.race([endpoint.finished, late])) ?? endpoint.log.report();
  }
}
