// The client's side of the opening handshake (RFC 6455 section 4.1), without I/O: the request to send, and a verdict on the
// response.

import { encodeText } from '../bytes/encode-text.js';
import { ProtocolError } from '../protocol/errors.js';
import { describeValue } from '../protocol/option-checks.js';
import { acceptKey, createKey, isValidKey } from './accept-key.js';
import { defaultPortOf } from './authority.js';
import { encodeBase64 } from './base64.js';
import { callerHeaders } from './caller-headers.js';
import { type ExtensionOffer, formatExtensions, parseExtensions } from './extensions.js';
import { formatHead, type ResponseHead } from './head.js';
import { areDistinctTokens, describeHeader, HeaderList, type HeadersInput, isHeadersInput, quote } from './headers.js';

/** Options of `createRequest`. */
export interface CreateRequestOptions {
  /** Where to connect to: a `ws:`, `wss:`, `http:` or `https:` URL without a fragment. */
  readonly url: string | URL;
  /** The subprotocols to offer, in order of preference: distinct tokens. Default: none. */
  readonly protocols?: readonly string[] | undefined;
  /** The extensions to offer. Default: none. */
  readonly extensions?: readonly ExtensionOffer[] | undefined;
  /** The Origin header. Default: none. */
  readonly origin?: string | undefined;
  /** More headers. `Host`, `Origin` and `Authorization` among them replace those of the other options. */
  readonly headers?: HeadersInput | undefined;
  /** The Sec-WebSocket-Key, for tests. Default: a new one from `createKey`. */
  readonly key?: string | undefined;
}

/** A client's request: where to send it, the bytes to send, and what `checkResponse` needs. */
export interface ClientRequest {
  /** Whether to connect over TLS. */
  readonly secure: boolean;
  /** The host to connect to, an IPv6 address without its brackets. */
  readonly hostname: string;
  /** The port to connect to, 0 to 65535; 80 or 443 where the URL has none. */
  readonly port: number;
  /** The request target: path and query. */
  readonly target: string;
  /** All headers in the order of `head`. */
  readonly headers: readonly (readonly [string, string])[];
  /** The whole request, a text of which each character is one byte: write it as latin1, or see `encodeLatin1`. */
  readonly head: string;
  /** The Sec-WebSocket-Key. */
  readonly key: string;
  /** The subprotocols offered. */
  readonly protocols: readonly string[];
  /** The extensions offered. */
  readonly extensions: readonly ExtensionOffer[];
}

/** The server agreed: what follows its head are frames. */
export interface ResponseAccepted {
  /** True: tells it apart from `ResponseRejected`. */
  readonly ok: true;
  /** The subprotocol that the server chose; undefined where it chose none, as it may. */
  readonly protocol: string | undefined;
  /** The extensions that the server accepted; whether their parameters are right is for each extension to say. */
  readonly extensions: readonly ExtensionOffer[];
  /** The headers of the response. */
  readonly headers: HeaderList;
}

/** The server did not agree, or broke a rule. */
export interface ResponseRejected {
  /** False: tells it apart from `ResponseAccepted`. */
  readonly ok: false;
  /** `WSIMD_UNEXPECTED_STATUS` where the response is an ordinary one, such as a redirect or a 401; else the rule broken. */
  readonly error: ProtocolError;
  /** The status of the response, such as 401. */
  readonly status: number;
  /** The headers of the response, such as `Location`. */
  readonly headers: HeaderList;
}

const SECURE_SCHEMES: ReadonlyMap<string, boolean> = new Map([
  ['ws:', false],
  ['http:', false],
  ['wss:', true],
  ['https:', true],
]);

/**
 * Makes the request of an opening handshake (RFC 6455 section 4.1). A user name and a password in the URL become an
 * `Authorization: Basic` header.
 *
 * @throws TypeError for an invalid option: the URL, a subprotocol that is not a token or is offered twice, a key that is not
 *   16 bytes in Base64, a header that the handshake sets itself or that is malformed (header injection)
 */
