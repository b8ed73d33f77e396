// Chunks → messages: has each chunk decoded and its records read, and delivers what came of it, in order, calls from inside a
// delivery too.

import { CHUNK_CAPACITY, RECORD_CAPACITY } from '../../../assembly/shared/layout.js';
import { requireBytes } from '../../bytes/copy.js';
import { ChunkDecoder } from '../../frames/chunk-decoder.js';
import { Slab } from '../../frames/slab.js';
import type { KernelName } from '../../kernel/kernel.js';
import type { ProtocolError } from '../../protocol/errors.js';
import type { MessageDecompression } from '../compression.js';
import { collectCopies, collectInto, ERROR, type MessageEvent, type MessageHandler } from '../handler.js';
import { beginTurn, COPY_COST, DELIVERY_COST, isTurnSpent, spend, turnLeft } from '../turn.js';
import { decoderConfigFor, type MessageDecoderConfig, type MessageDecoderOptions } from './decoder-config.js';
import { DeliveryQueue } from './delivery-queue.js';
import { HandlerSink } from './handler-sink.js';
import { RecordReader } from './record-reader.js';

export type { MessageDecoderOptions } from './decoder-config.js';

const EMPTY = new Uint8Array(0);

/** Queues that no decoder has deliveries in. One is enough unless handlers feed other decoders. */
const spareQueues: DeliveryQueue[] = [];
const MAX_SPARE_QUEUES = 8;

/**
 * The most deliveries that are queued before some are delivered: a peer can have objects of 200 bytes made of 6 bytes each, and a turn
 * may end before they are delivered. 64 KiB of messages of 64 bytes are fewer.
 */
const MOST_QUEUED = 1024;
/** The same of compressed messages, which take more memory, and the first of which may spend the turn. */
const MOST_COMPRESSED_QUEUED = 256;

/**
 * Takes the bytes of one direction of a connection, in chunks cut anywhere, and delivers messages, pings and pongs, then
 * the Close frame or the error that ends the stream. Input after that is discarded.
 *
 * ```ts
 * const decoder = new MessageDecoder({ role: 'server' });
 * for (const event of decoder.decode(chunk)) if (event.type === 'text') console.log(event.text);
 * ```
 */
export class MessageDecoder {
  readonly #decoder: ChunkDecoder;
  readonly #config: MessageDecoderConfig;
  readonly #reader: RecordReader;
  readonly #sink: HandlerSink;
  readonly #mostQueued: number;
  /** Made when there is something to deliver, given up when all is delivered: an idle connection has none. */
  #queue: DeliveryQueue | undefined;
  #isDelivering = false;
  #hasReportedError = false;
  /** Chunks that came and have not been decoded, or not to their end: the queue was full, or the turn was spent. */
  #rest: Slab[] | undefined;

  /**
   * @param compression the negotiated compression, if any: see `PerMessageDeflate` in `wsimd/deflate`. Compressed messages that are
   *   delivered whole are held compressed until they are complete. `maxMessageLength` limits the compressed bytes, and again, exactly,
   *   the inflated ones
   * @param sink internal: acts on deliveries before the handler does
   * @throws RangeError, TypeError for options out of range; ProtocolError `WSIMD_NO_KERNEL`
   */
  constructor(
    options: MessageDecoderOptions,
    compression?: MessageDecompression | undefined,
    sink: HandlerSink = new HandlerSink(),
  ) {
    this.#config = decoderConfigFor(options);
    // RSV1 marks compressed messages (RFC 7692), so it is allowed only if they can be inflated.
    this.#decoder = new ChunkDecoder(options, compression !== undefined);
    this.#reader = new RecordReader(this.#decoder, this.#config, compression);
    this.#sink = sink;
    this.#mostQueued = compression === undefined ? MOST_QUEUED : MOST_COMPRESSED_QUEUED;
  }

  /**
   * 64 KiB that a transport can read into, to be decoded without a copy; see `dispatchReceived`. All decoders on this kernel
   * share it, and every call of any of them overwrites it.
   */
  get receiveBuffer(): Uint8Array<ArrayBuffer> {
    return this.#decoder.arena.receiveBuffer;
  }

  /** Which kernel decodes. */
  get kernelName(): KernelName {
    return this.#decoder.arena.kernel.name;
  }

  /** Bytes of the stream decoded so far. */
  get position(): number {
    return this.#decoder.position;
  }

  /** A whole Close frame was read, or an error found: later input is discarded. */
  get isDone(): boolean {
    return this.#decoder.isDone;
  }

  /** The error that ended the stream; undefined without one. */
  get error(): ProtocolError | undefined {
    return this.#decoder.error;
  }

