// src/cli/client/dial.ts and connect/session.ts in the tests' own process: answers that come in pieces, behind an interim one, and
// a peer that reads slowly.

import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { type Dialled, type DialOptions, dial } from '../../../../src/cli/client/dial.js';
import { Session } from '../../../../src/cli/connect/session.js';
import { next } from '../../../support/servers/servers.js';
import { startAnswering, switching } from '../../../support/servers/tcp.js';
import { makeCertificate } from '../../../support/servers/tls.js';

async function open(url: string, options: Partial<DialOptions> = {}): Promise<Dialled> {
  const dialled = await dial({ request: { url }, tls: {}, ...options });
  onTestFinished(() => void dialled.socket.destroy());
  return dialled;
}

/** What a session tells. */
function sessionOn(dialled: Dialled) {
  const told: unknown[][] = [];
  const session = new Session(dialled, {
    message: (data) => told.push(['message', data]),
    control: (name, payload) => told.push([name, Buffer.from(payload).toString()]),
    close: (closeCode, reason) => told.push(['close', closeCode, reason]),
    failure: (text) => told.push(['failure', text]),
  });
  return { session, told };
}

test('an interim answer, and the switch in pieces with a frame right behind it', async () => {
  const url = await startAnswering((socket, { accept }) => {
    const bytes = `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${switching(accept)}\x81\x02hi`;
    let at = 0;
    const more = () => {
      if (at >= bytes.length) return;
      socket.write(bytes.slice(at, at + 40), 'latin1');
      at += 40;
      setImmediate(more);
    };
    more();
  });
  const { session, told } = sessionOn(await open(url));
  expect(session.isOpen).toBe(true);
  await expect.poll(() => told).toEqual([['message', 'hi']]);
});

test.each([
  ['the address', '127.0.0.1'],
  ['a name', 'localhost'],
])('over TLS, to a server that goes by %s', async (_what, host) => {
  const https = createHttpsServer({ ...makeCertificate() });
  const server = new WebSocketServer({ server: https });
  await new Promise<void>((resolve) => https.listen(0, host, resolve));
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    https.close();
  });
  const connection = next(server, 'connection');
  const { port } = https.address() as AddressInfo;
  const { socket } = await open(`wss://${host}:${port}/`, { tls: { rejectUnauthorized: false } });
  await connection;
  // A name for the certificate to be of; an address is none (RFC 6066 section 3).
  expect((socket as Socket & { servername?: string }).servername || undefined).toBe(
    host === 'localhost' ? 'localhost' : undefined,
  );
});

test('everything that can be sent, and what is told of the answers', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await next(server, 'listening');
  onTestFinished(() => void server.close());
  const got: string[] = [];
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => got.push(`${isBinary ? 'binary' : 'text'} ${String(data)}`));
    socket.on('ping', (data) => got.push(`ping ${String(data)}`));
    socket.on('pong', (data) => got.push(`pong ${String(data)}`));
  });
  const { session, told } = sessionOn(await open(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`));
  session.send({ type: 'text', text: 'a' });
  session.send({ type: 'binary', data: Buffer.from('b') });
  session.send({ type: 'ping', payload: 'c' });
  session.send({ type: 'pong', payload: 'd' });
  session.send({ type: 'close', closeCode: 4000, reason: 'e' });
  expect(session.isOpen).toBe(false);
  expect(() => session.send({ type: 'text', text: 'late' })).toThrow();
  expect(await session.closed).toBe(true);
  expect(got).toEqual(['text a', 'binary b', 'ping c', 'pong d']);
  expect(told).toEqual([
    ['pong', 'c'],
    ['close', 4000, 'e'],
  ]);
});

test('what the system takes at once is not waited for: no drain would come', async () => {
  const url = await startAnswering((socket, { accept }) => void socket.write(switching(accept)));
  const dialled = await open(url);
  let taken = 0;
  dialled.socket._write = (chunk: Buffer, _encoding, done) => {
    taken += chunk.length;
    done();
  };
  const { session } = sessionOn(dialled);
  for (let i = 0; i < 3; i++) {
    session.send({ type: 'binary', data: Buffer.alloc(1_100_000) });
    expect(session.isFull(() => {})).toBe(false);
  }
  expect(taken).toBe(3 * (1_100_000 + 14));
});

test('a peer that does not read: no more is asked for, until it does', async () => {
  let peer: Socket | undefined;
  const url = await startAnswering((socket, { accept }) => {
    peer = socket;
    socket.write(switching(accept));
    socket.pause();
  });
  const { session, told } = sessionOn(await open(url));
  let drained = 0;
  const isFull = () => session.isFull(() => drained++);
  expect(isFull()).toBe(false);
  const data = Buffer.alloc(1_000_000);
  // More than the system holds for a connection.
  for (let i = 0; i < 32 && !isFull(); i++) {
    session.send({ type: 'binary', data });
    await new Promise(setImmediate);
  }
  expect(isFull()).toBe(true);
  expect(isFull()).toBe(true);
  expect(drained).toBe(0);
  peer!.resume();
  await expect.poll(() => drained, { timeout: 20_000 }).toBe(1);
  expect(isFull()).toBe(false);
  session.destroy();
  expect(await session.closed).toBe(false);
  expect(told.map(([name]) => name)).toEqual(['failure']);
});

test('a peer that is long in answering a Close is waited for while anything comes, and no longer', async () => {
  let peer: Socket | undefined;
  const url = await startAnswering((socket, { accept }) => {
    peer = socket;
    socket.write(switching(accept));
  });
  for (const [answers, isClean] of [
    [true, true],
    [false, false],
  ]) {
    const { session, told } = sessionOn(await open(url));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    session.close(4000);
    for (let i = 1; i <= 4; i++) {
      vi.advanceTimersByTime(2500);
      peer!.write(Buffer.from('\x81\x02hi', 'latin1'));
      await expect.poll(() => told.length).toBe(i);
    }
    if (answers) peer!.end(Buffer.of(0x88, 2, 4000 >> 8, 4000 & 255));
    else vi.advanceTimersByTime(3000);
    expect(await session.closed).toBe(isClean);
    vi.useRealTimers();
  }
});

test('a broken rule and what follows from it: told once', async () => {
  const url = await startAnswering((socket, { accept }) => {
    socket.write(switching(accept));
    socket.end(Buffer.of(0x83, 0));
  });
  const { session, told } = sessionOn(await open(url));
  expect(await session.closed).toBe(false);
  expect(told).toEqual([['failure', expect.stringContaining('the server broke a rule')]]);
});

test('a connection that is reset: told once', async () => {
  let peer: Socket | undefined;
  const url = await startAnswering((socket, { accept }) => {
    peer = socket;
    socket.write(switching(accept));
  });
  const { session, told } = sessionOn(await open(url));
  peer!.resetAndDestroy();
  expect(await session.closed).toBe(false);
  expect(told).toEqual([['failure', expect.stringContaining('ECONNRESET')]]);
});

test('given up while it is opened', async () => {
  const url = await startAnswering(() => {});
  const controller = new AbortController();
  const attempt = dial({ request: { url }, tls: {}, signal: controller.signal });
  controller.abort();
  await expect(attempt).rejects.toThrow('interrupted');
  await expect(dial({ request: { url }, tls: {}, timeout: 20 })).rejects.toMatchObject({
    code: 'WSIMD_HANDSHAKE_TIMEOUT',
  });
});
