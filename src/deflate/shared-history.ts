// What a topic's subscribers have in common, as far as compression goes: the messages that were sent compressed, of which each
// peer's window ends with as many as it has received without anything else between them.
//
// A subscriber's window ends with the last `length` bytes of the topic up to byte `end`, or with nothing of it. If `end` is where the
// current message begins, the message may refer to those bytes. The lengths fall into a few classes, and a message is compressed
// once for each class in which there is somebody.

import {
  LEVEL_DEFAULT,
  LEVEL_SMALLEST,
  MAX_HASH_BITS,
  MAX_WINDOW_BITS,
  MAX_WINDOW_LENGTH,
} from '../../assembly/shared/deflate-layout.js';
import { encodeUtf8 } from '../bytes/host.js';
import { FrameEncoder } from '../frames/frame-encoder.js';
import type { HistoryHolder, HistoryPlace, MessageHistory } from '../frames/message-history.js';
import type { CompressedForm, PreparedMessage } from '../frames/prepared-message.js';
import { contextLength, type DeflateArena } from './deflate-arena.js';
import { TopicWindow } from './topic-window.js';

/** What a subscriber can refer to less than all of: it gets the next shorter one of these. */
const CLASSES = [4096, 1024] as const;
/** Of the window of a primer, whose subscribers soon have enough of the topic itself. */
const PRIMED_WINDOW_BITS = 14;
const PRIMED_HASH_BITS = 11;
/** Of the pool, how much topics may take: connections cannot do without it. */
const POOL_SHARE = 1 / 2;
/** Of a window, how much a message may take that gains nothing: a quarter, as in MessageDeflater. */
const WELCOME_LENGTH = MAX_WINDOW_LENGTH / 4;

/**
 * From so many receivers on, level default is level smallest: 10 to 24 µs more for a message of 200 B to 2 KiB, of which 6 to 8 % are
 * saved for everybody, who each cost 2 µs and more.
 */
const MANY_RECEIVERS = 32;

/** Keys of forms: which window, whose bits, what reach. */
const BITS_KEY = 0x10000;
const PRIMED_KEY = 16 * BITS_KEY;

/** Made for the first message: an encoder compiles a kernel. */
let encoder: FrameEncoder | undefined;

/** What the windows of some peers end with: all that have received the same share one, so that a peer costs a pointer. */
export interface SharedSuffix {
  readonly history: SharedHistory;
  /** The topic's bytes up to this one. */
  readonly end: number;
  /** How many of them; at most MAX_WINDOW_LENGTH count. */
  readonly length: number;
  /** Behind a primer: which one. The window ends with it and all of the topic since. 0: none. */
  readonly primer: number;
}

/** The current message as it goes to one peer. */
export interface Delivery {
  readonly form: CompressedForm;
  /** What the peer's window ends with then; undefined if it keeps none. */
  readonly suffix: SharedSuffix | undefined;
}

export class SharedHistory implements HistoryHolder {
  readonly arena: DeflateArena;
  readonly #history: MessageHistory;
  readonly #level: number;
  readonly #window: TopicWindow;
  /** A primer, and what was published since. */
  #primed: TopicWindow | undefined;
  #primer: PreparedMessage | undefined;
  #primerNumber = 0;
  #hasPrimedAdvanced = false;
  /** The current message. */
  #message: PreparedMessage | undefined;
  #number = 0;
  #isForMany = false;
  #plain: Uint8Array = new Uint8Array(0);
  /** Which byte of the topic it begins with. */
  #start = 0;
  /** Some peer has received it compressed. */
  #isTaken = false;
  /** By window, reach and bits; null: it should go uncompressed. */
  readonly #forms = new Map<number, CompressedForm | null>();
  /** What windows end with behind the current message, by key and length. */
  readonly #suffixes = new Map<number, SharedSuffix>();
  /** The last delivery of the current message, and whom it was for: mostly the next peer gets the same. */
  #lastDelivery: Delivery | undefined;
  #lastSuffix: SharedSuffix | undefined;
  #lastBits = 0;
  #lastIsKept = false;
  /** Behind the primer alone. */
  #primedSuffix: SharedSuffix | undefined;

