// Starts an example as a program, and says things to it as a client of `ws` or by hand.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { type RawData, WebSocket } from 'ws';
import { Peer, stream } from '../../support/frames/wire.js';
import { randomBytes } from '../../support/inputs/random.js';

export const root = new URL('../../..', import.meta.url).pathname;
export const run = promisify(execFile);
/** For what takes no time but may have to wait for others. */
export const PATIENTLY = { timeout: 30_000 };

export interface Running {
  readonly url: string;
  /** What it has written so far. */
  output(): string;
  kill(signal: 'SIGTERM' | 'SIGINT'): void;
}

/** Starts a program that listens; ended with the test. */
export async function start(program: string, ...args: readonly string[]): Promise<Running> {
  const child = spawn(program, args, { cwd: root, env: { ...process.env, PORT: '0' } });
  return listening(child);
}

export async function listening(child: ChildProcess): Promise<Running> {
  onTestFinished(() => {
    child.kill();
  });
  let output = '';
  for (const pipe of [child.stdout!, child.stderr!]) {
    pipe.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const url = () => /listening on (ws:\S+)/.exec(output)?.[1];
  child.on('exit', (code) => {
    output += `\nended with ${code}`;
  });
  while (url() === undefined && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(url(), output).toBeDefined();
  return { url: url()!, output: () => output, kill: (signal) => void child.kill(signal) };
}

export const textOf = (data: RawData) => (data as Buffer).toString();
export const digestOf = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');

/** Says things to an echo server, some of them all at once, and closes. */
export async function converse(url: string, perMessageDeflate = false): Promise<WebSocket> {
  const client = new WebSocket(url, { perMessageDeflate });
  onTestFinished(() => client.terminate());
  await once(client, 'open');
  const messages = [
    '',
    'grün',
    '漢字'.repeat(30_000),
    ...[0, 125, 126, 65_536, 1_000_000].map((length) => Buffer.from(randomBytes(length, length))),
    ...Array.from({ length: 2000 }, (_, i) => `message ${i}`),
  ];
  const received: string[] = [];
  client.on('message', (data, isBinary) => received.push(`${isBinary} ${digestOf(data as Buffer)}`));
  const pong = once(client, 'pong');
  for (const message of messages) client.send(message);
  client.ping('?');
  client.send('frag', { fin: false });
  client.send('ments', { fin: true });
  await expect.poll(() => received.length, PATIENTLY).toBe(messages.length + 1);
  expect(received).toEqual([...messages, 'fragments'].map((data) => `${typeof data !== 'string'} ${digestOf(data)}`));
  expect(String((await pong)[0])).toBe('?');
  client.close(4000, 'bye');
  const [closeCode, reason] = await once(client, 'close');
  expect([closeCode, String(reason)]).toEqual([4000, 'bye']);
  return client;
}

/** Sends without reading: what is on the way has to stay with us. */
export async function outrun(url: string): Promise<void> {
  const client = new WebSocket(url, { perMessageDeflate: false });
  onTestFinished(() => client.terminate());
  await once(client, 'open');
  client.pause();
  const count = 768;
  const message = Buffer.alloc(65_536, 7);
  for (let i = 0; i < count; i++) client.send(message);
  // Until nothing more is taken.
  for (let before = -1; before !== client.bufferedAmount; ) {
    before = client.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  // More than loopback's own buffers take, there and back.
  expect(client.bufferedAmount).toBeGreaterThan(16 * 1024 * 1024);
  let received = 0;
  const all = new Promise<void>((resolve) => {
    client.on('message', (data) => {
      if ((data as Buffer).length === message.length && ++received === count) resolve();
    });
  });
  client.resume();
  await all;
}

export const UPGRADE_REQUEST =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

/** Sends bytes behind a handshake, and returns what comes, to its end. */
export async function sendRaw(url: string, ...bytes: readonly Uint8Array[]): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write(UPGRADE_REQUEST);
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  await expect.poll(() => received, PATIENTLY).toMatch(/\r\n\r\n/);
  for (const part of bytes) socket.write(part);
  await once(socket, 'close');
  return received.slice(received.indexOf('\r\n\r\n') + 4);
}

export const client = new Peer('server');
export const NOT_MASKED = stream(client.text('said before'), client.text('not masked', { masked: false }));
export const closeFrame = (closeCode: number) => String.fromCharCode(0x88, 2, closeCode >> 8, closeCode & 0xff);
