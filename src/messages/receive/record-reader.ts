// The records of a batch → messages: reads them straight from the arena, and takes everything out of it before user code runs.
// Strings are made here, bytes copied to where they stay. What a record is only a part of goes to message-parts.ts.
// The kernel has checked their text: assembly/frames/utf8.ts, src/kernel/portable/utf8.ts.

import { CHUNK_CAPACITY, CHUNK_PTR } from '../../../assembly/shared/layout.js';
import {
  CLOSE_NO_STATUS,
  OPCODE_BITS,
  OPCODE_CLOSE,
  OPCODE_CONTROL_BIT,
  OPCODE_PING,
  OPCODE_TEXT,
} from '../../../assembly/shared/protocol.js';
import { copyBytes } from '../../bytes/copy.js';
import { type BytesConstructor, partOf } from '../../bytes/host.js';
import { lend, takeBack, wipe } from '../../bytes/lent-buffers.js';
import { KEPT_VIEW_LENGTH, LONG_PAYLOAD_LENGTH } from '../../bytes/thresholds.js';
import type { ChunkDecoder } from '../../frames/chunk-decoder.js';
import type { Slab } from '../../frames/slab.js';
import { masksNatively } from '../../kernel/mask.js';
import {
  ASCII,
  COMPRESSED,
  END,
  isMessageEnd,
  isMessageStart,
  MASKED,
  messageOpcode,
  RECORD_WORDS,
  RECORDS_WORD,
  WHOLE,
  WHOLE_BINARY,
  WHOLE_MASK,
  WHOLE_TEXT,
} from '../../kernel/records.js';
import { readText } from '../../kernel/text.js';
import { asMessageError } from '../../protocol/errors.js';
import type { MessageDecompression } from '../compression.js';
import { BINARY, CLOSE, type DeliverySink, PIECE, PONG, TEXT, TEXT_BYTES } from '../handler.js';
import type { MessageDecoderConfig } from './decoder-config.js';
import type { Delivery, DeliveryQueue } from './delivery-queue.js';
import { findLong } from './long-messages.js';
import { MessageParts, type Reading } from './message-parts.js';

export class RecordReader implements Reading {
  readonly decoder: ChunkDecoder;
  readonly config: MessageDecoderConfig;
  readonly compression: MessageDecompression | undefined;
  /** See `MessageDecoder.separatesFragments`. */
  separatesFragments = false;
  #madeParts: MessageParts | undefined;

  constructor(decoder: ChunkDecoder, config: MessageDecoderConfig, compression: MessageDecompression | undefined) {
    this.decoder = decoder;
    this.config = config;
    this.compression = compression;
  }

  /** Bytes allocated for what is not complete. */
  get bufferedLength(): number {
    return this.#madeParts?.bufferedLength ?? 0;
  }

  /** Gives up what is not whole. */
  clear(): void {
    this.#madeParts?.clear();
  }

