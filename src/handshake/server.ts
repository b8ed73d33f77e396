// The server's side of the opening handshake (RFC 6455 section 4.2), without I/O: a request in; a verdict, and the response
// to send, out.

import { encodeText } from '../bytes/encode-text.js';
import { ProtocolError } from '../protocol/errors.js';
import { describeValue } from '../protocol/option-checks.js';
import { acceptKey, isValidKey } from './accept-key.js';
import { canonicalAuthority, defaultPortOf, parseWebUrl } from './authority.js';
import { callerHeaders } from './caller-headers.js';
import { type ExtensionOffer, formatExtensions, parseExtensions } from './extensions.js';
import { decodeLatin1, formatFields, formatHead, type RequestHead } from './head.js';
import { areDistinctTokens, describeHeader, HeaderList, type HeadersInput, isHeadersInput, quote } from './headers.js';
import { isOriginAccepted, type OriginOptions } from './origin.js';

/** Options of `checkRequest`: what a server accepts beyond the rules of RFC 6455. */
export interface CheckRequestOptions extends OriginOptions {
  /**
   * The subprotocols that this server speaks: the first of the client's that is among them is chosen. Or a function that
   * chooses; it is called only if the client offers some, and a choice that was not offered counts as none. Default: none.
   */
  readonly protocols?:
    | readonly string[]
    | ((offered: readonly string[], request: RequestHead) => string | false | undefined)
    | undefined;
  /**
   * Returns the extensions to accept, with the parameters of the answer. It is called only if the client offers some;
   * extensions that were not offered are left out. Default: none is accepted.
   */
  readonly extensions?: ((offers: readonly ExtensionOffer[]) => readonly ExtensionOffer[]) | undefined;
  /** Read the Sec-WebSocket-Extensions header, and reject a malformed one. Default true. With false there are no offers. */
  readonly readExtensions?: boolean | undefined;
  /**
   * Reject a request without a Host header. Default true. With false `host` is empty then, and no Origin is the same as that; for
   * servers whose HTTP layer has checked it.
   */
  readonly requireHost?: boolean | undefined;
}

/** The contents of a valid request. */
interface Asked {
  /** The Sec-WebSocket-Key. */
  readonly key: string;
  /** The host that the request was sent to, with its port where the client gave one; empty with `requireHost: false` for none. */
  readonly host: string;
  /** Path and query, beginning with `/`. */
  readonly path: string;
  /** The Origin header; undefined where there is none. */
  readonly origin: string | undefined;
  /** The subprotocols that the client offers, in its order of preference. */
  readonly protocols: readonly string[];
  /** The extensions that the client offers, in its order. */
  readonly offers: readonly ExtensionOffer[];
  /** The headers of the request. */
  readonly headers: HeaderList;
}

/** A request that is answered with 101: see `writeResponse`. */
export interface HandshakeAccepted extends Asked {
  /** True: tells it apart from `HandshakeRejected`. */
  readonly ok: true;
  /** The Sec-WebSocket-Accept that answers the key. */
  readonly accept: string;
  /** The subprotocol chosen; undefined where none is. */
  readonly protocol: string | undefined;
  /** The extensions accepted. */
  readonly extensions: readonly ExtensionOffer[];
}

/** A request that is answered with an error: see `writeRejection`. */
export interface HandshakeRejected {
  /** False: tells it apart from `HandshakeAccepted`. */
  readonly ok: false;
  /** The status of the response, such as 400. */
  readonly status: number;
  /** The rule that the request broke. */
  readonly error: ProtocolError;
  /** Headers that this status calls for. */
  readonly headers: readonly (readonly [string, string])[];
}

const VERSION = '13';
const HTTP_1_1_OR_LATER = /^(1\.[1-9]|[2-9]\.[0-9])$/;
const RESPONSE_START = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';

const REASON_PHRASES: ReadonlyMap<number, string> = new Map([
  [400, 'Bad Request'],
  [403, 'Forbidden'],
  [405, 'Method Not Allowed'],
  [426, 'Upgrade Required'],
  [431, 'Request Header Fields Too Large'],
]);

