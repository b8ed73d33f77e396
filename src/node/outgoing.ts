// What goes out on one socket: gathers frames, hands them over in one write, and tells who sent when it has left, and the owner when
// nothing waits any more. It knows no event and nothing of closing.

import { Socket } from 'node:net';
// Not the global: that is a getter, which is called each time.
import process from 'node:process';
import type { Duplex } from 'node:stream';
import type { Connection } from '../connection.js';
import type { PreparedMessage } from '../frames/prepared-message.js';
import { getHost } from '../kernel/host.js';
import type { SendMessageOptions } from '../messages/message-sender.js';
import { BlobQueue, isAtHand, type Waiting } from './blob-queue.js';
import { joinCallbacks, type SendCallback } from './send-callback.js';
import type { Payload } from './sendable.js';

/** Who is told of what no callback may be there for. */
interface Owner {
  emitError(error: Error): void;
  /** Nothing waits any more, where something was seen to. */
  drained(): void;
}

const COMPRESSED: SendMessageOptions = { inSlices: true };
const UNCOMPRESSED: SendMessageOptions = { compress: false };
/**
 * Once so much is gathered it leaves, whatever else is to come: the writer's shared buffers hold no more. A payload of this
 * length is not gathered at all but written where it lies, behind its header; at half of it, that gains nothing.
 */
const FLUSH_LENGTH = 128 * 1024;
const EMPTY = Buffer.alloc(0);
const BufferPart = getHost().partClass(Buffer.alloc(0));

export class Outgoing {
  readonly #socket: Duplex;
  readonly #connection: Connection;
  readonly #owner: Owner;
  /** To be called when what has been gathered has left. */
  #callbacks: SendCallback[] | undefined;
  /** Buffers that leave as they are, before what the connection has gathered: prepared frames, headers and long payloads. */
  #uncopied: Uint8Array[] | undefined;
  #uncopiedLength = 0;
  #isSliceScheduled = false;
  /** Reasons not to flush: a chunk that is being read, and each cork. */
  #holds = 0;
  #corks = 0;
  #isFlushScheduled = false;
  #isFragmented = false;
  /** A Blob that is being read, and what waits behind it; undefined if none is. */
  #blobs: BlobQueue | undefined;
  /** Something was seen to wait, or the system did not take all: the owner is to be told when nothing waits. */
  #owesDrain = false;

  constructor(socket: Duplex, connection: Connection, owner: Owner) {
    this.#socket = socket;
    this.#connection = connection;
    this.#owner = owner;
  }

  /** Somebody waits to be told of what was sent, or something is held that was. */
  get isWaiting(): boolean {
    return this.#callbacks !== undefined || this.#blobs !== undefined || this.#uncopied !== undefined;
  }

  /** Bytes that the system has not taken yet. */
  get length(): number {
    const { outgoingLength, pendingLength } = this.#connection;
    const waitingLength = this.#blobs === undefined ? 0 : this.#blobs.length;
    return outgoingLength + this.#uncopiedLength + pendingLength + this.#socket.writableLength + waitingLength;
  }

