// What a batch of frames came to, taken out of the arena before any of it is handed to user code. It orders and delivers;
// it knows no frame.

import type { ProtocolError } from '../../protocol/errors.js';
import type { MessageHandler, MessagePiece } from '../handler.js';

const TEXT = 0;
const TEXT_BYTES = 1;
const BINARY = 2;
const PIECE = 3;
const PING = 4;
const PONG = 5;
const CLOSE = 6;
const FRAGMENTS = 7;
const ERROR = 8;

/** An array made for more would be garbage worth mentioning: it grows by copies of itself. */
const SHORT_BATCH = 64;

interface Close {
  readonly closeCode: number;
  readonly reason: string;
}
type Entry = string | Uint8Array | Uint8Array[] | MessagePiece | Close | ProtocolError;

/**
 * Deliveries in order. Two arrays in step, so that a message costs no object beyond its own.
 */
export class DeliveryQueue {
  readonly #kinds: number[] = [];
  /** Anew for each short batch: to put young objects into an old array costs more than to make one. */
  #entries: (Entry | undefined)[] = [];
  #count = 0;
  #next = 0;

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

  /** Delivers everything, what is added meanwhile too. If the handler throws, what is behind it stays. */
  deliver(handler: MessageHandler): void {
    try {
      while (this.#next < this.#count) {
        const index = this.#next++;
        const entry = this.#entries[index];
        this.#entries[index] = undefined;
        deliverOne(handler, this.#kinds[index]!, entry as Entry);
      }
    } finally {
      if (this.#next === this.#count) {
        if (this.#count <= SHORT_BATCH) this.#entries = [];
        this.#next = this.#count = 0;
      }
    }
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
