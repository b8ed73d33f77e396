// src/cli/load/ in the tests' own process: servers that send unsolicited messages, break rules or cut connections, and an end
// while connections are opened.

import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { runLoad } from '../../../../src/cli/load/load-run.js';
import { acceptKey } from '../../../../src/handshake/index.js';
import { freePort, startTcp } from '../../../support/servers/tcp.js';
import { startWs } from '../../../support/servers/ws.js';

function run(
  url: string,
  {
    signal = new AbortController().signal,
    duration = 60,
    rate = undefined as number | undefined,
    connections = 1,
  } = {},
) {
  return runLoad({
    client: { request: { url }, tls: {} },
    ...{ connections, duration, rate, signal },
    load: { isText: false, payload: Buffer.from('payload'), inFlight: 1, check: true },
    onProgress: () => {},
  });
}

/** A server whose response and first frame are one packet. */
function startGreeting(frame: Uint8Array): Promise<string> {
  return startTcp((socket) => {
    socket.once('data', (head) => {
      const [, key = ''] = /^sec-websocket-key: *(.*)$/im.exec(head.toString()) ?? [];
      const fields = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
      const response = `${fields.join('\r\n')}\r\nSec-WebSocket-Accept: ${acceptKey(key.trim())}\r\n\r\n`;
      socket.write(Buffer.concat([Buffer.from(response), frame]));
    });
  });
}

const socketOf = (webSocket: WebSocket) => (webSocket as unknown as { _socket: Socket })._socket;

test.each<[string, string, (socket: WebSocket) => void]>([
  [
    'answers twice',
    'a message that nobody asked for',
    (socket) =>
      socket.on('message', (data) => {
        // In one write, so that both come before another is sent.
        socketOf(socket).cork();
        socket.send(data, { binary: true });
        socket.send(data, { binary: true });
        socketOf(socket).uncork();
      }),
  ],
  [
    'answers with other bytes',
    'not an echo: other bytes',
    (socket) => socket.on('message', () => socket.send(Buffer.from('PAYLOAD'))),
  ],
  [
    'breaks a rule',
    'WSIMD_RESERVED_OPCODE',
    (socket) => socket.on('message', () => socketOf(socket).write(Uint8Array.of(0x83, 0))),
  ],
  ['closes', 'closed by the server with 4000', (socket) => socket.on('message', () => socket.close(4000))],
  [
    'ends without a Close',
    'closed without a Close frame',
    (socket) => socket.on('message', () => socketOf(socket).end()),
  ],
  ['resets', 'ECONNRESET', (socket) => socket.on('message', () => socketOf(socket).resetAndDestroy())],
])('a server that %s: %s', async (_what, error, onConnection) => {
  const figures = await run((await startWs(onConnection)).url);
  expect(figures.errors).toEqual({ [error]: 1 });
  expect(figures.connections).toEqual({ asked: 1, opened: 1, open: 0 });
});

test.each<[string, string, Uint8Array]>([
  ['greets in the same packet as its response', 'a message that nobody asked for', Uint8Array.of(0x82, 1, 0)],
  ['closes in the same packet', 'closed by the server with 1000', Uint8Array.of(0x88, 2, 1000 >> 8, 1000 & 255)],
])('a server that %s: %s', async (_what, error, frame) => {
  const figures = await run(await startGreeting(frame));
  expect(figures.errors).toEqual({ [error]: 1 });
  expect(figures.connections).toEqual({ asked: 1, opened: 1, open: 0 });
});

test('a connection that ends before the next opens does not end the run', async () => {
  let count = 0;
  const { url } = await startWs((socket) => {
    if (count++ === 0) socketOf(socket).resetAndDestroy();
    else socket.on('message', (data) => socket.send(data, { binary: true }));
  });
  const figures = await run(url, { connections: 3, duration: 0.2 });
  expect(figures.connections).toEqual({ asked: 3, opened: 3, open: 2 });
  expect(figures.messages).toBeGreaterThan(0);
});

test('interrupted while the connection is opened: no error, and no messages', async () => {
  const controller = new AbortController();
  const url = await startTcp(() => controller.abort());
  const figures = await run(url, { signal: controller.signal });
  expect(figures).toMatchObject({ messages: 0, seconds: 0, errors: {}, wasInterrupted: true });
  expect(figures.connections).toEqual({ asked: 1, opened: 0, open: 0 });
});

test('nobody there: the error that the system gives', async () => {
  expect((await run(`ws://127.0.0.1:${await freePort()}/`)).errors).toEqual({ ECONNREFUSED: 1 });
});

test('an answer that is no switch to WebSocket: what the handshake says of it', async () => {
  const url = await startTcp((socket) => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'));
  const { errors } = await run(url);
  expect(Object.values(errors)).toEqual([1]);
  expect(Object.keys(errors)[0]).toContain('404');
});
