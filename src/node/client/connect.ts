// `connect`: opens a client WebSocket and returns a promise of it, for programs that await instead of adding listeners.

import type { IncomingMessage } from 'node:http';
import { ProtocolError } from '../../protocol/errors.js';
import { setImmediate } from '../socket/machinery.js';
import type { WebSocketWithStrings } from '../websocket/string-texts.js';
import { WebSocket } from '../websocket/websocket.js';
import type { ClientOptions } from './client-options.js';

/** The server answered with a status other than 101, such as a redirect or a 401. The caller may read the response. */
export class UnexpectedResponseError extends ProtocolError {
  /** The response. Its body has not been read. */
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
 * @returns the open WebSocket. The promise rejects with an `UnexpectedResponseError`, with a `ProtocolError` for a response that breaks
 *   RFC 6455, or with the error of the network or of the constructor of `WebSocket`.
 */
export function connect(
  address: string | URL,
  options: ClientOptions<WebSocket> & { readonly textAs: 'string' },
): Promise<InstanceType<WebSocketWithStrings>>;
export function connect(address: string | URL, options?: ClientOptions<WebSocket>): Promise<WebSocket>;
export async function connect(address: string | URL, options: ClientOptions<WebSocket> = {}): Promise<WebSocket> {
  const webSocket = new WebSocket(address, options);
  await new Promise<void>((resolve, reject) => {
    webSocket.once('unexpected-response', (request, response) => {
      // The WebSocket has failed; the request stays open until the caller has read the response.
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
