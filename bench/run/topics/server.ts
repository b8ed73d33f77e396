// The server of the topics benchmark, in a process of its own: says its port, publishes when told to, and says what that took.
// Arguments: which library, how messages are compressed, how long they are.

import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer as WsServer } from 'ws';
import { WebSocketServer } from '../../../src/node/index.js';
import { makeUpdates } from './updates.js';

interface BunServer {
  readonly port: number;
  publish(topic: string, data: string, compress?: boolean): number;
  upgrade(request: unknown): boolean;
}
declare const Bun: { serve(options: object): BunServer };

/** Sends a message to all clients. */
type Publish = (text: string) => void;

const [library = '', compression = '', length = '0'] = process.argv.slice(2);

function deflateOptions(): object | boolean {
  if (compression === 'none') return false;
  return compression === 'alone' ? { serverNoContextTakeover: true, threshold: 0 } : { threshold: 0 };
}

async function start(): Promise<{ port: number; publish: Publish }> {
  if (library === 'bun') {
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request: unknown, self: BunServer) => (self.upgrade(request) ? undefined : new Response('no')),
      websocket: {
        perMessageDeflate: compression !== 'none',
        open: (socket: { subscribe(topic: string): void }) => socket.subscribe('prices'),
        message: () => {},
      },
    });
    return { port: server.port, publish: (text) => server.publish('prices', text, compression !== 'none') };
  }
  const options = { port: 0, host: '127.0.0.1', perMessageDeflate: deflateOptions() };
  const Server = library === 'ws' ? (WsServer as object as typeof WebSocketServer) : WebSocketServer;
  const server = new Server(options);
  await new Promise((resolve) => server.on('listening', () => resolve(undefined)));
  const { port } = server.address() as { port: number };
  if (library === 'publish') {
    server.on('connection', (socket) => socket.subscribe('prices'));
    return { port, publish: (text) => server.publish('prices', text) };
  }
  return {
    port,
    publish: (text) => {
      for (const client of server.clients) client.send(text);
    },
  };
}

const { port, publish } = await start();
console.log(JSON.stringify({ port }));
for await (const line of createInterface({ input: process.stdin })) {
  const { count, pause } = JSON.parse(line) as { count: number; pause: number };
  // None comes twice: compression would find it.
  const updates = makeUpdates(count, Number(length), count);
  const before = process.cpuUsage();
  for (const text of updates) {
    publish(text);
    await sleep(pause);
  }
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ microseconds: (user + system) / count, memory: process.memoryUsage().rss }));
}
