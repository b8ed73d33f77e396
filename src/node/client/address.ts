// The addresses that a client takes: URLs of servers, and of sockets in the file system; and which of them a redirect may lead
// to.

import { quote } from '../../handshake/headers.js';
import { ProtocolError } from '../../protocol/errors.js';

/** Where to connect to. */
export interface Address {
  /** As it is shown: `http:` has become `ws:`. */
  readonly url: URL;
  /** The same for the handshake: that of a socket in the file system names no host, so here it is localhost. */
  readonly handshakeUrl: string;
  readonly isSecure: boolean;
  /** Of a socket in the file system. */
  readonly socketPath: string | undefined;
  /** Host and port, or the path of the socket: the same for addresses of the same server. */
  readonly host: string;
}

const SCHEMES: ReadonlyMap<string, string> = new Map([
  ['ws:', 'ws:'],
  ['wss:', 'wss:'],
  ['http:', 'ws:'],
  ['https:', 'wss:'],
  ['ws+unix:', 'ws+unix:'],
]);

/**
 * @param base what a relative address is relative to
 * @throws SyntaxError for what is no URL of a WebSocket
 */
export function parseAddress(address: string | URL, base?: URL): Address {
  let url: URL;
  try {
    url = new URL(address, base);
  } catch (cause) {
    throw new SyntaxError(`Invalid URL: ${String(address)}`, { cause });
  }
  const scheme = SCHEMES.get(url.protocol);
  if (scheme === undefined) {
    throw new SyntaxError(`The URL's protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"`);
  }
  // WHATWG: even an empty fragment is one.
  if (url.href.includes('#')) throw new SyntaxError('The URL contains a fragment identifier');
  if (url.protocol !== scheme) url = new URL(scheme + url.href.slice(url.protocol.length));
  if (scheme === 'ws+unix:') return parseSocketAddress(url);
  return {
    url,
    handshakeUrl: url.href,
    isSecure: scheme === 'wss:',
    socketPath: undefined,
    host: url.host,
  };
}

/** `ws+unix:/path/of/socket:/path?query`: what follows the colon is what is asked for. */
function parseSocketAddress(url: URL): Address {
  const path = url.pathname + url.search;
  const colon = path.indexOf(':');
  const socketPath = colon === -1 ? path : path.slice(0, colon);
  if (socketPath === '') throw new SyntaxError("The URL's pathname is empty");
  return {
    url,
    handshakeUrl: `ws://localhost${colon === -1 ? '/' : path.slice(colon + 1)}`,
    isSecure: false,
    socketPath,
    host: `unix:${socketPath}`,
  };
}

/**
 * Where a redirect leads.
 *
 * A server names no socket in the file system of its client: a location from a server on such a socket is a path at the same
 * socket, or a URL of another host. It doesn't choose a user name and a password either: those of the first address are sent
 * along to where they may, whether or not the location shows them; others are left out.
 *
 * @param from the address that redirects
 * @param origin the address that the caller gave
 * @param keepsCredentials send those of the first address to other hosts too: a listener of the program sees to it
 * @throws SyntaxError for what is no URL of a WebSocket; ProtocolError `WSIMD_BAD_REDIRECT` for one of another socket in the
 *   file system
 */
export function parseRedirect(location: string, from: Address, origin: Address, keepsCredentials: boolean): Address {
  const { socketPath } = from;
  if (socketPath !== undefined) {
    const base = new URL(from.handshakeUrl);
    const url = tryParse(location, base);
    const isSameSocket = tryParse(location) === undefined && url?.host === base.host;
    if (isSameSocket) return parseAddress(`ws+unix:${socketPath}:${url.pathname}${url.search}${url.hash}`);
  }
  const address = parseAddress(location, from.url);
  if (address.socketPath !== undefined) {
    if (address.socketPath === socketPath) return address;
    throw new ProtocolError('WSIMD_BAD_REDIRECT', { detail: quote(location) });
  }
  const url = new URL(address.url);
  if (tryParse(location) !== undefined) Object.assign(url, NO_CREDENTIALS);
  const { username, password } = keepsCredentials || isTrusted(address, origin) ? origin.url : NO_CREDENTIALS;
  const sent = Object.assign(new URL(url), { username, password });
  return { ...parseAddress(url), handshakeUrl: sent.href };
}

const NO_CREDENTIALS = { username: '', password: '' };

/** Whether an address may have the credentials that are for the origin: the same host, and no step back from TLS. */
export function isTrusted(address: Address, origin: Address): boolean {
  return address.host === origin.host && (address.isSecure || !origin.isSecure);
}

function tryParse(url: string, base?: URL): URL | undefined {
  return URL.canParse(url, base?.href) ? new URL(url, base) : undefined;
}
