// Sec-WebSocket-Extensions (RFC 6455 section 9.1): text ↔ offers.

import { ProtocolError } from '../protocol/errors.js';
import { isSpace, isToken } from './headers.js';

const END_OF_TOKEN = /[ \t,;="]/g;

/** One element of a Sec-WebSocket-Extensions header: an extension that is offered, or accepted. */
export interface ExtensionOffer {
  /** Such as `permessage-deflate`. */
  readonly name: string;
  /** Names and values in their order, names as often as they came; `true` stands for a parameter without a value. */
  readonly parameters: readonly (readonly [name: string, value: string | true])[];
}

/**
 * Reads a Sec-WebSocket-Extensions header, its lines joined by commas. Quoted values lose their quotes.
 *
 * @throws ProtocolError `WSIMD_BAD_EXTENSIONS` where the text is not what RFC 6455 section 9.1 allows, a quoted value
 *   that is no token included
 */
export function parseExtensions(value: string): ExtensionOffer[] {
  const offers: ExtensionOffer[] = [];
  const scanner = new Scanner(value);
  do {
    if (scanner.isAt(',') || scanner.isAtEnd()) continue;
    const name = scanner.takeToken();
    const parameters: [string, string | true][] = [];
    while (scanner.take(';')) {
      const parameter = scanner.takeToken();
      parameters.push([parameter, scanner.take('=') ? scanner.takeValue() : true]);
    }
    offers.push({ name, parameters });
  } while (scanner.take(','));
  if (!scanner.isAtEnd()) throw scanner.error();
  return offers;
}

/**
 * Writes a Sec-WebSocket-Extensions header.
 *
 * @throws TypeError where a name or a value is not a token
 */
export function formatExtensions(offers: readonly ExtensionOffer[]): string {
  return offers.map(formatExtension).join(', ');
}

function formatExtension({ name, parameters }: ExtensionOffer): string {
  const parts = parameters.map(([parameter, value]) =>
    value === true ? token(parameter) : `${token(parameter)}=${token(value)}`,
  );
  return [token(name), ...parts].join('; ');
}

function token(text: string): string {
  if (!isToken(text)) throw new TypeError(`not a token: ${JSON.stringify(text)}`);
  return text;
}

/** Walks over a text once; white space around tokens and separators counts for nothing. */
class Scanner {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skipSpace();
  }

  isAtEnd(): boolean {
    return this.#offset >= this.#text.length;
  }

  isAt(char: string): boolean {
    return this.#text[this.#offset] === char;
  }

  take(char: string): boolean {
    if (!this.isAt(char)) return false;
    this.#offset++;
    this.#skipSpace();
    return true;
  }

  takeToken(): string {
    const start = this.#offset;
    END_OF_TOKEN.lastIndex = start;
    this.#offset = END_OF_TOKEN.exec(this.#text)?.index ?? this.#text.length;
    const text = this.#text.slice(start, this.#offset);
    this.#skipSpace();
    return this.#checked(text);
  }

  /** A token, or a quoted string that is one without its quotes and backslashes. */
  takeValue(): string {
    if (!this.isAt('"')) return this.takeToken();
    this.#offset++;
    let text = '';
    while (!this.isAt('"')) {
      if (this.isAt('\\')) this.#offset++;
      if (this.isAtEnd()) throw this.error();
      text += this.#text.charAt(this.#offset++);
    }
    this.take('"');
    return this.#checked(text);
  }

  error(): ProtocolError {
    return new ProtocolError('WSIMD_BAD_EXTENSIONS', { detail: `near character ${this.#offset}` });
  }

  #checked(text: string): string {
    if (!isToken(text)) throw this.error();
    return text;
  }

  #skipSpace(): void {
    while (isSpace(this.#text.charCodeAt(this.#offset))) this.#offset++;
  }
}
