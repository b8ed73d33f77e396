// Writes segments to a socket, in one write where it can, and gives their memory back once the system has taken them.

import process from 'node:process';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { FrameWriter } from '../../../frames/frame-writer.js';
import { inOwnContext, type SendCallback } from '../../websocket/sendable.js';
import {
  canWriteDirectly,
  type DirectSocket,
  type DirectWrite,
  takesDirectWrites,
  writeDirectly,
  writeSegments,
} from './direct-writes.js';
import { addWrite, type BatchWriter, gathersInTick, gathersWrites, makeWrites } from './write-batch.js';
import { writesAsNode } from './writes-as-node.js';

/** Bytes. A longer segment is written at once: it does not wait for the processor's caches. */
const MAX_WAITING = 4 * 1024;

export class SocketWriter {
  readonly #socket: Duplex;
  readonly #isEncrypted: boolean;
  /** The same socket, if it takes direct writes. */
  readonly #direct: DirectSocket | undefined;
  /** Bytes that were handed to the socket. */
  bytesSent = 0;

  constructor(socket: Duplex, directWrites: boolean) {
    this.#socket = socket;
    this.#isEncrypted = socket instanceof TLSSocket;
    this.#direct = directWrites && takesDirectWrites(socket) ? socket : undefined;
  }

  /**
   * Adds a write to the current batch.
   *
   * @param mayWait if there is none, a short write may begin one, which is made at the end of the tick
   * @returns false if there is no batch, or it takes no write to this socket
   */
  gather(writer: BatchWriter, segment: Uint8Array, isShared: boolean, mayWait: boolean): boolean {
    const direct = this.#direct;
    const isBatch = gathersWrites();
    if (!isBatch && !(mayWait && segment.length <= MAX_WAITING)) return false;
    if (direct === undefined || !canWriteDirectly(direct) || !(isBatch || gathersInTick())) return false;
    this.bytesSent += segment.length;
    addWrite(writer, direct, segment, isShared);
    return true;
  }

  /** Of a write in a batch: see `BatchWriter`. @returns as `write` */
  finish(segment: Uint8Array, isShared: boolean, write: DirectWrite | undefined): boolean {
    if (write === undefined) return this.#writeToStream([segment], undefined);
    return write.handOver(this.#direct!, [segment], isShared ? undefined : releasing([segment], undefined));
  }

  /**
   * Writes segments.
   *
   * @param callback called when they have left
   * @param areShared they have no memory to give back
   * @returns whether the socket has room for more
   */
  write(segments: readonly Uint8Array[], callback: SendCallback | undefined, areShared = false): boolean {
    makeWrites();
    for (let i = 0; i < segments.length; i++) this.bytesSent += segments[i]!.length;
    const direct = this.#direct;
    if (direct !== undefined) {
      const written = writeDirectly(direct, segments);
      if (written === true) {
        if (!areShared) release(segments);
        if (callback !== undefined) process.nextTick(callback, null);
        return true;
      }
      if (written !== undefined) return written.handOver(direct, segments, releasing(segments, callback));
    }
    return this.#writeToStream(segments, callback && inOwnContext(callback));
  }

  #writeToStream(segments: readonly Uint8Array[], callback: SendCallback | undefined): boolean {
    const socket = this.#socket;
    const isPending = socket.writableLength > 0;
    // Where nothing is known of a socket, and for one that holds copies, memory is left to the garbage collector.
    if (isPending || !writesAsNode(socket)) return writeSegments(socket, segments, callback);
    // Encrypted bytes are never taken at once.
    if (this.#isEncrypted) return writeSegments(socket, segments, releasing(segments, callback));
    const hasRoom = writeSegments(socket, segments, callback);
    // With nothing pending, the system has taken all.
    if (socket.writableLength === 0) release(segments);
    return hasRoom;
  }
}

/** The callback that releases memory too. After an error it is left to the garbage collector. */
function releasing(segments: readonly Uint8Array[], callback: SendCallback | undefined): SendCallback {
  const done = callback && inOwnContext(callback);
  return (error) => {
    if (!error) release(segments);
    done?.(error);
  };
}

function release(segments: readonly Uint8Array[]): void {
  for (let i = 0; i < segments.length; i++) FrameWriter.release(segments[i]!);
}
