// One connection: the two heads of the opening handshake, judged by the codec, then the frames of both directions. It takes
// bytes in the order in which each end sent them, and tells entries; it knows no packets.

import type { ConnectionSink, Sender } from '../../../capture/tcp-connections.js';
import { count } from '../../../page/frames/words.js';
import type { Entry, PlacedEntry } from '../entries.js';
import type { KnownExtensions } from './extensions.js';
import { FrameStream } from './frame-stream.js';
import { Handshake } from './handshake.js';
import { Inflater } from './inflater.js';

export interface ConversationOptions {
  /** Undefined where there is but one. */
  readonly connection: number | undefined;
  /** The first byte of each direction is its first one; else the bytes may begin anywhere. */
  readonly isWhole: boolean;
  /** Where there is no head, the first byte begins a frame. */
  readonly isAligned: boolean;
  /** What is known of the agreement on extensions where no response tells. */
  readonly extensions: KnownExtensions | undefined;
  /** Bytes of each message to hand out. */
  readonly maxPayload: number;
  readonly emit: (entry: Entry) => void;
}

interface Direction {
  /** Bytes so far. */
  length: number;
  /** From the end of the head on. */
  frames: FrameStream | undefined;
  /** Bytes behind the head that came before it was known whether they are frames. */
  held: { readonly bytes: Uint8Array; readonly time: bigint | undefined }[];
  heldLength: number;
}

/** A client that sends so much before the answer that the capture has no answer. */
const MAX_HELD = 1024 * 1024;

export class Conversation implements ConnectionSink {
  readonly #options: ConversationOptions;
  readonly #handshake: Handshake;
  readonly #directions: Record<Sender, Direction> = { client: newDirection(), server: newDirection() };
  #time: bigint | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#handshake = new Handshake((from, entry) => this.#emit(from, entry), options.extensions);
  }

  get heldLength(): number {
    return this.#heldIn('client') + this.#heldIn('server');
  }

  get isDone(): boolean {
    return this.#handshake.failure !== undefined;
  }

  #heldIn(from: Sender): number {
    const { length, heldLength, frames } = this.#directions[from];
    return heldLength + (frames?.heldLength ?? 0) + (this.#handshake.isReading(from) ? length : 0);
  }

  data(from: Sender, bytes: Uint8Array, time?: bigint): void {
    this.#time = time;
    const handshake = this.#handshake;
    if (handshake.failure !== undefined) return;
    const direction = this.#directions[from];
    if (direction.length === 0 && !handshake.isHead(from, bytes, this.#options.isWhole))
      this.#startWithoutHead(from, bytes);
    const rest = handshake.isReading(from) ? handshake.push(from, bytes) : bytes;
    direction.length += bytes.length;
    if (handshake.failure !== undefined) {
      this.#directions.client.held = this.#directions.server.held = [];
      return;
    }
    if (rest.length > 0) {
      if (direction.frames !== undefined) direction.frames.push(rest);
      else this.#hold(from, rest);
    }
    this.#release();
  }

  gap(from: Sender, length: number): void {
    const direction = this.#directions[from];
    const handshake = this.#handshake;
    if (handshake.failure !== undefined) return;
    if (direction.frames === undefined) {
      handshake.skip(from);
      this.#startFrames(from, direction.length, false, false);
    }
    direction.frames?.gap(length);
    direction.length += length;
    this.#release();
  }

  forget(): void {
    this.#note('client', 'given up here, to bound memory: other connections took its place');
  }

  end(isReset = false): void {
    const { failure } = this.#handshake;
    for (const from of failure === undefined ? (['client', 'server'] as const) : []) {
      const direction = this.#directions[from];
      if (direction.heldLength > 0) this.#startHeld(from);
      if (direction.frames !== undefined) direction.frames.end();
      else if (direction.length > 0 && this.#handshake.isReading(from))
        this.#note(from, 'the bytes end inside the head');
    }
    if (isReset) this.#note('client', 'the connection was reset');
  }

  /** The bytes of this direction do not begin with a head. */
  #startWithoutHead(from: Sender, bytes: Uint8Array): void {
    if (this.#options.isWhole) {
      this.#handshake.fail(from, bytes);
      return;
    }
    this.#handshake.skip(from);
    const { isAligned, extensions } = this.#options;
    // An option that says what was negotiated implies that these bytes follow the handshake.
    this.#startFrames(from, 0, isAligned, isAligned && extensions !== undefined);
  }

  /** Whether what follows the heads are frames, and which bits they may have, says the response. */
  #release(): void {
    if (!this.#handshake.isOver) {
      for (const from of ['client', 'server'] as const) {
        if (this.#directions[from].heldLength > MAX_HELD) this.#startHeld(from);
      }
      return;
    }
    for (const from of ['client', 'server'] as const) {
      const direction = this.#directions[from];
      if (direction.frames === undefined && this.#handshake.hasHead(from)) this.#startHeld(from);
    }
  }

  #hold(from: Sender, bytes: Uint8Array): void {
    const direction = this.#directions[from];
    // A copy: a view would keep the whole chunk of the file.
    direction.held.push({ bytes: bytes.slice(), time: this.#time });
    direction.heldLength += bytes.length;
  }

  #startHeld(from: Sender): void {
    const direction = this.#directions[from];
    if (!this.#handshake.isOver) {
      this.#note(from, `${count(direction.heldLength, 'byte')} after the head, and no answer in the capture`);
    }
    const { held } = direction;
    this.#startFrames(from, direction.length - direction.heldLength, true, true);
    direction.held = [];
    direction.heldLength = 0;
    const now = this.#time;
    for (const { bytes, time } of held) {
      this.#time = time;
      direction.frames?.push(bytes);
    }
    this.#time = now;
  }

  /** @param isFirst no frame of this direction has gone before */
  #startFrames(from: Sender, offset: number, isAligned: boolean, isFirst: boolean): void {
    const { allowRsv1, deflate } = this.#handshake;
    const { maxPayload } = this.#options;
    this.#directions[from].frames = new FrameStream({
      from,
      offset,
      isAligned,
      allowRsv1,
      inflater: deflate === undefined ? undefined : new Inflater(from, deflate, isFirst, maxPayload),
      maxPayload,
      emit: (entry) => this.#emit(from, entry),
    });
  }

  #note(from: Sender, text: string): void {
    this.#emit(from, { type: 'note', text });
  }

  #emit(from: Sender, entry: PlacedEntry): void {
    this.#options.emit({ ...entry, connection: this.#options.connection, from, time: this.#time });
  }
}

function newDirection(): Direction {
  return { length: 0, frames: undefined, held: [], heldLength: 0 };
}
