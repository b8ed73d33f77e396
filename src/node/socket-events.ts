// Events of a socket on their way to the one that reads from it: the same few functions listen on every socket, so that none has
// closures of its own. It knows no WebSocket.

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { readInto } from './direct-reads.js';

/** Who is told of what happens on a socket. */
export interface SocketReader {
  receive(chunk: Uint8Array): void;
  /** The bytes lie where direct reads were to put them. */
  receiveDirectly(length: number): void;
  /** The peer has ended its side. */
  receiveEnd(): void;
  /** Something went wrong; the end follows. */
  cut(): void;
  /** The socket is gone. */
  ended(): void;
}

/** On a socket: who reads from it. */
const READER = Symbol('SocketReader');
type Taken = Duplex & { [READER]?: SocketReader };

/** Whether somebody reads from this socket already. */
export function isTaken(socket: Taken): boolean {
  return socket[READER] !== undefined;
}

/**
 * Takes a socket over, for good.
 *
 * @param head bytes that came from it already: they are read first
 * @param buffer to read straight into, if anything
 * @returns whether it is read straight into the buffer
 */
export function takeSocket(
  socket: Taken,
  head: Uint8Array,
  reader: SocketReader,
  buffer: Uint8Array<ArrayBuffer> | undefined,
): boolean {
  socket[READER] = reader;
  if (socket instanceof Socket) {
    socket.setTimeout(0);
    socket.setNoDelay();
  }
  const isDirect = buffer !== undefined && readInto(socket, buffer, onRead);
  if (head.length > 0) socket.unshift(head);
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('error', onError);
  socket.on('close', onClose);
  return isDirect;
}

function onData(this: Taken, chunk: Buffer): void {
  this[READER]?.receive(chunk);
}

function onRead(this: Taken, length: number): boolean {
  this[READER]?.receiveDirectly(length);
  return true;
}

function onEnd(this: Taken): void {
  this[READER]?.receiveEnd();
}

/** What went wrong shows in the close code, as with `ws`. */
function onError(this: Taken): void {
  this[READER]?.cut();
}

function onClose(this: Taken): void {
  this[READER]?.ended();
}
