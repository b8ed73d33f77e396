// A checksum of what a subject delivered, so that subjects can be compared without keeping it all. It must not know what
// is delivered: bytes in any pieces, and where each item ends.

const encoder = new TextEncoder();

/** FNV-1a over all bytes, with the length and kind of each item mixed in at its end. */
export class Digest {
  #hash = 0x811c9dc5;
  #items = 0;
  #bytes = 0;
  #itemBytes = 0;

  /** Adds a piece of the item under way; a string counts as its UTF-8. */
  add(piece: Uint8Array | string): this {
    const bytes = typeof piece === 'string' ? encoder.encode(piece) : piece;
    for (let i = 0; i < bytes.length; i++) this.#mix(bytes[i]!);
    this.#bytes += bytes.length;
    this.#itemBytes += bytes.length;
    return this;
  }

  /** Ends the item. @param kind whatever tells items apart that have the same bytes, such as the opcode */
  end(kind = 0): this {
    this.#mix(this.#itemBytes);
    this.#mix(kind);
    this.#items++;
    this.#itemBytes = 0;
    return this;
  }

  toString(): string {
    return `${this.#items} items, ${this.#bytes} bytes, ${(this.#hash >>> 0).toString(16)}`;
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, 0x01000193);
  }
}