  /** Deliver binary messages of several frames as the payloads of their frames (`onFragments`); default: joined. */
  get separatesFragments(): boolean {
    return this.#reader.separatesFragments;
  }
  /** Takes effect with the next message that begins. */
  set separatesFragments(value: boolean) {
    this.#reader.separatesFragments = value;
  }

  /**
   * Bytes of memory allocated for an incomplete message or control frame (at least as many as have come of it), and for pending
   * input, with 200 for each message that is decoded and waits.
   */
  get bufferedLength(): number {
    const restLength = this.#rest?.reduce((sum, { start, length }) => sum + length - start, 0) ?? 0;
    return this.#reader.bufferedLength + (this.#queue?.heldLength ?? 0) + restLength;
  }

  /**
   * Whether input is pending because the turn was spent (`inTurns`), or a handler threw. `continue` delivers it. Do not read this
   * while a handler is being called.
   */
  get hasPendingInput(): boolean {
    return this.#queue !== undefined || this.#rest !== undefined;
  }

  /**
   * Decodes a whole chunk into events, also with `inTurns`. The last one is `close` or `error` if the stream has ended.
   *
   * @param chunk of any length, also 0; it belongs to the decoder from here on, unless `ownsChunks` is false
   */
  decode(chunk: Uint8Array): MessageEvent[] {
    const events: MessageEvent[] = [];
    const handler = this.collector(events);
    this.dispatch(chunk, handler);
    while (this.hasPendingInput && !this.#isDelivering) this.continue(handler);
    return events;
  }

  /** A handler that puts everything into an array: copies of what is not owned. */
  collector(events: MessageEvent[]): Required<MessageHandler> {
    return this.#config.isLent ? collectCopies(events) : collectInto(events);
  }

  /**
   * Decodes a chunk and calls the handler for everything in it. This is faster than `decode`; use it on a socket. If a handler calls
   * it, the handler of the outer call gets the deliveries of this chunk too, in order.
   *
   * @param chunk of any length, also 0; it belongs to the decoder from here on, unless `ownsChunks` is false
   * @param handler undefined to discard everything
   * @throws what the handler throws; TypeError for a chunk that is not bytes
   */
  dispatch(chunk: Uint8Array, handler: MessageHandler | undefined): void {
    requireBytes(chunk);
    this.#decode(new Slab(chunk, chunk.length, this.#config.ownsChunks ? 'codec' : 'caller'), handler);
  }

  /** Delivers pending input: the same as `dispatch` of an empty chunk. */
  continue(handler: MessageHandler | undefined): void {
    this.dispatch(EMPTY, handler);
  }

  /**
   * The same for bytes that the transport has put at the start of `receiveBuffer`, decoded where they lie. Nothing else may
   * have been decoded since they were put there, on whatever connection: only for a transport that calls back at once when
   * it has read. One that has reads pending, as all with promises do, mixes up its connections: it hands over chunks.
   *
   * What is delivered is owned all the same. `ownsChunks` makes no difference.
   *
   * @param length how many bytes, 0 to 64 KiB
   * @throws what the handler throws; RangeError for a length that cannot be
   */
  dispatchReceived(length: number, handler: MessageHandler | undefined): void {
    if (!(Number.isInteger(length) && length >= 0 && length <= CHUNK_CAPACITY)) {
      throw new RangeError(`length is a whole number from 0 to ${CHUNK_CAPACITY}, not ${length}`);
    }
    this.#decode(new Slab(undefined, length, 'arena'), handler);
  }

  /** Discards what is held of a message or a control frame that is not complete, and what is pending. Nothing more may come. */
  discard(): void {
    this.#reader.clear();
    this.#rest = undefined;
    this.#queue?.clear();
    if (!this.#isDelivering) this.#queue = undefined;
  }

  /** Discards what is pending and has still to be decoded or inflated. */
  discardUnfinished(): void {
    this.#rest = undefined;
    this.#queue?.clearUnfinished();
  }

  #decode(slab: Slab, handler: MessageHandler | undefined): void {
    const isNested = this.#isDelivering;
    if (!isNested) this.#sink.handler = handler;
    if (this.#config.inTurns && !isNested) beginTurn();
    try {
      if (!this.#hasToWait()) {
        while (slab.start < slab.length) {
          const room = this.#room();
          if (room <= 0) break;
          if (this.#takeLong(slab)) continue;
          const count = this.#decoder.decode(slab, room);
          if (count === 1 && this.#deliverSingle(slab)) return;
          this.#queueRecords(slab, count);
        }
      }
      if (slab.start < slab.length) this.#keepRest(slab);
      this.#deliverAll();
    } finally {
      if (!isNested) this.#sink.handler = undefined;
    }
  }

  /** A new chunk has to wait: something before it is pending. */
  #hasToWait(): boolean {
    return this.#rest !== undefined || (this.#queue !== undefined && this.#config.inTurns && !this.#isDelivering);
  }

  #queueRecords(slab: Slab, count: number): void {
    if (count > 0) this.#reader.queueRecords(this.#queued(), slab, count);
    slab.start += this.#decoder.consumed;
  }

  /** How many records may be queued next; 0 or less if what is queued has to be delivered first, or in a later turn. */
  #room(): number {
    const queue = this.#queue;
    const room = this.#mostQueued - (queue?.length ?? 0);
    if (!this.#config.inTurns) return room > 0 ? RECORD_CAPACITY : 0;
    return queue?.isHeldUp ? 0 : roomFor(turnLeft() - (queue?.cost ?? 0), room);
  }

  /** What is not the decoder's own is copied. */
  #keepRest(slab: Slab): void {
    const { chunk, start, length, ownership } = slab;
    this.#rest ??= [];
    if (ownership === 'codec') {
      this.#rest.push(slab);
    } else {
      const copy = (chunk ?? this.receiveBuffer).slice(start, length);
      this.#rest.push(new Slab(copy, copy.length, 'codec'));
    }
  }

  /** Decodes a chunk that has been kept, as far as the queue has room for it. */
  #decodeRest(): void {
    const rest = this.#rest!;
    const slab = rest[0]!;
    while (slab.start < slab.length) {
      const room = this.#room();
      if (room <= 0) break;
      if (this.#takeLong(slab)) continue;
      this.#queueRecords(slab, this.#decoder.decode(slab, room));
      // A whole number: what is left of the turn stays one, which is counted down faster.
      spend(Math.ceil(this.#decoder.consumed * COPY_COST));
    }
    if (slab.start < slab.length) return;
    rest.shift();
    if (rest.length === 0) this.#rest = undefined;
  }

  /** Takes a long message, or part of one. @returns false if the slab does not begin with such */
  #takeLong(slab: Slab): boolean {
    const taken = this.#reader.takeLong(slab);
    if (typeof taken !== 'boolean') this.#queued().addDelivery(taken);
    return taken !== false;
  }

  /** Delivers what is queued, and the error behind it if there is one, and decodes what is kept, until the turn is spent. */
  #deliverAll(): void {
    for (;;) {
      if (this.#queue !== undefined) this.#reader.settle(this.#queue);
      const { error } = this.#decoder;
      if (error !== undefined && !this.#hasReportedError) {
        this.#hasReportedError = true;
        this.#rest = undefined;
        this.#reader.clear();
        this.#queued().add(ERROR, error);
      }
      // From inside a delivery: the outer call goes on, in order.
      if (this.#isDelivering) return;
      const isAll = this.#deliverQueue();
      if (isAll && (this.#rest === undefined || (this.#config.inTurns && isTurnSpent()))) return;
      if (isAll) this.#decodeRest();
      else if (!this.#failFor(this.#queue!.takeFailure())) return;
    }
  }

  /** A message that was pending has failed. @returns whether that is so */
  #failFor(error: ProtocolError | undefined): boolean {
    if (error === undefined) return false;
    this.#decoder.fail(error);
    this.#hasReportedError = false;
    return true;
  }

  /** Delivers what is queued. @returns whether nothing is queued any more */
  #deliverQueue(): boolean {
    const queue = this.#queue;
    if (queue === undefined) return true;
    this.#isDelivering = true;
    let isAll = false;
    try {
      isAll = queue.deliver(this.#sink, this.#config.inTurns, this.#config.isWiped);
    } finally {
      this.#isDelivering = false;
    }
    if (!isAll) return false;
    this.#queue = undefined;
    if (spareQueues.length < MAX_SPARE_QUEUES) spareQueues.push(queue);
    return true;
  }

  /**
   * Delivers the only message of a chunk at once, if nothing is queued before it.
   *
   * @returns false if there is more to it: then nothing was done
   */
  #deliverSingle(slab: Slab): boolean {
    const { consumed, error } = this.#decoder;
    const isAtRest = !this.hasPendingInput && !this.#isDelivering;
    if (!isAtRest || slab.start + consumed !== slab.length || error !== undefined) return false;
    this.#isDelivering = true;
    try {
      if (!this.#reader.deliverSingle(slab, this.#sink)) return false;
    } finally {
      this.#isDelivering = false;
    }
    // What the handler has fed this decoder.
    if (this.hasPendingInput) this.#deliverAll();
    return true;
  }

  #queued(): DeliveryQueue {
    this.#queue ??= spareQueues.pop() ?? new DeliveryQueue();
    return this.#queue;
  }
}

/** How many deliveries can be made with what is left of a turn, at most `most`. */
function roomFor(left: number, most: number): number {
  return left < most * DELIVERY_COST ? Math.ceil(left / DELIVERY_COST) : most;
}
