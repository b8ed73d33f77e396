// The requests of upgrade.ts as the rules of the handshake know them: what Node or a program says of a request, as a RequestHead.

import type { IncomingMessage } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http2';
import { canonicalAuthority, defaultPortOf } from '../../handshake/authority.js';
import type { RequestHead } from '../../handshake/head.js';
import { HeaderList } from '../../handshake/headers.js';

/** A request as it may be: made by Node, by a program that adds to it or removes from it, or wholly by hand. */
type LooseRequest = Partial<Pick<IncomingMessage, 'method' | 'url' | 'httpVersion'>> & {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly rawHeaders?: unknown;
};

/**
 * The head of a request by its `headers`, which programs change before they pass the request on. `rawHeaders` tell of what Node does
 * not show there: a second Host. A request that a program made is taken at its word where it says nothing.
 */
export function requestHeadOf({
  method = 'GET',
  url = '/',
  httpVersion = '1.1',
  headers,
  rawHeaders,
}: LooseRequest): RequestHead {
  const list = new HeaderList();
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (typeof value === 'string') list.append(name, value);
    else if (value !== undefined && value !== null) for (const line of [value].flat()) list.append(name, String(line));
  }
  if (isRawHeaders(rawHeaders)) {
    if (list.get('host') !== undefined) appendFurtherHosts(rawHeaders, list);
  } else if (list.get('connection') === undefined) {
    list.append('connection', 'upgrade');
  }
  return { method, target: url, version: httpVersion, headers: list };
}

/** Adds each Host of `rawHeaders` but the first. */
function appendFurtherHosts(rawHeaders: readonly string[], list: HeaderList): void {
  let count = 0;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 'host'.length && name.toLowerCase() === 'host' && count++ > 0) {
      list.append('host', rawHeaders[i + 1]!);
    }
  }
}

/** As Node has them: names and values in turn. Programs have none, or pairs. */
function isRawHeaders(rawHeaders: unknown): rawHeaders is string[] {
  return Array.isArray(rawHeaders) && rawHeaders.length > 0 && rawHeaders.every((text) => typeof text === 'string');
}

/** A key for requests that have none: on a stream of its own, nobody can take a WebSocket for something else. */
const NO_KEY = 'AAAAAAAAAAAAAAAAAAAAAA==';

/**
 * The HTTP/1.1 request that an extended CONNECT stands for (RFC 8441 section 5), so that one set of rules judges both. One
 * without :authority or :path does not come here: nghttp2 resets its stream.
 */
export function toUpgradeRequest(headers: IncomingHttpHeaders): RequestHead {
  const list = HeaderList.from([
    ['host', headers[':authority']!],
    ['upgrade', 'websocket'],
    ['connection', 'upgrade'],
    ['sec-websocket-key', NO_KEY],
  ]);
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || name === 'sec-websocket-key' || value === undefined) continue;
    // A Host that contradicts :authority (RFC 9113 section 8.3.1) stays beside it, and two are refused.
    if (name === 'host' && isSameHost(headers)) continue;
    for (const line of [value].flat()) list.append(name, line);
  }
  return { method: 'GET', target: headers[':path']!, version: '1.1', headers: list };
}

/** Whether Host names what :authority does, apart from upper and lower case and the port that the scheme stands for. */
function isSameHost({ host = '', ':authority': authority = '', ':scheme': scheme }: IncomingHttpHeaders): boolean {
  const port = defaultPortOf(scheme === 'https');
  return canonicalAuthority(host, port) === canonicalAuthority(authority, port);
}
