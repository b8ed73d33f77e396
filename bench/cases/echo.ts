// End to end, over loopback, in separate processes: messages on the clock and of the server's processor time, and what
// connections cost that do nothing. It must not know how things are measured: see echo/.

import { type Group, gaugedWorkload, type Plan } from '../core/harness.js';
import { measureIdle, measureTraffic, type Traffic, type TrafficFigures } from '../run/echo/measure.js';
import { PINNING } from '../run/echo/processes.js';

const CONNECTIONS = 64;
const LISTENERS = 1000;
const IDLE = 5000;
const SIZES = [64, 1024, 16 * 1024];
/** Only with one message in flight: 64 connections with 16 would have a gigabyte on its way. */
const LARGE = 1024 * 1024;
const PEERS = ['ws', 'Bun', 'Deno'] as const;
const DIRECT = 'wsimd direct: with the option directReads.';
const BARE =
  "bare socket: one of Node's that does no WebSocket; it counts the bytes that come and writes as many prepared ones back.";
const LOAD = `The load: a process that keeps messages in flight and compares every byte that comes back. ${PINNING}`;
const ONLY = 'Bun and Deno: Bun.serve and Deno.serve, where npm run bench -- --runtime all has installed them.';

/** Of the two groups that show the same measurement, the first takes it. */
const measured = new Map<string, Promise<TrafficFigures>>();

function measureOnce(traffic: Traffic, plan: Plan): Promise<TrafficFigures> {
  const key = JSON.stringify(traffic);
  let figures = measured.get(key);
  if (figures === undefined) {
    figures = measureTraffic(traffic, plan);
    measured.set(key, figures);
  }
  return figures;
}

const METERS = [
  { meter: 'cpu', title: "the server's processor time a message" },
  { meter: 'clock', title: 'time a message' },
] as const;

function makeGroups(id: string, title: string, sizes: readonly number[], traffic: Omit<Traffic, 'size'>): Group[] {
  return METERS.map(({ meter, title: meterTitle }) => ({
    id: `echo/${id}/${meter}`,
    title: `${title}: ${meterTitle}`,
    notes: traffic.kind === 'echo' ? [LOAD, DIRECT, ONLY, BARE] : [LOAD, DIRECT, ONLY],
    pairs: [
      ...PEERS.map((peer) => ['wsimd', peer] as const),
      ['wsimd direct', 'ws'] as const,
      ...(traffic.kind === 'echo' ? [['wsimd', 'bare socket'] as const] : []),
    ],
    isOnRequest: true,
    cases: sizes.map((size) => ({
      label: String(size),
      make: () => gaugedWorkload(size, async (plan) => [...(await measureOnce({ ...traffic, size }, plan))[meter]]),
    })),
  }));
}

const idleGroup: Group = {
  id: 'echo/idle',
  title: `Memory of a connection that does nothing, of ${IDLE}`,
  notes: [
    "Bytes of the server's process that lie in memory, less those with 10 connections, for each connection; heap: what Node holds on its heap and in buffers after a collection.",
    ONLY,
  ],
  pairs: [...PEERS.map((peer) => ['wsimd', peer] as const), ['wsimd heap', 'ws heap']],
  unit: 'bytes',
  isOnRequest: true,
  cases: [
    {
      label: '0',
      make: () => gaugedWorkload(0, (plan) => measureIdle(IDLE, plan)),
    },
  ],
};

export const echoGroups: readonly Group[] = [
  ...[true, false].flatMap((isText) =>
    [1, 16].flatMap((inFlight) => {
      const type = isText ? 'text' : 'binary';
      const title = `Echo ${type} on ${CONNECTIONS} connections, ${inFlight} in flight on each`;
      const traffic = { kind: 'echo', connections: CONNECTIONS, isText, inFlight } as const;
      return makeGroups(`${type}-${inFlight}`, title, inFlight === 1 ? [...SIZES, LARGE] : SIZES, traffic);
    }),
  ),
  ...makeGroups('broadcast', `Send what one says to ${LISTENERS} connections, for each of them`, [64, 1024], {
    kind: 'broadcast',
    connections: LISTENERS,
    isText: true,
    inFlight: 4,
  }),
  idleGroup,
];
