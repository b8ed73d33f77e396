// Header fields as the whole handshake reads them: names in any case, several lines with one name, lists. Takes linear time for any
// input.

import { ProtocolError } from '../protocol/errors.js';

/**
 * Headers as users have them: pairs (an array, a `Map`, a WHATWG `Headers`, a `HeaderList`), or an object like the
 * `headers` of `node:http`. For the `rawHeaders` of `node:http` see `fromRawHeaders`.
 */
export type HeadersInput =
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** Headers about an HTTP/1.1 connection, which HTTP/2 forbids (RFC 9113 section 8.2.2); in lower case. */
export const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Headers of a request that are for one host only: a redirect to another host drops them; in lower case. */
export const FIRST_HOST_HEADERS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'host']);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t -~\x80-\xff]*$/;
const MAX_QUOTED_LENGTH = 100;
const SPACE = 0x20;
const TAB = 0x09;
const COMMA = 0x2c;
const UPPER_A = 0x41;
const UPPER_Z = 0x5a;
const MAX_ASCII = 0x7f;

/**
 * Header fields in the order they came in, under lower-case names. Iterates over its `[name, value]` pairs.
 *
 * What a server looks up of a request makes no object: each of them would be one more for all who connect at once.
 */
export class HeaderList implements Iterable<readonly [string, string]> {
  readonly #names: string[] = [];
  readonly #values: string[] = [];

  /** The same headers as a list; a `HeaderList` is handed back as it is. */
  static from(headers: HeadersInput): HeaderList {
    if (headers instanceof HeaderList) return headers;
    const list = new HeaderList();
    for (const [name, value] of headerPairs(headers)) list.append(name, value);
    return list;
  }

  /** Adds one line, without the white space around the value (RFC 9112 section 5). */
  append(name: string, value: string): void {
    this.#names.push(toLowerCase(name));
    this.#values.push(trimSpace(value));
  }

  /** The values of all lines of this name, joined by `, ` (RFC 9110 section 5.3); undefined where there is none. */
  get(name: string): string | undefined {
    const first = this.#find(name);
    if (first === -1) return undefined;
    return this.#next(first) === -1 ? this.#values[first] : this.getAll(name).join(', ');
  }

  /** The value of the line of this name; undefined where there is none, or more than one. */
  getOnly(name: string): string | undefined {
    const first = this.#find(name);
    return first === -1 || this.#next(first) !== -1 ? undefined : this.#values[first];
  }

  /** The value of each line of this name. */
  getAll(name: string): string[] {
    const values: string[] = [];
    for (let i = this.#find(name); i !== -1; i = this.#next(i)) values.push(this.#values[i]!);
    return values;
  }

  /** The elements of all lines of this name, taken as one list: see `parseList`. */
  getList(name: string): string[] {
    return parseList(this.get(name) ?? '');
  }

  /** Whether this token, in any case, is an element of the header's list. */
  hasToken(name: string, token: string): boolean {
    const wanted = toLowerCase(token);
    for (let i = this.#find(name); i !== -1; i = this.#next(i)) {
      const value = toLowerCase(this.#values[i]!);
      const isAlone = value === wanted && isToken(wanted);
      if (isAlone || parseList(value).includes(wanted)) return true;
    }
    return false;
  }

  /** The `[name, value]` pairs, in the order in which the lines were added; names are in lower case. */
  *[Symbol.iterator](): Iterator<readonly [string, string]> {
    for (const [i, name] of this.#names.entries()) yield [name, this.#values[i]!];
  }

  /** The first line of this name; -1 if there is none. */
  #find(name: string): number {
    const first = this.#names.indexOf(name);
    if (first !== -1) return first;
    const lowerCase = toLowerCase(name);
    return lowerCase === name ? -1 : this.#names.indexOf(lowerCase);
  }

  /** The next line of the same name as this one; -1 if there is none. */
  #next(line: number): number {
    return this.#names.indexOf(this.#names[line]!, line + 1);
  }
}

/** A `HeaderList` of the `rawHeaders` of `node:http`: name, value, name, value. Nothing is lost or joined in them. */
export function fromRawHeaders(rawHeaders: readonly string[]): HeaderList {
  const list = new HeaderList();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) list.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  return list;
}

/** Whether a value may be a `HeadersInput`. */
export function isHeadersInput(value: unknown): value is HeadersInput {
  return typeof value === 'object' && value !== null;
}

/** The headers one line at a time, their names as they were given. */
export function* headerPairs(headers: HeadersInput): Generator<readonly [string, string]> {
  if (isIterable(headers)) {
    yield* headers;
    return;
  }
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') yield [name, value];
    else if (value !== undefined) for (const line of value) yield [name, line];
  }
}

function isIterable(headers: HeadersInput): headers is Iterable<readonly [string, string]> {
  return Symbol.iterator in headers;
}

/** The elements of a comma-separated list, without the empty ones and the white space (RFC 9110 section 5.6.1). */
export function parseList(value: string): string[] {
  const elements: string[] = [];
  let start = 0;
  for (let i = 0; i <= value.length; i++) {
    if (i < value.length && value.charCodeAt(i) !== COMMA) continue;
    const element = trimSpace(value.slice(start, i));
    if (element !== '') elements.push(element);
    start = i + 1;
  }
  return elements;
}

/** Whether a text is a token (RFC 9110 section 5.6.2): at least one character, no separators. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Whether all of these are tokens, and none comes twice. */
export function areDistinctTokens(texts: readonly string[]): boolean {
  return texts.every(isToken) && (texts.length < 2 || new Set(texts).size === texts.length);
}

/**
 * A header line, or a status line, that must not be written: it would break out of its line (header injection), or is not
 * HTTP. A TypeError, because the fault is the caller's.
 */
export class HeaderError extends TypeError {
  readonly code = 'WSIMD_INVALID_HEADER';
  /** The name of the header; empty for a status line, and for a line without a name. */
  readonly header: string;

  constructor(header: string, detail: string) {
    super(new ProtocolError('WSIMD_INVALID_HEADER', { detail }).message);
    this.header = header;
  }
}

/** The gate for every header that is written, in HTTP/1.1 and HTTP/2. @throws HeaderError unless name and value are well-formed */
export function requireField(name: string, value: string): void {
  if (!isToken(name)) throw new HeaderError(name, `not a header name: ${quote(name)}`);
  if (!isFieldValue(value)) throw new HeaderError(name, `not a value for the header ${name}: ${quote(value)}`);
}

/** Whether a text may stand in a line of a head: latin1 without control characters other than the tab. */
export function isFieldValue(text: string): boolean {
  return FIELD_VALUE.test(text);
}

/** A text in lower case. The string method makes a string for one that is already, as most names are here: those of Node, and ours. */
function toLowerCase(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code >= UPPER_A && code <= UPPER_Z) || code > MAX_ASCII) return text.toLowerCase();
  }
  return text;
}

/** A text without the spaces and tabs around it. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Whether a character is white space in the sense of HTTP: a space or a tab. */
export function isSpace(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** What an error says of a header that is not as it must be. */
export function describeHeader(headers: HeaderList, name: string): string {
  const value = headers.get(name);
  return value === undefined ? 'there is none' : quote(value);
}

/** A text of the peer's for an error: its beginning, in quotes. */
export function quote(text: string): string {
  return JSON.stringify(text.slice(0, MAX_QUOTED_LENGTH));
}
