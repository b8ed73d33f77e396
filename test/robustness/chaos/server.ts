// The server process of the chaos test: one server for each set of options, on TCP, TLS or HTTP/2, of wsimd or of `ws`. Its end of
// each connection follows the script that the client's URL names.
//
//     node build/test/robustness/chaos/server.js <transport> <implementation>

import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer as WsServer } from 'ws';
import { WebSocketServer } from '../../../src/node/index.js';
import { makeCertificate } from '../../support/servers/tls.js';
import { answerQuestions, guardProcess, openSockets } from '../guard.js';
import { Endpoint, type SocketLike } from './endpoints/endpoint.js';
import { resetSocket } from './endpoints/transports.js';
import { type Implementation, makeRound, SERVERS, type Transport } from './script/rounds.js';
import type { EndReport } from './verdict/log.js';

/** What the parent asks. */
export type ChaosQuestion =
  | { readonly what: 'ports' }
  /** The report on a connection: undefined if there never was one, or it has not ended in time. */
  | { readonly what: 'report'; readonly key: string; readonly patience: number }
  /** What is left when all clients have gone. */
  | { readonly what: 'idle' };

export interface Idle {
  readonly faults: readonly string[];
  readonly deliberate: number;
  /** Of all servers' `clients`. */
  readonly clients: number;
  readonly sockets: number;
  /** MiB on the heap and outside it, after a collection. */
  readonly memory: number;
  /** Reports that nobody has asked for: of clients that never learned that they were connected. */
  readonly unclaimed: readonly (readonly [key: string, report: EndReport])[];
}

const [transport, implementation] = process.argv.slice(2) as [Transport, Implementation];
const certificate = transport === 'tls' ? makeCertificate() : undefined;
const guard = guardProcess();
const endpoints = new Map<string, Endpoint>();
const servers: (WebSocketServer | WsServer)[] = [];
/** Milliseconds in which everything has ended once the last client has gone. */
const IDLE_PATIENCE = 20_000;

const ports = await Promise.all(SERVERS.map(start));
answerQuestions(answer);

async function start(options: (typeof SERVERS)[number]): Promise<number> {
  const httpServer = makeHttpServer();
  if (implementation !== 'wsimd') {
    const server = new WsServer({ ...(options as object), server: httpServer as Server });
    server.on('connection', (socket, request) => accept(socket, request));
    servers.push(server);
  } else {
    const server = new WebSocketServer({ ...options, server: httpServer });
    server.on('connection', (socket, request) => accept(socket, request));
    servers.push(server);
  }
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  return (httpServer.address() as AddressInfo).port;
}

function makeHttpServer(): Server | Http2Server {
  if (transport === 'tcp') return createServer();
  if (certificate !== undefined) return createHttpsServer({ ...certificate });
  const server = createHttp2Server({ settings: { enableConnectProtocol: true } });
  server.on('sessionError', () => {});
  return server;
}

function accept(socket: SocketLike, request: IncomingMessage): void {
  const query = new URL(request.url!, 'ws://localhost').searchParams;
  if (!query.has('seed')) {
    socket.close();
    return;
  }
  const [seed, at] = [Number(query.get('seed')), Number(query.get('at'))];
  const plan = makeRound(seed, transport, implementation).connections[at]!;
  socket.binaryType = plan.serverBinaryType;
  const endpoint = new Endpoint(socket, {
    name: implementation === 'wsimd' ? 'wsimd server' : 'ws server',
    isServer: true,
    script: plan.serverScript,
    reset: resetSocket,
    neighbours: () => neighbours(seed),
  });
  endpoints.set(`${seed}/${at}`, endpoint);
  void endpoint.run();
}

function* neighbours(seed: number): Generator<Endpoint> {
  for (let at = 0; at < 8; at++) {
    const endpoint = endpoints.get(`${seed}/${at}`);
    if (endpoint !== undefined) yield endpoint;
  }
}

async function answer(question: ChaosQuestion): Promise<unknown> {
  switch (question.what) {
    case 'ports':
      return ports;
    case 'report':
      return report(question.key, question.patience);
    case 'idle':
      return idle();
  }
}

/** Deletes it: what is left at the end is unclaimed. */
async function report(key: string, patience: number): Promise<EndReport | undefined> {
  const endpoint = endpoints.get(key);
  if (endpoint === undefined) return undefined;
  const ended = await Promise.race([endpoint.finished, sleep(patience, undefined, { ref: false })]);
  endpoints.delete(key);
  return ended ?? endpoint.log.report();
}

async function idle(): Promise<Idle> {
  const clientCount = () => servers.reduce((sum, { clients }) => sum + clients.size, 0);
  const isBusy = () => clientCount() + openSockets() > 0;
  for (let waited = 0; waited < IDLE_PATIENCE && isBusy(); waited += 50) await sleep(50);
  const unclaimed = await Promise.all([...endpoints].map(async ([key, { log }]) => [key, await log.report()] as const));
  endpoints.clear();
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  const { heapUsed, external } = process.memoryUsage();
  return {
    ...{ faults: guard.faults, deliberate: guard.deliberate, clients: clientCount(), sockets: openSockets() },
    ...{ memory: Math.round((heapUsed + external) / 2 ** 20), unclaimed },
  };
}
