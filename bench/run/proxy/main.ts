// `npm run bench -- proxy`: what `wsimd proxy` costs a connection, beside a direct one and two relays that do not look at what they
// relay: two sockets of Node that are piped into each other, and HAProxy, a program in C. Client, relay and server are three processes.

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { summarize } from '../../core/statistics.js';
import type { ServerJob } from '../../subjects/server/job.js';
import { commandFor, findPrograms, libraryOf, SUBJECTS } from '../../subjects/subjects.js';
import { CAN_PIN, LoadProcess, type Place, Program } from '../life/processes.js';
import type { LoadJob, LoadReport } from '../load/job.js';
import { describeMachine } from '../machine.js';
import { haproxyVersion, startHaproxy, startProxy } from './relays.js';

const HELP = `npm run bench -- proxy [options]

Messages that a server echoes, directly and through relays: messages a second, latency, and the processor time of each of the three
processes. Linux only.

  --server NAME     the server: wsimd, ws, or socket, which answers prepared bytes (default wsimd)
  --place PLACE     where client and server run: apart, on a core each, or together, on one. Either is what a system may choose for them,
                    and they are told that nobody else is there. The relay always runs where the system likes (default both)
  --rounds N        turns of each route that count (default 7)
  --window N        milliseconds of a turn (default 200)
  --only WORD       cases whose name contains this
  --option OPTION   an option of wsimd proxy, such as --option=--json; may be given more than once
  --help            this`;

const PIPE = fileURLToPath(new URL('pipe.js', import.meta.url));
/** Milliseconds of traffic before a turn counts. */
const SETTLING = 150;
/** The same before the first turn of a route. */
const WARM_UP = 600;

type Case = Pick<LoadJob, 'connections' | 'size' | 'inFlight'>;

const CASES: readonly Case[] = [
  { size: 64, inFlight: 1, connections: 1 },
  { size: 64, inFlight: 16, connections: 1 },
  { size: 64, inFlight: 16, connections: 8 },
  { size: 64, inFlight: 1024, connections: 1 },
  { size: 16 * 1024, inFlight: 1, connections: 1 },
  { size: 16 * 1024, inFlight: 16, connections: 1 },
  { size: 16 * 1024, inFlight: 16, connections: 8 },
];

type Placement = 'apart' | 'together';

/** Left to itself, a system chooses one of these, and a direct connection may be four times as fast with one as with the other. */
const PLACEMENTS: Readonly<
  Record<Placement, { readonly client: Place; readonly server: Place; readonly words: string }>
> = {
  apart: { client: 'beside', server: 'measured', words: 'client and server on a core each' },
  together: { client: 'measured', server: 'measured', words: 'client and server on one core' },
};

type Route = 'direct' | 'pipe' | 'haproxy' | 'proxy';
/** Processes whose processor time is told. */
const ACTORS = ['client', 'relay', 'watcher', 'server'] as const;

interface Turn {
  readonly rate: number;
  /** Microseconds. */
  readonly latency: number;
  /** Nanoseconds of each process for a message; `watcher` are the threads of the relay beside its first. */
  readonly cpu: Readonly<Record<(typeof ACTORS)[number], number>>;
  /** Processor time for each second that passes. */
  readonly cores: number;
}

interface Options {
  readonly server: 'wsimd' | 'ws' | 'socket';
  readonly placement: Placement;
  readonly rounds: number;
  readonly window: number;
  readonly proxyOptions: readonly string[];
  readonly routes: readonly Route[];
}

export async function runProxy(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      server: { type: 'string', default: 'wsimd' },
      place: { type: 'string' },
      rounds: { type: 'string', default: '7' },
      window: { type: 'string', default: '200' },
      only: { type: 'string', default: '' },
      option: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const { server } = values;
  if (server !== 'wsimd' && server !== 'ws' && server !== 'socket')
    throw new RangeError('--server wsimd, ws or socket');
  const { place } = values;
  if (place !== undefined && place !== 'apart' && place !== 'together')
    throw new RangeError('--place apart or together');
  const haproxy = haproxyVersion();
  const options: Omit<Options, 'placement'> = {
    server,
    rounds: Number(values.rounds),
    window: Number(values.window),
    proxyOptions: values.option,
    routes: haproxy === undefined ? ['direct', 'pipe', 'proxy'] : ['direct', 'pipe', 'haproxy', 'proxy'],
  };
  console.log(haproxy === undefined ? 'HAProxy is not installed: left out.' : `HAProxy ${haproxy}`);
  if (!CAN_PIN) console.log('Without taskset, all processes run where the system likes.');
  const { cpu, cores } = describeMachine();
  console.log(
    `Node ${process.versions.node} on ${cpu}, ${cores} cores; the server: ${server}. Medians of ${options.rounds} turns.`,
  );
  console.log('CPU: microseconds of client, relay (its first thread + its others) and server for a message.\n');
  const placements: readonly Placement[] = place === undefined ? ['apart', 'together'] : [place];
  for (const placement of placements) {
    console.log(`${PLACEMENTS[placement].words}\n`);
    for (const one of CASES) {
      if (!nameOf(one).includes(values.only)) continue;
      console.log(tell(one, await measure(one, { ...options, placement }), options.routes));
    }
  }
}

function nameOf({ size, inFlight, connections }: Case): string {
  const bytes = size < 1024 ? `${size} B` : `${size / 1024} KiB`;
  return `${bytes} x ${inFlight}, ${connections} connection${connections === 1 ? '' : 's'}`;
}

type Turns = Readonly<Record<Route, Turn[]>>;

