// What a server answers to requests that do not become WebSockets, and who answers those that several listeners might want.

import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import { setImmediate } from '../socket/machinery.js';
import { destroyOnError, isClaimed } from './upgrade.js';

/** An ordinary request to an HTTP server that serves nothing but WebSockets (RFC 9110 section 15.5.22). */
export function answerPlainRequest(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, { 'Content-Type': 'text/plain', Upgrade: 'websocket', Connection: 'Upgrade' });
  response.end('Upgrade Required');
}

/** Reports that a promise of the program's has rejected, whatever it has rejected with. */
export function warnOfRejection(reason: unknown): void {
  let text: string;
  try {
    text = inspect(reason);
  } catch {
    // Objects may say themselves how they are shown.
    text = 'for a reason that cannot be shown';
  }
  process.emitWarning(`a handshake was refused with 500: ${text}`, 'WsimdWarning');
}

/** The path of a request's target, which may be a whole URL (RFC 9112 section 3.2.2). */
export function pathOf({ url = '' }: IncomingMessage): string {
  const target = url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  return path === '' ? '/' : path;
}

/** Requests that a server has left to other listeners, until the end of the turn. */
const left = new WeakSet<Duplex>();
/** How many servers have yet to decide on a request, because their `shouldHandle` returned a promise. */
const undecided = new WeakMap<Duplex, number>();

/**
 * Leaves a request to the other listeners of its HTTP server, until the end of this turn of the event loop. If none has taken it
 * by then, nobody will: it is refused, so that its socket is not left without an owner.
 *
 * @param requestListener a listener for `error` that does not mean that somebody has taken the request
 */
export function leaveToOthers(socket: Duplex, refuse: () => void, requestListener?: unknown): void {
  if (left.has(socket)) return;
  left.add(socket);
  setImmediate(() => {
    left.delete(socket);
    const isWanted = isClaimed(socket) || undecided.has(socket) || isUsed(socket, requestListener);
    if (!isWanted) refuse();
  });
}

/** A server has begun (`change` 1) or ended (-1) to decide on a request. */
export function countUndecided(socket: Duplex, change: 1 | -1): void {
  const count = (undecided.get(socket) ?? 0) + change;
  if (count === 0) undecided.delete(socket);
  else undecided.set(socket, count);
}

/** Listeners on a socket before any listener for `upgrade` had it: those of Node's TLS, those of programs that watch connections. */
interface Untouched {
  readonly errorListeners: number;
  readonly dataListeners: number;
}

const untouched = new WeakMap<Duplex, Untouched>();

/** How many listeners for `upgrade` a WebSocketServer puts on an HTTP server: its own, and `noteUntouched`. */
const UPGRADE_LISTENERS = 2;

/** Listens for `upgrade` before all others, so that it can see what they do to a socket. */
function noteUntouched(this: EventEmitter, _request: unknown, socket: Duplex): void {
  if (!isShared(this) || untouched.has(socket)) return;
  const { length } = socket.listeners('error');
  untouched.set(socket, { errorListeners: length, dataListeners: socket.listenerCount('data') });
}

/** Whether others listen for the upgrade requests of an HTTP server, too. */
export function isShared(httpServer: EventEmitter): boolean {
  return httpServer.listenerCount('upgrade') > UPGRADE_LISTENERS;
}

/**
 * Whether a listener that is not ours has done anything to a socket: written a response, read from it, or put an error listener
 * on it while it thinks.
 */
function isUsed(socket: Duplex & { headersSent?: boolean }, requestListener: unknown): boolean {
  if (socket.destroyed || socket.writableEnded || socket.headersSent === true) return true;
  const { errorListeners = 0, dataListeners = 0 } = untouched.get(socket) ?? {};
  if (socket.readableFlowing !== null || socket.listenerCount('data') > dataListeners) return true;
  const theirs = socket
    .listeners('error')
    .filter((listener) => listener !== destroyOnError && listener !== requestListener);
  return theirs.length > errorListeners;
}

/** Listens for several events of an HTTP server, `upgrade` among them. @returns what ends it */
export function withListeners(
  httpServer: EventEmitter,
  listeners: Readonly<Record<string, (...args: never[]) => void>>,
): () => void {
  const entries = Object.entries(listeners) as [string, () => void][];
  httpServer.prependListener('upgrade', noteUntouched);
  for (const [name, listener] of entries) httpServer.on(name, listener);
  return () => {
    httpServer.removeListener('upgrade', noteUntouched);
    for (const [name, listener] of entries) httpServer.removeListener(name, listener);
  };
}
