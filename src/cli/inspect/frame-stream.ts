// The frames of one direction, behind its head: taken apart by the codec's decoder in the role of whoever receives them,
// joined to messages, judged. Where bytes are missing, or the capture begins too late, it looks for the next frame.

import { OPCODE_CLOSE, OPCODE_CONTINUATION, OPCODE_CONTROL_BIT } from '../../../assembly/protocol.js';
import type { ProtocolError } from '../../index.js';
import { type Dissection, Dissector } from '../page/dissector.js';
import { splitHeader } from '../page/header-parts.js';
import { count } from '../page/words.js';
import type { PlacedEntry } from './entries.js';
import { looksLikeFrame } from './looks-like-frame.js';
import { MessageContent } from './message-content.js';
import type { Sender } from './tcp-connections.js';

export interface FrameStreamOptions {
  readonly from: Sender;
  /** Where in the direction the first byte stands. */
  readonly offset: number;
  /** Frames begin with the first byte; else they are looked for. */
  readonly isAligned: boolean;
  /** An extension may own RSV1. */
  readonly allowRsv1: boolean;
  /** Bytes of each message to hand out. */
  readonly maxPayload: number;
  readonly emit: (entry: PlacedEntry) => void;
}

export class FrameStream {
  readonly #options: FrameStreamOptions;
  #dissector: Dissector;
  /** Where in the direction the dissector's first byte stands. */
  #base: number;
  /** Where in the direction the next byte stands. */
  #offset: number;
  /** Frames are looked for from this place on; undefined while they are read. */
  #searchedFrom: number | undefined;
  /** Of a frame with a hole in its payload: bytes that are still to come. */
  #skip = 0n;
  /** The dissector began somewhere inside the stream: its first error may be one of the search. */
  #isDoubtful = false;
  /** Where the Close ends, or the frame that broke a rule begins: nothing is read from there on. */
  #doneAt: number | undefined;
  #hasFailed = false;
  #message: MessageContent | undefined;
  /** Messages that ended in the present chunk. */
  #ended: MessageContent[] = [];
  /** How many of them have been told. */
  #toldCount = 0;
  /** Of the message that the last data frame belongs to. */
  #messageOffset = 0;
  #isCompressed = false;
  #frameCount = 0;

  constructor(options: FrameStreamOptions) {
    this.#options = options;
    this.#base = this.#offset = options.offset;
    this.#searchedFrom = options.isAligned ? undefined : options.offset;
    this.#dissector = this.#newDissector();
  }

  /** Frames that were found whole. */
  get frameCount(): number {
    return this.#frameCount;
  }

