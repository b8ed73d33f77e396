// The sending direction of one connection: messages in, the payloads of compressed frames out. Owns the context that the next message
// may refer to.

import {
  CONTEXT_HISTORY,
  CONTEXT_POSITION,
  DEFLATE_LAST,
  INPUT_CAPACITY,
  INPUT_PTR,
  LEVEL_DEFAULT,
  LEVEL_FASTEST,
  LEVEL_SMALLEST,
  MAX_HASH_BITS,
  MAX_WINDOW_LENGTH,
  SHARED_DEFLATE_CONTEXT_PTR,
} from '../../assembly/shared/deflate-layout.js';
import { requireBytes } from '../bytes/copy.js';
import { encodeUtf8 } from '../bytes/host.js';
import { ownBytes } from '../bytes/owned.js';
import { PayloadBuffer } from '../bytes/payload-buffer.js';
import { FrameEncoder } from '../frames/frame-encoder.js';
import type { HistoryPlace } from '../frames/message-history.js';
import type { CompressedForm, PreparedMessage } from '../frames/prepared-message.js';
import { spend } from '../messages/turn.js';
import { contextLength, type DeflateArena } from './deflate-arena.js';
import { SharedHistory, type SharedSuffix } from './shared-history.js';

/**
 * How much effort deflating takes: `'fastest'` for what must cost least (messages below 2 KiB get no codes of
 * their own: only what comes again is saved), `'smallest'` for what is sent over slow lines or to many.
 */
export type DeflateLevel = 'fastest' | 'default' | 'smallest';

/** Below this, messages gain less than their deflating costs (bench: deflate): with a context, and alone. */
const THRESHOLD_IN_CONTEXT = 8;
const THRESHOLD_ALONE = 128;
/** Of the window, how much a message may take that gains nothing: a quarter. */
const WELCOME_SHIFT = 2;
/** How much longer than its first slices let expect room is made for a long message. */
const MARGIN = 1.05;
/**
 * Between two messages of a topic, how many bytes of other messages go uncompressed to spare what the peer has in common with
 * the topic. Of JSON, those of 64 bytes save 6 to 48 % of everything sent that way, of 200 bytes 4 to 32 % (but lose 7 to 20 % where
 * there is one for each message of the topic), of 500 bytes nothing, and 1,000 bytes lose 10 to 170 %.
 */
const SPARE_LENGTH = 256;
const LEVELS = { fastest: LEVEL_FASTEST, default: LEVEL_DEFAULT, smallest: LEVEL_SMALLEST } as const;

/** See `MessageCompression.sliceLength`; of what takes the longest, noise of few symbols (docs/background/performance.md). */
const SLICE_LENGTHS = {
  wasm: { fastest: 64 * 1024, default: 64 * 1024, smallest: 32 * 1024 },
  portable: { fastest: 16 * 1024, default: 16 * 1024, smallest: 8 * 1024 },
} as const;

/** What a slice counts as part of a turn: half of one. Slices are measured by what takes the longest, and most take less. */
const SLICE_COST = 500_000;

/** What all connections of a PerMessageDeflate have in common. */
export interface DeflaterConfig {
  readonly level: DeflateLevel;
  /** Shorter messages go as they are. Undefined: as long as is best for the connection. */
  readonly threshold: number | undefined;
  readonly windowBits: number;
  readonly hashBits: number;
}

export class MessageDeflater {
  /** Messages that were deflated, and their bytes before and after. */
  deflated = 0;
  deflateInput = 0;
  deflateOutput = 0;
  /** See `MessageCompression.hasSpared`. */
  hasSpared = false;
  readonly #arena: DeflateArena;
  readonly #config: DeflaterConfig;
  /** How far back our matches may reach, as the peer was told. */
  readonly #windowBits: number;
  /** The context's slot in the pool; 0: each message, or part of one, begins without what came before. */
  #contextPtr = 0;
  #ringLength = MAX_WINDOW_LENGTH;
  #isFirst = true;
  /** How far back a topic's messages may reach; 0 where the peer keeps no context. */
  readonly #sharedWindowBits: number;
  /** What the peer's window ends with of a topic. Undefined: nothing, as something else was sent since. */
  #suffix: SharedSuffix | undefined;
  /** How many bytes of other messages may still go uncompressed for the suffix's sake. */
  #spareLength = 0;

  /**
   * @param windowBits how far back a match may reach, as a power of two
   * @param keepsContext whether a message may refer to earlier ones; where the pool is spent it does not, which is legal at
   *   any time
   */
  constructor(arena: DeflateArena, config: DeflaterConfig, windowBits: number, keepsContext: boolean) {
    this.#arena = arena;
    this.#config = config;
    this.#windowBits = windowBits;
    this.#sharedWindowBits = keepsContext ? windowBits : 0;
    if (!keepsContext) return;
    const ringBits = Math.min(windowBits, config.windowBits);
    this.#contextPtr = arena.pool.take(contextLength(ringBits, config.hashBits));
    if (this.#contextPtr !== 0) {
      this.#windowBits = ringBits;
      this.#ringLength = 1 << ringBits;
    }
  }

