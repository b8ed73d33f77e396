// Carries out one attack on a TCP socket of its own, and says what came of it.

import { connect, type Socket } from 'node:net';
import type { Attack } from './attacks.js';

const HEAD_END = '\r\n\r\n';
const OFFER = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n';

/** @returns fulfilled with the outcome when the socket has closed; `hung` if it does not */
export function attack(port: number, what: Attack, patience: number): Promise<string> {
  return new HostilePeer(port, what).run(patience);
}

class HostilePeer {
  readonly #attack: Attack;
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #isOpen = false;
  #status = '';
  #closeCode: number | undefined;
  #isHung = false;

  constructor(port: number, what: Attack) {
    this.#attack = what;
    this.#socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.#socket.on('error', () => {});
    this.#socket.write(what.request ?? this.#request(), 'latin1');
    if (what.request !== undefined) this.#afterwards();
    this.#socket.on('data', (chunk) => this.#receive(chunk));
    this.#socket.on('end', () => this.#socket.end());
  }

  run(patience: number): Promise<string> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#isHung = true;
        this.#socket.destroy();
      }, patience);
      this.#socket.on('close', () => {
        clearTimeout(timer);
        resolve(this.#outcome());
      });
    });
  }

  #request(): string {
    const { path } = this.#attack;
    return [
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`,
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n`,
      path === '/plain' ? '\r\n' : `${OFFER}\r\n`,
    ].join('');
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (!this.#isOpen) {
      const end = this.#received.indexOf(HEAD_END);
      if (end < 0) return;
      this.#status = this.#received.toString('latin1', 9, 12);
      if (this.#status !== '101') return;
      this.#isOpen = true;
      this.#received = this.#received.subarray(end + HEAD_END.length);
      void this.#send();
    }
    this.#readFrames();
  }

  /** Skips what is whole, and remembers the code of a Close frame. The server's frames are not masked. */
  #readFrames(): void {
    let at = 0;
    const bytes = this.#received;
    while (bytes.length - at >= 2) {
      const short = bytes[at + 1]! & 127;
      const header = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (bytes.length - at < header) break;
      const length =
        short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short === 126 ? bytes.readUInt16BE(at + 2) : short;
      if (bytes.length - at < header + length) break;
      if ((bytes[at]! & 15) === 8) this.#closeCode = length >= 2 ? bytes.readUInt16BE(at + header) : 1005;
      at += header + length;
    }
    this.#received = bytes.subarray(at);
  }

  async #send(): Promise<void> {
    const { bytes = new Uint8Array(0), how = 'once' } = this.#attack;
    const socket = this.#socket;
    if (how === 'once') {
      socket.write(bytes);
    } else if (how === 'byByte') {
      for (const byte of bytes) {
        await new Promise(setImmediate);
        socket.write(Uint8Array.of(byte));
      }
    } else {
      socket.pause();
      const more = (error?: Error | null) => {
        if (!error) socket.write(bytes, more);
      };
      more();
      return;
    }
    this.#afterwards();
  }

  #afterwards(): void {
    const { after = 'wait' } = this.#attack;
    if (after === 'end') this.#socket.end();
    else if (after === 'reset') this.#socket.write('', () => setImmediate(() => this.#socket.resetAndDestroy()));
  }

  #outcome(): string {
    if (this.#isHung) return 'hung';
    if (this.#attack.outcome === 'gone') return 'gone';
    if (this.#closeCode !== undefined) return String(this.#closeCode);
    return this.#isOpen ? 'cut' : `HTTP ${this.#status}`;
  }
}
