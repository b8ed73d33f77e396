// Bytes through `wsimd proxy`, under fuzzed traffic of several connections at once: each end gets what the other has sent.

import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Peer, stream } from '../../../support/frames/wire.js';
import { createRandom, randomBytes } from '../../../support/inputs/random.js';
import { requestHead } from '../../../support/peers/raw-client.js';
import { startProxy } from '../../../support/servers/proxy.js';
import { next } from '../../../support/servers/servers.js';
import { startAnswering, switching } from '../../../support/servers/tcp.js';

const client = new Peer('server');
const server = new Peer('client');
const CONNECTIONS = 6;
/** At least so many bytes each way. */
const LENGTH = 1_500_000;
const hashOf = (chunks: readonly Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
};
const lengthOf = (chunks: readonly Uint8Array[]) => chunks.reduce((sum, { length }) => sum + length, 0);

/** Frames of all lengths; some of their bits are flipped, some beginnings left out, some frames doubled. */
function fuzzed(peer: Peer, seed: number): Buffer {
  const random = createRandom(seed);
  const frames: Uint8Array[] = [];
  for (let length = 0; length < LENGTH; ) {
    const size = random() % (random() % 16 === 0 ? 400_000 : 700);
    const frame = Buffer.from(
      stream(random() % 2 === 0 ? peer.binary(randomBytes(size, random())) : peer.ping(Buffer.alloc(size % 126))),
    );
    if (random() % 3 === 0) frame[random() % frame.length]! ^= 1 << (random() % 8);
    frames.push(frame.subarray(random() % 8 === 0 ? random() % frame.length : 0));
    if (random() % 16 === 0) frames.push(frame);
    length += frame.length;
  }
  return Buffer.concat(frames);
}

/** Sends in chunks of random lengths, and waits where the other end is slow. */
async function sendInChunks(socket: Socket, bytes: Uint8Array, seed: number): Promise<void> {
  const random = createRandom(seed);
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + (random() % (random() % 4 === 0 ? 5 : 200_000));
    if (!socket.write(bytes.subarray(at, at + length))) await next(socket, 'drain');
    if (random() % 8 === 0) await new Promise(setImmediate);
    at += length;
  }
}

/** Reads, and pauses now and then, so that what is on its way has to wait. */
function readSlowly(socket: Socket, chunks: Buffer[], seed: number): void {
  const random = createRandom(seed);
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (random() % 8 !== 0) return;
    socket.pause();
    setTimeout(() => socket.resume(), random() % 30);
  });
}

it.each([
  ['as they come', []],
  ['later, with --delay', ['--delay', '30ms']],
])(
  'pass %s, the same by their hashes',
  async (_, options) => {
    const answers = Array.from({ length: CONNECTIONS }, (_, i) => fuzzed(server, 100 + i));
    const received = answers.map((): Buffer[] => []);
    const url = await startAnswering((socket, { accept, head }) => {
      const i = Number(/^GET \/(\d+) /.exec(head)![1]);
      socket.removeAllListeners('data');
      readSlowly(socket, received[i]!, i);
      socket.write(switching(accept));
      void sendInChunks(socket, answers[i]!, 400 + i);
    });
    const proxy = await startProxy('--json', '--payload', '16', ...options, url);
    const chat = async (i: number) => {
      const sent = fuzzed(client, 200 + i);
      const socket = connect(proxy.port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      await next(socket, 'connect');
      socket.write(requestHead(proxy.port, { target: `/${i}` }));
      const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
      const chunks = [first.subarray(first.indexOf('\r\n\r\n') + 4)];
      readSlowly(socket, chunks, 50 + i);
      await sendInChunks(socket, sent, 300 + i);
      await expect.poll(() => lengthOf(chunks), { timeout: 40_000 }).toBe(answers[i]!.length);
      await expect.poll(() => lengthOf(received[i]!), { timeout: 40_000 }).toBe(sent.length);
      expect(hashOf(chunks)).toBe(hashOf([answers[i]!]));
      expect(hashOf(received[i]!)).toBe(hashOf([sent]));
    };
    await Promise.all(answers.map((_, i) => chat(i)));
  },
  90_000,
);
