// Makes a `messageStart` event with a stream of each long message (`streamMessages`), and events of the others as ever. The messages come
// in pieces; those of a short message are gathered here.

import { PayloadBuffer } from '../../../bytes/payload-buffer.js';
import type { MessagePiece } from '../../../messages/handler.js';
import { asMessageError, ProtocolError } from '../../../protocol/errors.js';
import type { Config } from '../../websocket/options/config.js';
import { type BinaryType, toBuffer, toText } from '../../websocket/sendable.js';
import { type Emitter, MessageEvents, type Owner } from '../message-events.js';
import { MessageStream } from './message-stream.js';

/** Bytes that all streams of a connection hold: with more the connection is not read, until half of them have been read. */
const MAX_QUEUED = 256 * 1024;

/** The connection. */
export interface StreamingOwner extends Owner {
  /** So much waits to be read by the program that nothing more should come. */
  streamsFilled(): void;
  /** There is room again, or nothing is queued any more. */
  streamsDrained(): void;
}

export class StreamingEvents extends MessageEvents {
  readonly #emitter: Emitter;
  readonly #owner: StreamingOwner;
  readonly #config: Config;
  readonly #minLength: number;
  /** Of the message under way, once it is long enough. */
  #stream: MessageStream | undefined;
  /** What has come of a message that is not long enough yet. */
  #gathered: PayloadBuffer | undefined;
  /** The rest of the message under way is discarded. */
  #isLost = false;
  #queuedLength = 0;
  #isFull = false;

  constructor(emitter: Emitter, owner: StreamingOwner, config: Config, binaryType: BinaryType, minLength: number) {
    super(emitter, owner, config, binaryType);
    this.#emitter = emitter;
    this.#owner = owner;
    this.#config = config;
    this.#minLength = minLength;
  }

  override get isStreaming(): boolean {
    return this.#stream !== undefined || this.#gathered !== undefined;
  }

  override get heldLength(): number {
    return this.#queuedLength + (this.#gathered?.capacity ?? 0);
  }

  override onText(text: string): void {
    // A UTF-16 unit is at most 3 bytes of UTF-8.
    const bytes = text.length * 3 < this.#minLength ? undefined : Buffer.from(text);
    if (bytes === undefined || bytes.length < this.#minLength) super.onText(text);
    else this.#streamWhole(bytes, false);
  }

  override onTextBytes(bytes: Uint8Array): void {
    if (bytes.length < this.#minLength) super.onTextBytes(bytes);
    else this.#streamWhole(this.#own(bytes), false);
  }

  override onBinary(data: Uint8Array): void {
    if (data.length < this.#minLength) super.onBinary(data);
    else this.#streamWhole(this.#own(data), true);
  }

  onPiece({ opcode, data, isFirst, isLast }: MessagePiece): void {
    if (isFirst) this.#isLost = false;
    else if (this.#isLost) return;
    const isBinary = opcode === 'binary';
    let stream = this.#stream;
    if (stream === undefined) {
      const gathered = this.#gather(data);
      if (gathered === undefined) return;
      if (gathered.length < this.#minLength) {
        if (isLast) this.#deliverGathered(gathered, isBinary);
        return;
      }
      this.#gathered = undefined;
      stream = new MessageStream(this);
      stream.add(gathered.take());
      if (isLast) stream.complete();
      else this.#stream = stream;
      this.#start(stream, isBinary);
      return;
    }
    if (isLast) this.#stream = undefined;
    try {
      stream.add(this.#own(data));
    } finally {
      if (isLast) stream.complete();
    }
  }

  override onClose(closeCode: number, reason: string): void {
    this.lost();
    super.onClose(closeCode, reason);
  }

  override failed(error: Error): void {
    this.#abandon()?.destroy(error);
  }

  override lost(): void {
    this.#abandon()?.destroy(new ProtocolError('WSIMD_CONNECTION_LOST'));
  }

  /** Nothing more comes of the message under way. @returns its stream, if it has one */
  #abandon(): MessageStream | undefined {
    const stream = this.#stream;
    this.#stream = this.#gathered = undefined;
    this.#isLost = true;
    return stream;
  }

  /** Called by a stream. */
  queued(length: number): void {
    this.#queuedLength += length;
    if (this.#queuedLength < MAX_QUEUED) return;
    this.#isFull = true;
    this.#owner.streamsFilled();
  }

  /** Called by a stream. */
  taken(length: number): void {
    this.#queuedLength -= length;
    if (this.#queuedLength > 0 && (!this.#isFull || this.#queuedLength > MAX_QUEUED / 2)) return;
    this.#isFull = false;
    this.#owner.streamsDrained();
  }

  #streamWhole(data: Uint8Array, isBinary: boolean): void {
    const stream = new MessageStream(this);
    stream.add(data);
    stream.complete();
    this.#start(stream, isBinary);
  }

  /** Hands the stream to the program. One that is not handed over is destroyed, so that nothing waits for it. */
  #start(stream: MessageStream, isBinary: boolean): void {
    if (!isBinary && this.#config.connection.textAs === 'string') stream.setEncoding('utf8');
    let isHandedOver = false;
    try {
      this.countMessage(stream, isBinary);
      isHandedOver = this.#emitter.emit('messageStart', stream, isBinary);
    } finally {
      if (!isHandedOver) stream.destroy();
    }
  }

  /** Adds to what has come of the message. @returns undefined if the engine has no memory for it: then the connection has failed */
  #gather(data: Uint8Array): PayloadBuffer | undefined {
    this.#gathered ??= new PayloadBuffer();
    try {
      this.#gathered.append(data, 0, data.length, 0);
      return this.#gathered;
    } catch (cause) {
      this.#owner.refuse(asMessageError(cause));
      return undefined;
    }
  }

  #deliverGathered(gathered: PayloadBuffer, isBinary: boolean): void {
    this.#gathered = undefined;
    const data = gathered.take();
    if (isBinary) {
      super.onBinary(data);
    } else if (this.#config.connection.textAs !== 'string') {
      super.onTextBytes(data);
    } else {
      let text: string;
      try {
        text = toText(toBuffer(data));
      } catch (cause) {
        this.#owner.refuse(asMessageError(cause));
        return;
      }
      super.onText(text);
    }
  }

  /** Bytes that are valid only until this returns are copied. */
  #own(data: Uint8Array): Uint8Array {
    return this.#config.isLent ? Buffer.from(data) : data;
  }
}

/** The events of a connection: with streams if the options ask for them. */
export function eventsFor(
  emitter: Emitter,
  owner: StreamingOwner,
  config: Config,
  binaryType: BinaryType,
): MessageEvents {
  const { streamLength } = config;
  if (streamLength === undefined) return new MessageEvents(emitter, owner, config, binaryType);
  return new StreamingEvents(emitter, owner, config, binaryType, streamLength);
}
