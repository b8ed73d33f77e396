// The two ways in which a connection to a server becomes a WebSocket: an HTTP/1.1 upgrade (RFC 6455), an extended CONNECT on an
// HTTP/2 stream (RFC 8441). Each says what was asked for, and how to answer. They judge nothing.

import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { formatExtensions } from '../../handshake/extensions.js';
import { formatHead, type RequestHead } from '../../handshake/head.js';
import { CONNECTION_HEADERS, HeaderError, requireField, trimSpace } from '../../handshake/headers.js';
import {
  type HandshakeAccepted,
  type HandshakeRejected,
  writeRejection,
  writeResponse,
} from '../../handshake/server.js';
import { http } from '../node-http.js';
import type { HandshakeTrace, ServerHandshakeContext } from '../observe/handshake-trace.js';
import { cutSocket } from '../socket/reads/socket-events.js';
import { requestHeadOf, toUpgradeRequest } from './request-head.js';

/** What a response that accepts says. */
export type Acceptance = Pick<HandshakeAccepted, 'accept' | 'protocol' | 'extensions'>;

/** A header: its name and its value. */
type Field = readonly [string, string];

/** On a socket or stream: the Upgrade that has claimed it, `answered` once there is an answer. */
const CLAIM = Symbol('upgrade');
/** On a socket or stream: what to call once there is an answer. Most requests are answered at once, and have none. */
const WAITS = Symbol('waits');
type Claimed = Duplex & { [CLAIM]?: Upgrade | 'answered'; [WAITS]?: (() => void)[] | undefined };

/** Whether a server of ours has taken the request on this socket. */
export function isClaimed(socket: Claimed): boolean {
  return socket[CLAIM] !== undefined;
}

/** The Upgrade of a request that this judge has accepted and not answered. */
export function acceptedUpgradeOf(socket: Claimed, judge: UpgradeJudge): Upgrade | undefined {
  const upgrade = socket[CLAIM];
  const isAccepted = typeof upgrade === 'object' && upgrade.judge === judge && upgrade.verdict !== undefined;
  // A Proxy, or an object that inherits from the socket, shows the claim as its own.
  return isAccepted && upgrade.socket === socket ? upgrade : undefined;
}

/** Calls back once one of our servers has answered the request on this socket, whichever Upgrade it used. */
export function whenAnswered(socket: Claimed, callback: () => void): void {
  socket[WAITS] ??= [];
  socket[WAITS].push(callback);
}

/** Sees to it that an error of a socket that no WebSocket has yet is not an uncaught exception. */
export function destroyOnErrors(socket: Duplex): void {
  if (socket.listenerCount('error', destroyOnError) === 0) socket.on('error', destroyOnError);
}

export function destroyOnError(this: Duplex): void {
  this.destroy();
}

/** Decides on requests. */
export interface UpgradeJudge {
  /** A request has been refused. */
  refused(upgrade: Upgrade, status: number): void;
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
  /** Decides on the request. */
  judge: UpgradeJudge | undefined;
  /** What the rules of the handshake say of it: set while it is accepted and not answered. */
  verdict: HandshakeAccepted | undefined;
  /** If somebody traces it. */
  trace: HandshakeTrace<ServerHandshakeContext> | undefined;
  /** A listener for `wsClientError` answers it. */
  isLeft = false;
  /** Why it is refused, if something went wrong. */
  failure: unknown;
  /** The Upgrade that it stands in for, on a socket that wraps that one's. */
  protected original: Upgrade | undefined;

  /**
   * Makes the response that accepts, for `respond` to send.
   *
   * @param edit looks at the lines of the response's head, and adds to them
   * @throws HeaderError for a line that may not be sent; whatever `edit` throws
   */
  abstract prepare(accepted: Acceptance, edit: ((lines: string[]) => void) | undefined): void;
  /** Sends the response that was prepared. */
  abstract respond(): void;
  protected abstract sendRejection(rejected: HandshakeRejected): void;
  /** @throws HeaderError, before anything is sent */
  protected abstract sendRefusal(status: number, body: string, fields: readonly Field[]): void;

  /** It has been answered: by us, or by somebody else. */
  get isAnswered(): boolean {
    return (this.socket as Claimed)[CLAIM] === 'answered';
  }

  /** Nothing can come of it: the client has ended its side, or somebody has ended ours. */
  get isGone(): boolean {
    return !this.canRespond || !this.socket.readable;
  }

  /** A response can be sent. A peer that has ended its own side may still read it. */
  get canRespond(): boolean {
    return !this.socket.destroyed && this.socket.writable;
  }

