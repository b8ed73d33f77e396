// Compressed messages on their way out of the arena. Where messages are delivered whole, the frames of one are joined as they are,
// compressed, and inflated once the last has come: no more is held of a message than its compressed bytes, which may inflate to a
// thousand times as much. Where they are delivered in pieces, each part is inflated as it comes. How inflating is done it does not know.

import { OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { PayloadBuffer } from '../../bytes/payload-buffer.js';
import type { ChunkDecoder } from '../../frames/chunk-decoder.js';
import { END, isMessageEnd, isMessageStart, messageOpcode } from '../../kernel/records.js';
import { asMessageError, ProtocolError } from '../../protocol/errors.js';
import type { MessageDecompression } from '../compression.js';
import { BINARY, PIECE, TEXT, TEXT_BYTES } from '../handler.js';
import { costOfGathering, isTurnSpent, spend } from '../turn.js';
import type { MessageDecoderConfig } from './decoder-config.js';
import { type Delivery, type DeliveryQueue, type Unfinished, USED_UP } from './delivery-queue.js';

/** Bytes: shorter parts of a message are joined before they are inflated, as far as they come together. */
const SHORT_LENGTH = 16 * 1024;

export class CompressedMessages {
  readonly #compression: MessageDecompression;
  readonly #decoder: ChunkDecoder;
  readonly #config: MessageDecoderConfig;
  /** What has come of the message under way and is not inflated. */
  #gathered: PayloadBuffer | undefined;
  #fragmentCount = 0;
  /** The message under way, if it is inflated as it comes. */
  #inflating: InflatingMessage | undefined;

  constructor(compression: MessageDecompression, decoder: ChunkDecoder, config: MessageDecoderConfig) {
    this.#compression = compression;
    this.#decoder = decoder;
    this.#config = config;
  }

  /** Bytes allocated for a message that is not complete. */
  get bufferedLength(): number {
    return (this.#gathered?.capacity ?? 0) + (this.#inflating?.heldLength ?? 0);
  }

  /** Gives the message under way up. */
  clear(): void {
    this.#gathered = this.#inflating = undefined;
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
      this.#inflateWhole(queue, isText, bytes, start, end, false);
    } else if (this.#config.inPieces) {
      this.#inflating ??= new InflatingMessage(this.#compression, this.#config, isText);
      this.#takePart(queue, start, end, isEnd);
    } else {
      this.#gather(first, start, end);
      if (!isEnd) return;
      const data = this.#gathered!.take();
      this.#gathered = undefined;
      this.#inflateWhole(queue, isText, data, 0, data.length, true);
    }
  }

  /** Inflates the short parts that have been joined: nothing more comes with them, or something else does. */
  settle(queue: DeliveryQueue): void {
    if (this.#inflating !== undefined && this.#gathered !== undefined) this.#inflateGathered(queue, false);
  }

  /** Adds a record to a message that is inflated once it is whole. */
  #gather(first: number, start: number, end: number): void {
    if (this.#gathered === undefined) {
      this.#gathered = new PayloadBuffer();
      this.#fragmentCount = 0;
    }
    const { length } = this.#gathered;
    const isFrameEnd = (first & END) !== 0;
    const { maxFragments } = this.#config;
    if (isFrameEnd && ++this.#fragmentCount > maxFragments) {
      throw new ProtocolError('WSIMD_TOO_MANY_FRAGMENTS', { detail: String(maxFragments) });
    }
    const { arena, remaining } = this.#decoder;
    spend(costOfGathering(length, end - start));
    this.#gathered.append(arena.bytes, start, end, length + (end - start) + (isFrameEnd ? 0 : remaining));
  }

  /** Part of a message that is inflated as it comes. */
  #takePart(queue: DeliveryQueue, start: number, end: number, isLast: boolean): void {
    const { bytes } = this.#decoder.arena;
    if (this.#gathered === undefined && end - start >= SHORT_LENGTH) {
      this.#inflatePart(queue, bytes, start, end, isLast, false);
      return;
    }
    this.#gathered ??= new PayloadBuffer();
    spend(costOfGathering(this.#gathered.length, end - start));
    this.#gathered.append(bytes, start, end, 0);
    if (isLast || this.#gathered.length >= SHORT_LENGTH) this.#inflateGathered(queue, isLast);
  }

  #inflateGathered(queue: DeliveryQueue, isLast: boolean): void {
    const data = this.#gathered!.take();
    this.#gathered = undefined;
    if (isLast || data.length > 0) this.#inflatePart(queue, data, 0, data.length, isLast, true);
  }

  #inflatePart(
    queue: DeliveryQueue,
    source: Uint8Array,
    start: number,
    end: number,
    isLast: boolean,
    isOurs: boolean,
  ): void {
    const message = this.#inflating!;
    if (isLast) this.#inflating = undefined;
    if (this.#mustWait(queue)) {
      queue.addUnfinished(new WaitingPart(message, isOurs ? source : source.slice(start, end), isLast));
      return;
    }
    message.give(source, start, end, isLast);
    this.#inflate(queue, message, isLast, isOurs);
  }

  /** @param isOurs the source stays as it is for as long as it is needed */
  #inflateWhole(
    queue: DeliveryQueue,
    isText: boolean,
    source: Uint8Array,
    start: number,
    end: number,
    isOurs: boolean,
  ): void {
    const compression = this.#compression;
    const { inPieces, maxMessageLength, isValidated, textAsBytes } = this.#config;
    if (this.#mustWait(queue)) {
      const message = new InflatingMessage(compression, this.#config, isText);
      queue.addUnfinished(new WaitingPart(message, isOurs ? source : source.slice(start, end), true));
      return;
    }
    const isDone = compression.begin(source, start, end, maxMessageLength, isText && isValidated, inPieces);
    if (!isDone) this.#inflate(queue, new InflatingMessage(compression, this.#config, isText, true), true, isOurs);
    else if (!isText) queue.add(BINARY, compression.takeBytes());
    else if (textAsBytes) queue.add(TEXT_BYTES, compression.takeBytes());
    else queue.add(TEXT, compression.takeText(isValidated));
  }

  /** Goes on with a message for as long as the turn lasts, and queues the rest. @param isLast all of it has come */
  #inflate(queue: DeliveryQueue, message: InflatingMessage, isLast: boolean, isOurs: boolean): void {
    for (;;) {
      const delivery = message.inflate();
      if (delivery === USED_UP) return;
      if (delivery === undefined) {
        if (!isOurs) this.#compression.keepSource();
        queue.addUnfinished(new WaitingPart(message, undefined, isLast));
        return;
      }
      queue.addDelivery(delivery);
      if (delivery.isLast) return;
    }
  }

  #mustWait(queue: DeliveryQueue): boolean {
    return this.#config.inTurns && (queue.isHeldUp || isTurnSpent());
  }
}

