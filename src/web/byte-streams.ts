// The transport interface of this folder, and its implementation over a pair of WHATWG byte streams: chunks in, chunks out, and an end
// that always comes.

/** Carries the bytes of one WebSocket, both ways. */
export interface Transport {
  /** What `read` returns is good until the next `read` only, and may not be written to. */
  readonly reusesBuffer: boolean;

  /** The next chunk; undefined once the peer has ended its side. Rejects as the host does. */
  read(): Promise<Uint8Array | undefined>;

  /** Gives bytes back that were read: they come again with the next `read`. */
  unread(bytes: Uint8Array): void;

  /** What is written belongs to the transport, or to the peer that gets the same object; else only until `write` is done. */
  readonly keepsChunks: boolean;

  /** Writes a chunk, once the one before has been written. @returns a promise of its having been written */
  write(bytes: Uint8Array): Promise<void>;

  /** Ends our side, behind all that was written. Never rejects: whether the peer hears of it is not for us to know. */
  end(): Promise<void>;

  /**
   * Calls back at once when the transport fails, whether or not anybody reads; the next `read` rejects then. Not every transport
   * knows before it is read from. Called once.
   */
  whenLost(callback: () => void): void;

  /** Gives up both sides at once. Reads, writes and an end that are pending are settled, whether or not the host is stuck. */
  cut(reason: unknown): void;
}

/**
 * A byte stream each way: a socket of Deno (`Deno.connect`, `Deno.listen`) or of Workers (`connect` of
 * `cloudflare:sockets`), `Duplex.toWeb(socket)` on Node and Bun, a stream of WebTransport, the ends of two TransformStreams.
 */
export interface ByteStreams {
  /** The bytes that come from the peer. Must not be locked. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Takes the bytes for the peer. Must not be locked. */
  readonly writable: WritableStream<Uint8Array>;
}

/** Reads and writes a pair of streams, which belong to it from then on. */
export class StreamTransport implements Transport {
  readonly reusesBuffer = false;
  readonly keepsChunks = true;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #unread: Uint8Array | undefined;
  /** End the wait for what is being written. */
  readonly #interrupts = new Set<(reason: unknown) => void>();
  #isCut = false;

  /** @throws TypeError if either stream is locked */
  constructor({ readable, writable }: ByteStreams) {
    // Before the first is locked by us.
    if (writable.locked) throw new TypeError('the writable stream is locked');
    this.#reader = readable.getReader();
    this.#writer = writable.getWriter();
    // What goes wrong is told by the reads and writes that it strikes.
    this.#reader.closed.catch(ignore);
    this.#writer.closed.catch(ignore);
    this.#writer.ready.catch(ignore);
  }

  async read(): Promise<Uint8Array | undefined> {
    const unread = this.#unread;
    if (unread !== undefined) {
      this.#unread = undefined;
      return unread;
    }
    const { value } = await this.#reader.read();
    return value;
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#unread = bytes;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#untilCut(this.#writer.write(bytes));
  }

  async end(): Promise<void> {
    // A stream that is being aborted would be closed behind the write that it is stuck in.
    if (!this.#isCut) await this.#untilCut(this.#writer.close()).catch(ignore);
  }

  whenLost(callback: () => void): void {
    this.#reader.closed.catch(callback);
  }

  cut(reason: unknown): void {
    this.#isCut = true;
    this.#reader.cancel(reason).catch(ignore);
    this.#writer.abort(reason).catch(ignore);
    for (const interrupt of this.#interrupts) interrupt(reason);
  }

  /** A stream cannot be aborted before the write under way is done, which may be never. */
  #untilCut(done: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#interrupts.add(reject);
      done.then(resolve, reject).finally(() => this.#interrupts.delete(reject));
    });
  }
}

function ignore(): void {}
