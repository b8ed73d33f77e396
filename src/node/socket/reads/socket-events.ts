// Passes the events of a socket to its reader. The same few functions listen on every socket, so that no socket needs closures of its
// own. It also cuts sockets.

import { constants, type Http2Stream } from 'node:http2';
import { Socket } from 'node:net';
import { Duplex, Readable } from 'node:stream';
import { readInto } from './direct-reads.js';

/** Milliseconds that the server of an HTTP/2 stream has to end it first: the time a proxy needs to pass our Close frame on. */
export const STREAM_END_DELAY = 100;

/** Receives the events of a socket. */
export interface SocketReader {
  /** A chunk is kept until this turn's reading is done. */
  readonly hasKept: boolean;
  /** Delivers the chunk that is kept. */
  receiveKept(): void;
  receive(chunk: Uint8Array): void;
  /** A direct read has put bytes in their place. */
  receiveDirectly(length: number): void;
  /** The peer has ended its side. */
  receiveEnd(): void;
  /** Something went wrong; the end follows. */
  cut(): void;
  /** The socket is gone. */
  ended(): void;
}

/** The property of a socket that holds its reader. */
const READER = Symbol('SocketReader');
type Taken = Duplex & { [READER]?: SocketReader };

/** Whether this socket has a reader already. */
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
  // Somebody else's `push` has an eye on what comes in.
  const isPlain = socket instanceof Socket && socket.push === Readable.prototype.push;
  const isDirect = isPlain && buffer !== undefined && readInto(socket, buffer, onRead);
  // Of a socket that reads into a buffer, Node's own stops reading at once: that the peer has gone would show only at `resume`.
  if (isDirect && socket.pause === Socket.prototype.pause) socket.pause = Duplex.prototype.pause as typeof socket.pause;
  if (head.length > 0) socket.unshift(head);
  if (isPlain) socket.push = push;
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('error', onError);
  socket.on('close', onClose);
  return isDirect;
}

function onData(this: Taken, chunk: Buffer): void {
  // Chunks are unmasked in place: other listeners get the bytes as they came.
  this[READER]?.receive(this.listenerCount('data') > 1 ? Buffer.from(chunk) : chunk);
}

/**
 * In place of the stream's own, of a socket of Node's: what nobody else waits for goes to its reader at once. Past the buffer, the
 * event and the turn in which the stream sees whether it should read more, that is a tenth of what a chunk of short messages costs.
 */
function push(this: Taken, chunk: unknown, encoding?: BufferEncoding): boolean {
  const reader = this[READER];
  if (reader === undefined || !(chunk instanceof Uint8Array) || !canBypass(this)) {
    return Readable.prototype.push.call(this, chunk, encoding);
  }
  if (!reader.hasKept) {
    reader.receive(chunk);
    return true;
  }
  let hasRoom = true;
  try {
    reader.receiveKept();
  } finally {
    // A listener may have paused or destroyed the socket, or thrown: then the stream buffers this chunk, or discards it, as it would
    // have done if the chunk before had not been kept.
    if (canBypass(this)) reader.receive(chunk);
    else hasRoom = Readable.prototype.push.call(this, chunk);
  }
  return hasRoom;
}

/** The stream would hand a chunk on at once, and to us only. */
function canBypass(socket: Duplex): boolean {
  return socket.readableFlowing === true && socket.readableLength === 0 && !socket.destroyed && isOnlyOurs(socket);
}

function isOnlyOurs(socket: Duplex): boolean {
  return socket.listenerCount('data') === 1 && socket.listenerCount('data', onData) === 1;
}

/** @returns false to stop reading until the stream has room again */
function onRead(this: Taken, length: number, buffer: Uint8Array): boolean {
  const reader = this[READER];
  // A socket that is paused reads on up to its high-water mark. Listeners of the program's own get `data` events as ever.
  if (reader === undefined || !canBypass(this)) return this.push(Buffer.from(buffer.subarray(0, length)));
  reader.receiveDirectly(length);
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
  // The reader takes what the stream has left with `read`, which a socket that was destroyed without an error emits as well.
  if (this.readableLength > 0) this.removeListener('data', onData);
  this[READER]?.ended();
}

/** Ends our side, because the peer has ended its own. */
export function endSocket(socket: Duplex): void {
  // A stream of another maker, such as duplexify's, may emit no `close` when both sides have ended.
  if (socket instanceof Socket || isStream(socket)) socket.end();
  else socket.end(() => setTimeout(cutSocket, STREAM_END_DELAY, socket).unref?.());
}

/** Ends both directions at once; what has not left yet does not. */
export function cutSocket(socket: Duplex): void {
  // What a reset is to TCP, CANCEL is to a stream (RFC 8441 section 5). Node's destroy sends NO_ERROR; Node 20 may never return.
  if (isStream(socket)) socket.close(constants.NGHTTP2_CANCEL);
  socket.destroy();
}

function isStream(socket: Duplex | Http2Stream): socket is Http2Stream {
  return 'rstCode' in socket;
}
