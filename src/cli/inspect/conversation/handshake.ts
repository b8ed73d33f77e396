// The two heads of an opening handshake, as they pass: read and judged by the codec's own handshake module. It knows no
// frame.

import type { Sender } from '../../../capture/tcp-connections.js';
import type { DeflateParameters } from '../../../deflate/parameters.js';
import { decodeLatin1 } from '../../../handshake/head.js';
import {
  checkRequest,
  checkResponse,
  type HandshakeAccepted,
  type HeaderList,
  HeadReader,
  parseRequestHead,
  parseResponseHead,
} from '../../../handshake/index.js';
import { ProtocolError } from '../../../index.js';
import { rethrowUnless } from '../../../protocol/rethrow-unless.js';
import type { PlacedEntry } from '../entries.js';
import { type KnownExtensions, readExtensions, UNKNOWN_EXTENSIONS, wrongAnswer } from './extensions.js';

const NO_BYTES = new Uint8Array(0);
/** As much of the first bytes as says whether a head begins with them. */
const REQUEST_START = /^(\r\n)?[!-~]{1,20}( |$)/;
/** In the middle of a stream there is more that looks like a word. */
const GET_START = /^GET [!-~]/;
const RESPONSE_START = /^HTTP\//;
const TLS_HANDSHAKE = 0x16;
const SWITCHING_PROTOCOLS = 101;

export class Handshake {
  readonly #emit: (from: Sender, entry: PlacedEntry) => void;
  readonly #readers: Record<Sender, HeadReader | undefined> = { client: new HeadReader(), server: new HeadReader() };
  /** Bytes of the heads so far: where the next one begins. */
  readonly #offsets: Record<Sender, number> = { client: 0, server: 0 };
  readonly #pushed: Record<Sender, number> = { client: 0, server: 0 };
  #request: HandshakeAccepted | undefined;
  /** The response has been read, or cannot be. */
  #isOver = false;
  #extensions: KnownExtensions;
  /** What the connection is, if it is no WebSocket: nothing more is read of it. */
  failure: string | undefined;

  /** @param known what is known of the agreement on extensions before the response is read */
  constructor(emit: (from: Sender, entry: PlacedEntry) => void, known: KnownExtensions = UNKNOWN_EXTENSIONS) {
    this.#emit = emit;
    this.#extensions = known;
  }

  /** Whether a direction begins with a head, as it seems. @param bytes its first ones @param isWhole none came before */
  isHead(from: Sender, bytes: Uint8Array, isWhole: boolean): boolean {
    const start = decodeLatin1(bytes.subarray(0, 24));
    if (from === 'server') return RESPONSE_START.test(start) || (isWhole && 'HTTP/'.startsWith(start));
    return (isWhole ? REQUEST_START : GET_START).test(start);
  }

  /** The head of this direction is not whole. */
  isReading(from: Sender): boolean {
    return this.#readers[from] !== undefined;
  }

  /** The head of this direction has been read, and no other follows. */
  hasHead(from: Sender): boolean {
    return this.#readers[from] === undefined;
  }

  /** It is known what follows the heads: the response has been read, or cannot be. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** An extension may own RSV1: one was negotiated, or the negotiated ones are unknown. */
  get allowRsv1(): boolean {
    return this.#extensions.allowRsv1;
  }

  /** How messages may be compressed: as negotiated, or in any way if that is unknown. */
  get deflate(): DeflateParameters | undefined {
    return this.#extensions.deflate;
  }

  /** There is no head in this direction, or not all of it. */
  skip(from: Sender): void {
    this.#readers[from] = undefined;
    if (from === 'server') this.#isOver = true;
  }

  /** The connection begins with something else. */
  fail(from: Sender, bytes: Uint8Array): void {
    const isTls = from === 'client' && bytes[0] === TLS_HANDSHAKE;
    this.#fail(
      from,
      isTls ? 'TLS: what it carries is encrypted' : 'it does not begin with a request and a response of HTTP',
    );
  }

  /** @returns what of the bytes stands behind the head */
  push(from: Sender, bytes: Uint8Array): Uint8Array {
    let rest = bytes;
    try {
      for (;;) {
        const received = this.#readers[from]?.push(rest);
        this.#pushed[from] += rest.length;
        if (received === undefined) return NO_BYTES;
        rest = received.rest;
        this.#pushed[from] -= rest.length;
        const isLast = from === 'client' ? this.#readRequest(received.head) : this.#readResponse(received.head);
        this.#offsets[from] = this.#pushed[from];
        if (!isLast) continue;
        this.#readers[from] = undefined;
        return rest;
      }
    } catch (error) {
      rethrowUnless(error, ProtocolError);
      this.#violation(from, error);
      this.failure = 'its handshake cannot be read';
      return NO_BYTES;
    }
  }

  #readRequest(head: Uint8Array): boolean {
    const request = parseRequestHead(head);
    const { method, target, version, headers } = request;
    this.#head('client', 'request', `${method} ${target} HTTP/${version}`, headers);
    if (!headers.hasToken('upgrade', 'websocket')) {
      this.#fail('client', 'a request of HTTP without "Upgrade: websocket"');
      return true;
    }
    const verdict = checkRequest(request, { origin: 'any' });
    if (verdict.ok) this.#request = verdict;
    else this.#violation('client', verdict.error);
    return true;
  }

  #readResponse(head: Uint8Array): boolean {
    const { status, reason, version, headers } = parseResponseHead(head);
    this.#head('server', 'response', `HTTP/${version} ${status} ${reason}`.trimEnd(), headers);
    // An interim response is followed by the final one (RFC 9110 section 15.2).
    if (status < 200 && status !== SWITCHING_PROTOCOLS) return false;
    if (status !== SWITCHING_PROTOCOLS) {
      this.#fail('server', 'the server did not switch protocols');
      return true;
    }
    this.#isOver = true;
    this.#extensions = readExtensions(headers.get('sec-websocket-extensions'));
    if (this.#request === undefined) return true;
    const { key, protocols, offers } = this.#request;
    const verdict = checkResponse({ status, headers }, { key, protocols, extensions: offers });
    const error = verdict.ok ? wrongAnswer(verdict.extensions, offers) : verdict.error;
    if (error !== undefined) this.#violation('server', error);
    return true;
  }

  #head(from: Sender, type: 'request' | 'response', startLine: string, headers: HeaderList): void {
    this.#emit(from, { type, offset: this.#offsets[from], startLine, headers });
  }

  #violation(from: Sender, { code, message, closeCode }: ProtocolError): void {
    this.#emit(from, { type: 'violation', code, message, closeCode, offset: this.#offsets[from] });
  }

  #fail(from: Sender, what: string): void {
    this.failure = what;
    this.#emit(from, { type: 'note', text: `not a WebSocket: ${what}` });
  }
}