export function createRequest(options: CreateRequestOptions): ClientRequest {
  const { protocols = [], extensions = [], key = createKey() } = options;
  const url = new URL(options.url);
  const secure = SECURE_SCHEMES.get(url.protocol);
  if (secure === undefined) throw new TypeError(`not a WebSocket URL: its scheme is ${url.protocol}`);
  if (url.href.includes('#')) throw new TypeError('a WebSocket URL has no fragment');
  if (!isValidKey(key)) throw new TypeError('a Sec-WebSocket-Key is 16 bytes in Base64');
  if (!areDistinctTokens(protocols)) {
    throw new TypeError(`subprotocols are distinct tokens: ${JSON.stringify(protocols)}`);
  }

  const own: (readonly [string, string])[] = [
    ['Host', url.host],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Version', '13'],
  ];
  if (protocols.length !== 0) own.push(['Sec-WebSocket-Protocol', protocols.join(', ')]);
  if (extensions.length !== 0) own.push(['Sec-WebSocket-Extensions', formatExtensions(extensions)]);
  if (options.origin !== undefined) own.push(['Origin', options.origin]);
  if (url.username !== '' || url.password !== '') own.push(['Authorization', basicCredentials(url)]);
  const extra = callerHeaders(options.headers ?? []);
  const replaced = new Set(extra.map(([name]) => name.toLowerCase()));
  const headers = [...own.filter(([name]) => !replaced.has(name.toLowerCase())), ...extra];

  const target = url.pathname + url.search;
  return {
    secure,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? defaultPortOf(secure) : Number(url.port),
    target,
    headers,
    head: formatHead(`GET ${target} HTTP/1.1`, headers),
    key,
    protocols,
    extensions,
  };
}

/**
 * Judges the response to a handshake's request (RFC 6455 section 4.1). Interim responses (100, 102 to 199) are not
 * final: skip them and judge the one that follows.
 *
 * Nothing that a server sends makes it throw. The version of HTTP is not looked at: section 4.1 does not list it, a 101 with
 * the right accept key is an answer to this request, and servers made of simple HTTP libraries say 1.0.
 *
 * @throws TypeError for a response of another form, such as an IncomingMessage of `node:http`
 */
export function checkResponse(
  response: ResponseHead,
  request: Pick<ClientRequest, 'key' | 'protocols' | 'extensions'>,
): ResponseAccepted | ResponseRejected {
  requireResponseHead(response);
  const headers = HeaderList.from(response.headers);
  try {
    return { ok: true, ...readResponse(response.status, headers, request), headers };
  } catch (error) {
    if (error instanceof ProtocolError) return { ok: false, error, status: response.status, headers };
    throw error;
  }
}

/** @throws TypeError that says what was given instead */
function requireResponseHead(response: ResponseHead): void {
  const { status, headers } = response ?? {};
  if (typeof status === 'number' && isHeadersInput(headers)) return;
  const isMessage = typeof (response as { statusCode?: unknown } | undefined)?.statusCode === 'number';
  const given = isMessage ? 'an IncomingMessage of node:http: take its statusCode as status' : describeValue(response);
  throw new TypeError(`a response is { status, headers }, not ${given}`);
}

/** @throws ProtocolError */
function readResponse(
  status: number,
  headers: HeaderList,
  request: Pick<ClientRequest, 'key' | 'protocols' | 'extensions'>,
): Pick<ResponseAccepted, 'protocol' | 'extensions'> {
  if (status !== 101) throw new ProtocolError('WSIMD_UNEXPECTED_STATUS', { detail: String(status) });
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    throw new ProtocolError('WSIMD_RESPONSE_UPGRADE', { detail: describeHeader(headers, 'upgrade') });
  }
  if (!headers.hasToken('connection', 'upgrade')) {
    throw new ProtocolError('WSIMD_RESPONSE_CONNECTION', { detail: describeHeader(headers, 'connection') });
  }
  if (headers.get('sec-websocket-accept') !== acceptKey(request.key)) {
    throw new ProtocolError('WSIMD_RESPONSE_ACCEPT', { detail: describeHeader(headers, 'sec-websocket-accept') });
  }
  const protocol = headers.get('sec-websocket-protocol');
  if (protocol !== undefined && !request.protocols.includes(protocol)) {
    throw new ProtocolError('WSIMD_RESPONSE_PROTOCOL', { detail: quote(protocol) });
  }
  return { protocol, extensions: readExtensions(headers, request.extensions) };
}

/** What the server accepted: extensions that were offered, none of them twice. */
function readExtensions(headers: HeaderList, offered: readonly ExtensionOffer[]): readonly ExtensionOffer[] {
  let extensions: ExtensionOffer[];
  try {
    extensions = parseExtensions(headers.get('sec-websocket-extensions') ?? '');
  } catch (cause) {
    throw new ProtocolError('WSIMD_RESPONSE_EXTENSIONS', { detail: 'the header is malformed', cause });
  }
  const acceptable = new Set(offered.map(({ name }) => name));
  for (const { name } of extensions) {
    if (!acceptable.delete(name)) throw new ProtocolError('WSIMD_RESPONSE_EXTENSIONS', { detail: quote(name) });
  }
  return extensions;
}

/** The user name and the password of a URL as a header (RFC 7617). */
function basicCredentials(url: URL): string {
  const credentials = `${percentDecode(url.username)}:${percentDecode(url.password)}`;
  return `Basic ${encodeBase64(encodeText(credentials))}`;
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
