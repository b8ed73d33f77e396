// Compressed messages on their way out of the arena: their frames are joined as they are, compressed, and inflated once the
// last has come. So no more is held of a message than its compressed bytes, and what has come out while it is inflated in steps.
// How inflating is done it does not know.

import { OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { PayloadBuffer } from '../../bytes/payload-buffer.js';
import type { ChunkDecoder } from '../../frames/chunk-decoder.js';
import { END, isMessageEnd, isMessageStart, messageOpcode } from '../../kernel/records.js';
import { asMessageError, ProtocolError } from '../../protocol/errors.js';
import type { MessageDecompression } from '../compression.js';
import { BINARY, PIECE, TEXT, TEXT_BYTES } from '../handler.js';
import { costOfGathering, isTurnSpent, spend } from '../turn.js';
import type { MessageDecoderConfig } from './decoder-config.js';
import type { Delivery, DeliveryQueue, Unfinished } from './delivery-queue.js';

export class CompressedMessages {
  readonly #compression: MessageDecompression;
  readonly #decoder: ChunkDecoder;
  readonly #config: MessageDecoderConfig;
  /** The message under way, as far as it has come. */
  #message: PayloadBuffer | undefined;
  #fragmentCount = 0;

  constructor(compression: MessageDecompression, decoder: ChunkDecoder, config: MessageDecoderConfig) {
    this.#compression = compression;
    this.#decoder = decoder;
    this.#config = config;
  }

  /** Bytes allocated for a message that is not complete. */
  get bufferedLength(): number {
    return this.#message?.capacity ?? 0;
  }

  /** Gives the message under way up. */
  clear(): void {
    this.#message = undefined;
  }

  /**
   * Takes one record of a compressed message, whose payload is the arena's bytes `start` to `end`.
   *
   * @param first the record's first word
   * @throws ProtocolError with what the connection is to be failed with
   */
  take(queue: DeliveryQueue, first: number, start: number, end: number): void {
    const { bytes } = this.#decoder.arena;
    const isText = messageOpcode(first) === OPCODE_TEXT;
    const isEnd = isMessageEnd(first);
    if (isEnd && isMessageStart(first)) {
      this.#inflate(queue, isText, bytes, start, end, false);
      return;
    }
    if (this.#message === undefined) {
      this.#message = new PayloadBuffer();
      this.#fragmentCount = 0;
    }
    const message = this.#message;
    const isFrameEnd = (first & END) !== 0;
    const { maxFragments } = this.#config;
    if (isFrameEnd && ++this.#fragmentCount > maxFragments) {
      throw new ProtocolError('WSIMD_TOO_MANY_FRAGMENTS', { detail: String(maxFragments) });
    }
    spend(costOfGathering(message.length, end - start));
    message.append(bytes, start, end, message.length + (end - start) + (isFrameEnd ? 0 : this.#decoder.remaining));
    if (!isEnd) return;
    this.#message = undefined;
    const data = message.take();
    this.#inflate(queue, isText, data, 0, data.length, true);
  }

  /** @param isOurs the source stays as it is for as long as it is needed */
  #inflate(
    queue: DeliveryQueue,
    isText: boolean,
    source: Uint8Array,
    start: number,
    end: number,
    isOurs: boolean,
  ): void {
    const compression = this.#compression;
    const { maxMessageLength, isValidated, inTurns } = this.#config;
    if (inTurns && (queue.isHeldUp || isTurnSpent())) {
      const kept = isOurs ? source : source.slice(start, end);
      queue.addUnfinished(new InflatingMessage(compression, this.#config, isText, kept));
      return;
    }
    if (compression.begin(source, start, end, maxMessageLength, isText && isValidated)) {
      if (!isText) queue.add(BINARY, compression.takeBytes());
      else if (this.#config.textAsBytes) queue.add(TEXT_BYTES, compression.takeBytes());
      else queue.add(TEXT, compression.takeText(isValidated));
      return;
    }
    const message = new InflatingMessage(compression, this.#config, isText, undefined);
    for (let isWhole = false; !isWhole; ) {
      const delivery = message.inflate();
      if (delivery === undefined) {
        if (!isOurs) compression.keepSource();
        queue.addUnfinished(message);
        return;
      }
      queue.addDelivery(delivery);
      isWhole = delivery.isLast;
    }
  }
}

/** A message that takes more than one step, or has to wait for its first. */
class InflatingMessage implements Unfinished {
  readonly #compression: MessageDecompression;
  readonly #config: MessageDecoderConfig;
  readonly #isText: boolean;
  /** Its compressed bytes, while it waits for the first step. */
  #source: Uint8Array | undefined;
  /** Nothing of it has been delivered. */
  #isFirst = true;

  /** @param source undefined if its first step has been made */
  constructor(
    compression: MessageDecompression,
    config: MessageDecoderConfig,
    isText: boolean,
    source: Uint8Array | undefined,
  ) {
    this.#compression = compression;
    this.#config = config;
    this.#isText = isText;
    this.#source = source;
  }

  get heldLength(): number {
    return this.#source?.length ?? this.#compression.heldLength;
  }

  advance(): Delivery | ProtocolError | undefined {
    if (isTurnSpent()) return undefined;
    try {
      return this.inflate();
    } catch (error) {
      return asMessageError(error);
    }
  }

  /**
   * Goes on until it is done, or there is a piece to deliver, or the turn is spent, if there are turns.
   *
   * @throws ProtocolError, or an error of the engine, that the connection is to be failed with
   */
  inflate(): Delivery | undefined {
    const compression = this.#compression;
    const { inPieces, inTurns } = this.#config;
    if (this.#source !== undefined) {
      if (this.#begin(this.#source)) return this.#take();
    } else if (inPieces) {
      const piece = this.#takePiece();
      if (piece !== undefined) return piece;
    }
    while (!inTurns || !isTurnSpent()) {
      if (compression.step()) return this.#take();
      const piece = inPieces ? this.#takePiece() : undefined;
      if (piece !== undefined) return piece;
    }
    return undefined;
  }

  #begin(source: Uint8Array): boolean {
    const { maxMessageLength, isValidated } = this.#config;
    this.#source = undefined;
    return this.#compression.begin(source, 0, source.length, maxMessageLength, this.#isText && isValidated);
  }

  /** What has come out so far, if anything has. */
  #takePiece(): Delivery | undefined {
    const data = this.#compression.takeBytes();
    return data.length === 0 ? undefined : this.#pieceOf(data, false);
  }

  /** What it has come to, or the last piece of it. */
  #take(): Delivery {
    const compression = this.#compression;
    const { textAsBytes, isValidated } = this.#config;
    if (!this.#isFirst) return this.#pieceOf(compression.takeBytes(), true);
    if (!this.#isText) return { kind: BINARY, value: compression.takeBytes(), isLast: true };
    if (textAsBytes) return { kind: TEXT_BYTES, value: compression.takeBytes(), isLast: true };
    return { kind: TEXT, value: compression.takeText(isValidated), isLast: true };
  }

  #pieceOf(data: Uint8Array, isLast: boolean): Delivery {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    return { kind: PIECE, value: { opcode: this.#isText ? 'text' : 'binary', data, isFirst, isLast }, isLast };
  }
}
