// Writes to a plain socket of Node's below its stream, while nothing is pending there. Past the stream's states, its callbacks and its
// ticks, a write costs 0.5 to 1 µs less (bench: `echo`, `push`). What the system does not take at once is handed over to the stream as a
// write that is under way, so that its length, its events and its errors are as ever.

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { SendCallback } from '../websocket/sendable.js';
import { writesAsNode } from './writes-as-node.js';

type Written = (error?: Error | null) => void;
type Write = (chunk: Uint8Array, encoding: BufferEncoding, onWritten: Written) => void;

/** What this file uses of a socket beside its public methods. */
interface Internals {
  /** What `_write` of the socket calls: writes, and calls back at once if the system has taken all. */
  _writeGeneric(isVector: false, chunk: Uint8Array, encoding: string, onWritten: Written): void;
  _write: Write;
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

  /** Makes the stream believe that the bytes are a write of its own, which `done` ends. @returns as `write` */
  handOver(socket: DirectSocket, bytes: Uint8Array, callback: SendCallback | undefined): boolean {
    socket._write = (_chunk, _encoding, onWritten) => {
      if (this.isDone) onWritten(this.error);
      else this.#onWritten = onWritten;
    };
    try {
      return socket.write(bytes, callback);
    } finally {
      // The prototype's again.
      Reflect.deleteProperty(socket, '_write');
    }
  }
}

let spare: DirectWrite | undefined;

/**
 * Writes to a socket that takes direct writes.
 *
 * @returns undefined if it had better be written to as a stream, and nothing was done: something is pending or corked, it has ended, or a
 *   program has put functions of its own in the place of Node's. True if the system has taken all. Otherwise the write, to be handed
 *   over at once
 */
export function writeDirectly(socket: DirectSocket, bytes: Uint8Array): true | DirectWrite | undefined {
  const { length, corked, writing } = socket._writableState;
  if (length > 0 || corked > 0 || writing || socket.connecting || !socket.writable || !writesAsNode(socket))
    return undefined;
  const write = spare ?? new DirectWrite();
  spare = undefined;
  socket._writeGeneric(false, bytes, 'buffer', write.done);
  if (!write.isDone || write.error) return write;
  write.isDone = false;
  spare = write;
  return true;
}