  push(bytes: Uint8Array): void {
    const skipped = this.#skip < bytes.length ? Number(this.#skip) : bytes.length;
    this.#skip -= BigInt(skipped);
    this.#offset += skipped;
    const chunk = bytes.subarray(skipped);
    const isRead =
      chunk.length > 0 && this.#doneAt === undefined && (this.#searchedFrom === undefined || this.#find(chunk));
    this.#offset += chunk.length;
    if (!isRead) return;
    for (const dissection of this.#dissector.push(chunk)) this.#tell(dissection);
    this.#ended = [];
    this.#toldCount = 0;
  }

  /** Bytes that the capture does not have. */
  gap(length: number): void {
    this.#note(`${count(length, 'byte')} from byte ${this.#offset} on are not in the capture`);
    const missing = this.#endFrame();
    this.#offset += length;
    if (this.#doneAt !== undefined) return;
    // A hole inside a payload leaves no doubt where the next frame begins.
    if (missing !== undefined && missing >= BigInt(length)) {
      this.#skip = missing - BigInt(length);
      this.#begin(this.#offset + Number(this.#skip));
    } else {
      this.#skip = 0n;
      this.#searchedFrom = this.#offset;
    }
    this.#message = undefined;
  }

  /** No more bytes will come. */
  end(): void {
    if (this.#doneAt !== undefined) {
      const ignored = this.#offset - this.#doneAt;
      if (ignored > 0 && !this.#hasFailed) this.#note(`${count(ignored, 'byte')} after the Close, which nobody reads`);
      return;
    }
    if (this.#searchedFrom !== undefined) {
      const length = this.#offset - this.#searchedFrom;
      if (length > 0) this.#note(`no frame was found in ${count(length, 'byte')} from byte ${this.#searchedFrom} on`);
      return;
    }
    const missing = this.#endFrame();
    if (missing !== 0n) {
      this.#note(
        `the bytes end inside a ${missing === undefined ? 'header' : `payload, of which ${missing} are missing`}`,
      );
    }
    if (this.#message !== undefined) this.#note(`the message from byte ${this.#messageOffset} on has not ended`);
  }

  /**
   * Tells of the frame under way, of which no more will come.
   *
   * @returns how much of its payload is missing; 0 where there is no such frame, undefined where it is not known
   */
  #endFrame(): bigint | undefined {
    if (this.#skip > 0n) return this.#skip;
    if (this.#searchedFrom !== undefined) return undefined;
    const cut = this.#dissector.end();
    if (cut === undefined) return 0n;
    this.#tell(cut);
    return cut.cut?.missing;
  }

  /** Frames begin at this place. */
  #begin(offset: number): void {
    this.#searchedFrom = undefined;
    this.#isDoubtful = true;
    this.#base = offset;
    this.#dissector = this.#newDissector();
  }

  /** Whether frames begin with this chunk, which begins with a segment of TCP. */
  #find(chunk: Uint8Array): boolean {
    const { from, allowRsv1 } = this.#options;
    if (!looksLikeFrame(chunk, from, allowRsv1)) return false;
    const passed = this.#offset - this.#searchedFrom!;
    if (passed > 0)
      this.#note(`${count(passed, 'byte')} passed over: a frame begins at byte ${this.#offset}, as it seems`);
    this.#begin(this.#offset);
    return true;
  }

  #newDissector(): Dissector {
    const { from, allowRsv1 } = this.#options;
    return new Dissector({
      role: from === 'client' ? 'server' : 'client',
      allowRsv1,
      onPiece: (header, piece, isEnd) => this.#appendPiece(header, piece, isEnd),
    });
  }

  #appendPiece(header: Uint8Array, piece: Uint8Array, isEnd: boolean): void {
    const { opcode, fin, rsv1 } = splitHeader(header);
    if ((opcode & OPCODE_CONTROL_BIT) !== 0) return;
    this.#message ??= new MessageContent(opcode, rsv1, this.#options.maxPayload);
    this.#message.append(piece);
    if (!isEnd) return;
    this.#message.frames++;
    if (!fin) return;
    this.#ended.push(this.#message);
    this.#message = undefined;
  }

  #tell(dissection: Dissection): void {
    const { error, cut, header, payload, payloadLength, messageOpcode } = dissection;
    const offset = this.#base + dissection.offset;
    if (error !== undefined && this.#isDoubtful) {
      this.#note(`what begins at byte ${offset} cannot be read without what came before it (${error.message})`);
      this.#searchedFrom = offset;
      this.#message = undefined;
      return;
    }
    const { fin, rsv1, rsv2, rsv3, opcode, maskingKey } = splitHeader(header);
    const isData = (opcode & OPCODE_CONTROL_BIT) === 0;
    if (isData && opcode !== OPCODE_CONTINUATION) {
      this.#messageOffset = offset;
      this.#isCompressed = rsv1;
    }
    this.#options.emit({
      type: 'frame',
      ...{ offset, fin, rsv1, rsv2, rsv3, opcode, payloadLength, messageOpcode, payload },
      maskingKey: maskingKey.length === 4 ? maskingKey : undefined,
      isCompressed: isData && this.#isCompressed && error === undefined,
      isCut: cut !== undefined,
      isRefused: error !== undefined,
    });
    if (error !== undefined) this.#tellViolation(error, offset);
    else if (cut === undefined) this.#tellWhole(dissection, isData && fin);
  }

  #tellViolation({ code, message, closeCode, offset }: ProtocolError, frameOffset: number): void {
    this.#hasFailed = true;
    this.#doneAt = frameOffset;
    const at = offset === undefined ? frameOffset : this.#base + offset;
    this.#options.emit({ type: 'violation', code, message, closeCode, offset: at });
  }

  #tellWhole({ offset, header, payloadLength = 0 }: Dissection, endsMessage: boolean): void {
    this.#frameCount++;
    this.#isDoubtful = false;
    if (splitHeader(header).opcode === OPCODE_CLOSE) {
      this.#doneAt = this.#base + offset + header.length + Number(payloadLength);
    }
    const message = endsMessage ? this.#ended[this.#toldCount++] : undefined;
    if (message === undefined) return;
    const { opcode, frames, length, isCompressed } = message;
    this.#options.emit({
      type: 'message',
      ...{ offset: this.#messageOffset, opcode, frames, payloadLength: length, isCompressed, payload: message.take() },
    });
  }

  #note(text: string): void {
    this.#options.emit({ type: 'note', text });
  }
}
