// What a server answers to requests that become no WebSocket. It knows no handshake.

import type { EventEmitter } from 'node:events';
import { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { formatHead } from '../handshake/head.js';

/** An ordinary request to an HTTP server that serves nothing but WebSockets (RFC 9110 section 15.5.22). */
export function answerPlainRequest(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, { 'Content-Type': 'text/plain', Upgrade: 'websocket', Connection: 'Upgrade' });
  response.end('Upgrade Required');
}

/**
 * Refuses a request, and ends its socket.
 *
 * @param text the body; default what the status is called
 * @throws TypeError where a header is not well-formed (header injection)
 */
export function refuse(socket: Duplex, status: number, text?: string, headers: OutgoingHttpHeaders = {}): void {
  const body = text || (STATUS_CODES[status] ?? '');
  const merged = new Map([
    ['connection', ['Connection', 'close']],
    ['content-type', ['Content-Type', 'text/plain; charset=utf-8']],
    ['content-length', ['Content-Length', String(Buffer.byteLength(body))]],
  ] as [string, [string, string]][]);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) merged.set(name.toLowerCase(), [name, String(value)]);
  }
  const head = formatHead(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, merged.values());
  sendAndDestroy(socket, Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]));
}

/** @param response a text of which each character is one byte, or the bytes */
export function sendAndDestroy(socket: Duplex, response: string | Buffer): void {
  socket.once('finish', () => socket.destroy());
  if (typeof response === 'string') socket.end(response, 'latin1');
  else socket.end(response);
}

/** Requests that servers have left to others, and how many have. */
const left = new WeakMap<object, number>();

/**
 * Leaves a request to the other WebSocketServers of its HTTP server; the last to do so refuses it.
 *
 * @param request what stands for it, the same object at all of them
 */
export function leaveToOthers(server: EventEmitter, request: object, refuse: () => void): void {
  const count = (left.get(request) ?? 0) + 1;
  left.set(request, count);
  if (count >= server.listenerCount('upgrade')) refuse();
}

export function destroyOnError(this: Duplex): void {
  this.destroy();
}

/** Listens for several events. @returns what ends it */
export function withListeners(
  emitter: EventEmitter,
  listeners: Readonly<Record<string, (...args: never[]) => void>>,
): () => void {
  const entries = Object.entries(listeners) as [string, () => void][];
  for (const [name, listener] of entries) emitter.on(name, listener);
  return () => {
    for (const [name, listener] of entries) emitter.removeListener(name, listener);
  };
}
