// One server of the benchmark of topics, in a process of its own, with its clients: bare sockets that count what comes.

import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('server.js', import.meta.url));
const HANDSHAKE = [
  'GET / HTTP/1.1',
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
  '',
  '',
].join('\r\n');

/** Messages of a turn of a subject: enough for about half a second. */
const LEAST_MESSAGES = 6;
const TURN = 500;

export interface SubscriptionCost {
  /** Of the process's resident memory. */
  readonly bytes: number;
  /** Of processor time. */
  readonly nanoseconds: number;
}

/** A line to a server. */
export interface Command {
  /** Topics to which each connection is to be subscribed; if 0, messages are published. */
  readonly subscribe: number;
  readonly count: number;
  /** Milliseconds behind each batch. */
  readonly pause: number;
  readonly batch: number;
}

export interface Subject {
  /** Subscribes each connection to so many topics more. @returns what each subscription took */
  subscribe(topics: number): Promise<SubscriptionCost>;
  /** One turn. @param batch messages that are published in one turn of the event loop */
  run(batch: number): Promise<{ nanoseconds: number; bytes: number }>;
  stop(): void;
}

/** @param args of server.ts @param server the same file, maybe of another build */
export async function startSubject(
  program: string,
  args: readonly string[],
  clients: number,
  server = SERVER,
): Promise<Subject> {
  // Bun takes the option too.
  const child = spawn(program, ['--expose-gc', server, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const reader = createInterface({ input: child.stdout });
  const lines = reader[Symbol.asyncIterator]();
  const { port } = await next(lines);
  const { sockets, received } = await openClients(port!, clients);
  // Time for all clients to read.
  const pause = clients / 20;
  const tell = (command: Command) => child.stdin.write(`${JSON.stringify(command)}\n`);
  return {
    subscribe: async (topics) => {
      tell({ subscribe: topics, count: 0, pause: 0, batch: 0 });
      const { bytes, nanoseconds } = await next(lines);
      return { bytes: bytes!, nanoseconds: nanoseconds! };
    },
    run: async (batch) => {
      const batchPause = pause * Math.sqrt(batch);
      const count = batch * Math.max(LEAST_MESSAGES, Math.ceil(TURN / batchPause));
      const before = received();
      tell({ subscribe: 0, count, pause: batchPause, batch });
      const { microseconds } = await next(lines);
      return { nanoseconds: (microseconds! * 1000) / clients, bytes: (received() - before) / count / clients };
    },
    stop: () => {
      child.stdin.end();
      for (const socket of sockets) socket.destroy();
      child.kill();
      reader.close();
    },
  };
}

/** Opens so many connections, a few at a time. @returns how many bytes came, behind the handshakes */
async function openClients(port: number, clients: number): Promise<{ sockets: Socket[]; received: () => number }> {
  let bytes = 0;
  const open = () =>
    new Promise<Socket>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', reject);
      socket.write(HANDSHAKE);
      let head = '';
      const count = (chunk: Buffer) => {
        bytes += chunk.length;
      };
      const onHead = (chunk: Buffer) => {
        head += chunk.toString('latin1');
        if (!head.includes('\r\n\r\n')) return;
        socket.off('data', onHead);
        socket.on('data', count);
        resolve(socket);
      };
      socket.on('data', onHead);
    });
  const sockets: Socket[] = [];
  while (sockets.length < clients) {
    const batch = Array.from({ length: Math.min(100, clients - sockets.length) }, open);
    sockets.push(...(await Promise.all(batch)));
  }
  return { sockets, received: () => bytes };
}

async function next(lines: AsyncIterator<string>): Promise<Record<string, number>> {
  const { value } = await lines.next();
  return JSON.parse(value as string) as Record<string, number>;
}
