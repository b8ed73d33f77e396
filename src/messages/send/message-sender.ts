// Turns messages into frames to be sent: whole, in fragments, in slices, compressed or framed earlier, with control frames between
// them. Keeps their order.

import { OPCODE_BINARY, OPCODE_CONTINUATION, OPCODE_TEXT } from '../../../assembly/shared/protocol.js';
import { type BytesConstructor, getHost } from '../../bytes/host.js';
import { ownPayload } from '../../bytes/owned.js';
import { type FrameBits, FrameEncoder, type FrameEncoderOptions } from '../../frames/frame-encoder.js';
import { FrameWriter } from '../../frames/frame-writer.js';
import type { CompressedForm, PreparedMessage } from '../../frames/prepared-message.js';
import { ProtocolError } from '../../protocol/errors.js';
import type { Role } from '../../protocol/role.js';
import type { MessageCompression } from '../compression.js';
import { COPY_COST, costOfCopy, spend } from '../turn.js';
import type { SentMessage, UncompressedReason } from './sent-message.js';
import { SliceQueue, type WritePayload } from './slice-queue.js';

/** How a message is sent. */
export interface SendMessageOptions {
  /** Compress it, if compression was negotiated and makes it shorter. Default true. */
  readonly compress?: boolean;
  /**
   * Send a long compressed message in fragments, of which this call makes only the first; each call of `sendNextSlice` makes one
   * more. A message is long if compressing it takes more than about a millisecond (64 KiB; 32 at the level `'smallest'`, 16 and 8
   * without WebAssembly). Other messages, copied, queue behind it; pings and pongs do not. Default false: it leaves in one frame.
   */
  readonly inSlices?: boolean;
  /**
   * Bytes that are neither masked nor compressed are not copied. They must not change until the transport has written the segment of
   * `takeOutgoingSegments` in which they leave. Default false.
   */
  readonly byReference?: boolean;
}

/** A message whose first fragment has been sent and whose last has not. */
interface OpenMessage {
  readonly isCompressed: boolean;
  /** Its fragments so far; undefined if nobody asks. */
  readonly sent: { size: number; wireSize: number; readonly reason: UncompressedReason | undefined } | undefined;
}

const COMPRESSED: FrameBits = { rsv1: true };

/** An encoder, and what it was made of. */
interface MadeEncoder {
  readonly encoder: FrameEncoder;
  readonly role: FrameEncoderOptions['role'];
  readonly kernel: FrameEncoderOptions['kernel'];
  readonly maskingKey: FrameEncoderOptions['maskingKey'];
}

/** Encoders hold nothing of a connection, so connections with the same options object share one. */
const encoders = new WeakMap<FrameEncoderOptions, MadeEncoder>();

function encoderFor(options: FrameEncoderOptions): FrameEncoder {
  const { role, kernel, maskingKey } = options;
  const made = encoders.get(options);
  // The caller may have changed its options since.
  const isSame = made?.role === role && made.kernel === kernel && made.maskingKey === maskingKey;
  if (made !== undefined && isSame) return made.encoder;
  const encoder = new FrameEncoder(options);
  encoders.set(options, { encoder, role, kernel, maskingKey });
  return encoder;
}

export class MessageSender {
  readonly encoder: FrameEncoder;
  /** What has been made of it all. */
  readonly writer: FrameWriter;
  readonly #compression: MessageCompression | undefined;
  #open: OpenMessage | undefined;
  /** Called for each message, once its last frame has been made. Undefined: nobody asks, and nothing is measured. */
  onSent: ((sent: SentMessage) => void) | undefined;
  /** Made for the first message that leaves in slices. */
  #slices: SliceQueue | undefined;

  constructor(options: FrameEncoderOptions, compression: MessageCompression | undefined) {
    this.encoder = encoderFor(options);
    this.writer = new FrameWriter(this.encoder);
    this.#compression = compression;
  }

  /** Which end we are. */
  get role(): Role {
    return this.encoder.role;
  }

  get hasCompression(): boolean {
    return this.#compression !== undefined;
  }

  /** Bytes of frames that have been made and not been taken. */
  get outgoingLength(): number {
    return this.writer.length;
  }

  /** A fragmented message has begun and not ended. */
  get isMessageOpen(): boolean {
    return this.#open !== undefined;
  }

  /** A message is leaving in slices. */
  get hasSlices(): boolean {
    return this.#slices?.isBusy ?? false;
  }

  /**
   * How much is pending behind `sendNextSlice`: bytes, and for queued strings UTF-16 units. Of the message that is leaving in slices it is
   * what is left, in bytes of UTF-8.
   */
  get pendingLength(): number {
    return this.#slices?.pendingLength ?? 0;
  }