  /** See `MessageCompression.sliceLength`. */
  get sliceLength(): number {
    return SLICE_LENGTHS[this.#arena.kernel.name][this.#config.level];
  }

  /** See `MessageCompression.deflate`. */
  deflate(payload: string | Uint8Array): Uint8Array | undefined {
    const isWorth = this.isWorthDeflating(payload);
    this.hasSpared = isWorth && this.#sparesSuffix(payload);
    if (!isWorth || this.hasSpared) return undefined;
    const { words } = this.#arena;
    const length = this.#takeInput(payload);
    const contextPtr = this.#bringContext();
    const position = words[(contextPtr + CONTEXT_POSITION) >> 2]!;
    const history = words[(contextPtr + CONTEXT_HISTORY) >> 2]!;
    const deflated = this.#deflateInput(contextPtr, payload, length, true);
    // A short message that does not compress is sent all the same where the context is kept: the next one may be like it.
    const isWelcome = this.#contextPtr !== 0 && length <= this.#ringLength >> WELCOME_SHIFT;
    if (deflated.length < length || isWelcome) {
      this.#suffix = undefined;
      this.#count(1, length, deflated.length);
      return deflated;
    }
    // It goes as it is, so the peer's window will not have it, and the context must not either: the next message is written
    // over it. What it was itself written over is lost.
    words[(contextPtr + CONTEXT_POSITION) >> 2] = position;
    words[(contextPtr + CONTEXT_HISTORY) >> 2] = Math.max(Math.min(history, this.#ringLength - length), 0);
    return undefined;
  }

  /** See `MessageCompression.isWorthDeflating`. */
  isWorthDeflating(payload: string | Uint8Array): boolean {
    const threshold = this.#config.threshold ?? (this.#contextPtr === 0 ? THRESHOLD_ALONE : THRESHOLD_IN_CONTEXT);
    if (payload.length >= threshold) return true;
    // A UTF-16 unit is at most three bytes.
    return typeof payload === 'string' && payload.length * 3 >= threshold
      ? this.#arena.host.utf8Length(payload) >= threshold
      : false;
  }

  /** See `MessageCompression.deflateFragment`. */
  deflateFragment(payload: string | Uint8Array, isLast: boolean): Uint8Array {
    const length = this.#takeInput(payload);
    this.#suffix = undefined;
    const deflated = this.#deflateInput(this.#bringContext(), payload, length, isLast);
    this.#count(isLast ? 1 : 0, length, deflated.length);
    return deflated;
  }

  #count(messages: number, input: number, output: number): void {
    this.deflated += messages;
    this.deflateInput += input;
    this.deflateOutput += output;
  }

  /** See `MessageCompression.deflatePrepared`. */
  deflatePrepared(message: PreparedMessage): CompressedForm | undefined {
    const { place } = message;
    if (place !== undefined && !place.isPrimer) {
      const history = this.#historyOf(message, place);
      if (history !== undefined) return this.#counted(this.#deflateShared(history), message);
    }
    if (!this.isWorthDeflating(message.payload)) return undefined;
    const key = `${this.#config.level} ${this.#windowBits}`;
    let form = message.compressedForms.get(key);
    if (form === undefined) {
      form = this.#makeForm(message);
      message.compressedForms.set(key, form);
    }
    if (form === null) return undefined;
    this.#remember(form.tail);
    this.#suffix = undefined;
    if (place?.isPrimer === true && this.#sharedWindowBits !== 0) {
      this.#suffix = SharedHistory.of(place.history, this.#arena, this.#level)?.prime(message, form.tail);
      this.#spareLength = SPARE_LENGTH;
    }
    return this.#counted(form, message);
  }

  /** The tail of a message that is shorter than any window is all of it. */
  #counted(form: CompressedForm | undefined, { payload }: PreparedMessage): CompressedForm | undefined {
    if (form === undefined) return undefined;
    const { length } = form.tail;
    this.#count(1, length < MAX_WINDOW_LENGTH ? length : Math.max(length, payload.length), form.payload.length);
    return form;
  }

  get #level(): number {
    return LEVELS[this.#config.level];
  }

  /** The history that a message can refer to; undefined where it is compressed by itself. */
  #historyOf(message: PreparedMessage, place: HistoryPlace): SharedHistory | undefined {
    // A connection without a context uses the shared history only if others use it: the message then has such a form anyway.
    const known = this.#suffix?.history;
    const history =
      known?.isOf(place.history) === true
        ? known
        : SharedHistory.of(place.history, this.#arena, this.#level, this.#sharedWindowBits !== 0);
    return history?.begin(message, place) === true ? history : undefined;
  }

  #deflateShared(history: SharedHistory): CompressedForm | undefined {
    const keeps = this.#sharedWindowBits !== 0;
    const threshold = this.#config.threshold ?? (keeps ? THRESHOLD_IN_CONTEXT : THRESHOLD_ALONE);
    if (history.plain.length < threshold) return undefined;
    const suffix = this.#suffix?.history === history ? this.#suffix : undefined;
    const delivery = history.deliver(suffix, keeps ? this.#sharedWindowBits : this.#windowBits, keeps);
    if (delivery === undefined) return undefined;
    const { form } = delivery;
    if (!keeps) return form.payload.length < history.plain.length ? form : undefined;
    this.#suffix = delivery.suffix;
    this.#spareLength = SPARE_LENGTH;
    this.#remember(form.tail);
    return form;
  }

  /**
   * Whether a message should go uncompressed, because it would displace the history that the peer's window shares with a topic.
   * Between two messages of the topic only a bounded number of bytes is spared so.
   */
  #sparesSuffix(payload: string | Uint8Array): boolean {
    if (this.#suffix === undefined || payload.length > this.#spareLength) return false;
    this.#spareLength -= payload.length;
    return true;
  }

  /** Gives the context up. */
  release(): void {
    if (this.#contextPtr !== 0) this.#arena.pool.give(this.#contextPtr);
    this.#contextPtr = 0;
  }

  /**
   * Writes what is to be deflated to INPUT_PTR, if it fits there.
   *
   * @returns how many bytes it has
   */
  #takeInput(payload: string | Uint8Array): number {
    const arena = this.#arena;
    if (typeof payload === 'string') {
      const fits = payload.length * 3 <= INPUT_CAPACITY;
      const length = fits ? 0 : arena.host.utf8Length(payload);
      return length <= INPUT_CAPACITY ? arena.putText(payload) : length;
    }
    requireBytes(payload);
    const { length } = payload;
    if (length <= INPUT_CAPACITY) arena.putInput(payload, 0, length);
    return length;
  }

  /** Sees to it that there is a context to deflate with, empty where it is not kept. @returns where */
  #bringContext(): number {
    const { kernel } = this.#arena;
    if (this.#contextPtr === 0) {
      kernel.initContext(SHARED_DEFLATE_CONTEXT_PTR, MAX_WINDOW_LENGTH, MAX_HASH_BITS);
      return SHARED_DEFLATE_CONTEXT_PTR;
    }
    if (this.#isFirst) {
      kernel.initContext(this.#contextPtr, this.#ringLength, this.#config.hashBits);
      this.#isFirst = false;
    }
    return this.#contextPtr;
  }

  /** @param length of the payload in bytes; what fits lies at INPUT_PTR */
  #deflateInput(contextPtr: number, payload: string | Uint8Array, length: number, isLast: boolean): Uint8Array {
    if (length <= INPUT_CAPACITY) return this.#deflateSlice(contextPtr, length, isLast);
    const arena = this.#arena;
    const source = typeof payload === 'string' ? encodeUtf8(arena.host, payload) : payload;
    const buffer = new PayloadBuffer();
    for (let start = 0; start < length; start += INPUT_CAPACITY) {
      const end = Math.min(start + INPUT_CAPACITY, length);
      arena.putInput(source, start, end);
      const deflated = this.#deflateSlice(contextPtr, end - start, isLast && end === length);
      // What is still to come is guessed from what has come, a little too long, so that it is mostly allocated once.
      const expected = Math.ceil(((buffer.length + deflated.length) / end) * length * MARGIN);
      buffer.append(deflated, 0, deflated.length, expected);
    }
    return buffer.take();
  }

