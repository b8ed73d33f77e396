// What a batch of frames came to, taken out of the arena before any of it is handed to user code. It orders and delivers;
// it knows no frame.

import { ProtocolError } from '../../protocol/errors.js';
import type { MessageHandler, MessagePiece } from '../handler.js';
import { DELIVERY_COST, isTurnSpent, spend } from '../turn.js';

export const TEXT = 0;
export const TEXT_BYTES = 1;
export const BINARY = 2;
export const PIECE = 3;
const PING = 4;
const PONG = 5;
const CLOSE = 6;
const FRAGMENTS = 7;
const ERROR = 8;
const UNFINISHED = 9;

/** An array made for more would be garbage worth mentioning: it grows by copies of itself. */
const SHORT_BATCH = 64;

interface Close {
  readonly closeCode: number;
  readonly reason: string;
}
type Entry = string | Uint8Array | Uint8Array[] | MessagePiece | Close | ProtocolError | Unfinished;

/** What a message has come to: the kind says what `value` is. */
export interface Delivery {
  readonly kind: typeof TEXT | typeof TEXT_BYTES | typeof BINARY | typeof PIECE;
  readonly value: string | Uint8Array | MessagePiece;
  /** Nothing more comes of the message. */
  readonly isLast: boolean;
}

/** A message that has been received and has still to be worked on, in its place among the deliveries. */
export interface Unfinished {
  /** Bytes of memory that it holds. */
  readonly heldLength: number;
  /**
   * Works on it until there is something to deliver, or the turn is spent.
   *
   * @returns undefined if there is nothing to deliver in this turn; an error to fail the connection with
   */
  advance(): Delivery | ProtocolError | undefined;
}

/**
 * Deliveries in order. Two arrays in step, so that a message costs no object beyond its own.
 */
export class DeliveryQueue {
  readonly #kinds: number[] = [];
  /** Anew for each short batch: to put young objects into an old array costs more than to make one. */
  #entries: (Entry | undefined)[] = [];
  #count = 0;
  #next = 0;
  #unfinishedCount = 0;
  #failure: ProtocolError | undefined;

  /** A message in it is unfinished: what comes behind it has to wait. */
  get isHeldUp(): boolean {
    return this.#unfinishedCount > 0;
  }

  /** Bytes of memory that unfinished messages hold. */
  get heldLength(): number {
    let length = 0;
    if (this.#unfinishedCount > 0) {
      for (let i = this.#next; i < this.#count; i++) {
        if (this.#kinds[i] === UNFINISHED) length += (this.#entries[i] as Unfinished).heldLength;
      }
    }
    return length;
  }

  addText(text: string): void {
    this.#add(TEXT, text);
  }
  addTextBytes(bytes: Uint8Array): void {
    this.#add(TEXT_BYTES, bytes);
  }
  addBinary(data: Uint8Array): void {
    this.#add(BINARY, data);
  }
  addFragments(fragments: Uint8Array[]): void {
    this.#add(FRAGMENTS, fragments);
  }
  /** What has come of a message that was unfinished. */
  addDelivery({ kind, value }: Delivery): void {
    this.#add(kind, value);
  }
  addPiece(piece: MessagePiece): void {
    this.#add(PIECE, piece);
  }
  addPing(payload: Uint8Array): void {
    this.#add(PING, payload);
  }
  addPong(payload: Uint8Array): void {
    this.#add(PONG, payload);
  }
  addClose(closeCode: number, reason: string): void {
    this.#add(CLOSE, { closeCode, reason });
  }
  addError(error: ProtocolError): void {
    this.#add(ERROR, error);
  }

  addUnfinished(message: Unfinished): void {
    this.#unfinishedCount++;
    this.#add(UNFINISHED, message);
  }

  /** Discards what has not been delivered. */
  clear(): void {
    this.#entries.fill(undefined, this.#next, this.#count);
    this.#count = this.#next;
    this.#unfinishedCount = 0;
  }

  /** Discards unfinished messages and what is behind them. */
  clearUnfinished(): void {
    if (this.#unfinishedCount === 0) return;
    const first = this.#kinds.indexOf(UNFINISHED, this.#next);
    this.#entries.fill(undefined, first, this.#count);
    this.#count = first;
    this.#unfinishedCount = 0;
  }

  /**
   * Delivers everything, what is added meanwhile too. If the handler throws, what is behind it stays.
   *
   * @param inTurns stop once the turn is spent
   * @returns whether everything has been delivered. If an unfinished message has failed, nothing is left, but see `takeFailure`
   */
  deliver(handler: MessageHandler, inTurns: boolean): boolean {
    try {
      while (this.#next < this.#count) {
        const index = this.#next;
        const entry = this.#entries[index];
        if (this.#kinds[index] === UNFINISHED) {
          const delivery = (entry as Unfinished).advance();
          if (delivery === undefined) break;
          if (delivery instanceof ProtocolError) {
            this.clear();
            this.#failure = delivery;
            return false;
          }
          if (delivery.isLast) {
            this.#unfinishedCount--;
            this.#entries[index] = undefined;
            this.#next++;
          }
          deliverOne(handler, delivery.kind, delivery.value);
        } else {
          this.#entries[index] = undefined;
          this.#next++;
          deliverOne(handler, this.#kinds[index]!, entry as Entry);
        }
        if (inTurns) {
          spend(DELIVERY_COST);
          if (isTurnSpent()) break;
        }
      }
      return this.#next === this.#count;
    } finally {
      if (this.#next === this.#count) {
        if (this.#count <= SHORT_BATCH) this.#entries = [];
        this.#next = this.#count = 0;
      }
    }
  }

  /** Why an unfinished message has failed, if one has: to be reported in its place. */
  takeFailure(): ProtocolError | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  #add(kind: number, entry: Entry): void {
    this.#kinds[this.#count] = kind;
    this.#entries[this.#count++] = entry;
  }
}

function deliverOne(handler: MessageHandler, kind: number, entry: Entry): void {
  switch (kind) {
    case TEXT:
      handler.onText(entry as string);
      break;
    case BINARY:
      handler.onBinary(entry as Uint8Array);
      break;
    case TEXT_BYTES:
      handler.onTextBytes?.(entry as Uint8Array);
      break;
    case FRAGMENTS:
      handler.onFragments?.(entry as Uint8Array[]);
      break;
    case PIECE:
      handler.onPiece?.(entry as MessagePiece);
      break;
    case PING:
      handler.onPing(entry as Uint8Array);
      break;
    case PONG:
      handler.onPong(entry as Uint8Array);
      break;
    case CLOSE:
      handler.onClose((entry as Close).closeCode, (entry as Close).reason);
      break;
    default:
      handler.onError(entry as ProtocolError);
  }
}
