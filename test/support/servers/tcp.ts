// Servers of TCP that answer the handshake as a test wants it, for clients under test. They end with the test.

import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { acceptKey } from '../../../src/handshake/accept-key.js';

/** What a client asked. */
export interface Asked {
  /** All of its request, up to the empty line. */
  readonly head: string;
  /** What Sec-WebSocket-Accept must be. */
  readonly accept: string;
}

/** A server whose sockets are the test's to use. @returns its URL, `ws:` */
export async function startTcp(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** A server that calls `answer` once it has read the head of a request. @returns its URL, `ws:` */
export function startAnswering(answer: (socket: Socket, asked: Asked) => void): Promise<string> {
  return startTcp((socket) => {
    let head = '';
    socket.on('data', (chunk) => {
      if (head.endsWith('\r\n\r\n')) return;
      head += chunk.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      const key = /sec-websocket-key: (\S+)/i.exec(head)?.[1] ?? '';
      answer(socket, { head, accept: acceptKey(key) });
    });
  });
}

/** The response that opens a WebSocket. @param more further header lines, each with its line break */
export function switching(accept: string, more = ''): string {
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${more}\r\n`;
}

/** A port below the ephemeral ones, so that no other process gets it before it is used. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.on('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
