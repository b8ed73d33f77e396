// A WebSocket as a Duplex of Node, over its public methods.

import { Duplex, type DuplexOptions } from 'node:stream';
import { toText } from './sendable.js';
import type { WebSocket } from './websocket.js';

/**
 * Wraps a WebSocket in a Duplex. Each write becomes a message, and each message a chunk. Ending it sends a Close frame; the peer's
 * Close frame ends it. Destroying it cuts the connection; an error of the WebSocket destroys it.
 *
 * ```ts
 * const duplex = createWebSocketStream(socket, { encoding: 'utf8' });
 * duplex.pipe(process.stdout);
 * ```
 *
 * @param options those of a Duplex. Of the object modes only `readableObjectMode` has an effect: texts are then strings
 */
export function createWebSocketStream(webSocket: WebSocket, options?: DuplexOptions): Duplex {
  return new WebSocketStream(webSocket, options);
}

class WebSocketStream extends Duplex {
  readonly #webSocket: WebSocket;
  /** A Close frame that says what was wrong is on its way: do not cut it off. */
  #hasFailed = false;

  constructor(webSocket: WebSocket, options: DuplexOptions = {}) {
    super({ ...options, objectMode: false, writableObjectMode: false });
    this.#webSocket = webSocket;
    webSocket.on('message', (data, isBinary) => {
      const chunk = !isBinary && this.readableObjectMode ? toText(data) : data;
      const kept = webSocket.lendsMessages && chunk instanceof Uint8Array ? Buffer.from(chunk) : chunk;
      if (!this.destroyed && !this.push(kept)) webSocket.pause();
    });
    webSocket.once('error', (error) => {
      this.#hasFailed = !this.destroyed;
      this.destroy(error);
    });
    webSocket.once('close', () => {
      if (!this.destroyed) this.push(null);
    });
  }

  override _read(): void {
    if (this.#webSocket.isPaused) this.#webSocket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const webSocket = this.#webSocket;
    if (webSocket.readyState === webSocket.CONNECTING) {
      webSocket.once('open', () => this._write(chunk, encoding, callback));
    } else {
      webSocket.send(chunk, callback);
    }
  }

  /** Chunks that were written while a message was being sent: each becomes a message, all in one write of the socket. */
  override _writev(
    chunks: { readonly chunk: Buffer; readonly encoding: BufferEncoding }[],
    callback: (error?: Error | null) => void,
  ): void {
    const webSocket = this.#webSocket;
    if (webSocket.readyState === webSocket.CONNECTING) {
      webSocket.once('open', () => this._writev(chunks, callback));
      return;
    }
    let failure: Error | null | undefined;
    const note = (error?: Error | null) => {
      failure ??= error;
    };
    webSocket.cork();
    try {
      const last = chunks.length - 1;
      for (let i = 0; i < last; i++) webSocket.send(chunks[i]!.chunk, note);
      webSocket.send(chunks[last]!.chunk, (error) => callback(failure ?? error));
    } finally {
      webSocket.uncork();
    }
  }

  override _final(callback: (error?: Error | null) => void): void {
    const webSocket = this.#webSocket;
    if (webSocket.readyState === webSocket.CONNECTING) {
      webSocket.once('open', () => this._final(callback));
      return;
    }
    const { _socket: socket } = webSocket;
    if (socket === null) return; // The handshake failed: its error destroys the stream.
    if (socket.writableFinished || socket.destroyed) {
      callback();
      return;
    }
    socket.once('finish', () => callback());
    webSocket.close();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const webSocket = this.#webSocket;
    if (webSocket.readyState === webSocket.CLOSED) {
      callback(error);
      return;
    }
    // Cutting the attempt to connect emits an error of its own; the stream reports only this one.
    webSocket.once('error', () => {});
    webSocket.once('close', () => callback(error));
    if (!this.#hasFailed) webSocket.terminate();
  }
}
