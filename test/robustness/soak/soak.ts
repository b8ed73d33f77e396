// One soak: starts the server, loads it for a time, samples it, and says whether all was well.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { Load } from './load.js';
import type { Sample } from './server.js';
import { type Allowance, type Trend, trendOf } from './trend.js';

export interface SoakOptions {
  readonly minutes: number;
  readonly connections: number;
  readonly rate: number;
  /** Milliseconds between the server's pings; a peer that does not answer for as long again is cut. */
  readonly heartbeat: number;
  readonly seed: number;
  /** Receives each sample. */
  readonly onSample?: (sample: Sample, seconds: number) => void;
}

export interface SoakResult {
  readonly isWell: boolean;
  readonly options: Omit<SoakOptions, 'onSample'>;
  readonly node: string;
  readonly seconds: number;
  /** Cores that each of the two processes used, on average. */
  readonly cores: { readonly server: number; readonly load: number };
  /** Milliseconds for which each of the two was kept from its events at the longest. */
  readonly longestStalls: { readonly server: number; readonly load: number };
  readonly messages: Readonly<Record<'sent' | 'echoed' | 'abandoned' | 'bytes' | 'pings' | 'pongs', number>>;
  readonly connections: Readonly<Record<'opened' | 'closed' | 'aborted' | 'most' | 'ofServer', number>>;
  readonly attacks: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What the server saw: codes of `close`, and of `error`. */
  readonly closeCodes: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  /** What went wrong; the first fifty. */
  readonly faults: readonly string[];
  readonly faultCount: number;
  readonly unhandled: readonly string[];
  readonly samples: number;
  readonly trends: readonly Trend[];
  /** Before the first connection and after the last: connections, heap, resources. */
  readonly before: Sample;
  readonly after: Sample;
}

const MOST_SAMPLES = 240;
/** The part of the time that is not looked at: pools fill, code is compiled. */
const WARM_UP = 0.2;
const MEBIBYTE = 1024 * 1024;
/** How much each figure may grow over the time that is looked at. */
const ALLOWANCES: Readonly<Record<'heapUsed' | 'external' | 'rss' | 'resources', Allowance>> = {
  heapUsed: { share: 0.05, atLeast: 4 * MEBIBYTE },
  external: { share: 0.05, atLeast: 8 * MEBIBYTE },
  // The system's allocator gives back late, and in pieces.
  rss: { share: 0.1, atLeast: 24 * MEBIBYTE },
  resources: { share: 0.05, atLeast: 20 },
};
/** What may still be there once all connections are gone: the listening socket, the channel to us, what Node has. */
const MOST_LEFT = 5;

export async function soak({ onSample = () => {}, ...options }: SoakOptions): Promise<SoakResult> {
  const server = fork(fileURLToPath(new URL('server.js', import.meta.url)), [String(options.heartbeat)], {
    execArgv: ['--expose-gc'],
  });
  try {
    return await run(server, options, onSample);
  } finally {
    server.kill();
  }
}

async function run(
  server: ChildProcess,
  options: Omit<SoakOptions, 'onSample'>,
  onSample: (sample: Sample, seconds: number) => void,
): Promise<SoakResult> {
  const [{ port }] = (await once(server, 'message')) as [{ port: number }];
  const ask = async () => {
    server.send('sample');
    const [{ sample }] = (await once(server, 'message')) as [{ sample: Sample }];
    return sample;
  };
  const before = await ask();
  const cpu = process.cpuUsage();
  const delay = monitorEventLoopDelay();
  delay.enable();
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  const total = options.minutes * 60;
  const count = Math.min(MOST_SAMPLES, Math.ceil(total));
  const load = new Load({ ...options, port });
  const samples: { seconds: number; sample: Sample }[] = [];
  for (let i = 1; i <= count; i++) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, ((i * total) / count - elapsed()) * 1000)));
    const entry = { seconds: elapsed(), sample: await ask() };
    samples.push(entry);
    onSample(entry.sample, entry.seconds);
  }
  await load.stop();
  const seconds = elapsed();
  const after = await settled(ask, before);
  const { user, system } = process.cpuUsage(cpu);

  const { tally } = load;
  const looked = samples.filter((entry) => entry.seconds > total * WARM_UP);
  const trends = (['heapUsed', 'external', 'rss', 'resources'] as const).map((name) =>
    trendOf(
      name,
      looked.map((entry) => ({ seconds: entry.seconds, value: entry.sample[name] })),
      ALLOWANCES[name],
    ),
  );
  const lost = tally.messages - tally.echoed - tally.abandoned;
  if (lost !== 0) tally.fault(`${lost} messages without an echo`);
  if (after.connections !== 0) tally.fault(`${after.connections} connections are left`);
  if (after.resources > before.resources + MOST_LEFT) tally.fault(`${after.resources} resources are left`);
  return {
    isWell: tally.faultCount === 0 && after.unhandled.length === 0 && trends.every(({ isSteady }) => isSteady),
    options,
    node: process.version,
    seconds,
    cores: { server: after.cpuSeconds / seconds, load: (user + system) / 1e6 / seconds },
    longestStalls: { server: Math.round(after.longestStall), load: Math.round(delay.max / 1e6) },
    messages: {
      sent: tally.messages,
      echoed: tally.echoed,
      abandoned: tally.abandoned,
      bytes: tally.bytes,
      pings: tally.pings,
      pongs: tally.pongs,
    },
    connections: {
      opened: tally.opened,
      closed: tally.closed,
      aborted: tally.aborted,
      most: Math.max(...samples.map(({ sample }) => sample.connections)),
      ofServer: after.opened,
    },
    attacks: Object.fromEntries([...tally.attacks].map(([name, outcomes]) => [name, Object.fromEntries(outcomes)])),
    closeCodes: after.closeCodes,
    errors: after.errors,
    faults: tally.faults,
    faultCount: tally.faultCount,
    unhandled: after.unhandled,
    samples: samples.length,
    trends,
    before,
    after,
  };
}

/** Waits until the server has seen that all are gone; not for ever. */
async function settled(ask: () => Promise<Sample>, before: Sample): Promise<Sample> {
  for (let tries = 0; ; tries++) {
    const sample = await ask();
    if ((sample.connections === 0 && sample.resources <= before.resources + MOST_LEFT) || tries === 60) return sample;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