  private constructor(history: MessageHistory, arena: DeflateArena, level: number, window: TopicWindow) {
    this.#history = history;
    this.arena = arena;
    this.#level = level;
    this.#window = window;
  }

  /**
   * The history of a topic in an arena.
   *
   * @param isMade make it if there is none
   * @returns undefined if there is no memory for it, or it has been released
   */
  static of(history: MessageHistory, arena: DeflateArena, level: number, isMade = true): SharedHistory | undefined {
    for (const holder of history.holders) {
      if (holder instanceof SharedHistory && holder.arena === arena) return holder;
    }
    if (history.isReleased || !isMade) return undefined;
    const window = openWindow(arena, MAX_WINDOW_BITS, MAX_HASH_BITS);
    if (window === undefined) return undefined;
    const made = new SharedHistory(history, arena, level, window);
    history.holders.push(made);
    return made;
  }

  isOf(history: MessageHistory): boolean {
    return this.#history === history;
  }

  release(): void {
    this.#window.release();
    this.#primed?.release();
    this.#primed = undefined;
    this.#number = Number.POSITIVE_INFINITY;
  }

  /**
   * Makes a message the current one, if it is behind the one that is.
   *
   * @returns false for an earlier message: it is compressed by itself
   */
  begin(message: PreparedMessage, { number, receivers }: HistoryPlace): boolean {
    if (this.#message === message) return true;
    if (number <= this.#number) return false;
    this.#advance();
    this.#number = number;
    this.#message = message;
    this.#isForMany = receivers >= MANY_RECEIVERS;
    const { payload } = message;
    this.#plain = typeof payload === 'string' ? encodeUtf8(this.arena.host, payload) : payload;
    return true;
  }

  /** The bytes of the current message. */
  get plain(): Uint8Array {
    return this.#plain;
  }

  /**
   * The current message for a peer.
   *
   * @param suffix what its window ends with, if it is of this history
   * @param windowBits of the peer's window
   * @param isKept the peer's window will have it
   * @returns undefined if the message should go uncompressed: then the peer's window stays as it is
   */
  deliver(suffix: SharedSuffix | undefined, windowBits: number, isKept: boolean): Delivery | undefined {
    const isSame = suffix === this.#lastSuffix && windowBits === this.#lastBits && isKept === this.#lastIsKept;
    if (isSame && this.#lastDelivery !== undefined) return this.#lastDelivery;
    const length = suffix?.end === this.#start ? suffix.length : 0;
    const primed = this.#primed;
    const isPrimed = suffix?.end === this.#start && suffix.primer === this.#primerNumber && primed?.end === this.#start;
    const form = isPrimed
      ? this.#form(primed, MAX_WINDOW_LENGTH, windowBits)
      : this.#form(this.#mainWindow(), length, windowBits);
    if (form === null) return undefined;
    if (isKept) this.#isTaken = true;
    this.#lastSuffix = suffix;
    this.#lastBits = windowBits;
    this.#lastIsKept = isKept;
    this.#lastDelivery = { form, suffix: isKept ? this.#suffixBehind(length, isPrimed) : undefined };
    return this.#lastDelivery;
  }

  /** What a window ends with that has received the current message. @param before how much of the topic it ended with */
  #suffixBehind(before: number, isPrimed: boolean): SharedSuffix {
    const length = Math.min(before + this.#plain.length, MAX_WINDOW_LENGTH);
    const key = (isPrimed ? PRIMED_KEY : 0) + length;
    let suffix = this.#suffixes.get(key);
    if (suffix === undefined) {
      suffix = { history: this, end: this.#end, length, primer: isPrimed ? this.#primerNumber : 0 };
      this.#suffixes.set(key, suffix);
    }
    return suffix;
  }

  /**
   * A peer has received a primer.
   *
   * @param tail its last bytes, at most MAX_WINDOW_LENGTH
   * @returns what the peer's window ends with
   */
  prime(message: PreparedMessage, tail: Uint8Array): SharedSuffix {
    const end = this.#end;
    const isSame = this.#primer === message && !this.#hasPrimedAdvanced && this.#primed?.end === end;
    if (!isSame) this.#startPrimer(message, tail, end);
    const primer = this.#primed === undefined ? 0 : this.#primerNumber;
    const known = this.#primedSuffix;
    if (known?.end === end && known.primer === primer) return known;
    this.#primedSuffix = { history: this, end, length: 0, primer };
    return this.#primedSuffix;
  }

  #startPrimer(message: PreparedMessage, tail: Uint8Array, end: number): void {
    this.#primed ??= openWindow(this.arena, PRIMED_WINDOW_BITS, PRIMED_HASH_BITS);
    const primed = this.#primed;
    if (primed === undefined) return;
    this.#primer = message;
    this.#primerNumber++;
    this.#hasPrimedAdvanced = false;
    this.#forget();
    // What the current message came to there is no longer of account.
    primed.advance(0, false);
    primed.forget();
    primed.end = end;
    const kept = tail.subarray(Math.max(0, tail.length - primed.ringLength));
    primed.deflate(kept, 0, MAX_WINDOW_BITS, this.#level);
    primed.advance(kept.length, true);
    for (const key of this.#forms.keys()) if (key >= PRIMED_KEY) this.#forms.delete(key);
  }

  /** Which byte of the topic comes behind the current message. */
  get #end(): number {
    return this.#isTaken ? this.#start + this.#plain.length : this.#start;
  }

  #advance(): void {
    const { length } = this.#plain;
    const end = this.#end;
    for (const window of [this.#window, this.#primed]) {
      if (window === undefined) continue;
      const isKept = this.#isTaken && window.isEntered;
      window.advance(length, isKept);
      if (!isKept) continue;
      window.end = end;
      if (window === this.#primed) this.#hasPrimedAdvanced = true;
    }
    this.#start = end;
    this.#isTaken = false;
    this.#forms.clear();
    this.#forget();
  }

  /** Nobody gets the same as the last peer. */
  #forget(): void {
    this.#lastDelivery = undefined;
    this.#lastSuffix = undefined;
    this.#suffixes.clear();
  }

  /** The window without a primer; it begins afresh if it has missed messages. */
  #mainWindow(): TopicWindow {
    const window = this.#window;
    if (window.end !== this.#start) {
      window.forget();
      window.end = this.#start;
    }
    return window;
  }

  #form(window: TopicWindow, length: number, windowBits: number): CompressedForm | null {
    const known = Math.min(window.reachFor(this.#plain.length), 1 << windowBits);
    const reach = length >= known ? known : (CLASSES.find((least) => least <= length) ?? 0);
    const key = (window === this.#primed ? PRIMED_KEY : 0) + windowBits * BITS_KEY + reach;
    let form = this.#forms.get(key);
    if (form === undefined) {
      form = this.#makeForm(window, reach, windowBits);
      this.#forms.set(key, form);
    }
    return form;
  }

  #makeForm(window: TopicWindow, reach: number, windowBits: number): CompressedForm | null {
    const plain = this.#plain;
    const level = this.#isForMany && this.#level === LEVEL_DEFAULT ? LEVEL_SMALLEST : this.#level;
    const payload = window.deflate(plain, reach, windowBits, level);
    // A short one that gains nothing is sent all the same: the next one may refer to it.
    if (payload.length >= plain.length && plain.length > WELCOME_LENGTH) return null;
    encoder ??= new FrameEncoder({ role: 'server' });
    const serverFrame = encoder.encode(this.#message!.opcode, payload, { rsv1: true });
    const tail = plain.subarray(Math.max(0, plain.length - MAX_WINDOW_LENGTH));
    return { payload: serverFrame.subarray(serverFrame.length - payload.length), serverFrame, tail };
  }
}

/** @returns undefined if the pool, or the topics' part of it, is spent */
function openWindow(arena: DeflateArena, windowBits: number, hashBits: number): TopicWindow | undefined {
  const length = contextLength(windowBits, hashBits);
  return arena.topicLength + length <= arena.poolLength * POOL_SHARE
    ? TopicWindow.open(arena, windowBits, hashBits)
    : undefined;
}
