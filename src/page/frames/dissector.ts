// The bytes of one direction → dissected frames. The codec's FrameDecoder finds the frames and their faults; this keeps the
// bytes beside them as they stood on the wire. Knows no DOM and no socket.

import { OPCODE_CONTINUATION, OPCODE_CONTROL_BIT, OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { PayloadBuffer } from '../../bytes/payload-buffer.js';
import {
  DEFAULT_MAX_MESSAGE_LENGTH,
  type DecoderOptions,
  FrameDecoder,
  type MessageDecompression,
  ProtocolError,
  unmask,
} from '../../index.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';
import { concat } from '../bytes.js';
import { splitHeader } from './header-parts.js';

/** Bytes of a payload that are kept to be shown. */
export const PREVIEW_LENGTH = 256;

/** One frame, for showing. */
export interface Dissection {
  /** Where in the stream its first byte stands. */
  readonly offset: number;
  /** As on the wire; of a frame that was cut off or refused, as much of it as there is. */
  readonly header: Uint8Array;
  /** Of a continuation: the opcode of its message. Undefined for other frames and for a stray one. */
  readonly messageOpcode: number | undefined;
  /** Undefined where the header was cut off before it. */
  readonly payloadLength: number | bigint | undefined;
  /** The payload as on the wire, up to `PREVIEW_LENGTH` bytes. */
  readonly wire: Uint8Array;
  /** The same, unmasked. */
  readonly payload: Uint8Array;
  /** It belongs to a compressed message. */
  readonly isCompressed: boolean;
  /** Of the frame that ends a compressed message: what that held. */
  readonly inflated?: { readonly length: number; readonly preview: Uint8Array };
  /** Why the frame was refused. */
  readonly error?: ProtocolError;
  /** The stream ends inside this frame: how much of its payload has not come; undefined if not even the header has. */
  readonly cut?: { readonly missing: bigint | undefined };
}

const EMPTY = new Uint8Array(0);

/** Options of a dissector. */
export interface DissectorOptions extends Pick<DecoderOptions, 'allowRsv1'> {
  /** Which end reads these bytes; by default one that takes frames of both directions. */
  readonly role?: DecoderOptions['role'];
  /** For a connection with compression: RSV1 then marks a compressed message, which is inflated. */
  readonly inflater?: MessageDecompression | undefined;
  /**
   * Called with each piece of a payload, unmasked, before the frame is handed out; a view, valid during the call.
   *
   * @param header that of the frame
   */
  readonly onPiece?: (header: Uint8Array, piece: Uint8Array, isEnd: boolean) => void;
}

export class Dissector {
  readonly #decoder: FrameDecoder;
  readonly #inflater: MessageDecompression | undefined;
  /** Of the compressed message under way, if there is one: all its payload. */
  #compressed: PayloadBuffer | undefined;
  readonly #onPiece: DissectorOptions['onPiece'];
  #length = 0;
  #frameStart = 0;
  /** Bytes from `#frameStart` on that came in earlier chunks, while the header is not whole. */
  #carried: Uint8Array = EMPTY;
  /** The frame whose header is whole and whose payload is not. */
  #open: Dissection | undefined;
  /** The opcode of the data message under way. */
  #messageOpcode: number | undefined;
  #hasFailed = false;

  constructor({ role = 'observer', allowRsv1, inflater, onPiece }: DissectorOptions = {}) {
    // Nothing is kept of a message but a preview, so any length will do.
    const maxMessageLength = Number.MAX_SAFE_INTEGER;
    this.#decoder = new FrameDecoder({ role, allowRsv1: allowRsv1 ?? inflater !== undefined, maxMessageLength });
    this.#inflater = inflater;
    this.#onPiece = onPiece;
  }

  /** @returns the frames that end in this chunk; the last of them has `error` if a rule was broken */
  push(chunk: Uint8Array): Dissection[] {
    const chunkStart = this.#length;
    this.#length += chunk.length;
    const dissections: Dissection[] = [];
    if (this.#hasFailed) return dissections;
    const decoder = this.#decoder;
    try {
      decoder.push(chunk);
      while (decoder.next()) {
        if (decoder.isStart) this.#open = this.#start(chunk, chunkStart);
        const frame = this.#append(this.#open!, chunk, chunkStart);
        this.#onPiece?.(frame.header, decoder.view(), decoder.isEnd);
        this.#open = decoder.isEnd ? undefined : frame;
        if (!decoder.isEnd) continue;
        dissections.push(this.#inflate(frame));
        if (dissections.at(-1)?.error !== undefined) {
          this.#hasFailed = true;
          return dissections;
        }
      }
      if (this.#open === undefined && !decoder.isDone) this.#carried = this.#rest(chunk, chunkStart);
    } catch (error) {
      rethrowUnless(error, ProtocolError);
      this.#hasFailed = true;
      dissections.push({ ...this.#unfinished(this.#rest(chunk, chunkStart)), error });
    }
    return dissections;
  }

  /** The frame that the stream ends in, as far as it came; undefined if it ends between two, with a Close frame or an error. */
  end(): Dissection | undefined {
    if (this.#hasFailed || this.#decoder.isDone) return undefined;
    if (this.#open === undefined && this.#carried.length === 0) return undefined;
    const frame = this.#unfinished(this.#carried);
    const { offset, header, payloadLength = 0 } = frame;
    const missing = BigInt(payloadLength) - BigInt(this.#length - offset - header.length);
    return { ...frame, cut: { missing: this.#open === undefined ? undefined : missing } };
  }

  /** Bytes behind a Close frame, which are ignored. */
  get ignoredLength(): number {
    return this.#decoder.isDone && !this.#hasFailed ? this.#length - this.#frameStart : 0;
  }

  /** A new frame, from what the decoder shows. */
  #start(chunk: Uint8Array, chunkStart: number): Dissection {
    const { headerLength, payloadLength, opcode, fin } = this.#decoder;
    const offset = this.#frameStart;
    const from = Math.max(offset - chunkStart, 0);
    const header = concat(this.#carried, chunk.subarray(from, from + headerLength)).slice(0, headerLength);
    this.#carried = EMPTY;
    this.#frameStart += headerLength + payloadLength;
    let messageOpcode: number | undefined;
    if (opcode === OPCODE_CONTINUATION) messageOpcode = this.#messageOpcode;
    const isData = (opcode & OPCODE_CONTROL_BIT) === 0;
    if (isData) this.#messageOpcode = fin ? undefined : (messageOpcode ?? opcode);
    if (this.#decoder.rsv1) this.#compressed = new PayloadBuffer();
    const isCompressed = isData && this.#compressed !== undefined;
    return { offset, header, messageOpcode, payloadLength, wire: EMPTY, payload: EMPTY, isCompressed };
  }

  /** The frame with the piece that the decoder shows. */
  #append(frame: Dissection, chunk: Uint8Array, chunkStart: number): Dissection {
    const decoder = this.#decoder;
    if (frame.isCompressed && this.#inflater !== undefined) {
      this.#compressed?.append(decoder.view(), 0, decoder.length, 0);
    }
    const length = Math.min(PREVIEW_LENGTH - frame.wire.length, decoder.length);
    if (length === 0) return frame;
    const at = frame.offset + frame.header.length + frame.wire.length - chunkStart;
    return {
      ...frame,
      wire: concat(frame.wire, chunk.subarray(at, at + length)),
      payload: concat(frame.payload, decoder.view().subarray(0, length)),
    };
  }

  /** The frame with what its message held, if it ends a compressed one; with an error if that cannot be told. */
  #inflate(frame: Dissection): Dissection {
    if (!frame.isCompressed || !this.#decoder.fin) return frame;
    const payload = this.#compressed!.take();
    this.#compressed = undefined;
    if (this.#inflater === undefined) return frame;
    const isText = (frame.messageOpcode ?? this.#decoder.opcode) === OPCODE_TEXT;
    try {
      const message = this.#inflater.inflateBytes(payload, 0, payload.length, DEFAULT_MAX_MESSAGE_LENGTH, isText);
      return { ...frame, inflated: { length: message.length, preview: message.slice(0, PREVIEW_LENGTH) } };
    } catch (error) {
      rethrowUnless(error, ProtocolError);
      return { ...frame, error };
    }
  }

  /** What of the chunk, and of what came before it, belongs to no finished frame. */
  #rest(chunk: Uint8Array, chunkStart: number): Uint8Array {
    if (this.#open !== undefined) {
      const { offset, header, wire } = this.#open;
      return chunk.slice(Math.max(offset + header.length + wire.length - chunkStart, 0));
    }
    return concat(this.#carried, chunk.slice(Math.max(this.#frameStart - chunkStart, 0)));
  }

  /** A frame that the decoder did not finish: from its bytes alone. @param rest those not yet in `#open` */
  #unfinished(rest: Uint8Array): Dissection {
    if (this.#open !== undefined) return withWire(this.#open, rest);
    const { headerLength, payloadLength, opcode } = splitHeader(rest);
    const frame = {
      offset: this.#frameStart,
      header: rest.slice(0, headerLength),
      messageOpcode: opcode === OPCODE_CONTINUATION ? this.#messageOpcode : undefined,
      payloadLength,
      wire: EMPTY,
      payload: EMPTY,
      isCompressed: false,
    };
    return withWire(frame, rest.subarray(headerLength));
  }
}

/** The frame with more of its payload, which the decoder has not unmasked. */
function withWire(frame: Dissection, bytes: Uint8Array): Dissection {
  const whole = frame.payloadLength ?? 0;
  const limit = whole < PREVIEW_LENGTH ? Number(whole) : PREVIEW_LENGTH;
  const wire = concat(frame.wire, bytes.subarray(0, Math.max(limit - frame.wire.length, 0)));
  const payload = wire.slice();
  const { maskingKey } = splitHeader(frame.header);
  if (maskingKey.length === 4) unmask(payload, maskingKey);
  return { ...frame, wire, payload };
}
