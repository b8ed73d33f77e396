// The deliveries of a batch of frames: copied out of the arena, then handed to user code in order.

import { lend, takeBack } from '../../bytes/lent-buffers.js';
import { ProtocolError } from '../../protocol/errors.js';
import {
  type BINARY,
  type DeliveryKind,
  type DeliverySink,
  type DeliveryValue,
  type DeliveryValues,
  heldLengthOf,
  type MessagePiece,
  type PIECE,
  PING,
  QUEUED_OVERHEAD,
  type TEXT,
  type TEXT_BYTES,
  wipeDelivery,
} from '../handler.js';
import { ANSWER_COST, DELIVERY_COST, isTurnSpent, spend } from '../turn.js';

/** In place of a kind: what comes of the message is not known yet. */
const UNFINISHED = -1;

/** An array made for more would be garbage worth mentioning: it grows by copies of itself. */
const SHORT_BATCH = 64;

/** What a message has come to: the kind says what `value` is. */
export interface Delivery {
  readonly kind: typeof TEXT | typeof TEXT_BYTES | typeof BINARY | typeof PIECE;
  readonly value: string | Uint8Array | MessagePiece;
  /** Nothing more comes of the message. */
  readonly isLast: boolean;
}

/** What `advance` returns when everything that has been received of the message so far has been delivered. */
export const USED_UP = 'used up';

/** A message, or a part of one, that has been received and has still to be worked on, in its place among the deliveries. */
export interface Unfinished {
  /** Bytes of memory that it holds. */
  readonly heldLength: number;
  /**
   * Works on it until there is something to deliver, or the turn is spent.
   *
   * @returns undefined if there is nothing to deliver in this turn; USED_UP if nothing is left to work on; an error to fail the connection
   *   with
   */
  advance(): Delivery | ProtocolError | typeof USED_UP | undefined;
}

/**
 * Deliveries in order. Two arrays in step, so that a message costs no object beyond its own.
 */
export class DeliveryQueue {
  readonly #kinds: (DeliveryKind | typeof UNFINISHED)[] = [];
  /** Anew for each short batch: to put young objects into an old array costs more than to make one. */
  #values: (DeliveryValue | Unfinished | undefined)[] = [];
  /** Buffers that the values are parts of, and that nobody may keep. */
  readonly #lent: Uint8Array[] = [];
  #count = 0;
  #next = 0;
  #unfinishedCount = 0;
  /** Pings that are queued, or were when something was discarded. */
  #pingCount = 0;
  #failure: ProtocolError | undefined;

  /** A message in it is unfinished: what comes behind it has to wait. */
  get isHeldUp(): boolean {
    return this.#unfinishedCount > 0;
  }

  /** How many deliveries are queued. */
  get length(): number {
    return this.#count - this.#next;
  }

  /** What it costs of a turn to deliver everything that is queued, at least. */
  get cost(): number {
    return this.length * DELIVERY_COST + this.#pingCount * ANSWER_COST;
  }

  /** Bytes of memory that everything queued takes. */
  get heldLength(): number {
    let length = 0;
    for (let i = this.#next; i < this.#count; i++) {
      const kind = this.#kinds[i]!;
      const value = this.#values[i]!;
      if (kind === UNFINISHED) length += QUEUED_OVERHEAD + (value as Unfinished).heldLength;
      else length += heldLengthOf(kind, value as DeliveryValue);
    }
    return length;
  }

  add<Kind extends DeliveryKind>(kind: Kind, value: DeliveryValues[Kind]): void {
    this.#add(kind, value);
  }

  addPing(payload: Uint8Array): void {
    this.#pingCount++;
    this.#add(PING, payload);
  }

  /** What has come of a message that was unfinished. */
  addDelivery({ kind, value }: Delivery): void {
    this.#add(kind, value);
  }

  addUnfinished(message: Unfinished): void {
    this.#unfinishedCount++;
    this.#add(UNFINISHED, message);
  }

  /** Lends a buffer of at least this length until everything has been delivered. */
  lend(length: number): Uint8Array<ArrayBuffer> {
    const buffer = lend(length);
    this.#lent.push(buffer);
    return buffer;
  }

  /** The buffer of these bytes is lent until everything has been delivered. */
  takeBackLater(bytes: Uint8Array): void {
    this.#lent.push(bytes);
  }

  /** Discards what has not been delivered. */
  clear(): void {
    this.#values.fill(undefined, this.#next, this.#count);
    this.#count = this.#next;
    this.#unfinishedCount = 0;
  }

  /** Discards unfinished messages and what is behind them. */
  clearUnfinished(): void {
    if (this.#unfinishedCount === 0) return;
    const first = this.#kinds.indexOf(UNFINISHED, this.#next);
    this.#values.fill(undefined, first, this.#count);
    this.#count = first;
    this.#unfinishedCount = 0;
  }

  /**
   * Delivers everything, what is added meanwhile too. If the sink throws, what is behind it stays.
   *
   * @param inTurns stop once the turn is spent
   * @param wipes overwrite the bytes of whole messages behind their delivery
   * @returns whether everything has been delivered. If an unfinished message has failed, nothing is left, but see `takeFailure`
   */
  deliver(sink: DeliverySink, inTurns: boolean, wipes = false): boolean {
    try {
      while (this.#next < this.#count) {
        const index = this.#next;
        const kind = this.#kinds[index]!;
        const value = this.#values[index]!;
        if (kind === UNFINISHED) {
          const delivery = (value as Unfinished).advance();
          if (delivery === undefined) break;
          if (delivery instanceof ProtocolError) {
            this.clear();
            this.#failure = delivery;
            return false;
          }
          if (delivery === USED_UP || delivery.isLast) {
            this.#unfinishedCount--;
            this.#values[index] = undefined;
            this.#next++;
          }
          if (delivery === USED_UP) continue;
          sink.deliver(delivery.kind, delivery.value);
          if (wipes) wipeDelivery(delivery.kind, delivery.value);
        } else {
          this.#values[index] = undefined;
          this.#next++;
          sink.deliver(kind, value as DeliveryValue);
          if (wipes) wipeDelivery(kind, value as DeliveryValue);
        }
        if (inTurns) {
          spend(DELIVERY_COST);
          if (kind === PING) {
            spend(ANSWER_COST);
            this.#pingCount--;
          }
          if (isTurnSpent()) break;
        }
      }
      return this.#next === this.#count;
    } finally {
      if (this.#next === this.#count) {
        if (this.#count <= SHORT_BATCH) this.#values = [];
        this.#next = this.#count = this.#pingCount = 0;
        if (this.#lent.length > 0) for (const bytes of this.#lent.splice(0)) takeBack(bytes);
      }
    }
  }

  /** Why an unfinished message has failed, if one has: to be reported in its place. */
  takeFailure(): ProtocolError | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  #add(kind: DeliveryKind | typeof UNFINISHED, value: DeliveryValue | Unfinished): void {
    this.#kinds[this.#count] = kind;
    this.#values[this.#count++] = value;
  }
}
