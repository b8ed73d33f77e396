// The compression history that the subscribers of a topic share: its messages that were sent compressed. Each peer's window ends with
// as many of them as the peer has received without another compressed message in between.
//
// A subscriber's window ends with the last `length` bytes of the topic up to byte `end`, or with none of them. If `end` is where the
// current message begins, the message may refer to those bytes. Lengths fall into a few classes, and a message is compressed once for
// each class that has a subscriber.

import {
  LEVEL_DEFAULT,
  LEVEL_SMALLEST,
  LEVEL_THOROUGH,
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

/** Lengths of history. A subscriber that shares less than all of the history gets the longest of these that it has. */
const CLASSES = [4096, 1024] as const;
/** The size of a primer's window, which can be small: its subscribers soon have enough of the topic itself. */
const PRIMED_WINDOW_BITS = 14;
const PRIMED_HASH_BITS = 11;
/** The share of the pool that topics may take. Connections need the rest. */
const POOL_SHARE = 1 / 2;
/** A message that compression doesn't make shorter may take this much of a window: a quarter, as in MessageDeflater. */
const WELCOME_LENGTH = MAX_WINDOW_LENGTH / 4;

/**
 * With this many receivers or more, LEVEL_DEFAULT becomes LEVEL_SMALLEST. A message of 200 B to 2 KiB takes 10 to 24 µs more once, and is
 * 6 to 8 % shorter for every receiver. Sending it to one receiver takes 2 µs or more in any case.
 */
const MANY_RECEIVERS = 32;
/** With this many it becomes LEVEL_THOROUGH: 20 to 60 µs more once, and 8 to 5 % shorter again. */
const MOST_RECEIVERS = 128;

/** The key of a compressed form combines which window it uses, the peer's window bits, and the reach. */
const BITS_KEY = 0x10000;
const PRIMED_KEY = 16 * BITS_KEY;

/** Made for the first message, because an encoder compiles a kernel. */
let encoder: FrameEncoder | undefined;

/** The bytes of the topic that a peer's window ends with. Peers that have received the same share one object and hold a pointer to it. */
export interface SharedSuffix {
  readonly history: SharedHistory;
  /** They are the topic's bytes up to this one. */
  readonly end: number;
  /** How many of them; at most MAX_WINDOW_LENGTH count. */
  readonly length: number;
  /** The number of a primer: the window ends with it and everything of the topic since. 0: no primer. */
  readonly primer: number;
}

/** The current message as it goes to one peer. */
export interface Delivery {
  readonly form: CompressedForm;
  /** What the peer's window ends with after the message; undefined if the peer does not keep it. */
  readonly suffix: SharedSuffix | undefined;
}

export class SharedHistory implements HistoryHolder {
  readonly arena: DeflateArena;
  readonly #history: MessageHistory;
  readonly #level: number;
  readonly #window: TopicWindow;
  /** The window of a primer and of everything published since. */
  #primed: TopicWindow | undefined;
  #primer: PreparedMessage | undefined;
  #primerNumber = 0;
  #hasPrimedAdvanced = false;
  /** The current message. */
  #message: PreparedMessage | undefined;
  #number = 0;
  #receivers = 0;
  #plain: Uint8Array = new Uint8Array(0);
  /** Where in the topic it begins, in bytes. */
  #start = 0;
  /** Whether a peer has received it compressed, and keeps it. */
  #isTaken = false;
  /** Its compressed forms, by window, reach and bits; null: it should go uncompressed. */
  readonly #forms = new Map<number, CompressedForm | null>();
  /** What windows end with after the current message, by primer and length. */
  readonly #suffixes = new Map<number, SharedSuffix>();
  /** The last delivery of the current message, and its parameters. The next peer mostly gets the same one. */
  #lastDelivery: Delivery | undefined;
  #lastSuffix: SharedSuffix | undefined;
  #lastBits = 0;
  #lastIsKept = false;
  /** The suffix of peers that have received only the primer. */
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
   * @param isMade whether to make it if there is none
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
    // A subscriber may send the current message later: the windows are somebody else's by then.
    this.#message = undefined;
    this.#number = Number.POSITIVE_INFINITY;
    this.#forms.clear();
    this.#forget();
  }

  /**
   * Makes a message the current one, unless it comes before the one that is.
   *
   * @returns false for such an earlier message, which is compressed by itself
   */
  begin(message: PreparedMessage, { number, receivers }: HistoryPlace): boolean {
    if (this.#message === message) return true;
    if (number <= this.#number) return false;
    this.#advance();
    this.#number = number;
    this.#message = message;
    this.#receivers = receivers;
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
   * @param suffix what the peer's window ends with, if that belongs to this history
   * @param windowBits of the peer's window
   * @param isKept whether the peer's window keeps the message
   * @returns undefined if the message should go uncompressed, which leaves the peer's window as it is
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

  /** What a window ends with after the current message. @param before how many bytes of the topic it ended with */
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
   * Records that a peer has received a primer.
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
    // Drops what the current message has left in this window.
    primed.advance(0, false);
    primed.forget();
    primed.end = end;
    const kept = tail.subarray(Math.max(0, tail.length - primed.ringLength));
    primed.deflate(kept, 0, MAX_WINDOW_BITS, this.#level);
    primed.advance(kept.length, true);
    for (const key of this.#forms.keys()) if (key >= PRIMED_KEY) this.#forms.delete(key);
  }

  /** Where in the topic the current message ends, in bytes. */
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

  /** Forgets the last delivery and the suffixes, which no further peer gets. */
  #forget(): void {
    this.#lastDelivery = undefined;
    this.#lastSuffix = undefined;
    this.#suffixes.clear();
  }

  /** The window without a primer. If it has missed messages, it starts over. */
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

  /** The level for so many receivers. */
  get #effort(): number {
    if (this.#level !== LEVEL_DEFAULT || this.#receivers < MANY_RECEIVERS) return this.#level;
    return this.#receivers < MOST_RECEIVERS ? LEVEL_SMALLEST : LEVEL_THOROUGH;
  }

  #makeForm(window: TopicWindow, reach: number, windowBits: number): CompressedForm | null {
    const plain = this.#plain;
    const payload = window.deflate(plain, reach, windowBits, this.#effort);
    // A short message is sent compressed even if it gets no shorter: the next one may refer to it.
    if (payload.length >= plain.length && plain.length > WELCOME_LENGTH) return null;
    encoder ??= new FrameEncoder({ role: 'server' });
    const serverFrame = encoder.encode(this.#message!.opcode, payload, { rsv1: true });
    const tail = plain.subarray(Math.max(0, plain.length - MAX_WINDOW_LENGTH));
    return { payload: serverFrame.subarray(serverFrame.length - payload.length), serverFrame, tail };
  }
}

/** @returns undefined if the pool, or the topics' share of it, is spent */
function openWindow(arena: DeflateArena, windowBits: number, hashBits: number): TopicWindow | undefined {
  const length = contextLength(windowBits, hashBits);
  return arena.topicLength + length <= arena.poolLength * POOL_SHARE
    ? TopicWindow.open(arena, windowBits, hashBits)
    : undefined;
}
