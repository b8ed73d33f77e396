// The headers that a caller adds to the request or the response of a handshake, without those that the handshake sets itself.

import { type HeadersInput, headerPairs } from './headers.js';

/** Headers that the handshake sets itself, or that would give its messages a body; in lower case. */
export const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'upgrade',
  'connection',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-accept',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
  'content-length',
  'transfer-encoding',
]);

/**
 * The caller's headers as pairs, with their names as given.
 *
 * @throws TypeError for a header that the handshake sets itself
 */
export function callerHeaders(headers: HeadersInput): (readonly [string, string])[] {
  const pairs = [...headerPairs(headers)];
  for (const [name] of pairs) {
    if (RESERVED_HEADERS.has(name.toLowerCase())) throw new TypeError(`the handshake sets ${name} itself`);
  }
  return pairs;
}