  /** The request is accepted: `acceptedUpgradeOf` finds it by its socket. Call it before an answer only. */
  accept(verdict: HandshakeAccepted): void {
    this.verdict = verdict;
    (this.socket as Claimed)[CLAIM] = this;
  }

  /** The Upgrade that answers an accepted request on a socket that the program has put in the place of the first. */
  abstract moveTo(request: IncomingMessage, socket: Duplex): Upgrade;

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
      this.sendRefusal(status, text || (http.STATUS_CODES[status] ?? ''), fieldsOf(headers ?? {}));
    });
  }

  /** Runs what may throw: the request is answered with 500 then, unless it was answered before. @throws whatever it throws */
  guard<Result>(step: () => Result): Result {
    try {
      return step();
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  /** Something went wrong: the request is answered with 500, unless it was answered before. */
  fail(error: unknown): void {
    this.failure = error;
    this.refuse(500);
  }

  /** The request belongs to this server. */
  protected claim(socket: Claimed): void {
    socket[CLAIM] ??= this;
    destroyOnErrors(socket);
  }

  /** From here on the socket belongs to a WebSocket, or is about to end. */
  protected markAnswered(): void {
    const socket: Claimed = this.socket;
    const waits = socket[WAITS];
    socket[CLAIM] = 'answered';
    if (waits !== undefined) for (const wait of waits.splice(0)) wait();
    this.original?.markAnswered();
  }

  #answer(status: number, send: () => void): void {
    if (this.isAnswered) return;
    this.markAnswered();
    this.judge?.refused(this, status);
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
  #response = '';

  constructor(request: IncomingMessage, socket: Duplex) {
    super();
    this.claim(socket);
    this.socket = socket;
    // As a TLSSocket says, and what stands for one in other runtimes and in programs.
    this.isSecure = 'encrypted' in socket && Boolean(socket.encrypted);
    this.head = requestHeadOf(request);
  }

  moveTo(request: IncomingMessage, socket: Duplex): Upgrade {
    const upgrade = new HttpUpgrade(request, socket);
    upgrade.original = this;
    upgrade.judge = this.judge;
    upgrade.trace = this.trace;
    upgrade.verdict = this.verdict;
    this.verdict = undefined;
    return upgrade;
  }

  prepare(accepted: Acceptance, edit: ((lines: string[]) => void) | undefined): void {
    const response = writeResponse(accepted);
    this.#response = edit === undefined ? response : editResponse(response, edit);
  }

  respond(): void {
    this.markAnswered();
    this.socket.write(this.#response, 'latin1');
    this.socket.removeListener('error', destroyOnError);
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
    const head = formatHead(`HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}`, [...merged.values()].flat());
    sendAndDestroy(this.socket, Buffer.concat([Buffer.from(head, 'latin1'), content]));
  }
}

/** @throws HeaderError for a line that may not be sent; whatever `edit` throws */
function editResponse(response: string, edit: (lines: string[]) => void): string {
  const lines = response.slice(0, -4).split('\r\n');
  edit(lines);
  return formatHead(String(lines[0]), parseLines(lines));
}

/** Of HTTP/2. */
export class StreamUpgrade extends Upgrade {
  readonly acceptedStatus = 200;
  readonly socket: ServerHttp2Stream;
  readonly isSecure: boolean;
  readonly head: RequestHead;
  #headers: Record<string, string | string[]> = {};

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

  /** Only the stream itself can send the response. */
  moveTo(): Upgrade {
    return this;
  }

  prepare({ protocol, extensions }: Acceptance, edit: ((lines: string[]) => void) | undefined): void {
    const lines = ['HTTP/2 200'];
    if (protocol !== undefined) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
    if (extensions.length > 0) lines.push(`Sec-WebSocket-Extensions: ${formatExtensions(extensions)}`);
    edit?.(lines);
    this.#headers = toStreamHeaders(parseLines(lines));
  }

  respond(): void {
    this.markAnswered();
    this.socket.respond({ ':status': this.acceptedStatus, ...this.#headers });
    this.socket.removeListener('error', destroyOnError);
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
    // Node throws for these.
    if (CONNECTION_HEADERS.has(lowerCase)) continue;
    const values = headers.get(lowerCase);
    if (values === undefined) headers.set(lowerCase, [value]);
    else values.push(value);
  }
  return Object.fromEntries(
    [...headers].map(([name, values]) => [name, name === 'set-cookie' ? values : values.join(', ')]),
  );
}
