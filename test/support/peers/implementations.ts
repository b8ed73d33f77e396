// Two implementations of one API: `ws` and ours. What a test says of the one must hold for the other, and for each as the
// other's peer: `ws` with itself is the oracle.

import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import * as wsimd from '../../../src/node/index.js';
import { next } from '../servers/servers.js';

/** What both export. */
export type Api = Pick<typeof wsimd, 'WebSocket' | 'WebSocketServer' | 'createWebSocketStream'>;

const ours: Api = wsimd;
// By require: what hangs on its class is put there by its CommonJS entry only.
const ws: Api = createRequire(import.meta.url)('ws');

/** The same API, whose servers and clients are told something more unless a test says otherwise. */
function telling(api: Api, options: wsimd.WebSocketOptions): Api {
  const { WebSocket, WebSocketServer, createWebSocketStream } = api;
  class TellingServer extends WebSocketServer {
    constructor(own: Options, callback?: () => void) {
      super({ ...options, ...own }, callback);
    }
  }
  class TellingClient extends WebSocket {
    constructor(...args: unknown[]) {
      const [address, protocols, own] = args;
      const areOptions = typeof protocols === 'object' && protocols !== null && !Array.isArray(protocols);
      // With null a server makes it, and says all that is to be said.
      const told = areOptions ? [{ ...options, ...protocols }] : [protocols, { ...options, ...(own as object) }];
      super(...((address === null ? args : [address, ...told]) as [string]));
    }
  }
  const hanging = { Server: TellingServer, WebSocketServer: TellingServer, WebSocket: TellingClient };
  Object.assign(TellingClient, hanging);
  return {
    WebSocket: TellingClient as typeof WebSocket,
    WebSocketServer: TellingServer as typeof WebSocketServer,
    createWebSocketStream,
  };
}

/** Whatever is sent is compressed. */
const DEFLATE = { perMessageDeflate: { threshold: 0 } };
const deflating = { ours: telling(ours, DEFLATE), ws: telling(ws, DEFLATE) };
const byEvents = telling(ours, { directReads: false });
const allOurs: ReadonlySet<Api> = new Set([ours, deflating.ours, byEvents]);

/** The implementations of server and client. */
export interface Pair {
  readonly server: Api;
  readonly client: Api;
}

export const IMPLEMENTATIONS: readonly [string, Api][] = [
  ['ws', ws],
  ['wsimd', ours],
];

export const PAIRS: readonly [string, Pair][] = [
  ['ws with itself', { server: ws, client: ws }],
  ['our server, the client of ws', { server: ours, client: ws }],
  ['the server of ws, our client', { server: ws, client: ours }],
  ['ours with itself', { server: ours, client: ours }],
  ['ws with itself, compressed', { server: deflating.ws, client: deflating.ws }],
  ['our server, the client of ws, compressed', { server: deflating.ours, client: deflating.ws }],
  ['the server of ws, our client, compressed', { server: deflating.ws, client: deflating.ours }],
  ['ours with itself, compressed', { server: deflating.ours, client: deflating.ours }],
  ['our server that reads by data events, the client of ws', { server: byEvents, client: ws }],
  ['ours with itself, reading by data events', { server: byEvents, client: byEvents }],
];

/** Ours, as it reads plain sockets by default, and all others. */
export const WAYS_TO_READ: readonly [string, Api][] = [
  ['directly', ours],
  ['by data events', byEvents],
];

/** Compression is agreed on. */
export function isCompressed({ client }: Pair): boolean {
  return client === deflating.ours || client === deflating.ws;
}

export function isOurs(api: Api): boolean {
  return allOurs.has(api);
}

type Options = wsimd.WebSocketServerOptions;
type Server = wsimd.WebSocketServer;

/** A server on a free port, ended with the test. */
export async function listen(
  api: Api,
  options: Omit<Options, 'port' | 'server' | 'noServer'> = {},
): Promise<{ server: Server; port: number; url: string }> {
  const server = new api.WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  onTestFinished(() => endServer(server));
  await next(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, port, url: `ws://127.0.0.1:${port}` };
}

function endServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const client of server.clients ?? []) client.terminate();
  });
}

/** A client that is open, cut with the test. */
export async function open(
  api: Api,
  url: string,
  protocols: string[] = [],
  options: wsimd.ClientOptions = {},
): Promise<wsimd.WebSocket> {
  const client = new api.WebSocket(url, protocols, options);
  onTestFinished(() => client.terminate());
  await next(client, 'open');
  return client;
}

/** Both ends of a connection. */
export async function openPair(
  { server: serverApi, client: clientApi }: Pair,
  serverOptions: Omit<Options, 'port' | 'server' | 'noServer'> = {},
  clientOptions: wsimd.ClientOptions = {},
): Promise<{ server: Server; served: wsimd.WebSocket; client: wsimd.WebSocket; url: string }> {
  const { server, url } = await listen(serverApi, serverOptions);
  const connection = next<[wsimd.WebSocket]>(server, 'connection');
  const client = await open(clientApi, url, [], clientOptions);
  const [served] = await connection;
  return { server, served, client, url };
}

/** The arguments of the events that come, by their names. */
export function record(emitter: { on(name: string, listener: (...args: never[]) => void): unknown }, names: string[]) {
  const events: unknown[][] = [];
  for (const name of names) emitter.on(name, (...args: unknown[]) => events.push([name, ...args]));
  return events;
}
