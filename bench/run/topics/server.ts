// The server of the topics benchmark, in a process of its own: says its port, publishes or subscribes when told to, and says what
// that took.
// Arguments: which library, how messages are compressed, how long they are.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer as WsServer } from 'ws';
import { PreparedMessage } from '../../../src/index.js';
import { WebSocketServer } from '../../../src/node/index.js';
import type { Command } from './subject.js';
import { makeUpdates } from './updates.js';

interface BunServer {
  readonly port: number;
  publish(topic: string, data: string, compress?: boolean): number;
  upgrade(request: unknown): boolean;
}
declare const Bun: { serve(options: object): BunServer; gc(isSynchronous: boolean): void };

/** Sends a message to all clients. */
type Publish = (text: string) => void;

interface Subscriber {
  subscribe(topic: string): unknown;
}

interface Running {
  readonly port: number;
  readonly publish: Publish;
  /** Whether all has left that was published. */
  readonly isDone?: () => boolean;
  /** The connections, where they can subscribe. */
  readonly subscribers?: Iterable<Subscriber>;
}

/** How many connections have the same topics. */
const GROUPS = 10;

/** What each of many subscriptions takes: bytes of the process and nanoseconds. */
function measureSubscriptions(subscribers: Iterable<Subscriber>, each: number) {
  const memoryBefore = residentMemory();
  const timeBefore = process.cpuUsage();
  let count = 0;
  for (const subscriber of subscribers) {
    const group = count++ % GROUPS;
    for (let i = 0; i < each; i++) subscriber.subscribe(`topic ${group * each + i}`);
  }
  const { user, system } = process.cpuUsage(timeBefore);
  const subscriptions = count * each;
  return {
    bytes: (residentMemory() - memoryBefore) / subscriptions,
    nanoseconds: ((user + system) * 1000) / subscriptions,
  };
}

function residentMemory(): number {
  for (let i = 0; i < 3; i++) {
    if (library === 'bun') Bun.gc(true);
    else globalThis.gc!();
  }
  return process.memoryUsage().rss;
}

const [library = '', compression = '', length = '0'] = process.argv.slice(2);

function deflateOptions(): object | boolean {
  if (compression === 'none') return false;
  return compression === 'alone' ? { serverNoContextTakeover: true, threshold: 0 } : { threshold: 0 };
}

type BareSocket = Socket & { readonly _handle?: Handle };

/** What Node has below a socket, from Node 24 on. */
interface Handle {
  /** @returns 0 if the system has taken all */
  writeBuffer(request: null, bytes: Uint8Array): unknown;
}

function writeStreams(sockets: readonly BareSocket[], frame: Uint8Array): void {
  for (const socket of sockets) socket.write(frame);
}

let pending: Uint8Array[] = [];

/** The least that Node can do: the frames of a turn are joined once, and each socket takes one call below its stream. */
function writeHandles(sockets: readonly BareSocket[], frame: Uint8Array): void {
  pending.push(frame);
  if (pending.length > 1) return;
  setImmediate(() => {
    const bytes = Buffer.concat(pending);
    pending = [];
    for (const { _handle: handle } of sockets) {
      if (handle!.writeBuffer(null, bytes) !== 0) throw new Error('the system has not taken all');
    }
  });
}

/** What Node needs for the writes alone: sockets of `node:net`, and finished frames. */
async function startBare(writes: (sockets: readonly BareSocket[], frame: Uint8Array) => void): Promise<Running> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.once('data', (head: Buffer) => {
      const [, key = ''] = /sec-websocket-key: (\S+)/i.exec(String(head)) ?? [];
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
      socket.write([...lines, `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'));
      sockets.push(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    publish: (text) => writes(sockets, new PreparedMessage(text).serverFrame),
  };
}

async function start(): Promise<Running> {
  if (library === 'bare') return startBare(writeStreams);
  if (library === 'handle') return startBare(writeHandles);
  if (library === 'bun') {
    const subscribers: Subscriber[] = [];
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request: unknown, self: BunServer) => (self.upgrade(request) ? undefined : new Response('no')),
      websocket: {
        perMessageDeflate: compression !== 'none',
        open: (socket: Subscriber) => {
          socket.subscribe('prices');
          subscribers.push(socket);
        },
        message: () => {},
      },
    });
    const publish: Publish = (text) => server.publish('prices', text, compression !== 'none');
    return { port: server.port, publish, subscribers };
  }
  const options = { port: 0, host: '127.0.0.1', perMessageDeflate: deflateOptions() };
  const Server = library === 'ws' ? (WsServer as object as typeof WebSocketServer) : WebSocketServer;
  const server = new Server(options);
  await new Promise((resolve) => server.on('listening', () => resolve(undefined)));
  const { port } = server.address() as { port: number };
  if (library === 'publish') {
    server.on('connection', (socket) => socket.subscribe('prices'));
    return { port, publish: (text) => server.publish('prices', text), subscribers: server.clients };
  }
  return {
    port,
    publish: (text) => {
      for (const client of server.clients) client.send(text);
    },
    // Compressing for each takes longer than the pause.
    isDone: () => [...server.clients].every(({ bufferedAmount }) => bufferedAmount === 0),
  };
}

const { port, publish, isDone, subscribers } = await start();
console.log(JSON.stringify({ port }));
let turns = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { subscribe, count, pause, batch } = JSON.parse(line) as Command;
  if (subscribe > 0) {
    console.log(JSON.stringify(measureSubscriptions(subscribers!, subscribe)));
    continue;
  }
  // None comes twice: compression would find it.
  const updates = makeUpdates(count, Number(length), ++turns);
  const before = process.cpuUsage();
  for (const [i, text] of updates.entries()) {
    publish(text);
    if (i % batch === batch - 1) await sleep(pause);
  }
  while (isDone?.() === false) await sleep(5);
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ microseconds: (user + system) / count }));
}
process.exit();
