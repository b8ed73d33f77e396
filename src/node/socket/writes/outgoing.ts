// The send queue of one socket: gathers frames, writes them together, and calls back once they have left.

import type { Duplex } from 'node:stream';
import { OPCODE_BINARY } from '../../../../assembly/shared/protocol.js';
import { getHost } from '../../../bytes/host.js';
import { MAX_SLAB_LENGTH } from '../../../bytes/thresholds.js';
import type { Connection } from '../../../connection.js';
import type { PreparedMessage } from '../../../frames/prepared-message.js';
import { ProtocolError } from '../../../protocol/errors.js';
import { MESSAGE_COMPRESSION_CHANNEL, MESSAGE_SENT_CHANNEL } from '../../observe/channels.js';
import type { Observer } from '../../observe/observer.js';
import { inOwnContext, isBlob, joinCallbacks, type Payload, type SendCallback } from '../../websocket/sendable.js';
import { isLastOfMessage } from '../../websocket/sender.js';
import { nextTick } from '../machinery.js';
import { awaitTurn, type TurnTaker } from '../turns.js';
import { BlobQueue, queuedSend } from './blob-queue.js';
import type { DirectWrite } from './direct-writes.js';
import { DrainWatch } from './drain-watch.js';
import { FlushSchedule } from './flush-schedule.js';
import type { OutgoingOwner } from './outgoing-owner.js';
import { BY_REFERENCE, PreparedRun } from './prepared-run.js';
import { sendPayload } from './send-payload.js';
import { SocketWriter } from './socket-writer.js';
import { type BatchWriter, makeWrites } from './write-batch.js';

const EMPTY = Buffer.alloc(0);
const BufferPart = getHost().bytesClass(EMPTY);

export class Outgoing extends PreparedRun implements TurnTaker, BatchWriter {
  readonly #socket: Duplex;
  readonly #owner: OutgoingOwner;
  readonly #observer: Observer;
  readonly #writer: SocketWriter;
  /** To be called when what has been gathered has left, each in the async context of its own call. */
  #callbacks: SendCallback[] | undefined;
  /** The next slice is made soon. */
  isTurnAwaited = false;
  /** A message was leaving in slices when something was last sent, or a slice made. */
  #isSlicing = false;
  /** A Blob that is being read, and what is queued behind it; undefined if none is. */
  #blobs: BlobQueue | undefined;
  /** A Blob could not be read. Slices of earlier messages are still leaving. */
  #failure: Error | undefined;
  /** Made when something is first pending and somebody asks. */
  #drain: DrainWatch | undefined;
  /** Fragments that were sent, without the last of each message. */
  #fragmentsSent = 0;

  /** @param directWrites see the option */
  constructor(socket: Duplex, connection: Connection, owner: OutgoingOwner, observer: Observer, directWrites: boolean) {
    super(connection);
    this.#socket = socket;
    this.#owner = owner;
    this.#observer = observer;
    this.#writer = new SocketWriter(socket, directWrites);
  }

  /** For the program, which may do anything with it: what was sent is written before, unless it is corked. */
  exposeSocket(): Duplex {
    this.flushUnlessCorked();
    makeWrites();
    return this.#socket;
  }

  /** Bytes of frames that were handed to the socket. */
  get bytesSent(): number {
    return this.#writer.bytesSent;
  }

  /** A callback has not been called, or something has not been handed to the socket. */
  get isWaiting(): boolean {
    return this.#callbacks !== undefined || this.#blobs !== undefined || this.gatheredLength > 0;
  }

