// One run of the load generator: opens the connections, lets them send for a while, ends them; what came of it as figures.
// It prints nothing.

import { setMaxListeners } from 'node:events';
import { ProtocolError } from '../../index.js';
import type { ClientOptions } from '../client/client-options.js';
import { dial } from '../client/dial.js';
import { dialErrorText, errorKind } from '../client/dial-errors.js';
import { Histogram } from './histogram.js';
import { LoadConnection, type LoadCounts, type LoadOptions } from './load-connection.js';

export interface RunOptions {
  readonly client: ClientOptions;
  readonly connections: number;
  /** Seconds. */
  readonly duration: number;
  /** Messages a second, of all connections together; undefined: as fast as answers come. */
  readonly rate: number | undefined;
  readonly load: Omit<LoadOptions, 'interval'>;
  /** Ends the run early. */
  readonly signal: AbortSignal;
  /** Called once a second, and once when all are open. */
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  /** Connections that are open. */
  readonly open: number;
  /** Seconds since the first message; 0 while connections are opened. */
  readonly seconds: number;
  /** Messages that came back since the last call. */
  readonly messages: number;
  /** Seconds since the last call. */
  readonly elapsed: number;
}

/** Durations are milliseconds. */
export interface Figures {
  readonly connections: { readonly asked: number; readonly opened: number; readonly open: number };
  readonly seconds: number;
  readonly messages: number;
  readonly messagesPerSecond: number;
  /** Of payload, each way. */
  readonly megabytesPerSecond: number;
  readonly latency: Readonly<Record<'mean' | 'p50' | 'p90' | 'p99' | 'p99.9' | 'max', number>>;
  /** How often each kind of error came. */
  readonly errors: Readonly<Record<string, number>>;
  /** Of the kinds that kept connections from being opened: what the first of each kind said. */
  readonly reasons: Readonly<Record<string, string>>;
  /** How many latencies lie up to each bound; bounds grow by a factor of 2, from the one that holds the shortest. */
  readonly histogram: readonly { readonly upTo: number; readonly messages: number }[];
  /** The processor time that the generator itself took, as a part of one core. Near 1 it is what was measured. */
  readonly cpu: number;
  readonly wasInterrupted: boolean;
}

/** Connections that are opened at the same time: more would overflow the queue of a server that listens. */
const MAX_OPENING = 100;
const READ_LENGTH = 256 * 1024;
const PROGRESS_INTERVAL = 1000;
/** Milliseconds for the server to answer the Close frame. */
const CLOSE_TIMEOUT = 1000;

export async function runLoad(options: RunOptions): Promise<Figures> {
  const { signal, rate, duration, load } = options;
  const counts: LoadCounts = { messages: 0, latencies: new Histogram(), errors: new Map() };
  const reasons = new Map<string, string>();
  const interval = rate === undefined ? 0 : (1000 * options.connections) / rate;
  const live = new Set<LoadConnection>();
  const over = new Over();
  // One for each connection that is being opened.
  setMaxListeners(MAX_OPENING + 1, signal);
  signal.addEventListener('abort', () => over.set());
  const opened = await openAll(options, { ...load, interval }, counts, reasons, live, over);

  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  let seconds = 0;
  if (live.size > 0 && !signal.aborted) {
    options.onProgress({ open: live.size, seconds: 0, messages: 0, elapsed: 0 });
    let i = 0;
    // With a rate, the connections take turns.
    const { size } = live;
    for (const connection of live) connection.start(start + (interval * i++) / size);
    const progress = startProgress(options, counts, live, start);
    const ticks = interval > 0 ? setInterval(() => tickAll(live), 1) : undefined;
    const timer = setTimeout(() => over.set(), 1000 * duration);
    await over.promise;
    clearTimeout(timer);
    clearInterval(ticks);
    clearInterval(progress);
    seconds = (performance.now() - start) / 1000;
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const { messages } = counts;
  const open = live.size;
  await closeAll(live);
  return {
    connections: { asked: options.connections, opened, open },
    seconds,
    messages,
    messagesPerSecond: seconds === 0 ? 0 : messages / seconds,
    megabytesPerSecond: seconds === 0 ? 0 : (messages * load.payload.length) / seconds / 1e6,
    latency: latencyOf(counts.latencies),
    errors: Object.fromEntries(counts.errors),
    reasons: Object.fromEntries(reasons),
    histogram: counts.latencies.doublings(),
    cpu: seconds === 0 ? 0 : (user + system) / 1e6 / seconds,
    wasInterrupted: signal.aborted,
  };
}

/** Fulfilled once, by the first who calls. */
class Over {
  readonly promise: Promise<void>;
  set: () => void = () => {};

  constructor() {
    this.promise = new Promise((resolve) => {
      this.set = resolve;
    });
  }
}

/** @returns how many have opened, those included that have ended since */
async function openAll(
  { client, connections, signal }: RunOptions,
  load: LoadOptions,
  counts: LoadCounts,
  reasons: Map<string, string>,
  live: Set<LoadConnection>,
  over: Over,
): Promise<number> {
  const readBuffer = new Uint8Array(READ_LENGTH);
  let left = connections;
  let opened = 0;
  let isDone = false;
  const opener = async () => {
    while (left-- > 0 && !signal.aborted) {
      try {
        const dialled = await dial({ ...client, signal, readBuffer });
        const connection: LoadConnection = new LoadConnection(dialled, load, counts, () => {
          live.delete(connection);
          if (isDone && live.size === 0) over.set();
        });
        opened++;
        live.add(connection);
        connection.listen();
      } catch (error) {
        if (signal.aborted) return;
        const kind = error instanceof ProtocolError ? error.message : errorKind(error);
        counts.errors.set(kind, (counts.errors.get(kind) ?? 0) + 1);
        if (!reasons.has(kind)) reasons.set(kind, dialErrorText(error));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_OPENING, connections) }, opener));
  isDone = true;
  return opened;
}

function startProgress(
  { onProgress }: RunOptions,
  counts: LoadCounts,
  live: ReadonlySet<LoadConnection>,
  start: number,
): NodeJS.Timeout {
  let messages = 0;
  let at = start;
  return setInterval(() => {
    const now = performance.now();
    onProgress({
      open: live.size,
      seconds: (now - start) / 1000,
      messages: counts.messages - messages,
      elapsed: (now - at) / 1000,
    });
    messages = counts.messages;
    at = now;
  }, PROGRESS_INTERVAL);
}

function tickAll(live: ReadonlySet<LoadConnection>): void {
  const now = performance.now();
  for (const connection of live) connection.tick(now);
}

async function closeAll(live: ReadonlySet<LoadConnection>): Promise<void> {
  for (const connection of live) connection.stop();
  const end = performance.now() + CLOSE_TIMEOUT;
  while (performance.now() < end && [...live].some(({ isClosed }) => !isClosed)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  for (const connection of live) connection.destroy();
}

function latencyOf(latencies: Histogram): Figures['latency'] {
  const at = (fraction: number) => latencies.percentile(fraction);
  const { mean, max } = latencies;
  return { mean, p50: at(0.5), p90: at(0.9), p99: at(0.99), 'p99.9': at(0.999), max };
}
