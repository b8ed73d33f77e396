// The WebSocket endpoints of `wsimd serve`: /echo sends back what it gets; /tap tells the page what passes on one
// connection to /echo; /ticker has live prices. It routes upgrade requests; it knows no file.

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { CLOSE_GOING_AWAY } from '../../index.js';
import { WebSocket, WebSocketServer, type WebSocketServerOptions } from '../../node/index.js';
import { DEFLATE_PARAMETER, ECHO_PATH, TAP_PARAMETER, TAP_PATH } from '../../page/live/tap-protocol.js';
import { METER_PATH, TICKER_PATH } from '../../page/ticker/ticker-protocol.js';
import { type AllowedHosts, type Refusal, refusalHead } from './allowed-hosts.js';
import { Tap } from './tap.js';
import { Ticker } from './ticker.js';

/** Bytes that may wait for a peer before its messages are no longer read. */
const HIGH_WATER = 1024 * 1024;
/** How long the end of the program waits for peers to answer the Close frame, in milliseconds. */
const END_TIMEOUT = 2000;

/** Only pages from here: no other site has business with a tap. */
const OPTIONS: WebSocketServerOptions = {
  noServer: true,
  origin: 'same-origin',
  handleProtocols: () => false,
};
/** Everything is compressed: the page is there to show it. */
const COMPRESSING: WebSocketServerOptions = { ...OPTIONS, perMessageDeflate: { threshold: 0 } };

export class Endpoints {
  readonly #echoes = new WebSocketServer(OPTIONS);
  readonly #compressingEchoes = new WebSocketServer(COMPRESSING);
  readonly #taps = new WebSocketServer(OPTIONS);
  readonly #ticker = new Ticker(OPTIONS);
  /** Taps whose connection has not come yet, by their id. */
  readonly #waiting = new Map<string, Tap>();
  readonly #tapOf = new WeakMap<IncomingMessage, Tap>();

  constructor(server: Server, hosts: AllowedHosts) {
    server.on('upgrade', (request, socket, head) => {
      const refusal = hosts.refuse(request);
      if (refusal === undefined) this.#route(request, socket, head);
      else refuse(socket, refusal);
    });
    for (const echoes of [this.#echoes, this.#compressingEchoes]) {
      echoes.on('connection', (webSocket, request) => {
        echo(webSocket);
        this.#tapOf.get(request)?.watch(webSocket);
      });
    }
    this.#taps.on('connection', (webSocket) => {
      const tap = new Tap(webSocket);
      this.#waiting.set(tap.id, tap);
      webSocket.on('close', () => this.#waiting.delete(tap.id));
    });
  }

  /** Closes all connections with 1001, and cuts those that do not answer in time. */
  async close(): Promise<void> {
    const servers = [this.#echoes, this.#compressingEchoes, this.#taps, this.#ticker.prices, this.#ticker.meters];
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const { clients } of servers) for (const webSocket of clients) webSocket.close(CLOSE_GOING_AWAY);
    const timer = setTimeout(() => {
      for (const { clients } of servers) for (const webSocket of clients) webSocket.terminate();
    }, END_TIMEOUT);
    await Promise.all(closed);
    clearTimeout(timer);
  }

  #route(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const base = 'ws://localhost';
    const target = request.url!;
    const url = URL.canParse(target, base) ? new URL(target, base) : undefined;
    if (url?.pathname === TAP_PATH) {
      accept(this.#taps, request, socket, head);
      return;
    }
    if (url?.pathname === METER_PATH) {
      accept(this.#ticker.meters, request, socket, head);
      return;
    }
    if (url?.pathname === TICKER_PATH) {
      if (!this.#ticker.isFull) accept(this.#ticker.prices, request, socket, head);
      else refuse(socket, { status: 503, text: 'The ticker has as many subscribers as it takes.' });
      return;
    }
    if (url?.pathname !== ECHO_PATH) {
      refuse(socket, { status: 404, text: 'There is no WebSocket endpoint here.' });
      return;
    }
    const id = url.searchParams.get(TAP_PARAMETER);
    if (id !== null) {
      const tap = this.#waiting.get(id);
      if (tap === undefined) {
        refuse(socket, { status: 404, text: 'There is no such tap.' });
        return;
      }
      this.#waiting.delete(id);
      this.#tapOf.set(request, tap);
      tap.copyFrom(request, socket);
    }
    const echoes = url.searchParams.has(DEFLATE_PARAMETER) ? this.#compressingEchoes : this.#echoes;
    accept(echoes, request, socket, head);
  }
}

function accept(server: WebSocketServer, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  server.handleUpgrade(request, socket, head, (webSocket) => server.emit('connection', webSocket, request));
}

/** Sends every message back, and reads no faster than the peer does. */
function echo(webSocket: WebSocket): void {
  const resume = () => webSocket.resume();
  webSocket.on('message', (data, isBinary) => {
    if (webSocket.readyState !== WebSocket.OPEN) return;
    if (webSocket.bufferedAmount < HIGH_WATER) {
      webSocket.send(data, { binary: isBinary });
    } else {
      webSocket.pause();
      webSocket.send(data, { binary: isBinary }, resume);
    }
  });
}

function refuse(socket: Duplex, refusal: Refusal): void {
  socket.on('error', () => socket.destroy());
  socket.end(refusalHead(refusal), () => socket.destroy());
}
