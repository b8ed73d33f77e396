// Compressed messages on their way out of the arena: their frames are joined as they are, compressed, and inflated once the
// last has come. So no more is held of a message than its compressed bytes. How inflating is done it does not know.

import { OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { PayloadBuffer } from '../../bytes/payload-buffer.js';
import type { ChunkDecoder } from '../../frames/chunk-decoder.js';
import { END, isMessageEnd, isMessageStart, messageOpcode } from '../../kernel/records.js';
import { ProtocolError } from '../../protocol/errors.js';
import type { MessageDecompression } from '../compression.js';
import type { MessageDecoderConfig } from './decoder-config.js';
import type { DeliveryQueue } from './delivery-queue.js';

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
      this.#inflate(queue, isText, bytes, start, end);
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
    message.append(bytes, start, end, message.length + (end - start) + (isFrameEnd ? 0 : this.#decoder.remaining));
    if (!isEnd) return;
    this.#message = undefined;
    const data = message.take();
    this.#inflate(queue, isText, data, 0, data.length);
  }

  #inflate(queue: DeliveryQueue, isText: boolean, source: Uint8Array, start: number, end: number): void {
    const compression = this.#compression;
    const { maxMessageLength, isValidated, inPieces, textAsBytes } = this.#config;
    if (inPieces) {
      this.#inflatePieces(queue, isText, source, start, end);
    } else if (!isText) {
      queue.addBinary(compression.inflateBytes(source, start, end, maxMessageLength, false));
    } else if (textAsBytes) {
      queue.addTextBytes(compression.inflateBytes(source, start, end, maxMessageLength, isValidated));
    } else {
      queue.addText(compression.inflateText(source, start, end, maxMessageLength, isValidated));
    }
  }

  #inflatePieces(queue: DeliveryQueue, isText: boolean, source: Uint8Array, start: number, end: number): void {
    const opcode = isText ? 'text' : 'binary';
    const { maxMessageLength, isValidated, textAsBytes } = this.#config;
    const checksText = isText && isValidated;
    this.#compression.inflatePieces(source, start, end, maxMessageLength, checksText, (data, isFirst, isLast) => {
      if (!isFirst || !isLast) queue.addPiece({ opcode, data, isFirst, isLast });
      else if (!isText) queue.addBinary(data);
      else if (textAsBytes) queue.addTextBytes(data);
      else queue.addText(this.#decoder.arena.host.readUtf8(data, 0, data.length));
    });
  }
}
