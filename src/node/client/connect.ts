// `connect`: a client as a promise, for programs that await instead of listening.

import type { IncomingMessage } from 'node:http';
import { ProtocolError } from '../../protocol/errors.js';
import { setImmediate } from '../socket/machinery.js';
import { WebSocket } from '../websocket/websocket.js';
import type { ClientOptions } from './client-options.js';

/** The server answered with something else than a switch to WebSocket: a redirect, a 401, … It is for the caller to read. */
export class UnexpectedResponseError extends ProtocolError {
  /** The response, its body not yet read. */
  readonly response: IncomingMessage;

  constructor(response: IncomingMessage) {
    super('WSIMD_UNEXPECTED_STATUS', { detail: String(response.statusCode) });
    this.response = response;
  }
}

/**
 * Opens a WebSocket. Messages are delivered from the turn after the promise is fulfilled, so listen at once.
 *
 * ```ts
 * const socket = await connect('ws://localhost:8080');
 * ```
 *
 * @returns the open WebSocket; the promise is rejected with an `UnexpectedResponseError`, with a ProtocolError for an
 *   answer that breaks the rules, or with what the network or the constructor of `WebSocket` said
 */
export async function connect(address: string | URL, options: ClientOptions<WebSocket> = {}): Promise<WebSocket> {
  const webSocket = new WebSocket(address, options);
  await new Promise<void>((resolve, reject) => {
    webSocket.once('unexpected-response', (request, response) => {
      // What becomes of the request shows when the response has been read; the WebSocket itself has failed.
      webSocket.on('error', () => {});
      reject(new UnexpectedResponseError(response));
      response.once('close', () => request.destroy());
    });
    webSocket.once('error', reject);
    webSocket.once('open', () => {
      webSocket.removeListener('error', reject);
      webSocket.removeAllListeners('unexpected-response');
      webSocket.pause();
      setImmediate(() => webSocket.resume());
      resolve();
    });
  });
  return webSocket;
}
