// The addresses that a client takes: URLs of servers, and of sockets in the file system. It knows no request.

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
  if (scheme === undefined) throw new SyntaxError(`not a WebSocket URL: its scheme is ${url.protocol}`);
  // WHATWG: even an empty fragment is one.
  if (url.href.includes('#')) throw new SyntaxError('a WebSocket URL has no fragment');
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
  if (socketPath === '') throw new SyntaxError('the URL names no socket');
  return {
    url,
    handshakeUrl: `ws://localhost${colon === -1 ? '/' : path.slice(colon + 1)}`,
    isSecure: false,
    socketPath,
    host: `unix:${socketPath}`,
  };
}
