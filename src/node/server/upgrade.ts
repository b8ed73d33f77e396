// The two ways in which a connection to a server becomes a WebSocket: an HTTP/1.1 upgrade (RFC 6455), an extended CONNECT on an
// HTTP/2 stream (RFC 8441). Each says what was asked for, and how to answer. They judge nothing.

import { type IncomingMessage, type OutgoingHttpHeaders, STATUS_CODES } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { formatExtensions } from '../../handshake/extensions.js';
import { formatHead, type RequestHead } from '../../handshake/head.js';
import { fromRawHeaders, HeaderError, HeaderList, requireField, trimSpace } from '../../handshake/headers.js';
import {
  type HandshakeAccepted,
  type HandshakeRejected,
  writeRejection,
  writeResponse,
} from '../../handshake/server.js';
import { cutSocket } from '../socket/reads/socket-events.js';

/** What a response that accepts says. */
export type Acceptance = Pick<HandshakeAccepted, 'accept' | 'protocol' | 'extensions'>;

/** A header: its name and its value. */
type Field = readonly [string, string];

/** On a socket or stream: false once an Upgrade has claimed it, true once it has been answered. */
const ANSWERED = Symbol('isAnswered');
type Claimed = Duplex & { [ANSWERED]?: boolean };

/** Whether a server of ours has taken the request on this socket. */
export function isClaimed(socket: Claimed): boolean {
  return socket[ANSWERED] !== undefined;
}

/** Sees to it that an error of a socket that no WebSocket has yet is not an uncaught exception. */
export function destroyOnErrors(socket: Duplex): void {
  if (!socket.listeners('error').includes(destroyOnError)) socket.on('error', destroyOnError);
}

export function destroyOnError(this: Duplex): void {
  this.destroy();
}

/**
 * A request to become a WebSocket, and how to answer it. The first answer counts: later ones, and answers to a peer that has gone,
 * do nothing. From here on the socket is answered or destroyed, whatever throws.
 */
export abstract class Upgrade {
  /** What the WebSocket will be on. */
  abstract readonly socket: Duplex;
  abstract readonly isSecure: boolean;
  /** The status of a response that accepts. */
  abstract readonly acceptedStatus: number;
  /** The request as the rules of the handshake know it. */
  abstract readonly head: RequestHead;
  /** Called once it has been answered by us. */
  onAnswered: (() => void) | undefined;
  /** Called when it has been refused. */
  onRefused: ((status: number) => void) | undefined;
  /** Why it is refused, if something went wrong. */
  failure: unknown;

  /**
   * Makes the response that accepts, and sends nothing yet.
   *
   * @param edit looks at the lines of the response's head, and adds to them
   * @returns sends it
   * @throws HeaderError for a line that may not be sent; whatever `edit` throws
   */
  abstract prepare(accepted: Acceptance, edit: ((lines: string[]) => void) | undefined): () => void;
  protected abstract sendRejection(rejected: HandshakeRejected): void;
  /** @throws HeaderError, before anything is sent */
  protected abstract sendRefusal(status: number, body: string, fields: readonly Field[]): void;

  /** It has been answered: by us, or by somebody else. */
  get isAnswered(): boolean {
    return (this.socket as Claimed)[ANSWERED] === true;
  }

  /** A response can be sent. A peer that has ended its own side may still read it. */
  get canRespond(): boolean {
    return !this.socket.destroyed && this.socket.writable;
  }

  /** The request broke a rule. */
  reject(rejected: HandshakeRejected): void {
    this.failure = rejected.error;
    this.#answer(rejected.status, () => this.sendRejection(rejected));
  }