/**
 * Checks the request of an opening handshake (RFC 6455 section 4.2.1), and decides what to answer.
 *
 * Nothing that a client sends makes it throw. It rejects, in this order:
 *
 * - a method other than GET (405)
 * - HTTP before 1.1, no `Upgrade: websocket`, no `Connection: upgrade` (400)
 * - a Sec-WebSocket-Version other than 13 (426)
 * - no valid Host, more than one, or one that contradicts a target in absolute form; a target that is neither a path nor a
 *   URL; a key that is not 16 bytes; a request with a body; malformed subprotocols or extensions (400)
 * - an Origin against the policy (403)
 *
 * ```ts
 * createServer().on('upgrade', ({ method, url, httpVersion, headers }, socket) => {
 *   const verdict = checkRequest({ method, target: url, version: httpVersion, headers });
 *   socket.end(verdict.ok ? writeResponse(verdict) : writeRejection(verdict), 'latin1');
 * });
 * ```
 *
 * @throws TypeError for a request of another form, such as an IncomingMessage of `node:http`; whatever a function among the options
 *   throws
 */
export function checkRequest(
  request: RequestHead,
  options: CheckRequestOptions = {},
): HandshakeAccepted | HandshakeRejected {
  requireRequestHead(request);
  const headers = HeaderList.from(request.headers);
  let asked: Asked;
  try {
    asked = readRequest(request, headers, options);
  } catch (error) {
    if (error instanceof ProtocolError) return rejectRequest(error);
    throw error;
  }
  if (!isOriginAccepted(asked.origin, asked.host, request, options)) {
    return rejectRequest(new ProtocolError('WSIMD_BAD_ORIGIN', { detail: describeHeader(headers, 'origin') }));
  }
  // Spread first: behind another property it is slow.
  return {
    ...asked,
    ok: true,
    accept: acceptKey(asked.key),
    protocol: chooseProtocol(asked.protocols, request, options.protocols),
    extensions: acceptExtensions(asked.offers, options.extensions),
  };
}

/**
 * Rejects a request for an error of `HeadReader` or `parseRequestHead`. The status is that of the error, or 400 if it has
 * none.
 */
export function rejectRequest(error: ProtocolError): HandshakeRejected {
  const { code, status = 400 } = error;
  const headers: (readonly [string, string])[] = [];
  if (code === 'WSIMD_BAD_METHOD') headers.push(['Allow', 'GET']);
  if (code === 'WSIMD_BAD_VERSION') {
    headers.push(['Sec-WebSocket-Version', VERSION], ['Upgrade', 'websocket'], ['Connection', 'Upgrade']);
  }
  return { ok: false, status, error, headers };
}

/**
 * The response that accepts a request: the head of a 101 (RFC 6455 section 4.2.2). What follows it are frames.
 *
 * @param extraHeaders headers of the caller's, such as `Set-Cookie`
 * @returns a text of which each character is one byte: write it as latin1, or see `encodeLatin1`
 * @throws TypeError where an extra header is one that the handshake sets, or is not well-formed (header injection)
 */
export function writeResponse(
  accepted: Pick<HandshakeAccepted, 'accept' | 'protocol' | 'extensions'>,
  extraHeaders?: HeadersInput,
): string {
  const { accept, protocol, extensions } = accepted;
  const headers: (readonly [string, string])[] = [];
  if (protocol !== undefined) headers.push(['Sec-WebSocket-Protocol', protocol]);
  if (extensions.length !== 0) headers.push(['Sec-WebSocket-Extensions', formatExtensions(extensions)]);
  if (extraHeaders !== undefined) headers.push(...callerHeaders(extraHeaders));
  return `${RESPONSE_START}Sec-WebSocket-Accept: ${accept}\r\n${formatFields(headers)}\r\n`;
}

/**
 * The whole response that rejects a request, to be sent before the connection is closed. Its body says what was wrong.
 *
 * @param rejected what `checkRequest` returned, or a rejection of the caller's own, such as 401
 * @returns a text of which each character is one byte: write it as latin1, or see `encodeLatin1`
 * @throws TypeError where a header is not well-formed (header injection)
 */
export function writeRejection(
  rejected: Pick<HandshakeRejected, 'status' | 'headers'> & { readonly error: Error },
): string {
  const { status, error, headers } = rejected;
  const body = decodeLatin1(encodeText(`${error.message}\n`));
  const head = formatHead(`HTTP/1.1 ${status} ${REASON_PHRASES.get(status) ?? ''}`, [
    ...headers,
    ['Connection', 'close'],
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Length', String(body.length)],
  ]);
  return head + body;
}

/** @throws TypeError that says what was given instead */
function requireRequestHead(request: RequestHead): void {
  const { method, target, version, headers } = request ?? {};
  const isHead = typeof method === 'string' && typeof target === 'string' && typeof version === 'string';
  if (isHead && isHeadersInput(headers)) return;
  const isMessage = typeof (request as { httpVersion?: unknown } | undefined)?.httpVersion === 'string';
  const given = isMessage
    ? 'an IncomingMessage of node:http: take its url as target and its httpVersion as version'
    : describeValue(request);
  throw new TypeError(`a request is { method, target, version, headers }, not ${given}`);
}