  /**
   * Delivers the only record of a chunk at once, if it is a message that is delivered whole: nothing comes behind it, so that it
   * needs no queue.
   *
   * @returns false if it is no such record: then nothing was done
   */
  deliverSingle(slab: Slab, sink: DeliverySink): boolean {
    const { chunk, length } = slab;
    const { arena } = this.decoder;
    const { words, bytes, host } = arena;
    const first = words[RECORDS_WORD]!;
    const start = words[RECORDS_WORD + 1]!;
    const end = start + words[RECORDS_WORD + 2]!;
    const kind = first & WHOLE_MASK;
    const { isLent, isWiped, textAsBytes } = this.config;
    const isText = kind === WHOLE_TEXT && !textAsBytes;
    if (!isText && (slab.ownership === 'caller' || (kind !== WHOLE_BINARY && kind !== WHOLE_TEXT))) return false;
    // Apart from the sink, whose errors are its caller's. What the engine throws here, `queueRecords` meets again, and fails for.
    let text = '';
    let data: Uint8Array | undefined;
    try {
      if (isText) {
        text = this.#readText(first, bytes, start, end);
      } else if (chunk === undefined || !(isLent || slab.mayKeepChunk(end - start))) {
        const buffer = isLent ? lend(end - start) : host.allocateForParts(end - start);
        copyBytes(bytes, start, end, buffer, 0);
        data = isLent ? partOf(host, buffer, 0, end - start) : buffer;
      } else {
        const offset = slab.start + start - CHUNK_PTR;
        if ((first & MASKED) !== 0) {
          // With its header, which has not changed: the view of both is there already.
          if (length <= KEPT_VIEW_LENGTH) chunk.set(arena.chunkStarts.take(length));
          else copyBytes(bytes, start, end, chunk, offset);
        }
        data = partOf(host, chunk, offset, end - start);
      }
    } catch {
      return false;
    }
    if (data === undefined) sink.deliver(TEXT, text);
    else if (isLent) this.#deliverLent(kind === WHOLE_BINARY ? BINARY : TEXT_BYTES, data, sink, isWiped);
    else if (kind === WHOLE_BINARY) sink.deliver(BINARY, data);
    else sink.deliver(TEXT_BYTES, data);
    return true;
  }

