// The live feed: what the proxy tells, as JSON text messages over a WebSocket, and its commands, as text messages back. It answers
// its own hosts and pages of its own origin only, as `wsimd serve` does.

import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { WebSocket, WebSocketServer } from '../../../node/index.js';
import { FEED_PATH, INSPECTOR_PATH, PROXY_PATH, type ProxyPlace } from '../../../page/inspector/feed-protocol.js';
import { type AllowedHosts, refusalHead } from '../../serve/allowed-hosts.js';
import { answerText } from '../../serve/page-files.js';
import { printableJson } from '../../terminal.js';
import type { Answer } from './messages.js';

/** Entries that a new reader gets of what went before. */
const MAX_RECENT = 1000;
/** Bytes that may wait for a reader before no more is read for it. */
const HIGH_WATER = 4 * 1024 * 1024;
/** Milliseconds for which a reader may have so much to read; then it is sent away. */
const MAX_STALL = 10_000;

export class Feed {
  readonly server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, origin: 'same-origin', handleProtocols: () => false });
  readonly #fullSince = new WeakMap<WebSocket, number>();
  #recent: (() => string)[] = [];
  /** Where the proxy listens. */
  proxyUrl = '';

  /** @param page answers requests for the page that shows the feed @param run does what a line of a reader asks for */
  constructor(hosts: AllowedHosts, page: RequestListener, run: (line: string) => Promise<Answer | undefined>) {
    this.server = createServer((request, response) => {
      const refusal = hosts.refuse(request);
      if (refusal !== undefined) answerText(response, refusal.status, refusal.text);
      else if (request.url === FEED_PATH) answerText(response, 426, 'The feed is a WebSocket.');
      else if (request.url === '/') response.writeHead(302, { Location: INSPECTOR_PATH }).end();
      else if (request.url === PROXY_PATH) this.#tellProxy(response);
      else page(request, response);
    });
    this.server.on('upgrade', (request, socket, head) => {
      const text = 'The feed is a WebSocket at /feed.';
      const refusal = hosts.refuse(request) ?? (request.url === FEED_PATH ? undefined : { status: 404 as const, text });
      socket.on('error', () => socket.destroy());
      if (refusal !== undefined) socket.end(refusalHead(refusal), () => socket.destroy());
      else this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, run));
    });
  }

  /** Tells all readers. @param lineOf the entry as JSON: without a reader, no line is made */
  tell(lineOf: () => string): void {
    this.#recent.push(lineOf);
    if (this.#recent.length > 2 * MAX_RECENT) this.#recent = this.#recent.slice(-MAX_RECENT);
    for (const webSocket of this.#sockets.clients) {
      if (webSocket.readyState === WebSocket.OPEN) webSocket.send(lineOf());
    }
  }

  /** A reader has enough for now. */
  isFull(): boolean {
    let isFull = false;
    for (const webSocket of this.#sockets.clients) {
      if (webSocket.bufferedAmount < HIGH_WATER) {
        this.#fullSince.delete(webSocket);
        continue;
      }
      const since = this.#fullSince.get(webSocket) ?? performance.now();
      this.#fullSince.set(webSocket, since);
      isFull = true;
      if (performance.now() - since > MAX_STALL) webSocket.terminate();
    }
    return isFull;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const webSocket of this.#sockets.clients) webSocket.terminate();
    this.server.closeAllConnections();
    await closed;
  }

  #tellProxy(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    const place: ProxyPlace = { proxy: this.proxyUrl };
    response.end(printableJson(place));
  }

  #open(webSocket: WebSocket, run: (line: string) => Promise<Answer | undefined>): void {
    for (const lineOf of this.#recent.slice(-MAX_RECENT)) webSocket.send(lineOf());
    webSocket.on('message', async (data) => {
      const answer = await run(String(data));
      if (answer !== undefined && webSocket.readyState === WebSocket.OPEN) webSocket.send(printableJson(answer));
    });
  }
}