  /** A whole message. @param payload copied @throws ProtocolError `WSIMD_MESSAGE_OPEN`, as the next three do */
  send(opcode: number, payload: string | Uint8Array, options: SendMessageOptions | undefined): void {
    this.#requireNoMessage();
    if (!this.hasSlices) this.#write(opcode, payload, options);
    else this.inTurn(payload, (queued) => this.#write(opcode, queued, options));
  }

  /** A control frame, which overtakes a message that is leaving in slices. */
  sendControl(opcode: number, payload: string | Uint8Array): void {
    this.writer.write(opcode, payload);
  }

  /** The payload of a Close frame. @throws ProtocolError `WSIMD_INVALID_CLOSE_CODE`, `WSIMD_INVALID_REASON` */
  closePayload(closeCode?: number, reason?: string): string | Uint8Array {
    return this.encoder.closePayload(closeCode, reason);
  }

  /** Takes the frames that have been made. @param Bytes the class of the bytes */
  take(Bytes?: BytesConstructor): Uint8Array<ArrayBuffer> {
    return this.writer.take(Bytes);
  }

  /** Takes them in segments: see `FrameWriter.takeSegments`. */
  takeSegments(Bytes?: BytesConstructor, isCompact?: boolean): Uint8Array[] {
    return this.writer.takeSegments(Bytes, isCompact);
  }

  /** Gives back what `take` gave, or one of the segments. */
  giveBack(bytes: Uint8Array): void {
    FrameWriter.release(bytes);
  }

  /** Gives up what compression remembers: nothing is sent or received any more. */
  releaseCompression(): void {
    this.#compression?.release();
  }

  /** Bytes that are frames already. @param byReference others may send them too: they are not copied */
  sendEncoded(frames: Uint8Array, byReference: boolean): void {
    this.writer.writeEncoded(frames, byReference);
  }

  /** The frame of a message that was framed before, if nothing has to be done but to write it: see `Connection.loneFrame`. */
  loneFrame(message: PreparedMessage): Uint8Array | undefined {
    const isAlone = this.#open === undefined && !this.hasSlices && this.writer.length === 0;
    // `sendPrepared` reports what it sends.
    if (!isAlone || this.onSent !== undefined || this.role !== 'server') return undefined;
    return this.#compressedForm(message)?.serverFrame ?? message.serverFrame;
  }

  #compressedForm(message: PreparedMessage): CompressedForm | undefined {
    return message.compress ? this.#compression?.deflatePrepared(message) : undefined;
  }

  /** A message that was framed before. @param byReference a server passes the shared frame on without a copy */
  sendPrepared(message: PreparedMessage, byReference: boolean): void {
    this.#requireNoMessage();
    if (!this.hasSlices) this.#writePrepared(message, byReference);
    else this.inTurn('', () => this.#writePrepared(message, byReference));
  }

  /** The first fragment of a message. @throws ProtocolError `WSIMD_MESSAGE_OPEN` */
  start(type: 'text' | 'binary', data: string | Uint8Array, compress: boolean): void {
    this.#requireNoMessage();
    const opcode = type === 'text' ? OPCODE_TEXT : OPCODE_BINARY;
    const isCompressed = compress && this.#compression?.isWorthDeflating(data) === true;
    const reason = isCompressed || this.onSent === undefined ? undefined : this.#whyPlain(data, compress);
    const sent = this.onSent === undefined ? undefined : { size: 0, wireSize: 0, reason };
    const open: OpenMessage = { isCompressed, sent };
    this.#sendFragment(opcode, data, open, { fin: false, rsv1: isCompressed });
    this.#open = open;
  }

  /** A further one. @throws ProtocolError `WSIMD_NO_MESSAGE_OPEN` */
  continue(data: string | Uint8Array, isLast: boolean): void {
    const open = this.#open;
    if (open === undefined) throw new ProtocolError('WSIMD_NO_MESSAGE_OPEN');
    try {
      // Before it is reported: who hears of it may send the next message.
      if (isLast) this.#open = undefined;
      this.#sendFragment(OPCODE_CONTINUATION, data, open, { fin: isLast });
    } catch (error) {
      this.#open = open;
      throw error;
    }
  }

  /**
   * Writes a payload now, or behind the message that is leaving in slices: then it is a copy. The only place where a payload is
   * kept.
   */
  inTurn(payload: string | Uint8Array, write: WritePayload): void {
    if (!this.hasSlices) {
      write(payload);
      return;
    }
    if (typeof payload !== 'string') spend(costOfCopy(payload.length));
    this.#slices!.add(ownPayload(payload), write);
  }

  /** Makes the next slice; without effect if there is none. */
  sendNextSlice(): void {
    this.#slices?.next();
  }

  /** Nothing is sent any more. */
  end(): void {
    this.clear();
    this.releaseCompression();
  }

  /** Gives up the slices that have not been made, and what waits behind them. */
  clear(): void {
    this.#slices?.clear();
  }

  #write(opcode: number, payload: string | Uint8Array, options: SendMessageOptions | undefined): void {
    const compression = options?.compress === false ? undefined : this.#compression;
    // Fresh memory counts only where a message is kept to be compressed: otherwise it is as much as the peer reads.
    spend(payload.length * COPY_COST);
    if (compression === undefined) {
      this.#writeAsIs(opcode, payload, options);
      if (this.onSent !== undefined) this.#reportPlain(payload, options?.compress !== false);
    } else if (options?.inSlices === true && isLong(payload, compression) && compression.isWorthDeflating(payload)) {
      if (typeof payload !== 'string') spend(costOfCopy(payload.length));
      this.#slices ??= new SliceQueue(compression, this.writer);
      this.#slices.begin(opcode, payload, this.onSent && ((size, wireSize) => this.#reportCompressed(size, wireSize)));
    } else {
      const deflated = compression.deflate(payload);
      if (deflated === undefined) this.#writeAsIs(opcode, payload, options);
      else this.writer.write(opcode, deflated, COMPRESSED);
      if (this.onSent === undefined) return;
      if (deflated === undefined) this.#reportPlain(payload, true);
      else this.#reportCompressed(lengthOf(payload), deflated.length);
    }
  }

