// A peer that keeps the rules: a client of `ws`, so that what it makes of a stream is not our own opinion. It sends messages
// whole and in fragments, and holds each echo against what it sent.

import { type RawData, WebSocket } from 'ws';
import type { Tally } from '../tally.js';
import { LONGEST_MESSAGE, MAX_COMPRESSED_UNDER_WAY, MAX_PAYLOAD } from './limits.js';
import { digestOf, makePayload } from './payloads.js';

/** What may be under way on one connection. */
const MOST_UNDER_WAY = 2 * LONGEST_MESSAGE;

interface Sent {
  readonly length: number;
  readonly digest: string;
  readonly isBinary: boolean;
}

export class EchoPeer {
  readonly #socket: WebSocket;
  readonly #name: string;
  readonly #random: () => number;
  readonly #tally: Tally;
  readonly #sent: Sent[] = [];
  readonly #isCompressed: boolean;
  #underWay = 0;
  #lastPing = performance.now();
  #isOver = false;
  readonly closed: Promise<void>;

  constructor(port: number, path: string, name: string, random: () => number, tally: Tally) {
    this.#name = `${path} ${name}`;
    this.#random = random;
    this.#tally = tally;
    this.#isCompressed = path !== '/plain';
    const perMessageDeflate = this.#isCompressed && { threshold: 64 };
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate, maxPayload: MAX_PAYLOAD });
    this.#socket.on('open', () => tally.opened++);
    this.#socket.on('message', (data, isBinary) => this.#compare(data as Buffer, isBinary));
    this.#socket.on('pong', () => tally.pongs++);
    this.#socket.on('ping', () => {
      this.#lastPing = performance.now();
    });
    this.#socket.on('error', (error) => {
      if (!this.#isOver) tally.fault(`${this.#name}: ${error.message}`);
    });
    this.closed = new Promise((resolve) => {
      this.#socket.on('close', (code) => {
        this.#end(code);
        resolve();
      });
    });
  }

  get isReady(): boolean {
    if (this.#isCompressed && this.#tally.compressedUnderWay > MAX_COMPRESSED_UNDER_WAY) return false;
    return this.#socket.readyState === WebSocket.OPEN && !this.#isOver && this.#underWay < MOST_UNDER_WAY;
  }

  /** Sends one message, or a ping. */
  act(): void {
    const random = this.#random;
    if (random() % 20 === 0) {
      this.#tally.pings++;
      this.#socket.ping(Buffer.alloc(random() % 126, 'p'));
      return;
    }
    const { data, isBinary } = makePayload(random);
    // Such a message must find room below the server's limit of what may wait.
    if (this.#underWay > 0 && this.#underWay + data.length > MOST_UNDER_WAY) return;
    this.#tally.messages++;
    this.#tally.bytes += data.length;
    this.#isUnderWay(data.length);
    this.#sent.push({ length: data.length, digest: digestOf(data), isBinary });
    const compress = random() % 4 !== 0;
    if (random() % 3 !== 0) {
      this.#socket.send(data, { binary: isBinary, compress });
      return;
    }
    // In fragments, which cut characters too, some of them empty, a ping between them.
    const cuts = Array.from({ length: 1 + (random() % 5) }, () => random() % (data.length + 1)).sort((a, b) => a - b);
    let from = 0;
    for (const cut of cuts) {
      this.#socket.send(data.subarray(from, cut), { binary: isBinary, compress, fin: false });
      if (random() % 4 === 0) {
        this.#tally.pings++;
        this.#socket.ping();
      }
      from = cut;
    }
    this.#socket.send(data.subarray(from), { binary: isBinary, compress, fin: true });
  }

  /** Does not read for a while. */
  stall(milliseconds: number): void {
    this.#socket.pause();
    setTimeout(() => this.#socket.resume(), milliseconds);
  }

  /** Closes behind all that was sent: each echo must come before the Close frame does. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.terminate();
    else this.#socket.close(1000, 'done');
  }

  /** Cuts the connection, whatever is under way. */
  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#tally.aborted++;
    this.#tally.abandoned += this.#sent.length;
    this.#sent.length = 0;
    this.#socket.terminate();
  }

  #compare(data: RawData, isBinary: boolean): void {
    const bytes = data as Buffer;
    const sent = this.#sent.shift();
    if (sent === undefined) {
      if (!this.#isOver) this.#tally.fault(`${this.#name}: an echo of nothing`);
      return;
    }
    this.#isUnderWay(-sent.length);
    this.#tally.echoed++;
    if (sent.isBinary !== isBinary || sent.length !== bytes.length || sent.digest !== digestOf(bytes)) {
      this.#tally.fault(`${this.#name}: ${sent.length} bytes came back as ${bytes.length} others`);
    }
  }

  #isUnderWay(length: number): void {
    this.#underWay += length;
    if (this.#isCompressed) this.#tally.compressedUnderWay += length;
  }

  #end(code: number): void {
    this.#isUnderWay(-this.#underWay);
    if (!this.#isOver) {
      this.#isOver = true;
      const seconds = ((performance.now() - this.#lastPing) / 1000).toFixed(1);
      this.#tally.fault(
        `${this.#name}: closed with ${code}, ${this.#sent.length} messages under way, the last ping ${seconds} s before, ` +
          `${this.#socket.bufferedAmount} bytes that ws had yet to send`,
      );
    } else if (code === 1000) {
      this.#tally.closed++;
      if (this.#sent.length > 0) this.#tally.fault(`${this.#name}: ${this.#sent.length} messages without an echo`);
    }
  }
}