  get #gatheredLength(): number {
    return this.#connection.outgoingLength + this.#uncopiedLength;
  }

  /** Sees to it that the owner is told, once, when nothing waits any more; without effect if nothing does, or never will leave. */
  oweDrain(): void {
    if (this.#owesDrain || this.length === 0 || !this.#socket.writable) return;
    this.#owesDrain = true;
    this.#awaitDrain();
  }

  /** Sends a message, or a fragment of one. */
  send(
    payload: Payload,
    isBinary: boolean,
    isLast: boolean,
    compress: boolean,
    callback: SendCallback | undefined,
  ): void {
    const how = compress ? COMPRESSED : UNCOMPRESSED;
    if (this.#blobs === undefined && isAtHand(payload)) this.#sendNow(payload, isBinary, isLast, how, callback);
    else this.#wait({ payload, callback, send: (bytes) => this.#sendNow(bytes, isBinary, isLast, how, callback) });
  }

  /** Sends a ping or a pong. @param payload at most 125 bytes */
  sendControl(type: 'ping' | 'pong', payload: Payload, callback: SendCallback | undefined): void {
    const send = (bytes: string | Uint8Array) => {
      this.#connection[type](bytes);
      this.#gathered(callback);
    };
    if (this.#blobs === undefined && isAtHand(payload)) send(payload);
    else this.#wait({ payload, callback, send });
  }

  /** Sends a message that was framed before. */
  sendPrepared(message: PreparedMessage, callback: SendCallback | undefined): void {
    if (this.#blobs === undefined) this.#sendPreparedNow(message, callback);
    else this.#wait({ payload: '', callback, send: () => this.#sendPreparedNow(message, callback) });
  }

  #sendPreparedNow(message: PreparedMessage, callback: SendCallback | undefined): void {
    const connection = this.#connection;
    if (this.#holds > 0 || connection.outgoingLength > 0 || connection.hasSlices) connection.sendPrepared(message);
    // The frame itself leaves: a broadcast makes no copy for any receiver.
    else this.#addUncopied(connection.framePrepared(message));
    this.#gathered(callback);
  }

  /** Sends a Close behind all that was sent; nothing may be sent after it. */
  close(closeCode: number | undefined, reason: string): void {
    const send = () => {
      this.#connection.close(closeCode, reason);
      this.#gathered(undefined);
    };
    if (this.#blobs === undefined) send();
    else this.#wait({ payload: '', callback: undefined, send });
  }

  /** What is sent leaves when whoever corked wants it to, if ever. */
  get isCorked(): boolean {
    return this.#corks > 0;
  }

  /** A hold of the caller's, until `uncork`. */
  cork(): void {
    this.#corks++;
    this.hold();
  }

  /** Takes back one `cork`. */
  uncork(): void {
    if (this.#corks === 0) return;
    this.#corks--;
    this.release();
  }

  /** Keeps what is sent from now on, until `release`. */
  hold(): void {
    this.#holds++;
  }

  /** Takes back one `hold`; after the last of them all leaves. */
  release(): void {
    if (this.#holds > 0) this.#holds--;
    if (this.#holds === 0) this.flush();
  }

  /** Hands all that was gathered to the socket, in one write. */
  flush(): void {
    const connection = this.#connection;
    const socket = this.#socket;
    if (connection.hasSlices) this.#sliceSoon();
    // While a message leaves in slices, nothing that was sent behind it has left.
    const callback = connection.hasSlices ? undefined : this.#takeCallback();
    const uncopied = this.#uncopied;
    let hasRoom = true;
    if (uncopied !== undefined) {
      this.#uncopied = undefined;
      this.#uncopiedLength = 0;
      const isAll = connection.outgoingLength === 0;
      hasRoom = this.#writeAll(uncopied, isAll ? callback : undefined);
    }
    if (connection.outgoingLength > 0) {
      // A Buffer: of anything else the socket would make one.
      const bytes = connection.takeOutgoing(BufferPart);
      // Where the peer reads slowly, what waits for it must not hold a shared buffer.
      const isBehind = socket.writableLength > 0;
      hasRoom = socket.write(isBehind ? Buffer.from(bytes) : bytes, callback);
      // If nothing waits, the system has taken all. Only of a real socket: another Duplex may keep what it says it wrote.
      const isTaken = socket.writableLength === 0 && socket instanceof Socket;
      if (isBehind || isTaken) connection.releaseOutgoing(bytes);
    }
    if (!hasRoom && socket.writableNeedDrain) this.oweDrain();
  }

  /** In one write. @returns whether the socket has room for more */
  #writeAll(buffers: readonly Uint8Array[], callback: SendCallback | undefined): boolean {
    const socket = this.#socket;
    const last = buffers.length - 1;
    if (last > 0) socket.cork();
    let hasRoom = true;
    for (const [i, buffer] of buffers.entries()) hasRoom = socket.write(buffer, i === last ? callback : undefined);
    if (last > 0) socket.uncork();
    return hasRoom;
  }

  /** Looks behind all that waits now whether anything waits still. */
  #awaitDrain(): void {
    // Behind the last of what waits for Blobs there is a look.
    if (this.#blobs !== undefined) return;
    const socket = this.#socket;
    const look = (error?: Error | null) => {
      if (!error) this.#lookForDrain();
    };
    if (this.#gatheredLength > 0 || this.#connection.hasSlices) {
      this.#callbacks ??= [];
      this.#callbacks.push(look);
    } else if (socket.writableNeedDrain) {
      socket.once('drain', look);
    } else {
      // What has been written is under way, and no event tells of its end.
      socket.write(EMPTY, look);
    }
  }

  #lookForDrain(): void {
    if (!this.#owesDrain || !this.#socket.writable) return;
    // What is corked leaves when whoever corked wants it to.
    const corked = this.#holds > 0 ? this.#gatheredLength : 0;
    if (this.length > corked) {
      this.#awaitDrain();
      return;
    }
    this.#owesDrain = false;
    this.#owner.drained();
  }

  #addUncopied(buffer: Uint8Array): void {
    this.#uncopied ??= [];
    this.#uncopied.push(buffer);
    this.#uncopiedLength += buffer.length;
  }

  /** The socket is gone: what waits will not leave. */
  fail(error: Error): void {
    const blobs = this.#blobs;
    this.#blobs = undefined;
    this.#uncopied = undefined;
    this.#uncopiedLength = 0;
    this.#takeCallback()?.(error);
    blobs?.fail(error);
  }

  #sendNow(
    payload: string | Uint8Array,
    isBinary: boolean,
    isLast: boolean,
    how: SendMessageOptions,
    callback: SendCallback | undefined,
  ): void {
    const connection = this.#connection;
    if (this.#isFragmented || !isLast) {
      if (this.#isFragmented) connection.sendFragment(payload, isLast);
      else connection.startMessage(isBinary ? 'binary' : 'text', payload, how);
      this.#isFragmented = !isLast;
    } else if (
      typeof payload !== 'string' &&
      payload.length >= FLUSH_LENGTH &&
      this.#sendUncopied(payload, isBinary, how)
    ) {
      // It is on its way.
    } else if (!isBinary) {
      connection.sendText(payload, how);
    } else {
      connection.sendBinary(typeof payload === 'string' ? Buffer.from(payload) : payload, how);
    }
    this.#gathered(callback);
  }

  /** @returns false if it has to be copied: then nothing was done */
  #sendUncopied(payload: Uint8Array, isBinary: boolean, how: SendMessageOptions): boolean {
    const connection = this.#connection;
    const header = connection.headerFor(isBinary ? 'binary' : 'text', payload, how);
    if (header === undefined) return false;
    if (connection.outgoingLength > 0) this.flush();
    this.#addUncopied(header);
    this.#addUncopied(payload);
    return true;
  }

  /** A long message is compressed slice by slice, so that other connections have their turn. */
  #sliceSoon(): void {
    if (this.#isSliceScheduled) return;
    this.#isSliceScheduled = true;
    setImmediate(Outgoing.#sendScheduledSlice, this);
  }

  static #sendScheduledSlice(outgoing: Outgoing): void {
    outgoing.#isSliceScheduled = false;
    outgoing.#connection.sendNextSlice();
    outgoing.flush();
  }

  /** Something was added to what is gathered. */
  #gathered(callback: SendCallback | undefined): void {
    if (callback !== undefined) {
      this.#callbacks ??= [];
      this.#callbacks.push(callback);
    }
    if (this.#connection.outgoingLength + this.#uncopiedLength >= FLUSH_LENGTH) this.flush();
    else if (this.#holds === 0 && !this.#isFlushScheduled) {
      this.#isFlushScheduled = true;
      process.nextTick(Outgoing.#flushScheduled, this);
    }
  }

  static #flushScheduled(outgoing: Outgoing): void {
    outgoing.#isFlushScheduled = false;
    if (outgoing.#holds === 0) outgoing.flush();
  }

  #takeCallback(): SendCallback | undefined {
    const callbacks = this.#callbacks;
    if (callbacks === undefined) return undefined;
    this.#callbacks = undefined;
    return joinCallbacks(callbacks);
  }

  /** Sends it when it is read, and behind all that waits. */
  #wait(entry: Waiting): void {
    if (this.#blobs === undefined) this.#blobs = new BlobQueue(this, entry);
    else this.#blobs.add(entry);
  }

  /** Of the queue behind Blobs. */
  queueEnded(): void {
    this.#blobs = undefined;
    this.#lookForDrain();
  }

  /** Of the queue behind Blobs: one cannot be read. */
  emitError(error: Error): void {
    this.#owner.emitError(error);
  }
}
