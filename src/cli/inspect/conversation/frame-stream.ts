// The frames of one direction, behind its head: parsed by the codec's decoder in the role of the receiving end, joined to
// messages, inflated, judged. Where bytes are missing, or the capture begins too late, it looks for the next frame.

import {
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_CONTROL_BIT,
  OPCODE_TEXT,
} from '../../../../assembly/shared/protocol.js';
import { looksLikeFrame } from '../../../capture/looks-like-frame.js';
import type { Sender } from '../../../capture/tcp-connections.js';
import { ProtocolError } from '../../../index.js';
import { type Dissection, Dissector } from '../../../page/frames/dissector.js';
import { splitHeader } from '../../../page/frames/header-parts.js';
import { count } from '../../../page/frames/words.js';
import type { PlacedEntry } from '../entries.js';
import { type Inflated, type Inflater, MAX_INFLATED_LENGTH } from './inflater.js';
import { MessageContent } from './message-content.js';

export interface FrameStreamOptions {
  readonly from: Sender;
  /** Where in the direction the first byte stands. */
  readonly offset: number;
  /** Frames begin with the first byte; else they are looked for. */
  readonly isAligned: boolean;
  /** An extension may own RSV1. */
  readonly allowRsv1: boolean;
  /** Inflates compressed messages; undefined if no known extension was negotiated. */
  readonly inflater: Inflater | undefined;
  /** Bytes of each message to hand out. */
  readonly maxPayload: number;
  readonly emit: (entry: PlacedEntry) => void;
}

/** A message that has ended, and what is shown of it. */
interface EndedMessage {
  readonly content: MessageContent;
  readonly payload: Uint8Array;
  readonly inflated: Inflated | undefined;
  /** The rule that what it holds breaks. */
  readonly error: ProtocolError | undefined;
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
  /** Where the Close frame ends, or the frame that broke a rule begins: nothing is read from there on. */
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

  constructor(options: FrameStreamOptions) {
    this.#options = options;
    this.#base = this.#offset = options.offset;
    this.#searchedFrom = options.isAligned ? undefined : options.offset;
    this.#dissector = this.#newDissector();
  }

  /** Bytes that are kept for what is still to come. */
  get heldLength(): number {
    return (this.#message?.keptLength ?? 0) + (this.#options.inflater?.contextLength ?? 0);
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
    for (const dissection of this.#dissector.push(chunk)) {
      this.#tell(dissection);
      // What a message holds may be wrong though its frames are right.
      if (this.#hasFailed) break;
    }
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
      if (this.#message?.isCompressed === true) this.#options.inflater?.lose();
    } else {
      this.#skip = 0n;
      this.#searchedFrom = this.#offset;
      this.#options.inflater?.lose();
    }
    this.#message = undefined;
  }

  /** No more bytes will come. */
  end(): void {
    this.#options.inflater?.release();
    if (this.#doneAt !== undefined) {
      const ignored = this.#offset - this.#doneAt;
      if (ignored > 0 && !this.#hasFailed) this.#note(`${count(ignored, 'byte')} ignored after the Close frame`);
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
    if (this.#message === undefined) {
      const { inflater, maxPayload } = this.#options;
      // What is compressed is inflated whole or not at all.
      const limit = rsv1 && inflater !== undefined ? MAX_INFLATED_LENGTH : maxPayload;
      this.#message = new MessageContent(opcode, rsv1, limit);
    }
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
      this.#options.inflater?.lose();
      return;
    }
    const { fin, rsv1, rsv2, rsv3, opcode, maskingKey } = splitHeader(header);
    const isData = (opcode & OPCODE_CONTROL_BIT) === 0;
    if (isData && opcode !== OPCODE_CONTINUATION) {
      this.#messageOffset = offset;
      this.#isCompressed = rsv1;
    }
    const isEnd = error === undefined && cut === undefined && isData && fin;
    const message = isEnd ? this.#endMessage(this.#ended[this.#toldCount++]!) : undefined;
    const broken = error ?? message?.error;
    this.#options.emit({
      type: 'frame',
      ...{ offset, fin, rsv1, rsv2, rsv3, opcode, payloadLength, messageOpcode, payload },
      inflated: message?.content.frames === 1 ? message.inflated : undefined,
      maskingKey: maskingKey.length === 4 ? maskingKey : undefined,
      isCompressed: isData && this.#isCompressed && error === undefined,
      isCut: cut !== undefined,
      isRefused: broken !== undefined,
    });
    if (error !== undefined) this.#tellViolation(error, offset);
    else if (cut === undefined) this.#tellWhole(dissection, message);
  }

  /** What a message holds, as far as it is shown; a note says where it cannot be told. */
  #endMessage(content: MessageContent): EndedMessage {
    const { inflater, maxPayload } = this.#options;
    const whole = content.take();
    const ended = { content, payload: whole.subarray(0, maxPayload), inflated: undefined, error: undefined };
    if (!content.isCompressed || inflater === undefined) return ended;
    if (whole.length < content.length) {
      inflater.lose();
      this.#note(`the compressed message from byte ${this.#messageOffset} on is too long to be inflated`);
      return ended;
    }
    const inflated = inflater.inflate(whole, content.opcode === OPCODE_TEXT);
    if (inflated instanceof ProtocolError) return { ...ended, error: inflated };
    if ('length' in inflated) return { ...ended, inflated };
    this.#note(`the compressed message from byte ${this.#messageOffset} on cannot be inflated: ${inflated.why}`);
    return ended;
  }

  #tellViolation({ code, message, closeCode, offset }: ProtocolError, frameOffset: number): void {
    this.#hasFailed = true;
    this.#doneAt = frameOffset;
    const at = offset === undefined ? frameOffset : this.#base + offset;
    this.#options.emit({ type: 'violation', code, message, closeCode, offset: at });
  }

  /** @param message the one that the frame ends */
  #tellWhole({ offset, header, payloadLength = 0 }: Dissection, message: EndedMessage | undefined): void {
    this.#isDoubtful = false;
    if (splitHeader(header).opcode === OPCODE_CLOSE) {
      this.#doneAt = this.#base + offset + header.length + Number(payloadLength);
    }
    if (message === undefined) return;
    const { content, payload, inflated, error } = message;
    if (error !== undefined) {
      this.#tellViolation(error, this.#messageOffset);
      return;
    }
    const { opcode, frames, length, isCompressed } = content;
    this.#options.emit({
      type: 'message',
      ...{ offset: this.#messageOffset, opcode, frames, payloadLength: length, isCompressed, payload, inflated },
    });
  }

  #note(text: string): void {
    this.#options.emit({ type: 'note', text });
  }
}
