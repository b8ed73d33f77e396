// What a publish costs: CPU time of the server for one message to all clients, and the bytes that each receives. Servers are processes
// of their own; clients are bare sockets that count. `node build/bench/run/topics/main.js [CLIENTS] [BUN]`.

import { type ChildProcess, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
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

const [clients = '1000', bun = ''] = process.argv.slice(2);
const CLIENTS = Number(clients);
/** Milliseconds between two messages: time for all clients to read. */
const PAUSE = CLIENTS / 20;
const COUNT = Math.ceil(1000 / PAUSE);

interface Result {
  readonly microseconds: number;
  readonly bytes: number;
  readonly memory: number;
}

/** Opens so many connections, a few at a time. @returns how many bytes came, behind the handshakes */
async function openClients(port: number): Promise<{ sockets: Socket[]; received: () => number }> {
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
  while (sockets.length < CLIENTS) {
    const batch = Array.from({ length: Math.min(100, CLIENTS - sockets.length) }, open);
    sockets.push(...(await Promise.all(batch)));
  }
  return { sockets, received: () => bytes };
}

async function next(lines: AsyncIterator<string>): Promise<Record<string, number>> {
  const { value } = await lines.next();
  return JSON.parse(value as string) as Record<string, number>;
}

async function measure(library: string, compression: string, length: number): Promise<Result> {
  const program = library === 'bun' ? bun : process.execPath;
  const child: ChildProcess = spawn(program, [SERVER, library, compression, String(length)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const reader: Interface = createInterface({ input: child.stdout! });
  const lines = reader[Symbol.asyncIterator]();
  const { port } = await next(lines);
  const { sockets, received } = await openClients(port!);
  const run = async (count: number) => {
    child.stdin!.write(`${JSON.stringify({ count, pause: PAUSE })}\n`);
    return next(lines);
  };
  await run(Math.ceil(COUNT / 2));
  const before = received();
  const { microseconds, memory } = await run(COUNT);
  const bytes = (received() - before) / COUNT / CLIENTS;
  child.stdin!.end();
  for (const socket of sockets) socket.destroy();
  child.kill();
  reader.close();
  return { microseconds: microseconds!, bytes, memory: memory! };
}

const CASES: readonly (readonly [string, string, number])[] = [
  ['publish', 'none', 200],
  ['loop', 'none', 200],
  ['ws', 'none', 200],
  ...(bun === '' ? [] : ([['bun', 'none', 200]] as const)),
  ...[200, 1000, 2000].flatMap((length) => [
    ['publish', 'shared', length] as const,
    ['publish', 'alone', length] as const,
    ['publish', 'none', length] as const,
  ]),
  ['loop', 'own', 1000],
  ...(CLIENTS > 1000 ? [] : ([['ws', 'own', 1000]] as const)),
];

console.log(`${CLIENTS} clients, ${COUNT} messages, CPU time of the server`);
for (const [library, compression, length] of CASES) {
  const { microseconds, bytes, memory } = await measure(library, compression, length);
  const each = `${((microseconds * 1000) / CLIENTS).toFixed(0)} ns a receiver`;
  const figures = [
    `${microseconds.toFixed(0)} µs a message`,
    each,
    `${bytes.toFixed(0)} B`,
    `${(memory / 2 ** 20).toFixed(0)} MiB`,
  ];
  console.log([library.padEnd(8), compression.padEnd(7), String(length).padStart(5), ...figures].join('  '));
}
