// Chunks that are read from a transport before there is room for their messages: a bounded number of bytes, so that a peer that has
// gone is noticed while its messages stay unread.

import type { Transport } from './byte-streams.js';

/** Bytes. A chunk that reaches beyond it is kept, and is the last. */
const FIRST_LIMIT = 64 * 1024;
/** The same once nobody has read for a while: only an end that is within it can be found. */
const LAST_LIMIT = 1024 * 1024;
/** Bytes that a chunk counts beyond its own, about what its object takes: a peer may send its bytes one by one. */
const CHUNK_COST = 256;

/** How the last read ended: with an error, or with the peer's end. */
interface End {
  readonly failure?: { readonly error: unknown };
}

export class ReadAhead {
  readonly #transport: Transport;
  readonly #chunks: Uint8Array[] = [];
  /** Of the chunks and their objects. */
  #length = 0;
  #limit = FIRST_LIMIT;
  /** The read under way; never rejects. */
  #reading: Promise<void> | undefined;
  #isLost = false;
  /** Ends the wait for room. */
  #wake: (() => void) | undefined;
  #end: End | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
    transport.whenLost(() => this.stop());
  }

  /** Waits until there is room, or the transport has ended, and reads ahead meanwhile. @param hasRoom asked again at each `wake` */
  async awaitRoom(hasRoom: () => boolean): Promise<void> {
    while (!hasRoom() && !this.#isLost && this.#end === undefined) {
      this.#read();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    this.#limit = FIRST_LIMIT;
  }

  /** Reads up to 1 MiB ahead in the wait that is under way: the reader has been away for long. */
  lookFurther(): void {
    this.#limit = LAST_LIMIT;
    this.wake();
  }

  /** There may be room. */
  wake(): void {
    this.#wake?.();
  }

  /** The transport has failed, or has been cut: nothing is worth waiting for. */
  stop(): void {
    this.#isLost = true;
    this.wake();
  }

  #read(): void {
    if (this.#reading !== undefined || this.#length >= this.#limit) return;
    this.#reading = this.#transport.read().then(
      (chunk) => this.#add(chunk),
      (error: unknown) => this.#ended({ failure: { error } }),
    );
  }

  /** The next chunk; undefined once the peer has ended its side. Rejects as the host does. */
  next(): Promise<Uint8Array | undefined> {
    const hasNothing = this.#reading === undefined && this.#chunks.length === 0 && this.#end === undefined;
    return hasNothing ? this.#transport.read() : this.#nextAhead();
  }

  async #nextAhead(): Promise<Uint8Array | undefined> {
    if (this.#chunks.length === 0) await this.#reading;
    const chunk = this.#chunks.shift();
    if (chunk === undefined && this.#end?.failure !== undefined) throw this.#end.failure.error;
    if (chunk !== undefined) this.#length -= chunk.length + CHUNK_COST;
    return chunk;
  }

  #add(chunk: Uint8Array | undefined): void {
    if (chunk === undefined) {
      this.#ended({});
      return;
    }
    // What is read next would overwrite it.
    this.#chunks.push(this.#transport.reusesBuffer ? chunk.slice() : chunk);
    this.#length += chunk.length + CHUNK_COST;
    this.#reading = undefined;
    this.wake();
  }

  #ended(end: End): void {
    this.#end = end;
    this.#reading = undefined;
    this.wake();
  }
}
