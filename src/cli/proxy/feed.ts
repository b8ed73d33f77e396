// The live feed: what the proxy tells, as JSON text messages over a WebSocket, and its commands, as text messages back. It answers
// its own hosts and pages of its own origin only, as `wsimd serve` does.

import { createServer, type Server } from 'node:http';
import { CLOSE_TRY_AGAIN_LATER } from '../../../assembly/shared/protocol.js';
import { WebSocket, WebSocketServer } from '../../node/index.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';
import { InputError } from '../connect/input-line.js';
import { type AllowedHosts, refusalHead } from '../serve/allowed-hosts.js';
import { answerText } from '../serve/page-files.js';
import { printableJson } from '../terminal.js';

export const FEED_PATH = '/feed';
/** Lines that a new reader gets of what went before. */
const MAX_RECENT = 1000;
/** Bytes that may wait for a reader; one that is slower is sent away. */
const MAX_WAITING = 16 * 1024 * 1024;

export class Feed {
  readonly server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, origin: 'same-origin', handleProtocols: () => false });
  #recent: string[] = [];

  /** @param run does what a line asks for, or throws an InputError */
  constructor(hosts: AllowedHosts, run: (line: string) => string | undefined) {
    this.server = createServer((request, response) => {
      const refusal = hosts.refuse(request);
      if (refusal !== undefined) answerText(response, refusal.status, refusal.text);
      else answerText(response, request.url === FEED_PATH ? 426 : 404, 'The feed is a WebSocket at /feed.');
    });
    this.server.on('upgrade', (request, socket, head) => {
      const text = 'The feed is a WebSocket at /feed.';
      const refusal = hosts.refuse(request) ?? (request.url === FEED_PATH ? undefined : { status: 404 as const, text });
      socket.on('error', () => socket.destroy());
      if (refusal !== undefined) socket.end(refusalHead(refusal), () => socket.destroy());
      else this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, run));
    });
  }

  /** Tells all readers. */
  send(line: string): void {
    this.#recent.push(line);
    if (this.#recent.length > 2 * MAX_RECENT) this.#recent = this.#recent.slice(-MAX_RECENT);
    for (const webSocket of this.#sockets.clients) {
      if (webSocket.readyState !== WebSocket.OPEN) continue;
      webSocket.send(line);
      if (webSocket.bufferedAmount > MAX_WAITING) webSocket.close(CLOSE_TRY_AGAIN_LATER, 'the feed is read too slowly');
    }
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const webSocket of this.#sockets.clients) webSocket.terminate();
    this.server.closeAllConnections();
    await closed;
  }

  #open(webSocket: WebSocket, run: (line: string) => string | undefined): void {
    for (const line of this.#recent.slice(-MAX_RECENT)) webSocket.send(line);
    webSocket.on('message', (data) => {
      const answer = answerTo(String(data), run);
      if (answer !== undefined) webSocket.send(printableJson(answer));
    });
  }
}

function answerTo(line: string, run: (line: string) => string | undefined): object | undefined {
  try {
    const text = run(line);
    return text === undefined ? undefined : { type: 'help', text };
  } catch (error) {
    rethrowUnless(error, InputError);
    return { type: 'error', text: error.message };
  }
}
