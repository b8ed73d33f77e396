// Compressed messages on their way out of the arena: their frames are joined as they are, compressed, and inflated once the
// last has come. So what is held of a message is never more than has been received. How inflating is done it does not know.

import { OPCODE_TEXT } from '../../assembly/protocol.js';
import { ProtocolError } from '../errors.js';
import { type ChunkDecoder, DEFAULT_MAX_MESSAGE_LENGTH, type DecoderOptions } from '../frames/chunk-decoder.js';
import { PayloadBuffer } from '../frames/payload-buffer.js';
import type { MessageDecompression } from './compression.js';
import type { DeliveryQueue } from './delivery-queue.js';
import { END, isMessageEnd, isMessageStart, messageOpcode } from './record-bits.js';

/** What of a message decoder's options matters here. */
export interface CompressedMessagesOptions extends Pick<DecoderOptions, 'maxMessageLength' | 'skipUtf8Validation'> {
  readonly textAs?: 'string' | 'bytes';
  readonly deliver?: 'messages' | 'pieces';
  readonly maxFragments?: number;
}

export class CompressedMessages {
  readonly #compression: MessageDecompression;
  readonly #decoder: ChunkDecoder;
  readonly #maxLength: number;
  readonly #textAsBytes: boolean;
  readonly #inPieces: boolean;
  readonly #isValidated: boolean;
  /** The message under way, as far as it has come. */
  #message: PayloadBuffer | undefined;
  #fragmentCount = 0;
  readonly #maxFragments: number;

  constructor(compression: MessageDecompression, decoder: ChunkDecoder, options: CompressedMessagesOptions) {
    this.#compression = compression;
    this.#decoder = decoder;
    this.#maxLength = options.maxMessageLength ?? DEFAULT_MAX_MESSAGE_LENGTH;
    this.#textAsBytes = options.textAs === 'bytes';
    this.#inPieces = options.deliver === 'pieces';
    this.#isValidated = !options.skipUtf8Validation;
    this.#maxFragments = options.maxFragments ?? Number.MAX_SAFE_INTEGER;
  }

  /** Bytes held of a message that is not whole. */
  get bufferedLength(): number {
    return this.#message?.length ?? 0;
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
    if (isFrameEnd && ++this.#fragmentCount > this.#maxFragments) {
      throw new ProtocolError('WSIMD_TOO_MANY_FRAGMENTS', { detail: String(this.#maxFragments) });
    }
    message.append(bytes, start, end, message.length + (end - start) + (isFrameEnd ? 0 : this.#decoder.remaining));
    if (!isEnd) return;
    this.#message = undefined;
    const data = message.take();
    this.#inflate(queue, isText, data, 0, data.length);
  }

  #inflate(queue: DeliveryQueue, isText: boolean, source: Uint8Array, start: number, end: number): void {
    const compression = this.#compression;
    const maxLength = this.#maxLength;
    const isValidated = this.#isValidated;
    if (this.#inPieces) {
      this.#inflatePieces(queue, isText, source, start, end);
    } else if (!isText) {
      queue.addBinary(compression.inflateBytes(source, start, end, maxLength, false));
    } else if (this.#textAsBytes) {
      queue.addTextBytes(compression.inflateBytes(source, start, end, maxLength, isValidated));
    } else {
      queue.addText(compression.inflateText(source, start, end, maxLength, isValidated));
    }
  }

  #inflatePieces(queue: DeliveryQueue, isText: boolean, source: Uint8Array, start: number, end: number): void {
    const opcode = isText ? 'text' : 'binary';
    const checksText = isText && this.#isValidated;
    this.#compression.inflatePieces(source, start, end, this.#maxLength, checksText, (data, isFirst, isLast) => {
      if (!isFirst || !isLast) queue.addPiece({ opcode, data, isFirst, isLast });
      else if (!isText) queue.addBinary(data);
      else if (this.#textAsBytes) queue.addTextBytes(data);
      else queue.addText(this.#decoder.arena.host.readUtf8(data, 0, data.length));
    });
  }
}
