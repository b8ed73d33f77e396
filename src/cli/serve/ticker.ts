// Live prices for the page's ticker: one topic, compressed once with shared history, and figures of what that saves. Prices move only
// while somebody is subscribed.

import type { IncomingMessage } from 'node:http';
import { constants, deflateRawSync } from 'node:zlib';
import { WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../node/index.js';
import type { Figures, Prices, Quote } from '../../page/ticker/ticker-protocol.js';

const TOPIC = 'prices';
const SYMBOLS = ['AURA', 'BOLT', 'CEDR', 'DUNE', 'ECHO', 'FLUX', 'GALE', 'HALO', 'IRIS', 'JADE', 'KITE', 'LUMA'];
/** Milliseconds between two updates. */
const INTERVAL = 250;
/** Prices in one update. */
const QUOTES = 5;
/** Bytes that end a flushed stream, which no message has (RFC 7692 section 7.2.1). */
const TRAILER_LENGTH = 4;
/** A page subscribes a hundred at most; more are refused. */
const MOST_SUBSCRIBERS = 1000;

/** What has been counted of the bytes of one subscriber. */
interface Member {
  readonly socket: { readonly bytesWritten: number };
  counted: number;
}

export class Ticker {
  /** Of the subscribers. */
  readonly prices: WebSocketServer;
  /** Of those that get figures. */
  readonly meters: WebSocketServer;
  readonly #members = new Map<WebSocket, Member>();
  readonly #quotes: Quote[] = SYMBOLS.map((symbol) => ({ symbol, bid: 100, ask: 100.05, volume: 0 }));
  #timer: NodeJS.Timeout | undefined;
  #deliveries = 0;
  #plain = 0;
  #alone = 0;
  #sent = 0;

  /** @param options of both servers */
  constructor(options: WebSocketServerOptions) {
    this.prices = new WebSocketServer({ ...options, perMessageDeflate: { threshold: 0 } });
    this.meters = new WebSocketServer(options);
    this.prices.on('connection', (webSocket, request) => this.#join(webSocket, request));
    this.meters.on('connection', (webSocket) => webSocket.send(this.#figures()));
  }

  /** No more subscribers are taken. */
  get isFull(): boolean {
    return this.#members.size >= MOST_SUBSCRIBERS;
  }

  #join(webSocket: WebSocket, { socket }: IncomingMessage): void {
    this.#members.set(webSocket, { socket, counted: socket.bytesWritten });
    webSocket.on('close', () => {
      this.#members.delete(webSocket);
      if (this.#members.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    });
    const snapshot = this.#message(this.#quotes);
    this.prices.setPrimer(TOPIC, snapshot);
    webSocket.subscribe(TOPIC);
    this.#count(snapshot, 1);
    this.#timer ??= setInterval(() => this.#publish(), INTERVAL);
  }

  #publish(): void {
    const figures = this.#figures();
    for (const meter of this.meters.clients) {
      if (meter.readyState === WebSocket.OPEN) meter.send(figures);
    }
    const first = Math.floor(Math.random() * SYMBOLS.length);
    const moved = Array.from({ length: QUOTES }, (_, i) => this.#move((first + 2 * i) % SYMBOLS.length));
    const update = this.#message(moved);
    this.prices.publish(TOPIC, update);
    this.#count(update, this.#members.size);
  }

  /** A step at random. */
  #move(index: number): Quote {
    const { symbol, bid, volume } = this.#quotes[index]!;
    const next = Math.max(1, bid * (1 + (Math.random() - 0.5) / 100));
    const quote = {
      symbol,
      bid: roundToCents(next),
      ask: roundToCents(next * 1.0005),
      volume: volume + Math.ceil(Math.random() * 500),
    };
    this.#quotes[index] = quote;
    return quote;
  }

  #message(quotes: readonly Quote[]): string {
    const prices: Prices = { at: Date.now(), quotes };
    return JSON.stringify(prices);
  }

  #count(text: string, receivers: number): void {
    const deflated = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
    this.#deliveries += receivers;
    this.#plain += receivers * frameLength(Buffer.byteLength(text));
    this.#alone += receivers * frameLength(deflated.length - TRAILER_LENGTH);
  }

  #figures(): string {
    for (const member of this.#members.values()) {
      const { bytesWritten } = member.socket;
      this.#sent += bytesWritten - member.counted;
      member.counted = bytesWritten;
    }
    const figures: Figures = {
      subscribers: this.#members.size,
      deliveries: this.#deliveries,
      plain: this.#plain,
      alone: this.#alone,
      sent: this.#sent,
    };
    return JSON.stringify(figures);
  }
}

/** Of a frame that a server sends. */
function frameLength(payloadLength: number): number {
  return payloadLength + (payloadLength < 126 ? 2 : payloadLength < 65536 ? 4 : 10);
}

function roundToCents(price: number): number {
  return Math.round(price * 100) / 100;
}