/** The rules that no option changes. @throws ProtocolError */
function readRequest(request: RequestHead, headers: HeaderList, options: CheckRequestOptions): Asked {
  if (request.method !== 'GET') throw new ProtocolError('WSIMD_BAD_METHOD', { detail: quote(request.method) });
  if (!HTTP_1_1_OR_LATER.test(request.version)) {
    throw new ProtocolError('WSIMD_BAD_HTTP_VERSION', { detail: quote(request.version) });
  }
  if (!headers.hasToken('upgrade', 'websocket')) {
    throw new ProtocolError('WSIMD_BAD_UPGRADE', { detail: describeHeader(headers, 'upgrade') });
  }
  if (!headers.hasToken('connection', 'upgrade')) {
    throw new ProtocolError('WSIMD_BAD_CONNECTION', { detail: describeHeader(headers, 'connection') });
  }
  if (headers.get('sec-websocket-version') !== VERSION) {
    throw new ProtocolError('WSIMD_BAD_VERSION', { detail: describeHeader(headers, 'sec-websocket-version') });
  }
  const { host, path } = readTarget(request.target, headers, options.requireHost ?? true);
  const key = headers.getOnly('sec-websocket-key');
  if (key === undefined || !isValidKey(key)) {
    throw new ProtocolError('WSIMD_BAD_KEY', { detail: describeHeader(headers, 'sec-websocket-key') });
  }
  requireNoBody(headers);
  const protocols = headers.getList('sec-websocket-protocol');
  if (!areDistinctTokens(protocols)) {
    throw new ProtocolError('WSIMD_BAD_PROTOCOL', { detail: describeHeader(headers, 'sec-websocket-protocol') });
  }
  const extensions = options.readExtensions === false ? undefined : headers.get('sec-websocket-extensions');
  const offers = extensions === undefined ? [] : parseExtensions(extensions);
  return { key, host, path, origin: headers.get('origin'), protocols, offers, headers };
}

/** Host and path, from the Host header and either form of target (RFC 9112 section 3.2). */
function readTarget(target: string, headers: HeaderList, requireHost: boolean): { host: string; path: string } {
  const host = headers.getOnly('host');
  const isPath = target.startsWith('/');
  if (!requireHost && isPath && headers.get('host') === undefined) return { host: '', path: target };
  const url = isPath ? undefined : parseWebUrl(target);
  const authority = host === undefined ? undefined : canonicalAuthority(host, url?.defaultPort ?? defaultPortOf(false));
  if (host === undefined || authority === undefined) {
    throw new ProtocolError('WSIMD_BAD_HOST', { detail: describeHeader(headers, 'host') });
  }
  if (isPath) return { host, path: target };
  if (url === undefined) throw new ProtocolError('WSIMD_BAD_REQUEST', { detail: `its target is ${quote(target)}` });
  if (url.authority !== authority) {
    throw new ProtocolError('WSIMD_BAD_HOST', { detail: `${quote(host)} is not that of the target` });
  }
  return { host, path: url.rest.startsWith('/') ? url.rest : `/${url.rest}` };
}

/** The bytes behind the head are frames to us; a proxy might take a body of the request for them, or them for a body. */
function requireNoBody(headers: HeaderList): void {
  const lengths = headers.getAll('content-length');
  if (headers.get('transfer-encoding') !== undefined || lengths.some((length) => length !== '0')) {
    throw new ProtocolError('WSIMD_BAD_REQUEST', { detail: 'a WebSocket handshake has no body' });
  }
}

function chooseProtocol(
  offered: readonly string[],
  request: RequestHead,
  protocols: CheckRequestOptions['protocols'] = [],
): string | undefined {
  if (offered.length === 0) return undefined;
  if (typeof protocols !== 'function') return offered.find((protocol) => protocols.includes(protocol));
  const choice = protocols(offered, request);
  return offered.find((protocol) => protocol === choice);
}

function acceptExtensions(
  offers: readonly ExtensionOffer[],
  accept: CheckRequestOptions['extensions'],
): readonly ExtensionOffer[] {
  if (accept === undefined || offers.length === 0) return [];
  return accept(offers).filter(({ name }) => offers.some((offer) => offer.name === name));
}
