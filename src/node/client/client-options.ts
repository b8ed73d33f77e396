// The options of a client, and those of node:http that result from them.

import type { ClientRequest, OutgoingHttpHeaders } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import type { RequestOptions } from 'node:https';
import { type createConnection, isIP } from 'node:net';
import type { PeerCertificate, ConnectionOptions as TlsOptions } from 'node:tls';
import { RESERVED_HEADERS } from '../../handshake/caller-headers.js';
import type { ClientRequest as Handshake } from '../../handshake/client.js';
import { FIRST_HOST_HEADERS } from '../../handshake/headers.js';
import type { WebSocketOptions } from '../websocket/options/options.js';
import type { Address } from './address.js';

/** Keys and certificates, as the types of `ws` have them. */
export type CertMeta = string | string[] | Buffer | Buffer[];

/** Sets headers of a request late; it has to call `request.end()`. */
export type FinishRequestCallback<Socket> = (request: ClientRequest, webSocket: Socket) => void;

/**
 * The options of a client: those of `https.request` too. `method`, `timeout` and what the URL says (`protocol`, `host`, `hostname`,
 * `port`, `path`, `socketPath`) are accepted and have no effect, as with `ws`. `Socket` is what `finishRequest` gets; code that
 * doesn't call it takes options of every kind.
 */
export interface ClientOptions<Socket = never>
  extends WebSocketOptions,
    Omit<RequestOptions, 'checkServerIdentity' | 'createConnection'> {
  /** As of `tls.connect`: returns an error for a certificate that is not the host's. The types of `ws` have it otherwise. */
  checkServerIdentity?(hostname: string, certificate: PeerCertificate & CertMeta): Error | boolean | undefined;
  /** As of `http.request`; `net.createConnection` is one. */
  readonly createConnection?: RequestOptions['createConnection'] | typeof createConnection;
  /** Subprotocols to offer, where the constructor is not given any. */
  readonly protocols?: string | readonly string[] | undefined;
  /** The Origin header. Default: none. */
  readonly origin?: string | null | false | undefined;
  /** Follow redirects (default false). */
  readonly followRedirects?: boolean | undefined;
  /** Default 10; null, 0 and negative numbers allow none, Infinity any number. */
  readonly maxRedirects?: number | null | undefined;
  /**
   * Milliseconds for the handshake, the TCP and TLS ones included; anew after each redirect. From 1 to 2^31 - 1. Default, and
   * with 0, null, false or Infinity: no limit.
   */
  readonly handshakeTimeout?: number | null | false | undefined;
  /**
   * Connect on a stream of this HTTP/2 connection (RFC 8441), whose server has to offer it, instead of a TCP connection of its
   * own; options about sockets, agents and redirects then have no effect, and headers about a connection, such as
   * `Keep-Alive`, are left out.
   */
  readonly session?: ClientHttp2Session | null | false | undefined;
  /**
   * What `signal` ends. `'handshake'` (default): the attempt to connect, as with `ws`. `'connection'`: also the open connection. The
   * peer gets a Close frame with 1001 (over HTTP/2 only from Node 22 on), and the socket is cut; `error` with an `AbortError` and
   * `close` are emitted.
   */
  readonly signalScope?: 'handshake' | 'connection' | undefined;
  /**
   * `'auto'`: over `wss:`, connect by HTTP/2 if the server takes WebSockets on it (RFC 8441, by ALPN), otherwise by HTTP/1.1, also if the
   * request is answered with another status than 200. No effect with `session`, `agent`, `createConnection`, `socket` and
   * `finishRequest`. Default, and with null and false: HTTP/1.1.
   */
  readonly http2?: 'auto' | null | false | undefined;
  /** 13, the only version that there is a standard of. */
  readonly protocolVersion?: number | undefined;
  /** Called with each request before it is sent. */
  readonly finishRequest?: FinishRequestCallback<Socket> | null | false | undefined;
}

