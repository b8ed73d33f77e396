// `npm run bench -- attack`: how long an honest connection waits for its echo while another one attacks the server.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { OPCODE_BINARY } from '../../../assembly/shared/protocol.js';
import { makeFrame } from '../../core/frames.js';
import { type Attack, makeAttacks } from './attacks.js';

export const ATTACK_HELP = `npm run bench -- attack [options]

The latency of an echo of 64 bytes, probed each millisecond, while another connection attacks the same server, which has a process
and, on two cores or more, a core of its own.

  --subject NAME    wsimd or ws; may be given more than once (default both)
  --build DIR       the build of wsimd (default this one)
  --node FILE       the Node that runs the server (default this one)
  --help            this`;

const SERVER = fileURLToPath(new URL('server.js', import.meta.url));
const BUILD = fileURLToPath(new URL('../../../', import.meta.url));
/** Milliseconds in which a single attack has to be worked off. */
const LIMIT = 20_000;
/** Milliseconds of probing behind an attack: what it has left to do. */
const SETTLING = 500;

export async function runAttacks(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      subject: { type: 'string', multiple: true, default: ['wsimd', 'ws'] },
      build: { type: 'string', default: BUILD },
      node: { type: 'string', default: process.execPath },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(ATTACK_HELP);
    return;
  }
  for (const attack of makeAttacks()) {
    for (const subject of values.subject) console.log(await measure(attack, subject, values.build, values.node));
  }
}

async function measure(attack: Attack, subject: string, build: string, node: string): Promise<string> {
  const command = [node, SERVER, subject, build, String(attack.maxPayload)];
  if (availableParallelism() > 1) command.unshift('taskset', '-c', '0');
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const port = await portOf(child);
    const prober = new Prober(await openWebSocket(port, ''));
    await prober.run(SETTLING);
    prober.latencies.length = 0;
    const attacker = await openWebSocket(port, 'Sec-WebSocket-Extensions: permessage-deflate\r\n');
    const start = performance.now();
    const done = run(attacker, attack);
    await Promise.all([done, prober.runUntil(done)]);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    await prober.run(SETTLING);
    const sorted = prober.latencies.sort((a, b) => a - b);
    const [p50, p99] = [0.5, 0.99].map((share) => sorted[Math.floor(sorted.length * share)]!.toFixed(2));
    return `${attack.name}, ${subject}: worst ${sorted.at(-1)!.toFixed(1)} ms, p99 ${p99}, p50 ${p50} (${sorted.length} probes, ${seconds} s)`;
  } finally {
    child.kill('SIGKILL');
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return (JSON.parse(line) as { port: number }).port;
}

async function openWebSocket(port: number, extensions: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  socket.write(
    `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${extensions}\r\n`,
  );
  const [head] = (await once(socket, 'data')) as [Buffer];
  if (!head.includes('101')) throw new Error(`the server answers ${head.toString('latin1')}`);
  return socket;
}

/** Attacks until the time is over, or the server has ended the connection: once it has come to the Close frame. */
async function run(socket: Socket, { bytes, duration }: Attack): Promise<void> {
  const ended = once(socket, 'close');
  if (duration > 0) {
    const end = performance.now() + duration;
    const send = () => {
      while (performance.now() < end && !socket.destroyed && socket.write(bytes));
    };
    socket.on('drain', send);
    socket.resume();
    send();
    await Promise.race([ended, later(duration)]);
    socket.destroy();
    return;
  }
  socket.resume();
  socket.write(bytes);
  await Promise.race([ended, later(LIMIT)]);
  socket.destroy();
}

function later(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

class Prober {
  readonly latencies: number[] = [];
  readonly #socket: Socket;
  readonly #probe = makeFrame(OPCODE_BINARY, new Uint8Array(64).fill(1), new Uint8Array(4));

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  run(milliseconds: number): Promise<void> {
    return this.runUntil(later(milliseconds));
  }

  /** One probe after the other, a millisecond between them. */
  async runUntil(end: Promise<unknown>): Promise<void> {
    let hasEnded = false;
    void end.then(() => {
      hasEnded = true;
    });
    while (!hasEnded) {
      const start = performance.now();
      this.#socket.write(this.#probe);
      await once(this.#socket, 'data');
      this.latencies.push(performance.now() - start);
      await later(1);
    }
  }
}
