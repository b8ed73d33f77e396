// What does not come whole in one record: fragments, frames that the end of a chunk or a slab cuts in two, compressed messages.
// It keeps what has come until the rest has, and then puts the message into the queue. A connection has none of it before the
// first such record. Messages that are whole it does not see.

import { OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { takeBack } from '../../bytes/lent-buffers.js';
import { PayloadBuffer } from '../../bytes/payload-buffer.js';
import { LENT_TEXT_LENGTH, LONG_PART_LENGTH } from '../../bytes/thresholds.js';
import type { ChunkDecoder } from '../../frames/chunk-decoder.js';
import type { Slab } from '../../frames/slab.js';
import { maskLong, masksNatively } from '../../kernel/mask.js';
import { COMPRESSED, END, messageOpcode } from '../../kernel/records.js';
import { readText } from '../../kernel/text.js';
import type { MessageDecompression } from '../compression.js';
import { BINARY, FRAGMENTS, TEXT, TEXT_BYTES } from '../handler.js';
import { FRAGMENT_COST, spend } from '../turn.js';
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
  take(queue: DeliveryQueue, first: number, start: number, end: number): void {
    spend(FRAGMENT_COST);
    if ((first & COMPRESSED) !== 0) this.#compressed!.take(queue, first, start, end);
    else this.#takeFragment(queue, first, start, end);
  }

  /**
   * Adds what a chunk holds of a long frame under way to its message, without the arena, if the message is binary. The frame's last byte
   * is left to the kernel, which ends the frame.
   *
   * @returns false if there is no such frame, or the host does not mask: then nothing was done
   */
  takeFrom(slab: Slab): boolean {
    const { decoder } = this.#reading;
    const { chunk, start, length } = slab;
    if (this.#message === undefined || chunk === undefined || !decoder.isInBinary) return false;
    const count = Math.min(length - start, decoder.remaining - 1);
    const { isMasked } = decoder;
    if (count < LONG_PART_LENGTH || (isMasked && !masksNatively())) return false;
    const source = chunk.subarray(start, start + count);
    const target = this.#message.extend(decoder, count);
    if (isMasked) maskLong(decoder.arena, source, target, decoder.nextMaskingKey);
    else target.set(source);
    decoder.passPayload(count);
    slab.start += count;
    return true;
  }

  /** Part of a message that did not come whole in one record. @throws ProtocolError once it has too many fragments */
  #takeFragment(queue: DeliveryQueue, first: number, start: number, end: number): void {
    const isText = messageOpcode(first) === OPCODE_TEXT;
    const { decoder, config, separatesFragments } = this.#reading;
    const isApart = separatesFragments && !isText;
    const isString = isText && !config.textAsBytes;
    const lentFrom = isString ? LENT_TEXT_LENGTH : config.isLent && !isApart ? 0 : undefined;
    this.#message ??= new FragmentedMessage(isText, isApart, lentFrom);
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
    if (message.isText && !textAsBytes) {
      const text = readText(arena, message.isAscii, isValidated, data, 0, data.length);
      takeBack(data);
      queue.add(TEXT, text);
      return;
    }
    if (isLent) queue.takeBackLater(data);
    queue.add(message.isText ? TEXT_BYTES : BINARY, data);
  }
}