  /**
   * The request is not wanted.
   *
   * @param text the body; default what the status is called
   * @throws HeaderError for a header that may not be sent: the request is answered with 500 then
   */
  refuse(status: number, text?: string, headers?: OutgoingHttpHeaders): void {
    this.#answer(status, () => {
      this.sendRefusal(status, text || (STATUS_CODES[status] ?? ''), fieldsOf(headers ?? {}));
    });
  }

  /** Runs what may throw: the request is answered with 500 then, unless it was answered before. @throws whatever it throws */
  guard<Result>(step: () => Result): Result {
    try {
      return step();
    } catch (error) {
      this.failure = error;
      this.refuse(500);
      throw error;
    }
  }

  /** The request belongs to this server. */
  protected claim(socket: Claimed): void {
    socket[ANSWERED] ??= false;
    destroyOnErrors(socket);
  }

  /** From here on the socket belongs to a WebSocket, or is about to end. */
  protected markAnswered(): void {
    (this.socket as Claimed)[ANSWERED] = true;
    this.onAnswered?.();
  }

  #answer(status: number, send: () => void): void {
    if (this.isAnswered) return;
    this.markAnswered();
    this.onRefused?.(status);
    if (!this.canRespond) {
      cutSocket(this.socket);
      return;
    }
    try {
      send();
    } catch (error) {
      try {
        this.sendRefusal(500, 'Internal Server Error', []);
      } catch {
        cutSocket(this.socket);
      }
      throw error;
    }
  }
}

/** Of HTTP/1.1. */
export class HttpUpgrade extends Upgrade {
  readonly acceptedStatus = 101;
  readonly socket: Duplex;
  readonly isSecure: boolean;
  readonly head: RequestHead;

  constructor(request: IncomingMessage, socket: Duplex) {
    super();
    this.claim(socket);
    this.socket = socket;
    // As a TLSSocket says, and what stands for one in other runtimes and in programs.
    this.isSecure = 'encrypted' in socket && Boolean(socket.encrypted);
    this.head = requestHeadOf(request);
  }

  prepare(accepted: Acceptance, edit: ((lines: string[]) => void) | undefined): () => void {
    let response = writeResponse(accepted);
    if (edit !== undefined) {
      const lines = response.slice(0, -4).split('\r\n');
      edit(lines);
      response = formatHead(String(lines[0]), parseLines(lines));
    }
    return () => {
      this.markAnswered();
      this.socket.write(response, 'latin1');
      this.socket.removeListener('error', destroyOnError);
    };
  }

  protected sendRejection(rejected: HandshakeRejected): void {
    sendAndDestroy(this.socket, Buffer.from(writeRejection(rejected), 'latin1'));
  }

  protected sendRefusal(status: number, body: string, fields: readonly Field[]): void {
    const content = Buffer.from(body);
    const merged = new Map<string, Field[]>([
      ['connection', [['Connection', 'close']]],
      ['content-type', [['Content-Type', 'text/plain; charset=utf-8']]],
      ['content-length', [['Content-Length', String(content.length)]]],
    ]);
    for (const [name] of fields) merged.set(name.toLowerCase(), []);
    for (const field of fields) merged.get(field[0].toLowerCase())!.push(field);
    const head = formatHead(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, [...merged.values()].flat());
    sendAndDestroy(this.socket, Buffer.concat([Buffer.from(head, 'latin1'), content]));
  }
}

/** A request as it may be: made by Node, by a program that adds to it or removes from it, or wholly by hand. */
type LooseRequest = Partial<Pick<IncomingMessage, 'method' | 'url' | 'httpVersion'>> & {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly rawHeaders?: unknown;
};

/**
 * The head of a request by its `headers`, which programs change before they pass the request on. `rawHeaders` tell of what Node does
 * not show there: a second Host. A request that a program made is taken at its word where it says nothing.
 */
function requestHeadOf({
  method = 'GET',
  url = '/',
  httpVersion = '1.1',
  headers,
  rawHeaders,
}: LooseRequest): RequestHead {
  const list = new HeaderList();
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || value === null) continue;
    for (const line of [value].flat()) list.append(name, String(line));
  }
  if (isRawHeaders(rawHeaders)) {
    const hosts = fromRawHeaders(rawHeaders).getAll('host');
    if (list.get('host') !== undefined) for (const host of hosts.slice(1)) list.append('host', host);
  } else if (list.get('connection') === undefined) {
    list.append('connection', 'upgrade');
  }
  return { method, target: url, version: httpVersion, headers: list };
}

/** As Node has them: names and values in turn. Programs have none, or pairs. */
function isRawHeaders(rawHeaders: unknown): rawHeaders is string[] {
  return Array.isArray(rawHeaders) && rawHeaders.length > 0 && rawHeaders.every((text) => typeof text === 'string');
}

