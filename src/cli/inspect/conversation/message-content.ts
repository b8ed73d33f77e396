// What a data message is made of, gathered from its frames. It knows one message.

import { PayloadBuffer } from '../../../bytes/payload-buffer.js';

/** Holds a message's payload up to a limit. */
export class MessageContent {
  readonly opcode: number;
  readonly isCompressed: boolean;
  readonly #limit: number;
  readonly #buffer = new PayloadBuffer();
  /** Bytes of payload so far. */
  length = 0;
  frames = 0;

  constructor(opcode: number, isCompressed: boolean, limit: number) {
    this.opcode = opcode;
    this.isCompressed = isCompressed;
    this.#limit = limit;
  }

  /** How many of its bytes are kept. */
  get keptLength(): number {
    return this.#buffer.length;
  }

  /** Takes the next piece, unmasked, and keeps a copy of as much of it as the limit lets. */
  append(piece: Uint8Array): void {
    this.length += piece.length;
    const kept = Math.min(piece.length, this.#limit - this.#buffer.length);
    if (kept > 0) this.#buffer.append(piece, 0, kept, 0);
  }

  /** Gives the payload away, as far as it was kept. */
  take(): Uint8Array {
    return this.#buffer.take();
  }
}
