// The two ways in which a connection to a server becomes a WebSocket: an HTTP/1.1 upgrade (RFC 6455), an extended CONNECT on an
// HTTP/2 stream (RFC 8441). Each says what was asked for, and how to answer. They judge nothing.

import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { formatExtensions } from '../handshake/extensions.js';
import type { RequestHead } from '../handshake/head.js';
import { fromRawHeaders, HeaderList } from '../handshake/headers.js';
import { type HandshakeAccepted, type HandshakeRejected, writeRejection, writeResponse } from '../handshake/server.js';
import { destroyOnError, refuse, sendAndDestroy } from './server-answers.js';

/** A request to become a WebSocket, and how to answer it. */
export interface Upgrade {
  /** What the WebSocket will be on. */
  readonly socket: Duplex;
  readonly isSecure: boolean;
  /** The request as the rules of the handshake know it. */
  readonly head: RequestHead;
  /** @param edit looks at the lines of the response's head, and adds to them */
  accept(accepted: HandshakeAccepted, edit: ((lines: string[]) => void) | undefined): void;
  /** The request broke a rule. */
  reject(rejected: HandshakeRejected): void;
  /** The request is not wanted. */
  refuse(status: number, text?: string, headers?: OutgoingHttpHeaders): void;
}

/** Of HTTP/1.1. */
export class HttpUpgrade implements Upgrade {
  readonly socket: Duplex;
  readonly isSecure: boolean;
  readonly head: RequestHead;

  constructor(request: IncomingMessage, socket: Duplex) {
    this.socket = socket;
    this.isSecure = socket instanceof TLSSocket;
    this.head = {
      method: request.method!,
      target: request.url!,
      version: request.httpVersion,
      headers: fromRawHeaders(request.rawHeaders),
    };
    socket.on('error', destroyOnError);
  }

  accept(accepted: HandshakeAccepted, edit: ((lines: string[]) => void) | undefined): void {
    let response = writeResponse(accepted);
    if (edit !== undefined) {
      const lines = response.slice(0, -4).split('\r\n');
      edit(lines);
      response = `${lines.join('\r\n')}\r\n\r\n`;
    }
    this.socket.write(response, 'latin1');
    this.socket.removeListener('error', destroyOnError);
  }

  reject(rejected: HandshakeRejected): void {
    sendAndDestroy(this.socket, writeRejection(rejected));
  }

  refuse(status: number, text?: string, headers?: OutgoingHttpHeaders): void {
    refuse(this.socket, status, text, headers);
  }
}

/** A key for requests that have none: on a stream of its own, nobody can take a WebSocket for something else. */
const NO_KEY = 'AAAAAAAAAAAAAAAAAAAAAA==';

/** Of HTTP/2. */
export class StreamUpgrade implements Upgrade {
  readonly socket: ServerHttp2Stream;
  readonly isSecure: boolean;
  readonly head: RequestHead;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.socket = stream;
    this.isSecure = headers[':scheme'] === 'https';
    this.head = toUpgradeRequest(headers);
    stream.on('error', destroyOnError);
  }

  accept({ protocol, extensions }: HandshakeAccepted, edit: ((lines: string[]) => void) | undefined): void {
    const lines = ['HTTP/2 200'];
    if (protocol !== undefined) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
    if (extensions.length > 0) lines.push(`Sec-WebSocket-Extensions: ${formatExtensions(extensions)}`);
    edit?.(lines);
    this.socket.respond({ ':status': 200, ...toHeaders(lines.slice(1)) });
    this.socket.removeListener('error', destroyOnError);
  }

  reject({ status, error, headers }: HandshakeRejected): void {
    this.refuse(status, `${error.message}\n`, Object.fromEntries(headers));
  }

  refuse(status: number, text = '', headers: OutgoingHttpHeaders = {}): void {
    // HTTP/2 forbids headers that speak of a connection.
    const { connection: _c, upgrade: _u, ...rest } = lowerCased(headers);
    this.socket.respond({ ':status': status, 'content-type': 'text/plain; charset=utf-8', ...rest });
    this.socket.end(text);
  }
}

/**
 * The HTTP/1.1 request that an extended CONNECT stands for (RFC 8441 section 5), so that one set of rules judges both. One
 * without :authority or :path does not come here: nghttp2 resets its stream.
 */
function toUpgradeRequest(headers: IncomingHttpHeaders): RequestHead {
  const list = HeaderList.from([
    ['host', headers[':authority']!],
    ['upgrade', 'websocket'],
    ['connection', 'upgrade'],
    ['sec-websocket-key', NO_KEY],
  ]);
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || name === 'host' || name === 'sec-websocket-key' || value === undefined) continue;
    for (const line of [value].flat()) list.append(name, line);
  }
  return { method: 'GET', target: headers[':path']!, version: '1.1', headers: list };
}

function lowerCased(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function toHeaders(lines: readonly string[]): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    headers[name] = [...(headers[name] ?? []), line.slice(colon + 1).trim()];
  }
  return headers;
}