/** A key for requests that have none: on a stream of its own, nobody can take a WebSocket for something else. */
const NO_KEY = 'AAAAAAAAAAAAAAAAAAAAAA==';

/** Of HTTP/2. */
export class StreamUpgrade extends Upgrade {
  readonly acceptedStatus = 200;
  readonly socket: ServerHttp2Stream;
  readonly isSecure: boolean;
  readonly head: RequestHead;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    super();
    this.claim(stream);
    this.socket = stream;
    // Not by `:scheme`, which is what the client says.
    this.isSecure = stream.session?.encrypted === true;
    this.head = toUpgradeRequest(headers);
  }

  /** Another listener for `stream` may have answered. */
  override get isAnswered(): boolean {
    return super.isAnswered || this.socket.headersSent;
  }

  /** A stream that was reset is closed before it is destroyed. */
  override get canRespond(): boolean {
    return super.canRespond && !this.socket.closed;
  }

  prepare({ protocol, extensions }: Acceptance, edit: ((lines: string[]) => void) | undefined): () => void {
    const lines = ['HTTP/2 200'];
    if (protocol !== undefined) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
    if (extensions.length > 0) lines.push(`Sec-WebSocket-Extensions: ${formatExtensions(extensions)}`);
    edit?.(lines);
    const headers = toStreamHeaders(parseLines(lines));
    return () => {
      this.markAnswered();
      this.socket.respond({ ':status': this.acceptedStatus, ...headers });
      this.socket.removeListener('error', destroyOnError);
    };
  }

  protected sendRejection({ status, error, headers }: HandshakeRejected): void {
    this.sendRefusal(status, `${error.message}\n`, headers);
  }

  protected sendRefusal(status: number, body: string, fields: readonly Field[]): void {
    const { socket } = this;
    // Node would make 200 of what is no number: the client would take the refusal for a yes.
    if (!isFinalStatus(Number(status))) throw new HeaderError('', `not a status: ${String(status)}`);
    const headers = toStreamHeaders(fields);
    socket.respond({ ':status': status, 'content-type': 'text/plain; charset=utf-8', ...headers });
    // Node has ended it for a status that has no body.
    if (!socket.writableEnded) socket.end(body);
  }
}

/** Sends a whole response, and ends the connection behind it. */
function sendAndDestroy(socket: Duplex, response: Buffer): void {
  socket.once('finish', () => socket.destroy());
  socket.end(response);
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

/** Headers as programs give them to `verifyClient`'s callback: several values are several lines. */
function fieldsOf(headers: OutgoingHttpHeaders): Field[] {
  const fields: Field[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) for (const line of [value].flat()) fields.push([name, String(line)]);
  }
  return fields;
}

/** The headers among the lines of a head, of which the first says the status. @throws HeaderError */
function parseLines(lines: readonly unknown[]): Field[] {
  return lines.slice(1).map((line) => {
    const colon = typeof line === 'string' ? line.indexOf(':') : -1;
    if (typeof line !== 'string' || colon < 0) throw new HeaderError('', `not a header line: ${String(line)}`);
    return [line.slice(0, colon), trimSpace(line.slice(colon + 1))];
  });
}

/** Headers that speak of an HTTP/1.1 connection. HTTP/2 forbids them (RFC 9113 section 8.2.2), and Node throws. */
const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Whether Node sends a response of HTTP/2 with this status. */
function isFinalStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 200 && status <= 599;
}

/**
 * Headers as Node's HTTP/2 takes them, without those that it does not. Several lines of one name are joined (RFC 9110 section
 * 5.3): Node throws for several values of some names. Each cookie keeps its line, as a comma may be part of one.
 *
 * @throws HeaderError
 */
function toStreamHeaders(fields: readonly Field[]): Record<string, string | string[]> {
  const headers = new Map<string, string[]>();
  for (const [name, value] of fields) {
    requireField(name, value);
    const lowerCase = name.toLowerCase();
    if (CONNECTION_HEADERS.has(lowerCase)) continue;
    const values = headers.get(lowerCase);
    if (values === undefined) headers.set(lowerCase, [value]);
    else values.push(value);
  }
  return Object.fromEntries(
    [...headers].map(([name, values]) => [name, name === 'set-cookie' ? values : values.join(', ')]),
  );
}