/** The options for `http.request` or `https.request`. */
export function requestOptions(handshake: Handshake, address: Address, options: ClientOptions): RequestOptions {
  const { agent, createConnection: connect } = options;
  const servername = options.servername ?? (isIP(handshake.hostname) === 0 ? handshake.hostname : '');
  return {
    ...withoutOurs(options),
    method: 'GET',
    path: handshake.target,
    ...(address.socketPath === undefined
      ? { host: handshake.hostname, port: handshake.port }
      : { socketPath: address.socketPath }),
    ...(address.isSecure ? { servername } : {}),
    // Of a new agent, unless somebody says how to connect: a WebSocket is no connection to be kept for later requests.
    ...(agent === undefined ? (connect === undefined ? { agent: false } : {}) : { agent }),
    headers: mergeHeaders(handshake, options),
  };
}

/** Whether to try HTTP/2: nothing is given that is about a connection or a request of HTTP/1.1. */
export function triesHttp2<Socket>(options: ClientOptions<Socket>, address: Address): boolean {
  const { http2, agent, createConnection, finishRequest } = options;
  const isGiven = Boolean(agent) || createConnection !== undefined || Boolean(finishRequest) || 'socket' in options;
  return http2 === 'auto' && address.isSecure && !isGiven;
}

/** The options for `tls.connect` of those of `https.request`: there, `path`, `session` and `signal` mean something else. */
export function tlsOptions(options: RequestOptions): TlsOptions {
  const others = new Set(['path', 'session', 'signal', 'headers', 'agent']);
  return Object.fromEntries(Object.entries(options).filter(([name]) => !others.has(name)));
}

/** The headers that the caller adds; those that the handshake says itself are left out. */
export function extraHeaders(options: ClientOptions): [name: string, value: OutgoingHttpHeaders[string]][] {
  return Object.entries(toObject(options.headers ?? {})).filter(
    ([name, value]) => value !== undefined && !RESERVED_HEADERS.has(name.toLowerCase()),
  );
}

/** The options to follow a redirect with that leads elsewhere. @param isOtherHost not only another scheme */
export function withoutCredentials<Socket>(
  options: ClientOptions<Socket>,
  isOtherHost: boolean,
): ClientOptions<Socket> {
  const isKept = (name: string) => !FIRST_HOST_HEADERS.has(name) || (name === 'host' && !isOtherHost);
  const headers = Object.entries(toObject(options.headers ?? {})).filter(([name]) => isKept(name.toLowerCase()));
  const { auth: _auth, ...rest } = options;
  return { ...rest, headers: Object.fromEntries(headers) };
}

/** `http.request` would take these for its own, or hand them on to the socket. */
function withoutOurs(options: ClientOptions): RequestOptions {
  const {
    protocols: _p,
    origin: _o,
    headers: _h,
    finishRequest: _f,
    kernel: _k,
    heartbeat: _b,
    http2: _2,
    signalScope: _s,
    ...rest
  } = options;
  const cleared = { hostname: null, port: undefined, timeout: undefined, protocol: undefined };
  return Object.fromEntries(Object.entries({ ...rest, ...cleared }).filter(([, value]) => value !== undefined));
}

function mergeHeaders(handshake: Handshake, options: ClientOptions): OutgoingHttpHeaders {
  const merged = new Map<string, [string, OutgoingHttpHeaders[string]]>();
  for (const pair of handshake.headers) merged.set(pair[0].toLowerCase(), [...pair]);
  for (const pair of extraHeaders(options)) merged.set(pair[0].toLowerCase(), pair);
  return Object.fromEntries(merged.values());
}

/** `http.request` takes an array of names and values too. */
function toObject(headers: NonNullable<ClientOptions['headers']>): OutgoingHttpHeaders {
  if (!Array.isArray(headers)) return headers as OutgoingHttpHeaders;
  return Object.fromEntries(headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]]] : [])));
}
