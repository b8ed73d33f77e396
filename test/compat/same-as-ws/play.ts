// Plays a scenario with one pairing of implementations, and writes down what each side saw. It judges nothing.
//
// Between two steps it waits until all has arrived: a ping of each side comes behind everything that was sent, and rounds of them
// go on until one brings nothing new. These pings and their pongs are left out.

import type { AddressInfo } from 'node:net';
import type { WebSocket } from '../../../src/node/index.js';
import type { Pair } from '../../support/peers/implementations.js';
import { next } from '../../support/servers/servers.js';
import { Player } from './player.js';
import type { Scenario, Side, Step } from './scenarios.js';

/** What one side saw, a line each. */
export interface Trace {
  client: string[];
  server: string[];
}

const SIDES: readonly Side[] = ['client', 'server'];

export async function play(scenario: Scenario, pair: Pair): Promise<Trace> {
  const { handleProtocols, protocols, binaryTypes } = scenario;
  const choose = { last: (offered: Set<string>) => [...offered].at(-1)!, none: () => false as const };
  const server = new pair.server.WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    closeTimeout: 60_000,
    ...(handleProtocols === undefined ? {} : { handleProtocols: choose[handleProtocols] }),
    ...scenario.server,
  });
  const trace: Trace = { client: [], server: [] };
  try {
    await next(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = new pair.client.WebSocket(`ws://127.0.0.1:${port}`, [...protocols], {
      closeTimeout: 60_000,
      ...scenario.client,
    });
    let served: WebSocket | undefined;
    server.on('connection', (webSocket) => {
      served = webSocket;
      webSocket.binaryType = binaryTypes.server as 'nodebuffer';
      players.server = new Player(webSocket, trace.server, scenario.server);
    });
    const players: Partial<Record<Side, Player>> = { client: new Player(client, trace.client, scenario.client) };
    client.binaryType = binaryTypes.client as 'nodebuffer';
    await Promise.race([next(client, 'open'), next(client, 'close')]);
    if (served !== undefined && client.readyState === client.OPEN) {
      const both = players as Record<Side, Player>;
      for (const step of scenario.steps) await playStep(step, both, trace, server.clients);
      await end(both);
    }
    await players.server?.closed;
    // Whether what was on its way when a side failed still left is the system's.
    const isRacy = SIDES.some((side) => players[side]?.isCut || players[side]?.hasFailed);
    for (const side of SIDES) {
      await players[side]?.finish(isRacy);
      if (isRacy) trace[side] = trace[side].map((line) => line.replace(/wasClean \w+/, ''));
    }
  } finally {
    for (const webSocket of server.clients ?? []) webSocket.terminate();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  return trace;
}

async function playStep(step: Step, players: Record<Side, Player>, trace: Trace, clients: unknown): Promise<void> {
  const { side, when, ops } = step;
  const isCut = when === 'now' && ops.some(({ call }) => call === 'terminate');
  // How much of what was under way arrives before a cut is the system's.
  if (isCut) for (const one of SIDES) players[one].isCut = true;
  players[side].play(when, ops);
  await settle(players, trace);
  for (const one of SIDES) {
    const { readyState, bufferedAmount, isPaused } = players[one].webSocket;
    const waiting = readyState === 1 && !SIDES.some((other) => players[other].webSocket.isPaused) ? bufferedAmount : '';
    trace[one].push(`  state ${readyState} ${waiting} ${isPaused}`);
  }
  trace.server.push(`  clients ${clients instanceof Set ? clients.size : 'none'}`);
}

/** Until nothing is under way any more. */
async function settle(players: Record<Side, Player>, trace: Trace): Promise<void> {
  const { client, server } = players;
  let before = -1;
  while (before !== trace.client.length + trace.server.length) {
    before = trace.client.length + trace.server.length;
    const isOpen = SIDES.every((side) => players[side].webSocket.readyState === 1);
    if (isOpen) await Promise.race([client.mark(server), client.failed, server.failed]);
    if (isOpen) await Promise.race([server.mark(client), client.failed, server.failed]);
    if (SIDES.some((side) => players[side].webSocket.readyState !== 1)) {
      for (const side of SIDES) players[side].readToTheEnd();
      await Promise.all([client.closed, server.closed]);
    }
  }
}

async function end(players: Record<Side, Player>): Promise<void> {
  for (const side of SIDES) players[side].readToTheEnd();
  players.client.webSocket.close(1000);
  await Promise.all([players.client.closed, players.server.closed]);
}
