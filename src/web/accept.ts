// The server's side of a handshake over a pair of byte streams. It judges nothing itself: src/handshake does.

import { type ExtensionOffer, formatExtensions } from '../handshake/extensions.js';
import { encodeLatin1, HeadReader, parseRequestHead } from '../handshake/head.js';
import type { HeadersInput } from '../handshake/headers.js';
import {
  type CheckRequestOptions,
  checkRequest,
  type HandshakeAccepted,
  type HandshakeRejected,
  rejectRequest,
  writeRejection,
  writeResponse,
} from '../handshake/server.js';
import { arenaFor } from '../kernel/arena.js';
import { ProtocolError } from '../protocol/errors.js';
import { originPolicy } from '../protocol/option-checks.js';
import { type ByteSocket, transportOf } from './byte-socket.js';
import type { ByteStreams, Transport } from './byte-streams.js';
import { type HandshakeResult, readHead } from './handshake.js';
import { checkStreamOptions, type MessageListenerOption, type WebSocketStreamOptions } from './options.js';
import { WebSocketStream } from './web-socket-stream.js';

/** The response with which the caller rejects a request. */
export interface Refusal {
  /** The status of the response, such as 401. */
  readonly status: number;
  /** The text of the response's body. */
  readonly message?: string;
  /** More headers of the response, such as `WWW-Authenticate`. */
  readonly headers?: readonly (readonly [string, string])[];
}

/** Options of a server over streams. */
export interface AcceptWebSocketOptions
  extends WebSocketStreamOptions,
    MessageListenerOption<WebSocketStream<AcceptedRequest>>,
    Pick<CheckRequestOptions, 'protocols' | 'origin' | 'requireOrigin' | 'secure'> {
  /** More headers of the response, such as `Set-Cookie`. */
  readonly headers?: HeadersInput;
  /**
   * Checks a valid request before it is answered, for example its path or its headers. Returns how to reject it, or undefined
   * to accept it.
   */
  readonly refuse?: (request: HandshakeAccepted) => Refusal | undefined | Promise<Refusal | undefined>;
}

/** What `opened` of a server has beside the streams. */
export interface AcceptedRequest {
  /** The request: path, host, headers, … */
  readonly request: HandshakeAccepted;
}

/**
 * Accepts a WebSocket over a connection that a client has opened, and from which nothing has been read: reads the request, checks
 * it (RFC 6455 section 4.2) and answers.
 *
 * ```ts
 * for await (const connection of Deno.listen({ port: 8080 })) {
 *   const { opened } = acceptWebSocket(connection);
 *   opened.then(({ readable, writable }) => readable.pipeTo(writable)).catch(console.error);
 * }
 * ```
 *
 * With `onMessage` a function gets the messages, which takes less time:
 *
 * ```ts
 * acceptWebSocket(connection, { onMessage: (message, socket) => socket.send(message) });
 * ```
 *
 * A browser's page is accepted from the server's own origin only, unless `origin` says otherwise.
 *
 * @param streams belong to the WebSocket from here on. Of a socket that has both streams and methods, such as Deno's, the
 *   methods are used, which cost less
 * @returns the WebSocket, before it is open; `opened` rejects with a ProtocolError that has the `status` if the request is
 *   rejected
 * @throws TypeError if a stream is locked; RangeError, TypeError for options out of range; ProtocolError `WSIMD_NO_KERNEL`. The
 *   streams are the caller's then
 */
export function acceptWebSocket(
  streams: ByteStreams | ByteSocket,
  options: AcceptWebSocketOptions = {},
): WebSocketStream<AcceptedRequest> {
  checkStreamOptions(options);
  if (options.origin !== undefined) originPolicy('origin', options.origin);
  const transport = transportOf(streams);
  return new WebSocketStream(transport, 'server', options, () => accept(transport, options));
}

async function accept(
  transport: Transport,
  options: AcceptWebSocketOptions,
): Promise<HandshakeResult<AcceptedRequest>> {
  // All that may be missing is acquired before the response: a 101 cannot be taken back. Of compression, `answer` sees to that.
  try {
    arenaFor(options.kernel);
  } catch (cause) {
    const error = new ProtocolError('WSIMD_REFUSED', { detail: 'there is no kernel', status: 500, cause });
    return refuse(transport, { ok: false, status: 500, error, headers: [] });
  }
  const reader = new HeadReader();
  const { perMessageDeflate } = options;
  const extensions = perMessageDeflate && ((offers: readonly ExtensionOffer[]) => perMessageDeflate.answer(offers));
  let verdict: HandshakeAccepted | HandshakeRejected;
  let rest = new Uint8Array(0) as Uint8Array;
  try {
    const received = await readHead(transport, reader);
    rest = received.rest;
    verdict = checkRequest(parseRequestHead(received.head), { ...options, extensions });
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.code === 'WSIMD_CONNECTION_LOST') throw error;
    verdict = rejectRequest(error);
  }
  if (!verdict.ok) return refuse(transport, verdict);
  const refusal = await options.refuse?.(verdict);
  if (refusal !== undefined) {
    const { status, message = `refused with ${status}`, headers = [] } = refusal;
    const error = new ProtocolError('WSIMD_REFUSED', { detail: message, status });
    return refuse(transport, { ok: false, status, error, headers });
  }
  await transport.write(encodeLatin1(writeResponse(verdict, options.headers)));
  return {
    opened: { request: verdict },
    protocol: verdict.protocol ?? '',
    extensions: formatExtensions(verdict.extensions),
    compression: perMessageDeflate?.forServer(verdict.extensions),
    rest,
  };
}

async function refuse(transport: Transport, rejected: HandshakeRejected): Promise<never> {
  await transport.write(encodeLatin1(writeRejection(rejected)));
  await transport.end();
  throw rejected.error;
}
