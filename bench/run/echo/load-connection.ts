// One connection of the load generator: opens, sends frames made before, and compares what comes back with what must. It is
// as little as it can be, so that the server is what is measured.

import { connect, type Socket } from 'node:net';
import { CYCLE, type Wire } from './wire.js';

const REQUEST_END = [
  'Host: 127.0.0.1',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const HEAD_END = Buffer.from('\r\n\r\n');
/** All connections read into it, one after the other. */
const sharedBuffer = Buffer.allocUnsafeSlow(256 * 1024);

/** @param onReplies told how many messages have come back whole since it was last told */
export class LoadConnection {
  readonly #socket: Socket;
  readonly #wire: Wire | undefined;
  readonly #onReplies: (count: number, connection: LoadConnection) => void;
  readonly #onError: (error: Error) => void;
  #head: Buffer | undefined = Buffer.alloc(0);
  #onOpen: (() => void) | undefined;
  /** Where in the cycle of replies the next byte lies, and how many of the present reply have come. */
  #replyAt = 0;
  #partial = 0;
  #sent = 0;

  constructor(
    port: number,
    path: string,
    wire: Wire | undefined,
    onReplies: (count: number, connection: LoadConnection) => void,
    onError: (error: Error) => void,
  ) {
    this.#wire = wire;
    this.#onReplies = onReplies;
    this.#onError = onError;
    const onread = {
      buffer: sharedBuffer,
      callback: (length: number, buffer: Uint8Array) => {
        this.#receive(buffer, length);
        return true;
      },
    };
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    this.#socket.on('error', onError);
    this.#socket.write(`GET ${path} HTTP/1.1\r\n${REQUEST_END.join('\r\n')}\r\n\r\n`);
  }

  /** Fulfilled when the server has answered the handshake. */
  opened(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#head === undefined) resolve();
      else this.#onOpen = resolve;
    });
  }

  /** @param count at most a cycle */
  send(count: number): void {
    const { requests, requestLength } = this.#wire!;
    const start = (this.#sent % CYCLE) * requestLength;
    this.#sent += count;
    this.#socket.write(requests.subarray(start, start + count * requestLength));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(buffer: Uint8Array, length: number): void {
    if (this.#head === undefined) {
      this.#compare(buffer, 0, length);
      return;
    }
    const head = Buffer.concat([this.#head, buffer.subarray(0, length)]);
    const end = head.indexOf(HEAD_END);
    this.#head = head;
    if (end === -1) return;
    if (!head.toString('latin1', 0, end).startsWith('HTTP/1.1 101')) {
      this.#onError(new Error(`the server answers ${head.toString('latin1', 0, end)}`));
      return;
    }
    this.#head = undefined;
    this.#onOpen?.();
    this.#compare(head, end + HEAD_END.length, head.length);
  }

  #compare(buffer: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    if (this.#wire === undefined) {
      this.#onError(new Error('the server sends something to an idle connection'));
      return;
    }
    const { replies, replyLength } = this.#wire;
    const cycleLength = CYCLE * replyLength;
    for (let at = start; at < end; ) {
      const piece = Math.min(end - at, replies.length - this.#replyAt);
      if (replies.compare(buffer, at, at + piece, this.#replyAt, this.#replyAt + piece) !== 0) {
        this.#onError(new Error('what comes back is not what was sent'));
        return;
      }
      at += piece;
      this.#replyAt = (this.#replyAt + piece) % cycleLength;
    }
    const bytes = this.#partial + end - start;
    this.#partial = bytes % replyLength;
    const count = (bytes - this.#partial) / replyLength;
    if (count > 0) this.#onReplies(count, this);
  }
}
