// Writes to a plain socket of Node's below its stream, while nothing is pending there. Past the stream's states, its callbacks and its
// ticks, a write costs 0.5 to 1 µs less (bench: `echo`, `push`). What the system does not take at once is handed over to the stream as a
// write that is under way, so that its length, its events and its errors are as ever.

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { SendCallback } from '../../websocket/sendable.js';
import { writesAsNode } from './writes-as-node.js';

type Written = (error?: Error | null) => void;
/** What `_writev` is given: the chunks of several writes. */
type Vector = { readonly chunk: Uint8Array; readonly encoding: BufferEncoding }[] & { allBuffers?: boolean };

/** What this file uses of a socket beside its public methods. */
interface Internals {
  /** What `_write` of the socket calls: writes, and calls back at once if the system has taken all. */
  _writeGeneric(isVector: boolean, data: Uint8Array | Vector, encoding: string, onWritten: Written): void;
  _write(chunk: Uint8Array, encoding: BufferEncoding, onWritten: Written): void;
  _writev(chunks: Vector, onWritten: Written): void;
  readonly _writableState: {
    readonly length: number;
    readonly corked: number;
    /** A write is under way. */
    readonly writing: boolean;
  };
}
/** A socket that takes direct writes. */
export type DirectSocket = Socket & Internals;

/** Found out at the first call. */
let isKnown: boolean | undefined;

/** Whether this socket can ever be written to directly: a plain one of Node's, whose internals are as in Node 20 to 26. */
export function takesDirectWrites(socket: Duplex): socket is DirectSocket {
  if (!(socket instanceof Socket) || socket instanceof TLSSocket) return false;
  isKnown ??= hasKnownInternals(new Socket());
  return isKnown;
}

function hasKnownInternals(socket: Socket & Partial<Internals>): boolean {
  const state: Partial<Internals['_writableState']> | undefined = socket._writableState;
  const isAsKnown =
    socket._writeGeneric?.length === 4 && state?.length === 0 && state.corked === 0 && state.writing === false;
  socket.destroy();
  return isAsKnown;
}

/** One write: the functions are made once, and serve again if the system takes all at once. */
class DirectWrite {
  isDone = false;
  error: Error | null | undefined;
  /** The stream's, once it has taken the write over. */
  #onWritten: Written | undefined;

  readonly done: Written = (error) => {
    this.isDone = true;
    this.error = error;
    this.#onWritten?.(error);
  };

  /** Makes the stream believe that the segments are a write of its own, which `done` ends. @returns as `write` */
  handOver(socket: DirectSocket, segments: readonly Uint8Array[], callback: SendCallback | undefined): boolean {
    const take = (onWritten: Written) => {
      if (this.isDone) onWritten(this.error);
      else this.#onWritten = onWritten;
    };
    socket._write = (_chunk, _encoding, onWritten) => take(onWritten);
    socket._writev = (_chunks, onWritten) => take(onWritten);
    try {
      return writeSegments(socket, segments, callback);
    } finally {
      // The prototype's again.
      Reflect.deleteProperty(socket, '_write');
      Reflect.deleteProperty(socket, '_writev');
    }
  }
}

let spare: DirectWrite | undefined;

/**
 * Writes to a socket that takes direct writes.
 *
 * @returns undefined if nothing was done because the socket has to be written to as a stream: something is pending or corked, it has
 *   ended, or a program has replaced Node's functions with its own. True if the system has taken all bytes. Otherwise the write, to be
 *   handed over at once
 */
export function writeDirectly(socket: DirectSocket, segments: readonly Uint8Array[]): true | DirectWrite | undefined {
  const { length, corked, writing } = socket._writableState;
  if (length > 0 || corked > 0 || writing || socket.connecting || !socket.writable || !writesAsNode(socket))
    return undefined;
  const write = spare ?? new DirectWrite();
  spare = undefined;
  if (segments.length === 1) socket._writeGeneric(false, segments[0]!, 'buffer', write.done);
  else socket._writeGeneric(true, vectorOf(segments), '', write.done);
  if (!write.isDone || write.error) return write;
  write.isDone = false;
  spare = write;
  return true;
}

function vectorOf(segments: readonly Uint8Array[]): Vector {
  const vector: Vector = segments.map((chunk) => ({ chunk, encoding: 'binary' }));
  vector.allBuffers = true;
  return vector;
}

/** Writes segments with the stream's own functions, in one write. @returns whether it has room for more */
export function writeSegments(
  socket: Duplex,
  segments: readonly Uint8Array[],
  callback: SendCallback | undefined,
): boolean {
  const last = segments.length - 1;
  if (last === 0) return socket.write(segments[0], callback);
  socket.cork();
  let hasRoom = true;
  for (const [i, segment] of segments.entries()) hasRoom = socket.write(segment, i === last ? callback : undefined);
  socket.uncork();
  return hasRoom;
}
