// A server behind HTTP/2 (RFC 8441) in the shape of one behind HTTP/1.1: takes the client's request, opens a stream with an extended
// CONNECT, and gives back the response that an HTTP/1.1 server would have sent. The bytes behind the heads pass as they are.

import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { Duplex } from 'node:stream';
import {
  acceptKey,
  encodeLatin1,
  HeadReader,
  type ParsedRequestHead,
  parseRequestHead,
} from '../../handshake/index.js';
import { ProtocolError } from '../../index.js';
import { NOT_SENT, openStream } from '../../node/http2/client-http2.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';
import { refusalHead } from '../serve/allowed-hosts.js';

/** Statuses by which a stream says what HTTP/1.1 says with 101. */
const OK_MIN = 200;
const OK_MAX = 299;

export class Http2Upstream extends Duplex {
  readonly remoteAddress: string;
  readonly #session: ClientHttp2Session;
  readonly #isSecure: boolean;
  readonly #reader = new HeadReader();
  #stream: ClientHttp2Stream | undefined;
  /** The response has come: bytes of the stream are those behind the head. */
  #hasAnswer = false;

  /** @param session whose server offers the extended CONNECT; nobody else uses it */
  constructor(session: ClientHttp2Session, isSecure: boolean) {
    super({ allowHalfOpen: true });
    this.#session = session;
    this.#isSecure = isSecure;
    this.remoteAddress = session.socket.remoteAddress ?? '';
    session.on('error', (error) => this.destroy(error));
    session.on('close', () => this.destroy());
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: (error?: Error | null) => void): void {
    if (this.#stream !== undefined) {
      this.#stream.write(chunk, callback);
      return;
    }
    try {
      const received = this.#reader.push(chunk);
      if (received !== undefined) this.#request(parseRequestHead(received.head));
      callback();
    } catch (error) {
      rethrowUnless(error, ProtocolError);
      callback(error);
    }
  }

  override _read(): void {
    if (this.#hasAnswer) this.#stream?.resume();
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.#stream === undefined) callback();
    else this.#stream.end(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#stream?.destroyed === false) this.#stream.close(constants.NGHTTP2_CANCEL);
    // What is still to be sent leaves first.
    this.#session.close();
    callback(error);
  }

  #request(head: ParsedRequestHead): void {
    const key = head.headers.get('sec-websocket-key') ?? '';
    openStream(this.#session, streamHeaders(head, this.#isSecure), {
      started: (stream) => {
        this.#stream = stream;
      },
      answered: (status, headers, stream) => this.#answer(status, headers, stream, key),
      failed: (error) => this.#fail(error),
    });
  }

  #answer(status: number, headers: IncomingHttpHeaders, stream: ClientHttp2Stream, key: string): void {
    this.#hasAnswer = true;
    this.push(encodeLatin1(responseHead(status, headers, key)));
    stream.on('error', (error) => this.destroy(error));
    stream.on('data', (bytes: Uint8Array) => {
      if (!this.push(bytes)) stream.pause();
    });
    stream.on('end', () => this.push(null));
  }

  #fail(error: Error): void {
    if (this.destroyed || this.#hasAnswer) return;
    this.#hasAnswer = true;
    this.push(encodeLatin1(refusalHead({ status: 502, text: error.message })));
    this.push(null);
  }
}

/** The headers of an extended CONNECT, of a request that may have several lines of one name. */
function streamHeaders({ target, headers }: ParsedRequestHead, isSecure: boolean): Record<string, string | string[]> {
  const sent: Record<string, string | string[]> = {
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': isSecure ? 'https' : 'http',
    ':path': target,
    ':authority': headers.get('host') ?? '',
  };
  for (const [name] of headers) {
    if (NOT_SENT.has(name)) continue;
    const lines = headers.getAll(name);
    sent[name] = lines.length === 1 ? lines[0]! : lines;
  }
  return sent;
}

function responseHead(status: number, headers: IncomingHttpHeaders, key: string): string {
  const isOpen = status >= OK_MIN && status <= OK_MAX;
  const lines = isOpen
    ? [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${acceptKey(key)}`,
      ]
    : [`HTTP/1.1 ${status} `, 'Connection: close'];
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || name === 'sec-websocket-accept' || value === undefined) continue;
    for (const line of [value].flat()) lines.push(`${name}: ${line}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
