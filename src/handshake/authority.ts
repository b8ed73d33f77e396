// Hosts and ports as Host, Origin and request targets name them, in a form that can be compared.

/** A URL of a server of WebSockets or web pages, its authority made comparable. */
export interface WebUrl {
  /** `ws`, `wss`, `http` or `https`. */
  readonly scheme: string;
  /** `host:port`: see `canonicalAuthority`. */
  readonly authority: string;
  /** The port that the scheme stands for where none is given. */
  readonly defaultPort: number;
  /** What follows the authority: path, query and fragment; may be empty. */
  readonly rest: string;
}

const WEB_URL = /^(wss?|https?):\/\/([^/?#]*)(.*)$/is;
/** RFC 3986 section 3.2.2; a name without the comma, by which a header that came twice is joined. */
const AUTHORITY = /^(\[[0-9a-f:.]+\]|(?:[\w.~!$&'()*+;=-]|%[0-9a-f]{2})+)(?::([0-9]{0,5}))?$/i;
const MAX_PORT = 65535;

/** Takes a URL apart; undefined where its scheme is none of the four, or its authority is not a host and a port. */
export function parseWebUrl(url: string): WebUrl | undefined {
  const match = WEB_URL.exec(url);
  if (match === null) return undefined;
  const [, written = '', hostAndPort = '', rest = ''] = match;
  const scheme = written.toLowerCase();
  const defaultPort = defaultPortOf(scheme === 'wss' || scheme === 'https');
  const authority = canonicalAuthority(hostAndPort, defaultPort);
  return authority === undefined ? undefined : { scheme, authority, defaultPort, rest };
}

/** The port that a URL without one means (RFC 6455 section 3, RFC 9110 section 4.2). */
export function defaultPortOf(secure: boolean): number {
  return secure ? 443 : 80;
}

/** `host:port` in lower case with the port written out; undefined where the text is not a host with or without a port. */
export function canonicalAuthority(hostAndPort: string, defaultPort: number): string | undefined {
  const match = AUTHORITY.exec(hostAndPort);
  if (match === null) return undefined;
  const port = match[2] ? Number(match[2]) : defaultPort;
  return port > MAX_PORT ? undefined : `${match[1]!.toLowerCase()}:${port}`;
}