  /** @returns a view of the output */
  #deflateSlice(contextPtr: number, length: number, isLast: boolean): Uint8Array {
    const { kernel } = this.#arena;
    spend((length * SLICE_COST) / this.sliceLength);
    const deflated = kernel.deflate(contextPtr, 1 << this.#windowBits, length, this.#level, isLast ? DEFLATE_LAST : 0);
    return this.#arena.outputs.take(deflated);
  }

  /** Compresses a message by itself: so everybody can read it whose window is large enough. @returns null if it grows */
  #makeForm(message: PreparedMessage): CompressedForm | null {
    const { kernel, host } = this.#arena;
    const { opcode, payload } = message;
    const length = this.#takeInput(payload);
    kernel.initContext(SHARED_DEFLATE_CONTEXT_PTR, MAX_WINDOW_LENGTH, MAX_HASH_BITS);
    const deflated = this.#deflateInput(SHARED_DEFLATE_CONTEXT_PTR, payload, length, true);
    if (deflated.length >= length) return null;
    const serverFrame = new FrameEncoder({ role: 'server' }).encode(opcode, deflated, { rsv1: true });
    const plain = typeof payload === 'string' ? encodeUtf8(host, payload) : payload;
    const tail = plain.subarray(Math.max(0, plain.length - MAX_WINDOW_LENGTH));
    // Copies: the deflated bytes are a view of the arena, and the tail alone is to stay in memory.
    return { payload: ownBytes(deflated), serverFrame, tail: ownBytes(tail) };
  }

  /**
   * Takes what was compressed without the context into it, since the peer's window has it now: else distances would count
   * from different ends. No match will begin in it, but those into what came before it stay right.
   */
  #remember(tail: Uint8Array): void {
    if (this.#contextPtr === 0 || this.#isFirst) return;
    const start = Math.max(tail.length - this.#ringLength, 0);
    this.#arena.putInput(tail, start, tail.length);
    this.#arena.kernel.remember(this.#contextPtr, INPUT_PTR, tail.length - start);
  }
}
