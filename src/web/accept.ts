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
import { checkStreamOptions, type WebSocketStreamOptions } from './options.js';
import { WebSocketStream } from './web-socket-stream.js';

/** A refusal of the caller's own. */
export interface Refusal {
  /** The status of the response, such as 401. */
  readonly status: number;
  /** Said in the response's body. */
  readonly message?: string;
  /** More headers of the response, such as `WWW-Authenticate`. */
  readonly headers?: readonly (readonly [string, string])[];
}

/** What a server over streams can be told. */
export interface AcceptWebSocketOptions
  extends WebSocketStreamOptions,
    Pick<CheckRequestOptions, 'protocols' | 'origin' | 'requireOrigin' | 'secure'> {
  /** More headers of the response, such as `Set-Cookie`. */
  readonly headers?: HeadersInput;
  /**
   * Looks at a request that is right by the rules, before it is answered: its path, its headers. What it returns refuses the
   * request; nothing lets it pass.
   */
  readonly refuse?: (request: HandshakeAccepted) => Refusal | undefined | Promise<Refusal | undefined>;
}

/** What an accepted WebSocket knows beyond any other. */
export interface AcceptedRequest {
  /** The request: path, host, headers, … */
  readonly request: HandshakeAccepted;
}

/**
 * Accepts a WebSocket on a connection that a client has opened, of which nothing was read yet: reads the request, judges it
 * (RFC 6455 section 4.2), answers.
 *
 * ```ts
 * for await (const connection of Deno.listen({ port: 8080 })) {
 *   const { opened } = acceptWebSocket(connection);
 *   opened.then(({ readable, writable }) => readable.pipeTo(writable)).catch(console.error);
 * }
 * ```
 *
 * A browser's page is accepted from the server's own origin only, unless `origin` says otherwise.
 *
 * @param streams belong to the WebSocket from then on; of a socket that has both, as those of Deno do, not its streams are
 *   used but its methods, which cost less
 * @returns at once; `opened` rejects with a ProtocolError that carries the `status` of the refusal, if the request is refused
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