  /** Bytes that the system has not taken yet: of one queue, from Blobs over slices and gathered frames to the socket. */
  get length(): number {
    const { pendingLength } = this.connection;
    return (this.#blobs?.length ?? 0) + pendingLength + this.gatheredLength + this.#socket.writableLength;
  }

  /** A text that changes with every message and fragment, and while pending bytes leave. Undefined while a stream has nothing to send. */
  get activity(): string | undefined {
    if (this.#blobs?.isStreaming === true && this.length === this.#blobs.length) return undefined;
    return `${this.messagesSent} ${this.#fragmentsSent} ${this.length}`;
  }

  /**
   * The same as `length`, without what leaves by itself in this turn: with nothing before it, the system takes that at once. It is less
   * than a slab, as more is written at once.
   */
  get waitingLength(): number {
    const socket = this.#socket;
    const isDue = !this.isCorked && socket.writableLength === 0 && socket.writable;
    return isDue && this.#blobs === undefined && !this.connection.hasSlices ? 0 : this.length;
  }

  /** Sees to it that the owner is told, once, when nothing waits any more; without effect if nothing does, or never will leave. */
  oweDrain(): void {
    makeWrites(); // a listener may be next
    this.#drain ??= new DrainWatch(this, this.#socket, () => this.#owner.drained());
    this.#drain.owe();
  }

  get corkedLength(): number {
    return this.isHeld ? this.connection.outgoingLength : 0;
  }

  get isReadingSource(): boolean {
    return this.#blobs !== undefined;
  }

  /** A ping that is sent now waits for the program: until `uncork()`, or until a Blob has been read. */
  get isPingHeld(): boolean {
    return this.isCorked || this.#blobs?.isStreaming === false;
  }

  whenFlushed(callback: SendCallback): boolean {
    if (this.gatheredLength === 0 && !this.connection.hasSlices) return false;
    this.#callBack(callback);
    return true;
  }

  /** Sends a message, or a fragment of one. */
  send(
    payload: Payload,
    isBinary: boolean,
    isLast: boolean,
    compress: boolean,
    callback: SendCallback | undefined,
  ): void {
    if (this.#blobs === undefined && !isBlob(payload)) this.sendNow(payload, isBinary, isLast, compress, callback);
    else this.#queue(payload, callback, (queued, done) => this.sendNow(queued, isBinary, isLast, compress, done));
  }

  /** Sends a ping or a pong. @param payload at most 125 bytes */
  sendControl(type: 'ping' | 'pong', payload: Payload, callback: SendCallback | undefined): void {
    const send = (queued: string | Uint8Array, done: SendCallback | undefined) => {
      this.endRun();
      this.connection[type](queued);
      this.#gathered(done);
    };
    if ((this.#blobs?.isStreaming ?? true) && !isBlob(payload)) send(payload, callback);
    else this.#queue(payload, callback, send, undefined, true);
  }

  /** Sends a message that was framed before. */
  sendPrepared(message: PreparedMessage, callback: SendCallback | undefined): void {
    if (this.#blobs !== undefined) {
      this.#queue('', callback, (_queued, done) => this.#sendPreparedNow(message, done));
    } else if (callback !== undefined || !this.addToRun(message)) {
      this.#sendPreparedNow(message, callback);
    }
  }

  #sendPreparedNow(message: PreparedMessage, callback: SendCallback | undefined): void {
    if (MESSAGE_COMPRESSION_CHANNEL.hasSubscribers) {
      this.endRun();
      this.#observer.reportCompression(this.connection);
    }
    const isAlone = !this.isHeld && this.#callbacks === undefined && !this.hasRun;
    const isDue = isAlone && this.schedule.isQuiet;
    if (isAlone && !isDue && callback === undefined && this.startRun(message)) return;
    this.#countMessage(message.payload, message.opcode === OPCODE_BINARY);
    // A subscriber of the channel may have sent others, which come first.
    const frame = isDue && !this.hasRun ? this.loneFrame(message) : undefined;
    if (frame !== undefined) {
      this.schedule.schedule();
      this.#write([frame], callback, true, FlushSchedule.isCrowded);
      return;
    }
    this.endRun();
    this.connection.sendPrepared(message, BY_REFERENCE);
    this.#gathered(callback);
  }

  /**
   * Sends a message whose fragments come from a stream, behind what is queued. Later messages queue behind it, except for pings
   * and pongs.
   *
   * @param run sends the fragments with `sendNow`: see `QueuedSend`
   * @param failed called if it will not leave, or not all of it
   */
  sendStream(run: () => Promise<void>, failed: SendCallback): void {
    this.#queue('', failed, () => {}, run);
  }

  /** A message has begun whose last fragment is yet to be sent. */
  get isMessageOpen(): boolean {
    return this.connection.isMessageOpen;
  }

  /** Sends frames as the program has made them. */
  sendFrames(frames: readonly Uint8Array[], callback: SendCallback | undefined): void {
    const send = (done: SendCallback | undefined) => {
      const connection = this.connection;
      this.endRun();
      // A frame of another message must not come between slices.
      while (connection.hasSlices) connection.sendNextSlice();
      this.#isSlicing = false;
      for (const frame of frames) connection.sendEncoded(frame);
      if (isLastOfMessage(frames)) this.addToMessagesSent();
      else this.#fragmentsSent++;
      this.#gathered(done);
    };
    if (this.#blobs === undefined) send(callback);
    else this.#queue('', callback, (_queued, done) => send(done));
  }

  /** Sends a Close frame behind all that was sent; nothing may be sent after it. */
  close(closeCode: number | undefined, reason: string): void {
    const send = () => {
      this.endRun();
      this.connection.close(closeCode, reason);
      this.#gathered(undefined);
    };
    if (this.#blobs === undefined) send();
    else this.#queue('', undefined, send);
  }

  /**
   * Hands all that was gathered to the socket, in one write.
   *
   * @param own the callback of what is being sent, if it is alone
   * @param mayWait the write may wait for the end of the tick
   */
  flush(own?: SendCallback, mayWait = false): void {
    const connection = this.connection;
    const run = this.takeRun();
    if (run !== undefined) {
      this.#write([run.bytes], undefined, true, false);
      return;
    }
    if (connection.hasSlices) {
      if (!this.isTurnAwaited) awaitTurn(this);
      this.isTurnAwaited = true;
    } else if (this.#isSlicing) {
      // The connection has failed, and with it messages that were leaving in slices, or waited for them.
      this.#isSlicing = false;
      const lost = this.#takeCallback();
      if (lost !== undefined) nextTick(lost, new ProtocolError('WSIMD_NOT_OPEN', { detail: 'it has failed' }));
    }
    if (connection.outgoingLength === 0) return;
    // While a message leaves in slices, nothing that was sent behind it has left.
    const callback = connection.hasSlices ? undefined : (own ?? this.#takeCallback());
    // The peer reads slowly: what waits in the socket holds no more than its own length.
    const isCompact = this.#socket.writableLength > 0;
    // A Buffer: of anything else the socket would make one.
    this.#write(connection.takeOutgoingSegments(BufferPart, isCompact), callback, false, mayWait);
  }

  #write(
    segments: readonly Uint8Array[],
    callback: SendCallback | undefined,
    areShared: boolean,
    mayWait: boolean,
  ): void {
    const isLone = callback === undefined && segments.length === 1;
    if (isLone && this.#writer.gather(this, segments[0]!, areShared, mayWait)) return;
    this.#wrote(this.#writer.write(segments, callback, areShared));
  }

  notTaken(segment: Uint8Array, isShared: boolean, write: DirectWrite | undefined): void {
    const hasRoom = this.#writer.finish(segment, isShared, write);
    // Not yet: another connection may be about to write, and a subscriber of the channel may send on it.
    nextTick(() => this.#wrote(hasRoom));
  }

  #wrote(hasRoom: boolean): void {
    if (hasRoom || !this.#socket.writableNeedDrain) return;
    this.#observer.backpressured(this.length);
    this.oweDrain();
  }

  /** The connection fails by a rule: a Close frame leaves behind what was sent. */
  refuse(error: ProtocolError): void {
    this.endRun();
    this.connection.fail(error);
  }

  /** The socket is gone: what waits will not leave. */
  fail(error: Error): void {
    const blobs = this.#blobs;
    this.#blobs = undefined;
    this.#failure = undefined;
    this.takeRun();
    for (const segment of this.connection.takeOutgoingSegments()) this.connection.releaseOutgoing(segment);
    this.#takeCallback()?.(error);
    blobs?.fail(error);
  }

  /** Sends at once, also before what is queued: a fragment of `sendStream`. @throws ProtocolError if the connection takes no more */
  sendNow(
    payload: string | Uint8Array,
    isBinary: boolean,
    isLast: boolean,
    compress: boolean,
    callback: SendCallback | undefined,
  ): void {
    this.endRun();
    if (MESSAGE_COMPRESSION_CHANNEL.hasSubscribers) this.#observer.reportCompression(this.connection);
    sendPayload(this.connection, this.#socket, payload, isBinary, isLast, compress);
    if (isLast) this.#countMessage(payload, isBinary);
    else this.#fragmentsSent++;
    this.#gathered(callback);
  }

  #countMessage(payload: Payload, isBinary: boolean): void {
    this.addToMessagesSent();
    if (MESSAGE_SENT_CHANNEL.hasSubscribers) this.#observer.messageSent(payload, isBinary);
  }

  /** The next slice. */
  takeTurn(): void {
    this.isTurnAwaited = false;
    const connection = this.connection;
    const hadSlices = connection.hasSlices;
    connection.sendNextSlice();
    this.#isSlicing = connection.hasSlices;
    this.flush();
    this.#reportFailure();
    // The last Close frame was behind the slices.
    if (hadSlices && connection.state === 'closed') this.#owner.closed();
  }

  /** Something was added to what is gathered. */
  #gathered(callback: SendCallback | undefined): void {
    const connection = this.connection;
    if (connection.hasSlices) this.#isSlicing = true;
    const isFull = connection.outgoingLength >= MAX_SLAB_LENGTH && !this.isCorked;
    const isQuiet = !isFull && !this.isHeld && this.schedule.schedule();
    const isDue = isFull || isQuiet;
    // What leaves at once, alone, needs no context: it is that of the caller.
    if (isDue && this.#callbacks === undefined && connection.outgoingLength > 0 && !connection.hasSlices) {
      this.flush(callback, isQuiet && FlushSchedule.isCrowded);
      return;
    }
    // A subscriber of a channel has sent another message, which has taken this one along.
    const hasLeft = callback !== undefined && this.gatheredLength === 0 && !connection.hasSlices;
    if (hasLeft) this.#socket.write(EMPTY, inOwnContext(callback));
    else if (callback !== undefined) this.#callBack(inOwnContext(callback));
    if (isDue) this.flush();
  }

  #callBack(callback: SendCallback): void {
    // A run has no callbacks: a subscriber of a channel may have begun one.
    this.endRun();
    this.#callbacks ??= [];
    this.#callbacks.push(callback);
  }

  #takeCallback(): SendCallback | undefined {
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    return callbacks && joinCallbacks(callbacks);
  }

  /** Sends a Blob once it has been read, and anything else behind the Blobs and streams before it: until then a copy is kept. */
  #queue(
    payload: Payload,
    callback: SendCallback | undefined,
    send: (queued: string | Uint8Array, done: SendCallback | undefined) => void,
    stream?: () => Promise<void>,
    isControl = false,
  ): void {
    const entry = queuedSend(payload, callback, send, stream, isControl);
    if (this.#blobs === undefined) {
      this.connection.holdClose();
      this.#blobs = new BlobQueue(this, entry);
    } else {
      this.#blobs.add(entry);
    }
  }

  /** Of the queue behind Blobs. */
  queueEnded(): void {
    this.#blobs = undefined;
    this.endRun();
    this.connection.releaseClose();
    if (this.connection.state === 'closed') this.#owner.closed();
    this.#drain?.look();
  }

  /** A Blob could not be read. Messages before it leave first; the queue behind it stays, so that nothing overtakes it. */
  blobFailed(error: Error): void {
    this.#failure = error;
    this.#reportFailure();
  }

  #reportFailure(): void {
    const failure = this.#failure;
    if (failure === undefined || this.connection.hasSlices) return;
    this.#failure = undefined;
    this.flush();
    const blobs = this.#blobs;
    this.#blobs = undefined;
    blobs?.fail(failure);
    this.#owner.sendFailed(failure);
  }
}
