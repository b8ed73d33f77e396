// The server of the soak: echoes on three paths, in a process of its own, and reports what it counts and what memory it has.
// Run with --expose-gc, so that samples of the heap are of what is alive.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type ServerOptions, type WebSocket, WebSocketServer } from '../../../src/node/index.js';
import { MAX_BACKPRESSURE, MAX_FRAGMENTS, MAX_PAYLOAD } from './peers/limits.js';

/** What the server says when it is asked. */
export interface Sample {
  readonly connections: number;
  readonly heapUsed: number;
  /** Memory outside the heap that objects of it hold: buffers, and the memories of the kernels. */
  readonly external: number;
  readonly rss: number;
  /** Sockets, timers and what else keeps a process alive. */
  readonly resources: number;
  readonly messages: number;
  readonly opened: number;
  readonly closeCodes: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  /** What no listener caught. */
  readonly unhandled: readonly string[];
  readonly cpuSeconds: number;
  /** Milliseconds for which the event loop was kept busy at the longest, or the process from running. */
  readonly longestStall: number;
}

const sockets = new Set<WebSocket>();
const closeCodes = new Map<number, number>();
const errors = new Map<string, number>();
const unhandled: string[] = [];
let messages = 0;
let opened = 0;
const delay = monitorEventLoopDelay();
delay.enable();

process.on('uncaughtException', (error) => unhandled.push(error.stack ?? String(error)));
process.on('unhandledRejection', (reason) => unhandled.push(`rejection: ${String(reason)}`));

const heartbeat = { interval: Number(process.argv[2]), timeout: Number(process.argv[2]) };
const httpServer = createServer();
const limits: ServerOptions = {
  server: httpServer,
  maxPayload: MAX_PAYLOAD,
  maxFragments: MAX_FRAGMENTS,
  maxBackpressure: MAX_BACKPRESSURE,
  closeTimeout: 5000,
  heartbeat,
};
serve({ ...limits, path: '/plain', textAs: 'string' });
serve({ ...limits, path: '/takeover', perMessageDeflate: true });
serve({ ...limits, path: '/fresh', perMessageDeflate: { deflateTakeover: false, inflateTakeover: false } });
httpServer.listen(0, '127.0.0.1', () => process.send!({ port: (httpServer.address() as AddressInfo).port }));
process.on('message', (message) => {
  if (message === 'sample') process.send!({ sample: sample() });
  else process.exit();
});
// It ends with the process that started it.
process.on('disconnect', () => process.exit());

function serve(options: ServerOptions): void {
  const server = new WebSocketServer(options);
  server.on('connection', (socket) => {
    opened++;
    sockets.add(socket);
    socket.on('message', (data, isBinary) => {
      messages++;
      socket.send(data, { binary: isBinary });
    });
    socket.on('error', (error) => count(errors, (error as { code?: string }).code ?? error.name));
    socket.on('close', (code) => {
      sockets.delete(socket);
      count(closeCodes, code);
    });
  });
}

function sample(): Sample {
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    connections: sockets.size,
    heapUsed,
    external,
    rss,
    resources: process.getActiveResourcesInfo().length,
    messages,
    opened,
    closeCodes: Object.fromEntries(closeCodes),
    errors: Object.fromEntries(errors),
    unhandled,
    cpuSeconds: (user + system) / 1e6,
    longestStall: delay.max / 1e6,
  };
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
