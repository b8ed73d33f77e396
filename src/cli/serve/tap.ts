// A tap: copies what passes on one connection, in both directions, and sends the copies over a WebSocket of its own. It
// takes bytes as they are; live/tap-protocol.ts says in what form they go.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CLOSE_NORMAL } from '../../index.js';
import { type RawData, WebSocket } from '../../node/index.js';
import { TAP_REFUSED, TO_BROWSER, TO_SERVER } from '../../page/live/tap-protocol.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';

/** Copies that may wait for a page; one that reads more slowly loses its tap. */
const MAX_WAITING = 64 * 1024 * 1024;

export class Tap {
  readonly id = randomUUID();
  /** Where the copies go. */
  readonly #webSocket: WebSocket;
  #watched: WebSocket | undefined;

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
    webSocket.send(this.id);
    webSocket.on('message', (payload) => this.#ping(payload));
  }

  /** Copies from now on; to be called before the request is answered and before anybody reads from its socket. */
  copyFrom(request: IncomingMessage, socket: Duplex): void {
    this.#send(TO_SERVER, Buffer.from(headOf(request), 'latin1'));
    // First in line: the codec unmasks chunks in place.
    socket.prependListener('data', (chunk: Buffer) => this.#send(TO_SERVER, chunk));
    const { write } = socket;
    socket.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
      this.#send(TO_BROWSER, typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
      return Reflect.apply(write, socket, [chunk, ...rest]);
    };
    socket.on('close', () => this.#webSocket.close(CLOSE_NORMAL));
  }

  /** The tapped connection, once it is open. */
  watch(webSocket: WebSocket): void {
    this.#watched = webSocket;
  }

  #send(direction: number, bytes: Uint8Array): void {
    const webSocket = this.#webSocket;
    if (webSocket.readyState !== WebSocket.OPEN) return;
    webSocket.send(Buffer.concat([Uint8Array.of(direction), bytes]));
    if (webSocket.bufferedAmount > MAX_WAITING) webSocket.close(TAP_REFUSED, 'the page reads too slowly');
  }

  #ping(payload: RawData): void {
    try {
      this.#watched?.ping(payload);
    } catch (error) {
      // Too long: the page's mistake.
      rethrowUnless(error, RangeError);
      this.#webSocket.close(TAP_REFUSED, error.message);
    }
  }
}

/**
 * The head of a request. Node's parser keeps no bytes, but method, target, names and values as they came: only white
 * space around values may differ.
 */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let i = 0; i < rawHeaders.length; i += 2) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return `${head}\r\n`;
}
