// The transport of a WebSocket over a socket that reads into a given buffer, as Deno's do: without streams, and without a new buffer
// for each read.

import type { Transport } from './byte-streams.js';
import { type ByteStreams, StreamTransport } from './byte-streams.js';

/** A socket in the shape of `Deno.TcpConn`, `Deno.TlsConn`, `Deno.UnixConn`. */
export interface ByteSocket {
  /** Reads once, into the beginning of `target`. @returns how many bytes; null at the end */
  read(target: Uint8Array): Promise<number | null>;
  /** Writes once. The bytes are not used any more when the promise is settled. @returns how many bytes */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends our side. */
  closeWrite(): Promise<void>;
  /** Closes both directions. */
  close(): void;
}

const FIRST_LENGTH = 4 * 1024;
/** The buffer grows up to this length. */
const MAX_LENGTH = 64 * 1024;

/** What carries bytes over these. @throws TypeError if a stream is locked */
export function transportOf(streams: ByteStreams | ByteSocket): Transport {
  if (!isByteSocket(streams)) return new StreamTransport(streams);
  const { readable, writable } = streams as Partial<ByteStreams>;
  if (readable?.locked || writable?.locked) throw new TypeError('a stream of the socket is locked');
  return new SocketTransport(streams);
}

function isByteSocket(streams: ByteStreams | ByteSocket): streams is ByteSocket {
  const { read, write, closeWrite, close } = streams as Partial<ByteSocket>;
  return [read, write, closeWrite, close].every((method) => typeof method === 'function');
}

/**
 * Reads into one buffer of its own, which grows as far as what comes at once fills it. The arena itself cannot be that buffer:
 * all connections share it, and a read that is pending on one would write into it while another's bytes are decoded there.
 */
class SocketTransport implements Transport {
  readonly reusesBuffer = true;
  readonly keepsChunks = false;
  readonly #socket: ByteSocket;
  #buffer = new Uint8Array(FIRST_LENGTH);
  #unread: Uint8Array | undefined;
  /** The last write. */
  #written: Promise<void> = Promise.resolve();
  #hasRead = false;
  #hasEnded = false;
  #isClosed = false;

  constructor(socket: ByteSocket) {
    this.#socket = socket;
  }

  async read(): Promise<Uint8Array | undefined> {
    const unread = this.#unread;
    if (unread !== undefined) {
      this.#unread = undefined;
      return unread;
    }
    const length = await this.#socket.read(this.#buffer);
    if (length === null) {
      this.#hasRead = true;
      if (this.#hasEnded) this.#close();
      return undefined;
    }
    const bytes = this.#buffer.subarray(0, length);
    // More may be there: it will come faster.
    if (length === this.#buffer.length && length < MAX_LENGTH) this.#buffer = new Uint8Array(2 * length);
    return bytes;
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#unread = bytes;
  }

  write(bytes: Uint8Array): Promise<void> {
    // Called at once: on Deno a write that the system takes immediately is done before the next read begins.
    this.#written = this.#writeAll(bytes);
    return this.#written;
  }

  async end(): Promise<void> {
    if (this.#hasEnded || this.#isClosed) return;
    this.#hasEnded = true;
    await this.#written.catch(ignore);
    await this.#socket.closeWrite().catch(ignore);
    if (this.#hasRead) this.#close();
  }

  /** A socket tells by its reads and writes only. */
  whenLost(): void {}

  cut(): void {
    this.#close();
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += await this.#socket.write(at === 0 ? bytes : bytes.subarray(at));
  }

  /** What is pending rejects. */
  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#socket.close();
    } catch {
      // Somebody has closed it before.
    }
  }
}

function ignore(): void {}