/** A message, or a part of one, that has to wait for its first step or for its next. */
class WaitingPart implements Unfinished {
  readonly #message: InflatingMessage;
  readonly #isLast: boolean;
  /** Its compressed bytes, while it waits for the first step. */
  #source: Uint8Array | undefined;

  /** @param source undefined if its first step has been made */
  constructor(message: InflatingMessage, source: Uint8Array | undefined, isLast: boolean) {
    this.#message = message;
    this.#source = source;
    this.#isLast = isLast;
  }

  /** What a message holds that has not come to its end is counted where it is received. */
  get heldLength(): number {
    return this.#source?.length ?? (this.#isLast ? this.#message.heldLength : 0);
  }

  advance(): Delivery | ProtocolError | typeof USED_UP | undefined {
    if (isTurnSpent()) return undefined;
    try {
      const source = this.#source;
      this.#source = undefined;
      if (source !== undefined) this.#message.give(source, 0, source.length, this.#isLast);
      return this.#message.inflate();
    } catch (error) {
      return asMessageError(error);
    }
  }
}

/** A message that takes more than one step. */
class InflatingMessage {
  readonly #compression: MessageDecompression;
  readonly #config: MessageDecoderConfig;
  readonly #isText: boolean;
  #isBegun: boolean;
  #isDone = false;
  /** Nothing of it has been delivered. */
  #isFirst = true;

  /** @param isBegun its first step has been made */
  constructor(compression: MessageDecompression, config: MessageDecoderConfig, isText: boolean, isBegun = false) {
    this.#compression = compression;
    this.#config = config;
    this.#isText = isText;
    this.#isBegun = isBegun;
  }

  /** Bytes of memory that it holds. */
  get heldLength(): number {
    return this.#isBegun ? this.#compression.heldLength : 0;
  }

  /** Hands over its compressed bytes, or the next part of them, and makes a step. @throws as `inflate` */
  give(source: Uint8Array, start: number, end: number, isLast: boolean): void {
    const compression = this.#compression;
    const { inPieces, maxMessageLength, isValidated } = this.#config;
    const isChecked = this.#isText && isValidated;
    this.#isDone = this.#isBegun
      ? compression.give(source, start, end, isLast)
      : compression.begin(source, start, end, maxMessageLength, isChecked, inPieces, isLast);
    this.#isBegun = true;
  }

  /**
   * Goes on until it is done, or there is a piece to deliver, or its bytes are used up, or the turn is spent, if there are turns.
   *
   * @throws ProtocolError, or an error of the engine, that the connection is to be failed with
   */
  inflate(): Delivery | typeof USED_UP | undefined {
    const compression = this.#compression;
    const { inPieces, inTurns } = this.#config;
    for (;;) {
      if (this.#isDone) return this.#take();
      const piece = inPieces ? this.#takePiece() : undefined;
      if (piece !== undefined) return piece;
      if (compression.needsInput) return USED_UP;
      if (inTurns && isTurnSpent()) return undefined;
      this.#isDone = compression.step();
    }
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
