// Frames → messages: joins fragments and frames that span chunks, sets control frames apart, makes strings. It reads the
// records of a batch straight from the arena, and takes everything out of it before user code runs. It knows no socket and
// sends nothing.

import { CHUNK_CAPACITY, CHUNK_PTR } from '../../assembly/layout.js';
import {
  CLOSE_NO_STATUS,
  FIN,
  OPCODE_BITS,
  OPCODE_CLOSE,
  OPCODE_CONTROL_BIT,
  OPCODE_PING,
  OPCODE_TEXT,
} from '../../assembly/protocol.js';
import { ProtocolError } from '../errors.js';
import { ChunkDecoder, type DecoderOptions } from '../frames/chunk-decoder.js';
import { PayloadBuffer } from '../frames/payload-buffer.js';
import { MAX_CHUNK_START, RECORD_WORDS, RECORDS_WORD } from '../kernel/arena.js';
import { copyBytes, requireBytes } from '../kernel/bytes.js';
import type { Host, PartConstructor } from '../kernel/host.js';
import type { KernelName } from '../kernel/kernel.js';
import { readText } from '../kernel/text.js';
import { CompressedMessages } from './compressed-messages.js';
import type { MessageDecompression } from './compression.js';
import { DeliveryQueue } from './delivery-queue.js';
import { FragmentedMessage } from './fragmented-message.js';
import { collectInto, type MessageEvent, type MessageHandler } from './handler.js';
import {
  ASCII,
  COMPRESSED,
  END,
  isMessageEnd,
  isMessageStart,
  MASKED,
  messageOpcode,
  START,
  WHOLE,
  WHOLE_BINARY,
  WHOLE_MASK,
  WHOLE_TEXT,
} from './record-bits.js';

/** What a message decoder can be told beyond what every decoder can. */
export interface MessageDecoderOptions extends Omit<DecoderOptions, 'allowRsv1'> {
  /** How texts are delivered: as strings (default), or as the bytes of their UTF-8. */
  readonly textAs?: 'string' | 'bytes';
  /**
   * `'messages'` (default): each message whole. `'pieces'`: a message that does not come whole in one frame in one chunk is
   * delivered as the pieces that arrive, and never buffered. A compressed one is inflated once it has come whole, and
   * delivered in pieces if it then has more than 64 KiB.
   */
  readonly deliver?: 'messages' | 'pieces';
  /** Frames that a message may have; with more it fails with 1008. Default: no limit. Without effect on pieces. */
  readonly maxFragments?: number;
  /**
   * Whether the decoder may write into the chunks that it is given, and hand out parts of them (default true: the bytes of
   * a socket are nobody else's). Binary messages are then parts of the chunk, unmasked in place, and keep all of it alive;
   * with false they are copied, and the chunk stays as it is.
   */
  readonly ownsChunks?: boolean;
}

/** Queues that no decoder has deliveries in. One is enough unless handlers feed other decoders. */
const spareQueues: DeliveryQueue[] = [];
const MAX_SPARE_QUEUES = 8;

/**
 * Takes the bytes of one direction of a connection, in chunks cut anywhere, and delivers messages, pings, pongs, the Close
 * or the error that ends it. After either, what comes is dropped.
 *
 * ```ts
 * const decoder = new MessageDecoder({ role: 'server' });
 * for (const event of decoder.decode(chunk)) if (event.type === 'text') console.log(event.text);
 * ```
 */
export class MessageDecoder {
  readonly #decoder: ChunkDecoder;
  readonly #textAsBytes: boolean;
  readonly #inPieces: boolean;
  readonly #ownsChunks: boolean;
  readonly #skipsUtf8: boolean;
  /** Made when there is something to deliver, given up when all is delivered: an idle connection has none. */
  #queue: DeliveryQueue | undefined;
  #isDelivering = false;
  /** The data message under way, if it is not compressed and does not stay in its chunk. */
  #message: FragmentedMessage | undefined;
  /** Where in the chunk at hand the payload of a frame begins that is longer than a slab, and stays in the chunk; else -1. */
  #inPlaceOffset = -1;
  readonly #maxFragments: number;
  /** Deliver binary messages of several frames as the payloads of their frames (`onFragments`); default: joined. */
  separatesFragments = false;
  /** The control frame that a chunk's end cut in two. */
  #control: PayloadBuffer | undefined;
  #hasReportedError = false;
  readonly #compressed: CompressedMessages | undefined;