  #writeAsIs(opcode: number, payload: string | Uint8Array, options: SendMessageOptions | undefined): void {
    const isReference = options?.byReference === true && typeof payload !== 'string' && this.encoder.role === 'server';
    if (isReference) this.writer.writeByReference(opcode, payload);
    else this.writer.write(opcode, payload);
  }

  #sendFragment(opcode: number, data: string | Uint8Array, { isCompressed, sent }: OpenMessage, bits: FrameBits): void {
    this.inTurn(data, (queued) => {
      const part = isCompressed ? this.#compression!.deflateFragment(queued, bits.fin === true) : queued;
      this.writer.write(opcode, part, bits);
      if (sent === undefined) return;
      sent.size += lengthOf(queued);
      sent.wireSize += lengthOf(part);
      if (bits.fin === true) this.onSent?.({ isCompressed, ...sent });
    });
  }

  #writePrepared(message: PreparedMessage, byReference: boolean): void {
    const form = this.#compressedForm(message);
    if (this.encoder.role === 'server') {
      this.writer.writeEncoded(form?.serverFrame ?? message.serverFrame, byReference);
    } else if (form === undefined) {
      this.writer.write(message.opcode, message.payload);
    } else {
      this.writer.write(message.opcode, form.payload, COMPRESSED);
    }
    if (this.onSent === undefined) return;
    if (form === undefined) this.#reportPlain(message.payload, message.compress, false);
    else this.#reportCompressed(lengthOf(message.payload), form.payload.length);
  }

  #reportCompressed(size: number, wireSize: number): void {
    this.onSent?.({ isCompressed: true, size, wireSize, reason: undefined });
  }

  /** @param isAsked whether it could have been compressed @param maySpare whether `deflate` has decided */
  #reportPlain(payload: string | Uint8Array, isAsked: boolean, maySpare = true): void {
    const size = lengthOf(payload);
    const reason = this.#whyPlain(payload, isAsked, maySpare);
    this.onSent?.({ isCompressed: false, size, wireSize: size, reason });
  }

  #whyPlain(payload: string | Uint8Array, isAsked: boolean, maySpare = false): UncompressedReason {
    const compression = this.#compression;
    if (compression === undefined) return 'notNegotiated';
    if (!isAsked) return 'notAsked';
    if (!compression.isWorthDeflating(payload)) return 'belowThreshold';
    return maySpare && compression.hasSpared === true ? 'sparesTopic' : 'notSmaller';
  }

  #requireNoMessage(): void {
    if (this.#open !== undefined) throw new ProtocolError('WSIMD_MESSAGE_OPEN');
  }
}

function lengthOf(payload: string | Uint8Array): number {
  return typeof payload === 'string' ? getHost().utf8Length(payload) : payload.length;
}

/** Longer, as UTF-8, than what is deflated at once. */
function isLong(payload: string | Uint8Array, { sliceLength }: MessageCompression): boolean {
  const { length } = payload;
  if (typeof payload !== 'string' || length > sliceLength) return length > sliceLength;
  return length * 3 > sliceLength && getHost().utf8Length(payload) > sliceLength;
}
