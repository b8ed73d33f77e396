// Headers that a caller adds to a request or a response of a handshake. It knows which ones are not the caller's to set.

import { type HeadersInput, headerPairs } from './headers.js';

/** What a handshake says itself, and what would give its messages a body: in lower case. */
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
 * The caller's headers, their names as they were given.
 *
 * @throws TypeError where one of them is not the caller's to set
 */
export function callerHeaders(headers: HeadersInput): (readonly [string, string])[] {
  const pairs = [...headerPairs(headers)];
  for (const [name] of pairs) {
    if (RESERVED_HEADERS.has(name.toLowerCase())) throw new TypeError(`the handshake sets ${name} itself`);
  }
  return pairs;
}