async function measure(one: Case, options: Options): Promise<Turns> {
  const turns: Turns = { direct: [], pipe: [], haproxy: [], proxy: [] };
  const place = PLACEMENTS[options.placement];
  const server = await startServer(one, options.server, place.server);
  const target = server.hello.port;
  const pipe = await Program.start([process.execPath, PIPE, String(target)], 'anywhere');
  const load = new LoadProcess(process.execPath, place.client);
  const proxy = await startProxy(target, options.proxyOptions);
  const haproxy = options.routes.includes('haproxy') ? await startHaproxy(target) : undefined;
  try {
    const routes = {
      direct: { port: target, pid: undefined },
      pipe: { port: pipe.hello.port, pid: pipe.pid },
      haproxy: { port: haproxy?.port ?? 0, pid: haproxy?.pid },
      proxy: { port: proxy.port, pid: proxy.pid },
    };
    for (let round = 0; round <= options.rounds; round++) {
      for (const name of rotated(options.routes, round)) {
        const { port, pid } = routes[name];
        const turn = await takeTurn(
          one,
          port,
          load,
          { client: load.pid, relay: pid, server: server.pid },
          {
            settling: round === 0 ? WARM_UP : SETTLING,
            window: round === 0 ? 0 : options.window,
          },
        );
        if (round > 0) turns[name].push(turn);
      }
    }
  } finally {
    proxy.stop();
    haproxy?.stop();
    load.stop();
    pipe.stop();
    server.stop();
  }
  return turns;
}

/** Each round starts with another route: a route that always followed the same one would share whatever load comes at that pace. */
function rotated(routes: readonly Route[], round: number): Route[] {
  const first = round % routes.length;
  return [...routes.slice(first), ...routes.slice(0, first)];
}

async function takeTurn(
  one: Case,
  port: number,
  load: LoadProcess,
  pids: { readonly client: number; readonly relay: number | undefined; readonly server: number },
  times: { readonly settling: number; readonly window: number },
): Promise<Turn> {
  await load.run({
    open: {
      ...{ ...one, port, kind: 'echo', isTls: false, isHttp2: false, form: 'binary' },
      ...{ compression: 'off', isStream: false, slow: 0 },
    },
  });
  await sleep(times.settling);
  await load.run({ do: 'begin' });
  const before = readProcessorTimes(pids);
  await sleep(times.window);
  const after = readProcessorTimes(pids);
  const report = (await load.run({ do: 'end' })).report!;
  await load.run({ do: 'close' });
  return turnOf(report, before, after);
}

type ProcessorTimes = Turn['cpu'];

function turnOf({ messages, nanoseconds, latency }: LoadReport, before: ProcessorTimes, after: ProcessorTimes): Turn {
  const spent = (actor: (typeof ACTORS)[number]) => after[actor] - before[actor];
  const each = (actor: (typeof ACTORS)[number]) => spent(actor) / messages;
  return {
    rate: messages / (nanoseconds / 1e9),
    latency: latency.p50 * 1000,
    cpu: { client: each('client'), relay: each('relay'), watcher: each('watcher'), server: each('server') },
    cores: ACTORS.reduce((sum, actor) => sum + spent(actor), 0) / nanoseconds,
  };
}

/** Nanoseconds that the processes have had a core. */
function readProcessorTimes(pids: {
  readonly client: number;
  readonly relay: number | undefined;
  readonly server: number;
}): ProcessorTimes {
  const { relay } = pids;
  const first = relay === undefined ? 0 : readThread(relay, String(relay));
  const whole = relay === undefined ? 0 : readProcess(relay);
  return { client: readProcess(pids.client), relay: first, watcher: whole - first, server: readProcess(pids.server) };
}

function readProcess(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + readThread(pid, thread), 0);
}

function readThread(pid: number, thread: string): number {
  return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
}

function tell(one: Case, turns: Turns, routes: readonly Route[]): string {
  const median = (route: Route, of: (turn: Turn) => number) => summarize(turns[route].map(of)).median;
  const lines = routes.map((route) => {
    const rate = median(route, (turn) => turn.rate);
    const latency = median(route, (turn) => turn.latency);
    const added = route === 'direct' ? '' : `  ${signed(latency - median('direct', (turn) => turn.latency))}`;
    const cpu = (actor: (typeof ACTORS)[number]) => (median(route, (turn) => turn.cpu[actor]) / 1000).toFixed(2);
    return [
      `  ${route.padEnd(7)}`,
      `${Math.round(rate).toLocaleString('en').padStart(9)}/s`,
      (rate / median('direct', (turn) => turn.rate)).toFixed(2),
      `p50 ${Math.round(latency)} us${added}`.padEnd(20),
      `CPU ${cpu('client')}, ${cpu('relay')} + ${cpu('watcher')}, ${cpu('server')}`,
      `${median(route, (turn) => turn.cores).toFixed(2)} cores`,
    ].join('  ');
  });
  return `${nameOf(one)}\n${lines.join('\n')}\n`;
}

function signed(microseconds: number): string {
  return `${microseconds < 0 ? '' : '+'}${Math.round(microseconds)}`;
}

function startServer({ size, inFlight }: Case, name: Options['server'], place: Place): Promise<Program> {
  const job: ServerJob = {
    ...{ kind: 'echo', library: libraryOf(name), form: 'binary', size, inFlight, isBorrowed: false },
    ...{ reply: 'sync', compression: 'off', isHttp2: false, heapObjects: 0 },
  };
  return Program.start(commandFor(SUBJECTS[name], job, findPrograms(process.execPath))!, place);
}
