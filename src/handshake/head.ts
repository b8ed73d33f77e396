// The head of an HTTP/1.1 message: bytes ↔ start line and header fields (RFC 9112).

import { type ErrorCode, ProtocolError } from '../protocol/errors.js';
import { HeaderError, HeaderList, type HeadersInput, isFieldValue, isToken, quote, requireField } from './headers.js';

/** The longest head that is read: 16 KiB, the empty line at its end included. */
export const MAX_HEAD_LENGTH = 16 * 1024;

/** The most header lines that a head may have. */
export const MAX_HEADER_COUNT = 100;

/** A request, as a server judges it; `node:http` calls these `method`, `url`, `httpVersion` and `rawHeaders`. */
export interface RequestHead {
  /** The method, such as `GET`. */
  readonly method: string;
  /** The request target as it was sent: a path with its query, or a whole URL. */
  readonly target: string;
  /** The version of HTTP, such as `1.1`. */
  readonly version: string;
  /** The header fields. */
  readonly headers: HeadersInput;
}

/** A response, as a client judges it. */
export interface ResponseHead {
  /** The status, such as 101. */
  readonly status: number;
  /** The header fields. */
  readonly headers: HeadersInput;
}

/** What `parseRequestHead` read. */
export interface ParsedRequestHead extends RequestHead {
  /** The header fields, in the order in which they came. */
  readonly headers: HeaderList;
}

/** What `parseResponseHead` read. */
export interface ParsedResponseHead extends ResponseHead {
  /** The version of HTTP, such as `1.1`. */
  readonly version: string;
  /** What the server calls the status; often empty. */
  readonly reason: string;
  /** The header fields, in the order in which they came. */
  readonly headers: HeaderList;
}

/** A head that has been received whole. */
export interface ReceivedHead {
  /** The head with the empty line at its end: what `parseRequestHead` and `parseResponseHead` take. */
  readonly head: Uint8Array;
  /** The bytes of the last chunk that came after the head; a view of that chunk. */
  readonly rest: Uint8Array;
}

const CR = 0x0d;
const LF = 0x0a;
const FIRST_CAPACITY = 1024;
const NO_BYTES = new Uint8Array(0);
/** Arguments that every engine takes in one call, with room to spare. */
const MAX_ARGUMENTS = 4096;
const HTTP_VERSION = /^HTTP\/([0-9]\.[0-9])$/;
const STATUS_LINE = /^HTTP\/([0-9]\.[0-9]) ([1-9][0-9][0-9])(?: (.*))?$/;

/**
 * Collects the chunks of a stream until a head is whole. The cost is linear in the bytes, however they are cut.
 *
 * Having handed out a head it is ready for the next, so that a client can push `rest` again after an interim response.
 */
export class HeadReader {
  #bytes = NO_BYTES;
  #length = 0;
  #lineStart = 0;

  /**
   * Takes the next chunk, and keeps no reference to it.
   *
   * @returns the head once it is whole, undefined before
   * @throws ProtocolError `WSIMD_HEAD_TOO_LARGE` where the head is longer than `MAX_HEAD_LENGTH`
   */
  push(chunk: Uint8Array): ReceivedHead | undefined {
    const before = this.#length;
    this.#append(chunk.subarray(0, MAX_HEAD_LENGTH - before));

    const end = this.#findEnd(before);
    if (end !== -1) {
      const head = this.#bytes.subarray(0, end);
      this.#bytes = NO_BYTES;
      this.#length = 0;
      this.#lineStart = 0;
      return { head, rest: chunk.subarray(end - before) };
    }
    if (this.#length === MAX_HEAD_LENGTH) throw new ProtocolError('WSIMD_HEAD_TOO_LARGE');
    return undefined;
  }

  #append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#bytes.length, FIRST_CAPACITY));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }

  /**
   * The end of the first empty line other than the very first line, or -1. Bare LFs end a line too: such a head is
   * rejected in any case, so it need not wait for more bytes.
   */
  #findEnd(from: number): number {
    const received = this.#bytes.subarray(0, this.#length);
    for (let lf = received.indexOf(LF, from); lf !== -1; lf = received.indexOf(LF, lf + 1)) {
      const start = this.#lineStart;
      const isEmpty = lf === start || (lf === start + 1 && received[start] === CR);
      if (isEmpty && start !== 0) return lf + 1;
      this.#lineStart = lf + 1;
    }
    return -1;
  }
}

