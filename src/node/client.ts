// A WebSocket client on node:http and node:https: sends the handshake, judges the answer, and hands the socket to a
// WebSocket. It knows the handshake and no frame.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { ProtocolError } from '../errors.js';
import { type CreateRequestOptions, checkResponse, createRequest } from '../handshake/client.js';
import { formatExtensions } from '../handshake/extensions.js';
import { fromRawHeaders } from '../handshake/headers.js';
import { type PerMessageDeflateOption, perMessageDeflateFor } from './per-message-deflate.js';
import { WebSocket, type WebSocketOptions } from './websocket.js';

/** What a client can be told. */
export interface ConnectOptions
  extends WebSocketOptions,
    Pick<CreateRequestOptions, 'protocols' | 'origin' | 'headers'> {
  /** Milliseconds for the whole handshake, the TCP and TLS ones included. Default 30,000. */
  readonly handshakeTimeout?: number;
  /** Passed on to `https.request`: `ca`, `rejectUnauthorized`, `servername` and the like. */
  readonly tls?: RequestOptions;
  /** Ends the attempt to connect. */
  readonly signal?: AbortSignal;
  /** Offer to compress messages (RFC 7692). Default false. */
  readonly perMessageDeflate?: PerMessageDeflateOption;
}

/** The server answered with something else than a switch to WebSocket: a redirect, a 401, … It is for the caller to read. */
export class UnexpectedResponseError extends ProtocolError {
  /** The response, its body not yet read. */
  readonly response: IncomingMessage;

  constructor(response: IncomingMessage) {
    super('WSIMD_UNEXPECTED_STATUS', { detail: String(response.statusCode) });
    this.response = response;
  }
}

const DEFAULT_HANDSHAKE_TIMEOUT = 30_000;

/**
 * Opens a WebSocket. Messages are delivered from the turn after the promise is fulfilled, so listen at once.
 *
 * ```ts
 * const socket = await connect('ws://localhost:8080');
 * socket.on('message', (data) => console.log(data));
 * socket.send('hello');
 * ```
 *
 * @param url `ws:`, `wss:`, `http:` or `https:`
 * @returns the open WebSocket; the promise is rejected with an `UnexpectedResponseError`, with a ProtocolError for an
 *   answer that breaks the rules, or with what the network said
 * @throws TypeError (as a rejection) for a URL, subprotocol or header that is none
 */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<WebSocket> {
  const { tls, signal, handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT } = options;
  const deflate = perMessageDeflateFor(options.perMessageDeflate, options.kernel);
  const handshake = createRequest({ ...options, url, extensions: deflate?.offer() });
  const request = (handshake.secure ? httpsRequest : httpRequest)({
    ...tls,
    host: handshake.hostname,
    port: handshake.port,
    path: handshake.target,
    headers: handshake.headers.flat(),
    agent: false,
    ...(signal === undefined ? {} : { signal }),
  });
  const timer = setTimeout(() => request.destroy(timeoutError()), handshakeTimeout);
  try {
    return await new Promise<WebSocket>((resolve, reject) => {
      request.on('error', reject);
      request.on('response', (response) => reject(new UnexpectedResponseError(response)));
      request.on('upgrade', (response, socket, head) => {
        const verdict = checkResponse(
          { status: response.statusCode ?? 0, headers: fromRawHeaders(response.rawHeaders) },
          handshake,
        );
        try {
          if (!verdict.ok) throw verdict.error;
          const { protocol, extensions } = verdict;
          const agreed = {
            protocol,
            extensions: formatExtensions(extensions),
            compression: deflate?.forClient(extensions, handshake.extensions),
          };
          resolve(new WebSocket(socket, head, { ...options, ...agreed, role: 'client' }));
        } catch (error) {
          socket.destroy();
          reject(error);
        }
      });
      request.end();
    });
  } finally {
    clearTimeout(timer);
  }
}

function timeoutError(): Error {
  return Object.assign(new Error('the handshake took too long'), { code: 'ETIMEDOUT' });
}
