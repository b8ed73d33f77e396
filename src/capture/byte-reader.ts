// A stream of chunks, read by lengths that its content tells. What a length claims is not allocated: bytes are held as they come.

export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array[] = [];
  #heldLength = 0;
  #position = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#position;
  }

  /** The next bytes, which stay to be read; fewer only at the end. */
  async peek(length: number): Promise<Uint8Array> {
    await this.#hold(length);
    this.#join();
    return (this.#held[0] ?? new Uint8Array(0)).subarray(0, length);
  }

  /** The next bytes, fewer only at the end. A view, which nobody writes to. */
  async read(length: number): Promise<Uint8Array> {
    if (this.#heldLength < length) await this.#hold(length);
    if (this.#held.length > 1 && this.#held[0]!.length < length) this.#join();
    const [first = new Uint8Array(0)] = this.#held;
    const bytes = first.subarray(0, length);
    if (bytes.length === first.length) this.#held.shift();
    else this.#held[0] = first.subarray(length);
    this.#heldLength -= bytes.length;
    this.#position += bytes.length;
    return bytes;
  }

  /** All that is left. */
  readRest(): Promise<Uint8Array> {
    return this.read(Number.POSITIVE_INFINITY);
  }

  async #hold(length: number): Promise<void> {
    while (this.#heldLength < length) {
      const { done, value } = await this.#chunks.next();
      if (done) return;
      this.#held.push(value);
      this.#heldLength += value.length;
    }
  }

  #join(): void {
    if (this.#held.length < 2) return;
    const whole = new Uint8Array(this.#heldLength);
    let offset = 0;
    for (const chunk of this.#held) {
      whole.set(chunk, offset);
      offset += chunk.length;
    }
    this.#held = [whole];
  }
}