  /**
   * @param compression that was agreed on for this connection, if any: see `PerMessageDeflate` in `wsimd/deflate`.
   *   Compressed messages are held compressed until they have come whole; `maxMessageLength` holds for what was received,
   *   and again, exactly, for what it is inflated to
   * @throws RangeError, TypeError for options out of range; ProtocolError `WSIMD_NO_KERNEL`
   */
  constructor(options: MessageDecoderOptions, compression?: MessageDecompression | undefined) {
    const { textAs = 'string', deliver = 'messages', ownsChunks = true } = options;
    requireOneOf('textAs', textAs, ['string', 'bytes']);
    requireOneOf('deliver', deliver, ['messages', 'pieces']);
    requireOneOf('ownsChunks', ownsChunks, [true, false]);
    // Who allows RSV1 must undo what it stands for.
    this.#decoder = new ChunkDecoder(options, compression !== undefined);
    if (compression !== undefined) this.#compressed = new CompressedMessages(compression, this.#decoder, options);
    this.#textAsBytes = textAs === 'bytes';
    this.#inPieces = deliver === 'pieces';
    this.#ownsChunks = ownsChunks;
    this.#skipsUtf8 = options.skipUtf8Validation ?? false;
    this.#maxFragments = options.maxFragments ?? Number.MAX_SAFE_INTEGER;
    if (!(this.#maxFragments >= 1)) throw new RangeError(`maxFragments is at least 1, not ${this.#maxFragments}`);
  }

  /**
   * 64 KiB where a transport can put what it reads, to be decoded without a copy; see `dispatchReceived`. All decoders on this
   * kernel have the same, in which every call of any of them leaves something else: it holds nothing from one call to the
   * next.
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

  /** A whole Close was read, or an error found: whatever comes is dropped. */
  get isDone(): boolean {
    return this.#decoder.isDone;
  }

  /** Why the stream was refused; undefined while it is well. */
  get error(): ProtocolError | undefined {
    return this.#decoder.error;
  }

  /** Bytes held of a message or a control frame that is not whole yet. */
  get bufferedLength(): number {
    const compressed = this.#compressed?.bufferedLength ?? 0;
    return compressed + (this.#message?.length ?? 0) + (this.#control?.length ?? 0);
  }

  /**
   * Decodes a chunk into events; the last of them is `close` or `error` where the stream ended with one.
   *
   * @param chunk any length, also 0; the decoder's own unless `ownsChunks` is false
   */
  decode(chunk: Uint8Array): MessageEvent[] {
    const events: MessageEvent[] = [];
    this.dispatch(chunk, collectInto(events));
    return events;
  }

  /**
   * Decodes a chunk and calls the handler for everything in it: the faster way, and the one to take on a socket.
   *
   * @param chunk any length, also 0; the decoder's own unless `ownsChunks` is false
   * @throws what the handler throws; TypeError for a chunk that is not bytes
   */
  dispatch(chunk: Uint8Array, handler: MessageHandler): void {
    requireBytes(chunk);
    let from = 0;
    while (from < chunk.length) {
      const count = this.#decoder.decode(chunk, from);
      if (count === 1 && this.#isAtRest && this.#deliverOnly(chunk, from, chunk.length, handler)) return;
      if (count > 0) this.#takeOut(chunk, from, count);
      from += this.#decoder.consumed;
    }
    this.#deliverAll(handler);
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
  dispatchReceived(length: number, handler: MessageHandler): void {
    if (!(Number.isInteger(length) && length >= 0 && length <= CHUNK_CAPACITY)) {
      throw new RangeError(`length is a whole number from 0 to ${CHUNK_CAPACITY}, not ${length}`);
    }
    for (let from = 0; from < length; from += this.#decoder.consumed) {
      const count = this.#decoder.decodeReceived(from, length);
      if (count === 1 && this.#isAtRest && this.#deliverOnly(undefined, from, length, handler)) return;
      if (count > 0) this.#takeOut(undefined, from, count);
    }
    this.#deliverAll(handler);
  }

  /** Delivers what waits, and the error behind it if there is one. */
  #deliverAll(handler: MessageHandler): void {
    const { error } = this.#decoder;
    if (error !== undefined && !this.#hasReportedError) {
      this.#hasReportedError = true;
      this.#message = this.#control = undefined;
      this.#compressed?.clear();
      this.#queued().addError(error);
    }
    this.#deliverQueue(handler);
  }

  /** Nothing waits to be delivered, and no handler is being called. */
  get #isAtRest(): boolean {
    return this.#queue === undefined && !this.#isDelivering;
  }

  /** Delivers what waits. From inside a delivery it does nothing: the outer call goes on, in order. */
  #deliverQueue(handler: MessageHandler): void {
    const queue = this.#queue;
    if (queue === undefined || this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      queue.deliver(handler);
    } finally {
      this.#isDelivering = false;
    }
    this.#queue = undefined;
    if (spareQueues.length < MAX_SPARE_QUEUES) spareQueues.push(queue);
  }

  /**
   * Delivers the only message of a chunk at once: nothing waits before it, nothing comes behind it, so it needs no queue.
   *
   * @param chunk undefined where the bytes were received in the arena
   * @param length of all bytes at hand
   * @returns false if there is more to it: then nothing was done
   */
  #deliverOnly(chunk: Uint8Array | undefined, from: number, length: number, handler: MessageHandler): boolean {
    const { arena, consumed, error } = this.#decoder;
    if (from + consumed !== length || error !== undefined) return false;
    const { words, bytes, host } = arena;
    const first = words[RECORDS_WORD]!;
    const start = words[RECORDS_WORD + 1]!;
    const end = start + words[RECORDS_WORD + 2]!;
    const kind = first & WHOLE_MASK;
    const isText = kind === WHOLE_TEXT && !this.#textAsBytes;
    const isKept = !this.#ownsChunks && chunk !== undefined;
    if (!isText && (isKept || (kind !== WHOLE_BINARY && kind !== WHOLE_TEXT))) return false;
    this.#isDelivering = true;
    try {
      if (isText) {
        handler.onText((first & ASCII) !== 0 ? host.readAscii(bytes, start, end) : this.#readText(bytes, start, end));
      } else {
        let data: Uint8Array;
        if (chunk === undefined) {
          data = host.allocateForParts(end - start);
          copyBytes(bytes, start, end, data, 0);
        } else {
          const offset = from + start - CHUNK_PTR;
          if ((first & MASKED) !== 0) {
            // With its header, which has not changed: the view of both is there already.
            if (length <= MAX_CHUNK_START) chunk.set(arena.chunkStart(length));
            else copyBytes(bytes, start, end, chunk, offset);
          }
          data = partOf(host, chunk, offset, end - start);
        }
        if (kind === WHOLE_BINARY) handler.onBinary(data);
        else handler.onTextBytes?.(data);
      }
    } finally {
      this.#isDelivering = false;
    }
    // What the handler has fed this decoder.
    this.#deliverQueue(handler);
    return true;
  }

  #queued(): DeliveryQueue {
    this.#queue ??= spareQueues.pop() ?? new DeliveryQueue();
    return this.#queue;
  }

  /**
   * Takes the records of one slab out of the arena: strings are made, bytes copied to where they stay.
   *
   * @param chunk undefined where the bytes were received in the arena
   */
  #takeOut(chunk: Uint8Array | undefined, from: number, count: number): void {
    const { words, bytes, host } = this.#decoder.arena;
    const queue = this.#queued();
    const textAsBytes = this.#textAsBytes;
    // Bytes are handed out where they came in, if the chunk is ours; the parts that were masked are brought back over it in
    // one copy afterwards. What was received in the arena is brought to a buffer that stands in for the chunk, all of it.
    let target = chunk;
    let toTarget = from - CHUNK_PTR;
    let Part: PartConstructor | undefined;
    let buffer: ArrayBufferLike | undefined;
    let toBuffer = 0;
    let masked = 0;
    let backStart = 0;
    let backEnd = 0;
    for (let i = 0, word = RECORDS_WORD; i < count; i++, word += RECORD_WORDS) {
      const first = words[word]!;
      const start = words[word + 1]!;
      const length = words[word + 2]!;
      const end = start + length;
      const kind = first & WHOLE_MASK;
      if (kind === WHOLE_TEXT && !textAsBytes) {
        const isAscii = (first & ASCII) !== 0;
        queue.addText(isAscii ? host.readAscii(bytes, start, end) : this.#readText(bytes, start, end));
      } else if ((first & OPCODE_CONTROL_BIT) !== 0) {
        this.#takeControl(queue, first, start, end);
      } else if ((first & COMPRESSED) !== 0 || (kind !== WHOLE_BINARY && kind !== WHOLE_TEXT && !this.#inPieces)) {
        if (!this.#takePart(queue, chunk, from, first, start, end)) break;
      } else {
        let data: Uint8Array;
        if (this.#ownsChunks || chunk === undefined) {
          if (Part === undefined) {
            if (target === undefined) {
              target = host.allocateForParts(this.#endOfHandedOut(count) - start);
              toTarget = -start;
              masked = MASKED;
            }
            // Asked for once there is something to hand out: what a typed array says of itself is slow to come by.
            Part = host.partClass(target);
            buffer = target.buffer;
            toBuffer = target.byteOffset + toTarget;
            backStart = start;
          }
          data = new Part(buffer!, toBuffer + start, length);
          backEnd = end;
          masked |= first;
        } else {
          data = bytes.slice(start, end);
        }
        if (kind === WHOLE_BINARY) queue.addBinary(data);
        else if (kind === WHOLE_TEXT) queue.addTextBytes(data);
        else this.#takePiece(queue, first, data);
      }
    }
    if ((masked & MASKED) !== 0) copyBytes(bytes, backStart, backEnd, target!, backStart + toTarget);
  }

  /** An address behind all of a slab that is handed out as it lies there: a frame that is left unfinished is so only in pieces. */
  #endOfHandedOut(count: number): number {
    const { words } = this.#decoder.arena;
    const word = RECORDS_WORD + (count - 1) * RECORD_WORDS;
    const isHandedOut = this.#inPieces || (words[word]! & END) !== 0;
    return words[word + 1]! + (isHandedOut ? words[word + 2]! : 0);
  }

  #readText(bytes: Uint8Array, start: number, end: number): string {
    const { arena } = this.#decoder;
    // Text that was not validated may hold anything: the host puts U+FFFD for what is none.
    return this.#skipsUtf8 ? arena.host.readUtf8(bytes, start, end) : readText(arena, bytes, start, end);
  }

  #takeControl(queue: DeliveryQueue, first: number, start: number, end: number): void {
    const { bytes } = this.#decoder.arena;
    let payload: Uint8Array;
    if ((first & WHOLE) === WHOLE) {
      payload = bytes.slice(start, end);
    } else {
      this.#control ??= new PayloadBuffer();
      this.#control.append(bytes, start, end, 0);
      if ((first & END) === 0) return;
      payload = this.#control.take();
      this.#control = undefined;
    }
    const opcode = first & OPCODE_BITS;
    if (opcode === OPCODE_CLOSE) {
      // Nothing comes after a Close: a message that it cut short is given up.
      this.#message = undefined;
      this.#compressed?.clear();
      const { length } = payload;
      if (length === 0) queue.addClose(CLOSE_NO_STATUS, '');
      else queue.addClose((payload[0]! << 8) | payload[1]!, this.#decoder.arena.host.readUtf8(payload, 2, length));
    } else if (opcode === OPCODE_PING) {
      queue.addPing(payload);
    } else {
      queue.addPong(payload);
    }
  }

  /**
   * A record of a message that is put together, or inflated, before it is delivered.
   *
   * @returns false if it failed the connection: what is behind it counts no more
   */
  #takePart(
    queue: DeliveryQueue,
    chunk: Uint8Array | undefined,
    from: number,
    first: number,
    start: number,
    end: number,
  ): boolean {
    try {
      if ((first & COMPRESSED) !== 0) this.#compressed!.take(queue, first, start, end);
      else if (chunk === undefined || !this.#takeInPlace(queue, chunk, from, first, start, end))
        this.#takeFragment(queue, first, start, end);
      return true;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#decoder.fail(error);
      return false;
    }
  }

  /**
   * Part of a message whose one frame is longer than a slab, though not than its chunk: unmasked where it came in, slab by
   * slab, and handed out as a part of the chunk. A fresh buffer of that length would cost more than all else.
   *
   * @returns false if it is no such part: then nothing was done
   */
  #takeInPlace(
    queue: DeliveryQueue,
    chunk: Uint8Array,
    from: number,
    first: number,
    start: number,
    end: number,
  ): boolean {
    const decoder = this.#decoder;
    const offset = from + start - CHUNK_PTR;
    if (this.#inPlaceOffset < 0) {
      const isText = messageOpcode(first) === OPCODE_TEXT;
      const isOneFrame = (first & START) !== 0 && (first & (FIN | OPCODE_BITS)) === (FIN | messageOpcode(first));
      const isAllHere = from + decoder.consumed + decoder.remaining <= chunk.length;
      if (!this.#ownsChunks || !isOneFrame || !isAllHere || (isText && !this.#textAsBytes)) return false;
      this.#inPlaceOffset = offset;
    }
    const { bytes, host } = decoder.arena;
    if ((first & MASKED) !== 0) copyBytes(bytes, start, end, chunk, offset);
    if ((first & END) !== 0) {
      const data = partOf(host, chunk, this.#inPlaceOffset, offset + end - start - this.#inPlaceOffset);
      if (messageOpcode(first) === OPCODE_TEXT) queue.addTextBytes(data);
      else queue.addBinary(data);
      this.#inPlaceOffset = -1;
    }
    return true;
  }

  /** Part of a message that did not come whole in one record. @throws ProtocolError once it has too many fragments */
  #takeFragment(queue: DeliveryQueue, first: number, start: number, end: number): void {
    const isText = messageOpcode(first) === OPCODE_TEXT;
    this.#message ??= new FragmentedMessage(isText, this.separatesFragments && !isText);
    const message = this.#message;
    if (!message.take(this.#decoder, first, start, end, this.#maxFragments)) return;
    this.#message = undefined;
    const fragments = message.takeFragments();
    if (fragments === undefined) this.#deliverJoined(queue, message);
    else queue.addFragments(fragments);
  }

  #deliverJoined(queue: DeliveryQueue, message: FragmentedMessage): void {
    const { host } = this.#decoder.arena;
    const data = message.takePayload();
    if (!message.isText) queue.addBinary(data);
    else if (this.#textAsBytes) queue.addTextBytes(data);
    else if (message.isAscii) queue.addText(host.readAscii(data, 0, data.length));
    else queue.addText(this.#readText(data, 0, data.length));
  }

  #takePiece(queue: DeliveryQueue, first: number, data: Uint8Array): void {
    queue.addPiece({
      opcode: messageOpcode(first) === OPCODE_TEXT ? 'text' : 'binary',
      data,
      isFirst: isMessageStart(first),
      isLast: isMessageEnd(first),
    });
  }
}

/** @throws TypeError */
function requireOneOf(name: string, value: unknown, values: readonly unknown[]): void {
  if (!values.includes(value)) throw new TypeError(`${name} is one of ${values.join(', ')}, not ${String(value)}`);
}

function partOf(host: Host, chunk: Uint8Array, offset: number, length: number): Uint8Array {
  return new (host.partClass(chunk))(chunk.buffer, chunk.byteOffset + offset, length);
}
