// What a data message says, gathered from its frames up to a limit. It knows one message.

/** Holds the beginning of a message's payload. */
export class MessageContent {
  readonly opcode: number;
  readonly isCompressed: boolean;
  readonly #limit: number;
  #parts: Uint8Array[] = [];
  #heldLength = 0;
  /** Bytes of payload so far. */
  length = 0;
  frames = 0;

  constructor(opcode: number, isCompressed: boolean, limit: number) {
    this.opcode = opcode;
    this.isCompressed = isCompressed;
    this.#limit = limit;
  }

  /** Takes the next piece, unmasked, and keeps a copy of as much of it as the limit lets. */
  append(piece: Uint8Array): void {
    this.length += piece.length;
    const kept = piece.slice(0, this.#limit - this.#heldLength);
    if (kept.length === 0) return;
    this.#parts.push(kept);
    this.#heldLength += kept.length;
  }

  /**
   * The payload as far as it was kept. Every message of a direction passes through here whole and in order, which is what
   * inflating with context takeover needs.
   */
  take(): Uint8Array {
    const payload = new Uint8Array(this.#heldLength);
    let offset = 0;
    for (const part of this.#parts) {
      payload.set(part, offset);
      offset += part.length;
    }
    this.#parts = [];
    return payload;
  }
}
