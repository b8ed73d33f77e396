// A client's opening handshake on a stream of an HTTP/2 connection that is there already (RFC 8441): an extended CONNECT. It
// judges as HTTP/1.1 is judged, and makes no connection.

import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { acceptKey } from '../../handshake/accept-key.js';
import {
  checkResponse,
  type ClientRequest as Handshake,
  type ResponseAccepted,
  type ResponseRejected,
} from '../../handshake/client.js';
import { CONNECTION_HEADERS, HeaderList } from '../../handshake/headers.js';
import { ProtocolError } from '../../protocol/errors.js';
import { type ClientOptions, extraHeaders } from '../client/client-options.js';
import { http } from '../node-http.js';
import { nextTick } from '../socket/machinery.js';

/** What an extended CONNECT comes to. */
interface StreamOutcome {
  /** The request is on its way. */
  started(stream: ClientHttp2Stream): void;
  answered(status: number, headers: IncomingHttpHeaders, stream: ClientHttp2Stream): void;
  failed(error: Error): void;
}

/**
 * Headers that an extended CONNECT has in another form, or not at all: those of the HTTP/1.1 handshake, and those about a connection.
 */
export const NOT_SENT: ReadonlySet<string> = new Set(['host', 'sec-websocket-key', ...CONNECTION_HEADERS]);

/**
 * Sends the request, once the server has said whether it takes such (section 3).
 *
 * @param headers of `streamHeaders`
 */
export function openStream(session: ClientHttp2Session, headers: OutgoingHttpHeaders, outcome: StreamOutcome): void {
  if (session.destroyed || session.closed) {
    nextTick(outcome.failed, notOffered('the HTTP/2 connection is closed'));
    return;
  }
  const start = () => {
    if (session.destroyed || session.closed) {
      outcome.failed(notOffered('the HTTP/2 connection was closed'));
      return;
    }
    if (session.remoteSettings.enableConnectProtocol !== true) {
      outcome.failed(notOffered('the server does not offer the extended CONNECT of RFC 8441'));
      return;
    }
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(headers, { endStream: false });
    } catch (error) {
      // Node has rules of its own for headers (some may come once only), and for a connection that is about to end.
      outcome.failed(error as Error);
      return;
    }
    outcome.started(stream);
    stream.on('error', outcome.failed);
    stream.on('close', () => outcome.failed(notOffered('the server ended the stream')));
    stream.on('response', (headers) => {
      stream.removeListener('error', outcome.failed);
      outcome.answered(headers[':status']!, headers, stream);
    });
  };
  // Until the first settings have come, there is one that says nothing.
  if (session.remoteSettings.enableConnectProtocol === true) nextTick(start);
  else startWithSettings(session, start);
}

/** The requests that wait for a connection's settings. They share one listener, because Node warns of more than ten. */
const waiting = new WeakMap<ClientHttp2Session, (() => void)[]>();

/** Calls `start` when the server's settings have come, or the connection is closed. */
function startWithSettings(session: ClientHttp2Session, start: () => void): void {
  const others = waiting.get(session);
  if (others !== undefined) {
    others.push(start);
    return;
  }
  const starts = [start];
  waiting.set(session, starts);
  const startAll = () => {
    waiting.delete(session);
    session.removeListener('close', startAll);
    session.removeListener('remoteSettings', startAll);
    // Each by itself: what one throws is not the others' concern.
    for (const start of starts) nextTick(start);
  };
  session.on('close', startAll);
  session.on('remoteSettings', startAll);
}

/** The rules for the answer of HTTP/1.1, but for those that HTTP/2 sees to itself. */
export function checkStreamResponse(
  headers: IncomingHttpHeaders,
  handshake: Handshake,
): ResponseAccepted | ResponseRejected {
  const list = HeaderList.from([
    ['upgrade', 'websocket'],
    ['connection', 'upgrade'],
    ['sec-websocket-accept', acceptKey(handshake.key)],
  ]);
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || name === 'sec-websocket-accept' || value === undefined) continue;
    for (const line of [value].flat()) list.append(name, line);
  }
  return checkResponse({ status: 101, headers: list }, handshake);
}

/**
 * The headers of an extended CONNECT. A pseudo-header is no token, so the caller can set none.
 *
 * @throws TypeError, that of `http.request`, for a name or a value that is not well-formed
 */
export function streamHeaders(handshake: Handshake, isSecure: boolean, options: ClientOptions): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': isSecure ? 'https' : 'http',
    ':path': handshake.target,
    ':authority': handshake.headers.find(([name]) => name === 'Host')![1],
  };
  for (const [name, value] of [...handshake.headers, ...extraHeaders(options)]) {
    const lowerCase = name.toLowerCase();
    http.validateHeaderName(name);
    const lines = [value].flat().map(String);
    for (const line of lines) http.validateHeaderValue(name, line);
    if (!NOT_SENT.has(lowerCase)) headers[lowerCase] = lines.length === 1 ? lines[0] : lines;
  }
  return headers;
}

function notOffered(detail: string): ProtocolError {
  return new ProtocolError('WSIMD_NO_CONNECT', { detail });
}
