// What does not come whole in one record: fragments, frames that the end of a chunk or a slab cuts in two, compressed messages.
// It keeps what has come until the rest has, and then puts the message into the queue. A connection has none of it before the
// first such record. Messages that are whole it does not see.

import { CHUNK_PTR } from '../../../assembly/shared/layout.js';
import { FIN, OPCODE_BITS, OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { copyBytes } from '../../bytes/copy.js';
import { partOf } from '../../bytes/host.js';
import { PayloadBuffer } from '../../bytes/payload-buffer.js';
import type { ChunkDecoder } from '../../frames/chunk-decoder.js';
import type { Slab } from '../../frames/slab.js';
import { COMPRESSED, END, MASKED, messageOpcode, START } from '../../kernel/records.js';
import { readText } from '../../kernel/text.js';
import type { MessageDecompression } from '../compression.js';
import { BINARY, FRAGMENTS, TEXT, TEXT_BYTES } from '../handler.js';
import { CompressedMessages } from './compressed-messages.js';
import type { MessageDecoderConfig } from './decoder-config.js';
import type { DeliveryQueue } from './delivery-queue.js';
import { FragmentedMessage } from './fragmented-message.js';

/** How a connection's messages are read. */
export interface Reading {
  readonly decoder: ChunkDecoder;
  readonly config: MessageDecoderConfig;
  /** The negotiated compression, if any. */
  readonly compression: MessageDecompression | undefined;
  readonly separatesFragments: boolean;
}

export class MessageParts {
  readonly #reading: Reading;
  /** The data message under way, if it is not compressed and does not stay in its chunk. */
  #message: FragmentedMessage | undefined;
  readonly #compressed: CompressedMessages | undefined;
  /** Where in the chunk at hand the payload of a frame begins that is longer than a slab, and stays in the chunk; else -1. */
  #inPlaceOffset = -1;
  /** The control frame that a chunk's end cut in two. */
  #control: PayloadBuffer | undefined;

  constructor(reading: Reading) {
    const { compression, decoder, config } = reading;
    this.#reading = reading;
    this.#compressed = compression && new CompressedMessages(compression, decoder, config);
  }

  /** Bytes allocated. */
  get bufferedLength(): number {
    const compressed = this.#compressed?.bufferedLength ?? 0;
    return compressed + (this.#message?.heldLength ?? 0) + (this.#control?.capacity ?? 0);
  }

  /** Gives up what is not whole: nothing more comes of it. */
  clear(): void {
    this.#message = this.#control = undefined;
    this.#compressed?.clear();
  }

  /** All records of a slab have been taken, or those before a control frame: what has been put aside of them goes on. */
  settle(queue: DeliveryQueue): void {
    this.#compressed?.settle(queue);
  }

  /** Part of a control frame. @param first the record's first word @returns its payload, once it is whole */
  takeControl(first: number, start: number, end: number): Uint8Array | undefined {
    this.#control ??= new PayloadBuffer();
    this.#control.append(this.#reading.decoder.arena.bytes, start, end, 0);
    if ((first & END) === 0) return undefined;
    const payload = this.#control.take();
    this.#control = undefined;
    return payload;
  }

  /**
   * A record of a message that is put together, or inflated, before it is delivered.
   *
   * @param first the record's first word
   * @throws ProtocolError, or an error of the engine, that the connection is to be failed with
   */
  take(queue: DeliveryQueue, slab: Slab, first: number, start: number, end: number): void {
    if ((first & COMPRESSED) !== 0) this.#compressed!.take(queue, first, start, end);
    else if (!this.#takeInPlace(queue, slab, first, start, end)) this.#takeFragment(queue, first, start, end);
  }

  /**
   * Part of a message whose one frame is longer than a slab, though not than its chunk: unmasked where it came in, slab by
   * slab, and handed out as a part of the chunk. A fresh buffer of that length would cost more than all else.
   *
   * @returns false if it is no such part: then nothing was done
   */
  #takeInPlace(queue: DeliveryQueue, slab: Slab, first: number, start: number, end: number): boolean {
    const { decoder, config } = this.#reading;
    const { chunk, ownership } = slab;
    if (chunk === undefined || ownership !== 'codec') return false;
    const offset = slab.start + start - CHUNK_PTR;
    if (this.#inPlaceOffset < 0) {
      const isText = messageOpcode(first) === OPCODE_TEXT;
      const isOneFrame = (first & START) !== 0 && (first & (FIN | OPCODE_BITS)) === (FIN | messageOpcode(first));
      const isAllHere = slab.start + decoder.consumed + decoder.remaining <= slab.length;
      if (!isOneFrame || !isAllHere || (isText && !config.textAsBytes)) return false;
      this.#inPlaceOffset = offset;
    }
    const { bytes, host } = decoder.arena;
    if ((first & MASKED) !== 0) copyBytes(bytes, start, end, chunk, offset);
    if ((first & END) !== 0) {
      const data = partOf(host, chunk, this.#inPlaceOffset, offset + end - start - this.#inPlaceOffset);
      if (messageOpcode(first) === OPCODE_TEXT) queue.add(TEXT_BYTES, data);
      else queue.add(BINARY, data);
      this.#inPlaceOffset = -1;
    }
    return true;
  }

  /** Part of a message that did not come whole in one record. @throws ProtocolError once it has too many fragments */
  #takeFragment(queue: DeliveryQueue, first: number, start: number, end: number): void {
    const isText = messageOpcode(first) === OPCODE_TEXT;
    const { decoder, config, separatesFragments } = this.#reading;
    const isApart = separatesFragments && !isText;
    this.#message ??= new FragmentedMessage(isText, isApart, config.isLent && !isApart);
    const message = this.#message;
    if (!message.take(decoder, first, start, end, config.maxFragments)) return;
    this.#message = undefined;
    const fragments = message.takeFragments();
    if (fragments === undefined) this.#deliverJoined(queue, message);
    else queue.add(FRAGMENTS, fragments);
  }

  #deliverJoined(queue: DeliveryQueue, message: FragmentedMessage): void {
    const { arena } = this.#reading.decoder;
    const { textAsBytes, isValidated, isLent } = this.#reading.config;
    const data = message.takePayload();
    if (isLent) queue.takeBackLater(data);
    if (!message.isText) queue.add(BINARY, data);
    else if (textAsBytes) queue.add(TEXT_BYTES, data);
    else queue.add(TEXT, readText(arena, message.isAscii, isValidated, data, 0, data.length));
  }
}
