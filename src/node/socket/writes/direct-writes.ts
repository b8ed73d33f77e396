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
export type DirectSocket = Socket & Internals & { readonly _handle?: Handle | null };

/** What Node has below a socket. */
export interface Handle {
  /** @returns with Node 24 and later, for a request that is null: 0 if the system has taken all, an error's number, or the request */
  writeBuffer(request: null, bytes: Uint8Array): unknown;
}

/** Found out at the first call. */
let isKnown: boolean | undefined;
/** Whether handles make requests themselves, as they do with Node 24 and later. */
let makesRequests = false;

/** Whether this socket can ever be written to directly: a plain one of Node's, whose internals are as in Node 20 to 26. */
export function takesDirectWrites(socket: Duplex): socket is DirectSocket {
  if (!(socket instanceof Socket) || socket instanceof TLSSocket) return false;
  if (isKnown === undefined) {
    makesRequests = handlesMakeRequests(new Socket());
    isKnown = hasKnownInternals(new Socket());
  }
  return isKnown;
}

/** Whether Node's own function gives a handle no request, and understands 0 as its answer. */
function handlesMakeRequests(socket: Socket & Partial<Internals> & { _handle?: Handle | null }): boolean {
  let isGivenNone = false;
  let isWritten = false;
  const handle: Handle = {
    writeBuffer(request) {
      isGivenNone = request === null;
      return 0;
    },
  };
  try {
    socket._handle = handle;
    socket._writeGeneric?.(false, new Uint8Array(1), 'buffer', (error) => {
      isWritten = !error;
    });
  } catch {
    // Another Node.
    return false;
  } finally {
    socket._handle = null;
    socket.destroy();
  }
  return isGivenNone && isWritten;
}

function hasKnownInternals(socket: Socket & Partial<Internals>): boolean {
  const state: Partial<Internals['_writableState']> | undefined = socket._writableState;
  const isAsKnown =
    socket._writeGeneric?.length === 4 && state?.length === 0 && state.corked === 0 && state.writing === false;
  socket.destroy();
  return isAsKnown;
}

/** One write to a socket: the functions are made once, and serve again if the system takes all at once. */
export class DirectWrite {
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
  if (!canWriteDirectly(socket)) return undefined;
  if (segments.length === 1) return writeNow(socket, handleOf(socket), segments[0]!);
  const write = takeWrite();
  socket._writeGeneric(true, vectorOf(segments), '', write.done);
  return outcomeOf(write);
}

/** Whether nothing is pending on a socket, so that it can be written to directly at this moment. */
export function canWriteDirectly(socket: DirectSocket): boolean {
  const { length, corked, writing } = socket._writableState;
  const isBusy = length > 0 || corked > 0 || writing || socket.connecting;
  return !isBusy && socket.writable && writesAsNode(socket);
}

/** What `writeNow` needs of a socket that `canWriteDirectly`; undefined if the socket's own function has to write. */
export function handleOf(socket: DirectSocket): Handle | undefined {
  // A timeout is put off by each write.
  return makesRequests && !socket.timeout ? (socket._handle ?? undefined) : undefined;
}

/**
 * Writes to a socket that `canWriteDirectly`. The handle alone is enough for what the system takes at once: a socket's fields lie in
 * several places of memory, and to get them costs more than all the rest.
 *
 * @returns as `writeDirectly`
 */
export function writeNow(socket: DirectSocket, handle: Handle | undefined, segment: Uint8Array): true | DirectWrite {
  if (handle === undefined) return writeGeneric(socket, segment);
  const result = handle.writeBuffer(null, segment);
  if (result === 0) return true;
  // The socket does the rest, as if it had called the handle itself.
  handle.writeBuffer = () => result;
  try {
    return writeGeneric(socket, segment);
  } finally {
    // The prototype's again.
    Reflect.deleteProperty(handle, 'writeBuffer');
  }
}

function writeGeneric(socket: DirectSocket, segment: Uint8Array): true | DirectWrite {
  const write = takeWrite();
  socket._writeGeneric(false, segment, 'buffer', write.done);
  return outcomeOf(write);
}

function takeWrite(): DirectWrite {
  const write = spare ?? new DirectWrite();
  spare = undefined;
  return write;
}

function outcomeOf(write: DirectWrite): true | DirectWrite {
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