/**
 * Reads the head of a request (RFC 9112 sections 2 to 5). One empty line before it is skipped; everything that invites
 * two readings is rejected: a CR or LF that ends no line, other control characters, folded lines, white space before a
 * colon, header names that are no tokens, a start line of other than three words.
 *
 * @param head the bytes up to and including the empty line
 * @throws ProtocolError `WSIMD_BAD_REQUEST`, or `WSIMD_HEAD_TOO_LARGE`
 */
export function parseRequestHead(head: Uint8Array): ParsedRequestHead {
  const isAfterEmptyLine = head[0] === CR && head[1] === LF;
  const { startLine, headers } = parseHead(isAfterEmptyLine ? head.subarray(2) : head, 'WSIMD_BAD_REQUEST');
  const [method = '', target = '', protocol = '', ...more] = startLine.split(' ');
  const version = HTTP_VERSION.exec(protocol)?.[1];
  if (!isToken(method) || target === '' || version === undefined || more.length !== 0) {
    throw new ProtocolError('WSIMD_BAD_REQUEST', { detail: 'its first line is not "METHOD target HTTP/1.1"' });
  }
  return { method, target, version, headers };
}

/**
 * Reads the head of a response (RFC 9112 sections 2 to 5), as strictly as `parseRequestHead`. Any reason phrase passes,
 * an empty or a missing one too.
 *
 * @param head the bytes up to and including the empty line
 * @throws ProtocolError `WSIMD_BAD_RESPONSE`, or `WSIMD_HEAD_TOO_LARGE`
 */
export function parseResponseHead(head: Uint8Array): ParsedResponseHead {
  const { startLine, headers } = parseHead(head, 'WSIMD_BAD_RESPONSE');
  const match = STATUS_LINE.exec(startLine);
  if (match === null) {
    throw new ProtocolError('WSIMD_BAD_RESPONSE', { detail: 'its first line is not "HTTP/1.1 status reason"' });
  }
  const [, version = '', status = '', reason = ''] = match;
  return { status: Number(status), reason, version, headers };
}

function parseHead(head: Uint8Array, code: ErrorCode): { startLine: string; headers: HeaderList } {
  if (head.length > MAX_HEAD_LENGTH) throw new ProtocolError('WSIMD_HEAD_TOO_LARGE');
  const text = decodeLatin1(head);
  if (!text.endsWith('\r\n\r\n')) throw new ProtocolError(code, { detail: 'the head does not end with an empty line' });
  const [startLine = '', ...lines] = text.slice(0, -4).split('\r\n');
  if (lines.length > MAX_HEADER_COUNT) throw new ProtocolError('WSIMD_HEAD_TOO_LARGE');
  if (!isFieldValue(startLine)) throw new ProtocolError(code, { detail: 'control characters in its first line' });

  const headers = new HeaderList();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    if (!isToken(name)) throw new ProtocolError(code, { detail: 'a header line does not begin with "name:"' });
    const value = line.slice(colon + 1);
    if (!isFieldValue(value)) throw new ProtocolError(code, { detail: `control characters in the header ${name}` });
    headers.append(name, value);
  }
  return { startLine, headers };
}

/**
 * Writes a head, its empty line included: a text of which each character is one byte (latin1).
 *
 * @throws HeaderError where a name is no token, or a text would break out of its line (header injection) or is not latin1
 */
export function formatHead(startLine: string, headers: Iterable<readonly [string, string]>): string {
  if (!isFieldValue(startLine)) throw new HeaderError('', `not a start line: ${quote(startLine)}`);
  return `${startLine}\r\n${formatFields(headers)}\r\n`;
}

/** Writes the lines of header fields. @throws HeaderError as `formatHead` does */
export function formatFields(headers: Iterable<readonly [string, string]>): string {
  let lines = '';
  for (const [name, value] of headers) {
    requireField(name, value);
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

/** The bytes of a text of which each character is one byte, such as all that the handshake writes. */
export function encodeLatin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The text of which each character is one of the bytes. `TextDecoder` would decode windows-1252 under that name. */
export function decodeLatin1(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += MAX_ARGUMENTS) {
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(i, i + MAX_ARGUMENTS));
  }
  return text;
}