  #deliverLent(kind: typeof BINARY | typeof TEXT_BYTES, data: Uint8Array, sink: DeliverySink, isWiped: boolean): void {
    try {
      sink.deliver(kind, data);
      if (isWiped) wipe(data);
    } finally {
      takeBack(data);
    }
  }

  /**
   * Takes the records of one slab out of the arena. A message that cannot be assembled fails the decoder.
   */
  queueRecords(queue: DeliveryQueue, slab: Slab, count: number): void {
    const { words, bytes, host } = this.decoder.arena;
    const { textAsBytes, inPieces, isLent } = this.config;
    const isCopied = slab.ownership === 'caller' && !isLent;
    // Bytes are handed out where they came in, if they may keep the chunk; the parts that were masked are brought back over it in
    // one copy afterwards. Else, and if they were received in the arena, they are all copied to a buffer that stands in for the chunk.
    let target = slab.ownership === 'codec' && (isLent || slab.mayKeepChunk(0)) ? slab.chunk : undefined;
    let toTarget = slab.start - CHUNK_PTR;
    let Bytes: BytesConstructor | undefined;
    let buffer: ArrayBufferLike | undefined;
    let toBuffer = 0;
    let masked = 0;
    let backStart = 0;
    let backEnd = 0;
    try {
      for (let i = 0, word = RECORDS_WORD; i < count; i++, word += RECORD_WORDS) {
        const first = words[word]!;
        const start = words[word + 1]!;
        const length = words[word + 2]!;
        const end = start + length;
        const kind = first & WHOLE_MASK;
        if (kind === WHOLE_TEXT && !textAsBytes) {
          queue.add(TEXT, this.#readText(first, bytes, start, end));
        } else if ((first & OPCODE_CONTROL_BIT) !== 0) {
          this.#takeControl(queue, first, start, end);
        } else if ((first & COMPRESSED) !== 0 || (kind !== WHOLE_BINARY && kind !== WHOLE_TEXT && !inPieces)) {
          this.#parts.take(queue, first, start, end);
        } else {
          let data: Uint8Array;
          if (!isCopied) {
            if (Bytes === undefined) {
              if (target === undefined) {
                const length = this.#endOfHandedOut(count) - start;
                target = isLent ? queue.lend(length) : host.allocateForParts(length);
                toTarget = -start;
                masked = MASKED;
              }
              // Asked for once there is something to hand out: what a typed array says of itself is slow to come by.
              Bytes = host.bytesClass(slab.chunk ?? target);
              buffer = target.buffer;
              toBuffer = target.byteOffset + toTarget;
              backStart = start;
            }
            data = new Bytes(buffer!, toBuffer + start, length);
            backEnd = end;
            masked |= first;
          } else {
            data = bytes.slice(start, end);
          }
          if (kind === WHOLE_BINARY) queue.add(BINARY, data);
          else if (kind === WHOLE_TEXT) queue.add(TEXT_BYTES, data);
          else this.#takePiece(queue, first, data);
        }
      }
    } catch (error) {
      // No code of a user's runs in here. Everything behind the message that failed is discarded.
      this.decoder.fail(asMessageError(error));
    }
    if ((masked & MASKED) !== 0) copyBytes(bytes, backStart, backEnd, target!, backStart + toTarget);
  }

  /** All that came has been taken: what has been put aside of it goes on. A message that cannot be assembled fails the decoder. */
  settle(queue: DeliveryQueue): void {
    try {
      this.#madeParts?.settle(queue);
    } catch (error) {
      this.decoder.fail(asMessageError(error));
    }
  }

  /** An address behind all of a slab that is handed out as it lies there: a frame that is left unfinished is so only in pieces. */
  #endOfHandedOut(count: number): number {
    const { words } = this.decoder.arena;
    const word = RECORDS_WORD + (count - 1) * RECORD_WORDS;
    const isHandedOut = this.config.inPieces || (words[word]! & END) !== 0;
    return words[word + 1]! + (isHandedOut ? words[word + 2]! : 0);
  }

  /**
   * Takes what a slab begins with, without the arena, if that is a long message or part of one. Sets `slab.end`, where the kernel has to
   * stop for what comes next.
   *
   * @returns what is to be delivered, or true if nothing is yet; false if it is no such thing: then nothing was done
   */
  takeLong(slab: Slab): Delivery | boolean {
    const { decoder, config } = this;
    const left = slab.length - slab.start;
    slab.end = slab.length;
    if (left < LONG_PAYLOAD_LENGTH || slab.chunk === undefined || config.inPieces) return false;
    // Then the arena is the best place for all that it can hold.
    if (left <= CHUNK_CAPACITY && decoder.requiresMask && !masksNatively()) return false;
    try {
      if (this.#madeParts?.takeFrom(slab) === true) return true;
      return findLong(decoder, config, slab, slab.chunk);
    } catch (error) {
      // What the engine throws. Everything behind the message that failed is discarded.
      decoder.fail(asMessageError(error));
      return true;
    }
  }

  #takeControl(queue: DeliveryQueue, first: number, start: number, end: number): void {
    const { bytes, host } = this.decoder.arena;
    const isWhole = (first & WHOLE) === WHOLE;
    this.#madeParts?.settle(queue);
    const payload = isWhole ? bytes.slice(start, end) : this.#parts.takeControl(first, start, end);
    if (payload === undefined) return;
    const opcode = first & OPCODE_BITS;
    if (opcode === OPCODE_CLOSE) {
      // Nothing comes after a Close frame: a message that it cut short is given up.
      this.clear();
      const { length } = payload;
      if (length === 0) queue.add(CLOSE, { closeCode: CLOSE_NO_STATUS, reason: '' });
      else {
        const closeCode = (payload[0]! << 8) | payload[1]!;
        queue.add(CLOSE, { closeCode, reason: host.readUtf8(payload, 2, length) });
      }
    } else if (opcode === OPCODE_PING) {
      queue.addPing(payload);
    } else {
      queue.add(PONG, payload);
    }
  }

  #takePiece(queue: DeliveryQueue, first: number, data: Uint8Array): void {
    queue.add(PIECE, {
      opcode: messageOpcode(first) === OPCODE_TEXT ? 'text' : 'binary',
      data,
      isFirst: isMessageStart(first),
      isLast: isMessageEnd(first),
    });
  }

  #readText(first: number, bytes: Uint8Array, start: number, end: number): string {
    return readText(this.decoder.arena, (first & ASCII) !== 0, this.config.isValidated, bytes, start, end);
  }

  get #parts(): MessageParts {
    this.#madeParts ??= new MessageParts(this);
    return this.#madeParts;
  }
}
