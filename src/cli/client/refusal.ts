// An answer other than 101: its status, and the first line of its body where that is text for a person.

import type { ParsedResponseHead } from '../../handshake/index.js';
import { DialError } from './dial-errors.js';

/** Bytes of the body that are read. */
const MAX_BODY = 1024;
const MAX_LINE = 200;
const MAX_REASON = 60;
/** A page of HTML does not begin with what is wrong. */
const READABLE = /^(?:text\/(?!html)|application\/(?:[\w.-]+\+)?json\b)/i;
const CHUNK_SIZE = /^[0-9a-f]+[^\r\n]*\r\n/i;

/** Reads the answer. It is complete when `push` returns true; `error` may be asked for at any time. */
export class Refusal {
  readonly #head: ParsedResponseHead;
  /** Bytes of the body to wait for. */
  readonly #wanted: number;
  #body = Buffer.alloc(0);

  constructor(head: ParsedResponseHead) {
    this.#head = head;
    const { headers } = head;
    const isReadable =
      READABLE.test(headers.get('content-type') ?? '') && headers.get('content-encoding') === undefined;
    this.#wanted = isReadable ? Math.min(Number(headers.get('content-length') ?? MAX_BODY) || 0, MAX_BODY) : 0;
  }

  /** @returns whether no more bytes are needed */
  push(bytes: Uint8Array): boolean {
    this.#body = Buffer.concat([this.#body, bytes]).subarray(0, this.#wanted);
    return this.#body.length === this.#wanted;
  }

  get error(): DialError {
    const { status, reason, headers } = this.#head;
    const isChunked = headers.hasToken('transfer-encoding', 'chunked');
    const text = this.#body.toString('utf8').replace(isChunked ? CHUNK_SIZE : '', '');
    const [line = ''] = text.trimStart().split(/[\r\n]/, 1);
    const words = reason === '' ? '' : `(${shorten(reason, MAX_REASON)})`;
    return new DialError(
      `the server answered with status ${status}`,
      line === '' ? words : `${words}: "${shorten(line.trimEnd(), MAX_LINE)}"`,
    );
  }
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
